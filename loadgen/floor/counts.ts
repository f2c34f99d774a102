/**
 * What a floor's program counted, as the load generator's outcome: times in ticks of the time-stamp counter, in
 * the lines that libos/native/floor-dpdk.c describes.
 */
import { LoadError } from '../errors.ts';
import type { LoadOutcome } from '../options.ts';
import { describeLatencies, LatencyRecorder } from '../recorder.ts';

export interface FloorOutcome extends LoadOutcome {
  /** Version of what the program stands on, by name. */
  versions: Record<string, string>;
}

/** Throws FLOOR_FAILED for what is no such text, and when it holds no round trip. */
export function floorOutcome(operation: 'get' | 'set', text: string): FloorOutcome {
  const lines = text.trimEnd().split('\n');
  const hz = Number(field(lines[0], 'tsc_hz'));
  const elapsedTicks = Number(field(lines[1], 'elapsed_ticks'));
  const dpdk = field(lines[2], 'dpdk');
  const recorder = new LatencyRecorder();
  let requests = 0;
  for (const line of lines.slice(3)) {
    const [, ticks, count] = /^(\d+) (\d+)$/.exec(line) ?? [];
    if (count === undefined)
      throw new LoadError('FLOOR_FAILED', `the floor's counts hold the line '${line}'`);
    const latencyNs = Math.round((Number(ticks) * 1e9) / hz);
    for (let left = Number(count); left > 0; left--) recorder.record(latencyNs);
    requests += Number(count);
  }
  if (requests === 0) {
    throw new LoadError('FLOOR_FAILED', 'no round trip was measured: give a longer --duration-s');
  }
  const elapsed_s = elapsedTicks / hz;
  return {
    elapsed_s,
    populate_s: null,
    idle_polls: null,
    operations: [
      {
        operation,
        requests,
        hits: requests,
        misses: 0,
        errors: 0,
        wrong: 0,
        throughput_ops: requests / elapsed_s,
        ...describeLatencies(recorder.histogram()),
      },
    ],
    versions: { dpdk },
  };
}

function field(line: string | undefined, name: string): string {
  if (!line?.startsWith(`${name} `)) throw new LoadError('FLOOR_FAILED', `the floor's counts lack ${name}`);
  return line.slice(name.length + 1);
}
