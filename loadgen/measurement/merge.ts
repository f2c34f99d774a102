/**
 * What several threads measured of one load, as one outcome. Histograms are merged by their counts, and counts and
 * rates are added. Slices, distances, stamps, pauses and medians of tenths are each thread's own: of several there are
 * none.
 */
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { LoadOutcome, OperationResult } from './options.ts';
import { describeLatencies, quantilesNs } from './recorder.ts';

/** What a thread counted that its outcome has as quantiles only, as encoded histograms. */
export interface MergedLater {
  /** By the places of the operations in the outcome; empty in a closed loop. */
  serviceTimes: string[];
  /** Null in a closed loop. */
  lag: string | null;
  ownLag: string | null;
  /** Right replies that the cost is of: since the beginning of its measurement. */
  costReplies: number;
}

export interface ThreadOutcome extends LoadOutcome {
  mergedLater: MergedLater;
}

/** One outcome, of at least one thread. Those of several say in `threads` what each did. */
export function mergeOutcomes(threads: readonly ThreadOutcome[]): LoadOutcome {
  const [first] = threads;
  if (threads.length === 1) {
    const { mergedLater: _own, ...outcome } = first;
    return outcome;
  }
  const elapsed_s = Math.max(...threads.map((thread) => thread.elapsed_s));
  const names = [
    ...new Set(threads.flatMap(({ operations }) => operations.map(({ operation }) => operation))),
  ];
  const operations = names.map((name) => mergeOperation(name, threads));
  return {
    rehearsals_s: Math.max(...threads.map((thread) => thread.rehearsals_s ?? 0)),
    elapsed_s,
    operations,
    rates: mergeRates(threads, elapsed_s),
    unanswered: sumOf(threads, ({ unanswered }) => unanswered ?? 0),
    sent_late: first.sent_late === null ? null : sumOf(threads, ({ sent_late }) => sent_late ?? 0),
    cost: mergeCost(threads),
    schedule_lag_us: mergeLag(threads, ({ lag }) => lag, lagOf),
    own_lag_us: mergeLag(threads, ({ ownLag }) => ownLag, ownLagOf),
    idle_polls: mean(threads.map(({ idle_polls }) => idle_polls)),
    busy_share: mean(threads.map(({ busy_share }) => busy_share)),
    counters: mergeCounters(threads),
    sample: first.sample,
    populate_s: first.populate_s,
    pauses: null,
    slices: null,
    stamps: null,
    threads: null,
    generator: null,
    mergeable: {},
    // Of one thread only.
    bulk: null,
  };
}

function mergeOperation(name: string, threads: readonly ThreadOutcome[]): OperationResult {
  const parts = threads.flatMap(({ operations }) => {
    const place = operations.findIndex(({ operation }) => operation === name);
    return place < 0 ? [] : [operations[place]];
  });
  const serviceTimes = threads.flatMap(({ operations, mergedLater }) => {
    const place = operations.findIndex(({ operation }) => operation === name);
    return mergedLater.serviceTimes[place] ?? [];
  });
  const least = parts.flatMap(({ at_least_ns }) => at_least_ns ?? []);
  const firstError = parts.find(({ first_error }) => first_error !== undefined)?.first_error;
  return {
    ...parts[0],
    ...added(parts),
    operation: name,
    at_least_ns: least.length === 0 ? null : Math.min(...least),
    ...(firstError === undefined ? {} : { first_error: firstError }),
    ...describeLatencies(mergeHistograms(parts.map(({ encoded }) => encoded))),
    service_time_ns: serviceTimes.length === 0 ? null : quantilesNs(mergeHistograms(serviceTimes)),
    slice_p50_ns: [],
  };
}

/** What is a number of each: counts, and rates by their counts. */
function added<T extends object>(parts: readonly T[]): Partial<T> {
  const numbers = Object.entries(parts[0]).filter(([, value]) => typeof value === 'number');
  return Object.fromEntries(
    numbers.map(([key]) => [key, sumOf(parts, (part) => part[key as keyof T] as number)]),
  ) as Partial<T>;
}

