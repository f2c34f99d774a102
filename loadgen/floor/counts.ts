/** The outcome of a floor whose program counted its round trips in ticks (counts-text.ts). */
import type { SlicePart } from '../../results/formats/index.ts';
import { LatencyRecorder } from '../measurement/recorder.ts';
import { type CountedTicks, readCounts } from './counts-text.ts';
import { type FloorOutcome, floorOutcome } from './outcome.ts';

/**
 * `cores` are the server's and the client's. Throws FLOOR_FAILED when the text is not that of a floor's program, or
 * holds no round trip.
 */
export function outcomeOfCounts(
  operation: string,
  [server, client]: [number, number],
  text: string,
): FloorOutcome {
  const { hz, version, helper, unknown, early_ns, readings, slices } = readCounts(text);
  const recorder = new LatencyRecorder();
  const ofPart = new LatencyRecorder();
  const partOf = ({ ticks, counts }: CountedTicks): SlicePart => {
    let requests = 0;
    for (const [index, count] of counts.entries()) {
      const latencyNs = Math.round((ticks[index] * 1e9) / hz);
      for (let left = count; left > 0; left--) ofPart.record(latencyNs);
      requests += count;
    }
    return { requests, ...ofPart.moveTo(recorder) };
  };
  return floorOutcome({
    operation,
    recorder,
    sample: 'round_trip',
    versions: Object.fromEntries([version]),
    slices: {
      cores: { client, server },
      helper,
      unknown,
      early_ns,
      probes: readings,
      slices: slices.map(({ start_ns, end_ns, early, late }) => ({
        start_ns,
        end_ns,
        operations: [{ operation, received: null, early: partOf(early), late: partOf(late) }],
      })),
      delayed: 0,
    },
  });
}
