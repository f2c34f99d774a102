/** What scripts use of the load generator besides its command lines. */
export { meanTransferNs } from './floor/fi-pingpong.ts';
export { SeededRandom } from './workload/random.ts';
