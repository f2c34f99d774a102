/** Whether both sides of a request are stamped by one clock. */
import type { Calibration } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';

type Counter = NonNullable<Calibration['counter']>;

/** How far beyond its own error an offset may lie: readings are no better. */
const READING_ERROR_NS = 50;

/** As the first calibration found it: it is of the cores, whatever the backend. Null where nobody looked. */
export function counterIn({ calibrations }: Pick<Run, 'calibrations'>): Counter | null {
  return calibrations.find(({ counter }) => counter !== null)?.counter ?? null;
}

/** Why stages are not to be trusted, a clause; null where they are. */
export function counterDoubt({ missing_flags, offset_ns, bound_ns }: Counter): string | null {
  if (missing_flags.length > 0) {
    return `the processor does not say that its counter is invariant (no ${missing_flags.join(', no ')})`;
  }
  if (offset_ns !== null && Math.abs(offset_ns) > bound_ns! + READING_ERROR_NS) {
    return `the counters of the two cores are ${Math.abs(offset_ns).toFixed(0)} ns apart`;
  }
  return null;
}

/** In a sentence. */
export function counterSentence(counter: Counter): string {
  const { offset_ns, bound_ns } = counter;
  const doubt = counterDoubt(counter);
  if (doubt !== null) return `Stages are not to be trusted: ${doubt}.`;
  const apart =
    offset_ns === null
      ? 'how far the two cores are apart was not measured'
      : `the server's core is ${Math.abs(offset_ns).toFixed(0)} ns ${offset_ns < 0 ? 'behind' : 'ahead of'} the client's, ` +
        `give or take ${bound_ns!.toFixed(0)} ns`;
  return `One invariant counter stamps both sides: ${apart}.`;
}
