/**
 * Reads the counts of a floor's program: times in ticks of the time-stamp counter, as native/floor-counts.h
 * writes them.
 */
import { LoadError } from '../errors.ts';
import { LatencyRecorder } from '../measurement/recorder.ts';
import { type FloorOutcome, floorOutcome } from './outcome.ts';

/** Throws FLOOR_FAILED when the text is not of that form, or holds no round trip. */
export function outcomeOfCounts(operation: 'get' | 'set', text: string): FloorOutcome {
  const [hzLine, elapsedLine, versionLine, ...lines] = text.trimEnd().split('\n');
  const hz = number(hzLine, 'tsc_hz');
  if (hz === 0) throw lack('tsc_hz');
  const elapsedTicks = number(elapsedLine, 'elapsed_ticks');
  // A window without a round trip, which floorOutcome refuses, may have taken no time.
  if (elapsedTicks === 0 && lines.length > 0) throw lack('elapsed_ticks');
  const [, name, version] = /^([a-z]+) (.+)$/.exec(versionLine ?? '') ?? [];
  if (name === undefined || version === undefined) throw lack('the version of what was measured');
  const recorder = new LatencyRecorder();
  for (const line of lines) {
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
    versions: { [name]: version },
  });
}

/** The number after `name`, 0 or more. */
function number(line: string | undefined, name: string): number {
  const value = line?.startsWith(`${name} `) ? Number(line.slice(name.length + 1)) : Number.NaN;
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw lack(name);
  return value;
}

function lack(what: string): LoadError {
  return new LoadError('FLOOR_FAILED', `the floor's counts lack ${what}`);
}
