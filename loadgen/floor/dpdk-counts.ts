/** Reads what libos/native/floor-dpdk.c counted: times in ticks of the time-stamp counter, in the lines described there. */
import { LoadError } from '../errors.ts';
import { LatencyRecorder } from '../recorder.ts';
import { type FloorOutcome, floorOutcome } from './outcome.ts';

/** Throws FLOOR_FAILED for what is no such text, and when it holds no round trip. */
export function outcomeOfCounts(operation: 'get' | 'set', text: string): FloorOutcome {
  const lines = text.trimEnd().split('\n');
  const hz = Number(field(lines[0], 'tsc_hz'));
  const elapsedTicks = Number(field(lines[1], 'elapsed_ticks'));
  const dpdk = field(lines[2], 'dpdk');
  const recorder = new LatencyRecorder();
  for (const line of lines.slice(3)) {
    const [, ticks, count] = /^(\d+) (\d+)$/.exec(line) ?? [];
    if (count === undefined)
      throw new LoadError('FLOOR_FAILED', `the floor's counts hold the line '${line}'`);
    const latencyNs = Math.round((Number(ticks) * 1e9) / hz);
    for (let left = Number(count); left > 0; left--) recorder.record(latencyNs);
  }
  return floorOutcome({
    operation,
    recorder,
    sample: 'round_trip',
    elapsed_s: elapsedTicks / hz,
    versions: { dpdk },
  });
}

function field(line: string | undefined, name: string): string {
  if (!line?.startsWith(`${name} `)) throw new LoadError('FLOOR_FAILED', `the floor's counts lack ${name}`);
  return line.slice(name.length + 1);
}
