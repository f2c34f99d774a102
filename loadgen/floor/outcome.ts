/** The outcome of a floor, in the shape of the load generator's. */
import { LoadError } from '../errors.ts';
import type { LoadOutcome } from '../measurement/options.ts';
import { type LatencyRecorder, resultOfRightReplies } from '../measurement/recorder.ts';

export interface FloorOutcome extends LoadOutcome {
  slices: NonNullable<LoadOutcome['slices']>;
  /** Version of the library or kernel below the program, by name. */
  versions: Record<string, string>;
}

export interface FloorMeasurement extends Pick<FloorOutcome, 'sample' | 'slices' | 'versions'> {
  operation: string;
  /** Of all slices. */
  recorder: LatencyRecorder;
}

/** Throws FLOOR_FAILED when no round trip was recorded, or in no time. */
export function floorOutcome({ operation, recorder, ...measured }: FloorMeasurement): FloorOutcome {
  const histogram = recorder.histogram();
  const requests = histogram.totalCount;
  if (requests === 0) {
    throw new LoadError('FLOOR_FAILED', 'no round trip was measured: give a longer --duration-s');
  }
  const times_ns = measured.slices.slices.map(({ start_ns, end_ns }) => end_ns - start_ns);
  const elapsed_s = times_ns.reduce((sum, ns) => sum + ns, 0) / 1e9;
  if (!(elapsed_s > 0)) throw new LoadError('FLOOR_FAILED', "the slices of the floor's window took no time");
  return {
    ...measured,
    rehearsals_s: null,
    elapsed_s,
    populate_s: null,
    idle_polls: null,
    busy_share: null,
    counters: {},
    rates: null,
    cost: null,
    unanswered: null,
    schedule_lag_us: null,
    own_lag_us: null,
    sent_late: null,
    threads: null,
    generator: null,
    mergeable: {},
    pauses: null,
    stamps: null,
    bulk: null,
    operations: [resultOfRightReplies(operation, histogram, requests / elapsed_s)],
  };
}
