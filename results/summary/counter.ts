/** Whether both sides of a request are stamped by one clock. */
import type { Calibration, SystemUnderTest } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';

type Counter = NonNullable<Calibration['counter']>;

/** How far beyond its own error an offset may lie: readings are no better. */
const READING_ERROR_NS = 50;

/**
 * Of the one machine that a system is on, as the first calibration there found it: it is of the cores, whatever the
 * backend. Null where nobody looked, and where it is on several machines, which have a counter each.
 */
export function counterIn(
  { calibrations }: Pick<Run, 'calibrations'>,
  place: SystemUnderTest['place'],
): Counter | null {
  const machine = oneMachine(place);
  if (machine === undefined) return null;
  return calibrations.find(({ counter, host }) => counter !== null && host === machine)?.counter ?? null;
}

/** The host that server and load generators are on, null where nobody named it; undefined where they are on several. */
export function oneMachine(place: SystemUnderTest['place']): string | null | undefined {
  if (place === null) return null;
  return place.generators.every((name) => name === place.server) ? place.server : undefined;
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
