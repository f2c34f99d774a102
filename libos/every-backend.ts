/**
 * Every backend of this project is loaded: for the conformance suite, whose worlds are made at once, and for tests that
 * call createLibos.
 */
import { backendNamed, backends } from './backends.ts';

for (const name of backends) await backendNamed(name).load?.();

export { createLibos } from './index.ts';
