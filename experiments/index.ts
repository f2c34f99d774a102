/** What scripts use of the experiments besides their command line. */
export { freePort } from './ports.ts';
