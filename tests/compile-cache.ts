/**
 * Workers and all that tests start keep their compiled code where bin/bypassbench keeps it: without, compiling is half
 * of what a file of tests takes, and each thread of a data path compiles the libOS once more.
 */
import { join } from 'node:path';

/** To be called before workers start: each takes it from the environment that it starts with. */
export function keepCompiledCode(): void {
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../node_modules/.cache/node');
}
