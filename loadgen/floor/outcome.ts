/** The outcome of a floor, in the shape of the load generator's. */
import { LoadError } from '../errors.ts';
import type { LoadOutcome } from '../measurement/options.ts';
import { describeLatencies, type LatencyRecorder } from '../measurement/recorder.ts';

export interface FloorOutcome extends LoadOutcome {
  /** Version of the library or kernel below the program, by name. */
  versions: Record<string, string>;
}

export interface FloorMeasurement extends Pick<FloorOutcome, 'elapsed_s' | 'sample' | 'versions'> {
  operation: 'get' | 'set';
  recorder: LatencyRecorder;
}

/** Throws FLOOR_FAILED when no round trip was recorded. */
export function floorOutcome({ operation, recorder, ...measured }: FloorMeasurement): FloorOutcome {
  const histogram = recorder.histogram();
  const requests = histogram.totalCount;
  if (requests === 0) {
    throw new LoadError('FLOOR_FAILED', 'no round trip was measured: give a longer --duration-s');
  }
  return {
    ...measured,
    populate_s: null,
    idle_polls: null,
    busy_share: null,
    schedule: null,
    pauses: null,
    slices: null,
    stamps: null,
    operations: [
      {
        operation,
        requests,
        hits: requests,
        misses: 0,
        errors: 0,
        wrong: 0,
        throughput_ops: requests / measured.elapsed_s,
        service_time_ns: null,
        slice_p50_ns: [],
        ...describeLatencies(histogram),
      },
    ],
  };
}