/** One histogram of all, which must be one at least; each is one as encodeHistogram() writes it. */
export function mergeHistograms(encoded: readonly string[]): Histogram {
  const [first, ...others] = encoded.map((text) => decodeFromCompressedBase64(text, 64, false));
  for (const other of others) first.add(other);
  return first;
}

function mergeRates(threads: readonly ThreadOutcome[], elapsedS: number): LoadOutcome['rates'] {
  const rates = threads.flatMap((thread) => thread.rates ?? []);
  if (rates.length < threads.length) return null;
  const right = sumOf(threads, (thread) => (thread.rates?.completed_ops ?? 0) * thread.elapsed_s);
  return {
    ...rates[0],
    ...added(rates),
    window_s: Math.max(...rates.map(({ window_s }) => window_s)),
    completed_ops: right / elapsedS,
  };
}

/** Each has a device of its own. */
function mergeCounters(threads: readonly ThreadOutcome[]): LoadOutcome['counters'] {
  const names = new Set(threads.flatMap(({ counters }) => Object.keys(counters)));
  return Object.fromEntries(
    [...names].map((name) => [name, sumOf(threads, ({ counters }) => counters[name] ?? 0)]),
  );
}

/** The first thread reads what both processes use, all threads of this one included; each knows its own replies. */
function mergeCost(threads: readonly ThreadOutcome[]): LoadOutcome['cost'] {
  const cost = threads[0].cost;
  if (cost === null) return null;
  const replies = sumOf(threads, ({ mergedLater }) => mergedLater.costReplies);
  const { client, unknown } = cost;
  if (client === null || client.vain_s === null) return { ...cost, replies };
  const why = 'How long the load generator polled in vain is not known: it has several threads.';
  return { ...cost, replies, client: { ...client, vain_s: null }, unknown: [...unknown, why] };
}

/** Null in a closed loop. */
function mergeLag<Lag>(
  threads: readonly ThreadOutcome[],
  encodedOf: (later: MergedLater) => string | null,
  quantilesOf: (histogram: Histogram) => Lag,
): Lag | null {
  const encoded = threads.flatMap(({ mergedLater }) => encodedOf(mergedLater) ?? []);
  return encoded.length === 0 ? null : quantilesOf(mergeHistograms(encoded));
}

/** In us, of what was recorded in ns. */
export function ownLagOf(histogram: Histogram): NonNullable<LoadOutcome['own_lag_us']> {
  const lagNs = quantilesNs(histogram);
  const us = (name: 'p50' | 'p90' | 'p99' | 'p999' | 'max'): number => (lagNs?.[name] ?? 0) / 1000;
  return { p50: us('p50'), p90: us('p90'), p99: us('p99'), p999: us('p999'), max: us('max') };
}

/** The same, with the quantiles that are told of the whole lag. */
export function lagOf(histogram: Histogram): NonNullable<LoadOutcome['schedule_lag_us']> {
  const { p50, p99, max } = ownLagOf(histogram);
  return { p50, p99, max };
}

function sumOf<T>(parts: readonly T[], count: (part: T) => number): number {
  return parts.reduce((sum, part) => sum + count(part), 0);
}

/** Null where one is not known. */
function mean(shares: readonly (number | null)[]): number | null {
  const known = shares.filter((share) => share !== null);
  return known.length < shares.length ? null : sumOf(known, (share) => share) / known.length;
}

/** Of the requests that are due a thread may send so many late by itself and still keeps its schedule. */
const LATE_SHARE = 0.01;

/**
 * @param sentLate requests that it sent late by itself; null in a closed loop, which has no schedule
 * @param due how many there were
 */
export function keepsSchedule(sentLate: number | null, due: number): boolean | null {
  return sentLate === null ? null : sentLate <= LATE_SHARE * due;
}
