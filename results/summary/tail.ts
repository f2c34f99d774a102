/**
 * What the slowest requests waited for, as far as their time shows: each of the slowest thousandth is put
 * down to the first of these that happened while it was under way. That it coincided is all that is known.
 */
import { type Pauses, type TailCause, tailCauses } from '../formats/index.ts';

export const tailCauseNames: Record<TailCause, string> = {
  client_gc: "garbage collection in the client's thread",
  server_gc: "garbage collection in the server's thread",
  client_descheduled: "the client's thread lost its core to another",
  server_descheduled: "the server's thread lost its core to another",
  client_stalled: 'the client stood still, its core not taken by Linux (hypervisor, interrupt)',
  server_stalled: 'the server stood still, its core not taken by Linux (hypervisor, interrupt, its own work)',
  none_seen: 'nothing was seen',
};

interface Span {
  start_ns: number;
  end_ns: number;
}

/**
 * Counts of the requests with latencies of `threshold_ns` and more, by cause. `server` is null where it is
 * not known.
 */
export function attributeTail(
  client: Pauses,
  server: Pauses | null,
  threshold_ns: number,
): Record<TailCause, number> {
  const spansOf = (events: { start_ns: number; duration_ns: number }[]): Span[] =>
    events.map(({ start_ns, duration_ns }) => ({ start_ns, end_ns: start_ns + duration_ns }));
  const gaps = (pauses: Pauses | null, descheduled: boolean): Span[] =>
    spansOf(pauses?.gaps.filter((gap) => gap.involuntary_switches > 0 === descheduled) ?? []);
  const spans: Record<Exclude<TailCause, 'none_seen'>, Span[]> = {
    client_gc: spansOf(client.gc),
    server_gc: spansOf(server?.gc ?? []),
    client_descheduled: gaps(client, true),
    server_descheduled: gaps(server, true),
    client_stalled: gaps(client, false),
    server_stalled: gaps(server, false),
  };
  const finders = Object.entries(spans).map(([cause, list]) => [cause as TailCause, overlaps(list)] as const);
  const counts = Object.fromEntries(tailCauses.map((cause) => [cause, 0])) as Record<TailCause, number>;
  for (const [sent_ns, latency_ns] of client.slow_requests?.requests ?? []) {
    if (latency_ns < threshold_ns) continue;
    const cause = finders.find(([, overlap]) => overlap(sent_ns, sent_ns + latency_ns))?.[0];
    counts[cause ?? 'none_seen']++;
  }
  return counts;
}

/** Times are rounded, each by itself. */
const ROUNDING_NS = 1;

/**
 * Whether any of the spans has a time in common with that from start to end; they do not overlap each other.
 * A gap begins with the look that hands a reply out: what ends there has not waited for it.
 */
function overlaps(spans: Span[]): (start_ns: number, end_ns: number) => boolean {
  const sorted = spans.toSorted((a, b) => a.start_ns - b.start_ns);
  return (start_ns, end_ns) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle].end_ns <= start_ns + ROUNDING_NS) low = middle + 1;
      else high = middle;
    }
    return low < sorted.length && sorted[low].start_ns < end_ns - ROUNDING_NS;
  };
}
