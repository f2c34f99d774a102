/**
 * What took processor time from the measurements of a point, over its trials, and what its slowest requests
 * waited for.
 */
import { type Measured, type Pauses, tailCauses } from '../formats/index.ts';
import { attributeTail } from './tail.ts';
import type { TrialOutcome } from './trial-outcome.ts';

/** Null where no trial says: runs from before it was recorded. */
export function summarizeInterference(outcomes: TrialOutcome[]): Measured['interference'] {
  const known = outcomes.flatMap(({ record, measurement }) =>
    measurement?.measurement.interference
      ? [{ counts: measurement.measurement.interference, client: measurement.pauses, record }]
      : [],
  );
  if (known.length === 0) return null;
  const sum = (values: (number | null | undefined)[]): number | null => {
    const known = values.filter((value) => value !== null && value !== undefined);
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
  };
  const gc = (
    pauses: (Pauses | null | undefined)[],
  ): { count: number; total_ms: number; longest_ms: number } | null => {
    const known = pauses.filter((one) => one !== null && one !== undefined);
    if (known.length === 0) return null;
    const lengths_ms = known.flatMap((one) => one.gc.map(({ duration_ns }) => duration_ns / 1e6));
    return {
      count: lengths_ms.length,
      total_ms: lengths_ms.reduce((total, ms) => total + ms, 0),
      longest_ms: lengths_ms.reduce((longest, ms) => Math.max(longest, ms), 0),
    };
  };
  return {
    steal_s: sum(known.flatMap(({ counts }) => Object.values(counts.steal_s))) ?? 0,
    throttled_s: sum(known.map(({ counts }) => counts.throttled_s)),
    client_involuntary_switches: sum(known.map(({ client }) => client?.involuntary_switches)),
    server_involuntary_switches: sum(known.map(({ counts }) => counts.server_involuntary_switches)),
    client_gc: gc(known.map(({ client }) => client)),
    server_gc: gc(known.map(({ record }) => record?.serverPauses)),
  };
}

/** The slowest thousandth of each trial's requests, by what happened meanwhile; null where nobody kept them. */
export function summarizeTail(outcomes: TrialOutcome[]): Measured['tail'] {
  const causes = Object.fromEntries(tailCauses.map((cause) => [cause, 0])) as NonNullable<
    Measured['tail']
  >['causes'];
  let kept = false;
  let expected = 0;
  let server = false;
  for (const { record, measurement } of outcomes) {
    const { recording, pauses } = measurement ?? {};
    if (!recording || !pauses?.slow_requests) continue;
    kept = true;
    server ||= record!.serverPauses !== null;
    const threshold_ns = recording.latency_ns.getValueAtPercentile(99.9);
    expected += Math.floor(recording.latency_ns.totalCount / 1000);
    const counts = attributeTail(pauses, record!.serverPauses, threshold_ns);
    for (const cause of tailCauses) causes[cause] += counts[cause];
  }
  if (!kept) return null;
  const requests = Object.values(causes).reduce((total, count) => total + count, 0);
  return { requests, expected: Math.max(expected, requests), server_seen: server, causes };
}
