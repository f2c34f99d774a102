/** What scripts use of the experiments besides their command lines. */
export { freePort } from './machine/ports.ts';
export { type StartedSystem, startSystem } from './started-system.ts';
