/** What scripts use of the experiments besides their command line. */
export { freePort } from './machine/ports.ts';
