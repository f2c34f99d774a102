/** What scripts use of the load generator besides its command lines. */
export { measureSchedules } from './calibrate/schedule/schedule.ts';
export { describeSchedules } from './calibrate/schedule/text.ts';
export { meanTransferNs } from './floor/fi-pingpong.ts';
export { SeededRandom } from './workload/random.ts';
