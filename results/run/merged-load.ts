/**
 * What several load generators measured of one server at one time, as one result: histograms are merged by their
 * counts, connections and counts are added. Rates are of the time that all measured, from the latest beginning to the
 * earliest end, by one clock: of right replies as the slices of each window have them, of others over each one's own
 * window. What is of one generator only (slices, pauses, stamps, medians of tenths, cost) stays with it. One result is
 * added after the other, so that no more than one is held beside what comes of all.
 */
import { type LoadResult, MERGEABLE_FILES, RESULT_FILE, serviceTimeFile } from '../formats/index.ts';
import { decodeHistogram, emptyHistogram, encodeHistogram, type Histogram, latencyNs } from './histogram.ts';

type Operation = LoadResult['operations'][number];
type Bulk = NonNullable<LoadResult['bulk']>;
type Rates = NonNullable<LoadResult['rates']>;
type Threads = NonNullable<LoadResult['threads']>;

/** Of one generator. */
export interface LoadPart {
  result: LoadResult;
  /** Its clock (CLOCK_REALTIME) minus the one in which times are compared, in us. */
  clockOffset_us: number;
  /** The texts of those of `mergedFiles` that there are. */
  files: ReadonlyMap<string, string>;
}

/** Of the requests that are due a generator may send so many late by itself: loadgen/measurement/merge.ts. */
const LATE_SHARE = 0.01;

/** From when to when, in us by one clock, and the right replies of each slice. */
interface Window {
  began_us: number;
  ended_us: number;
  received: NonNullable<LoadResult['generator']>['received'];
}

export class MergedLoad {
  readonly #results: LoadResult[] = [];
  #whole: NonNullable<LoadResult['generator']>['whole'] | null = null;
  readonly #windows: Window[] = [];
  /** By their files. */
  readonly #histograms = new Map<string, Histogram>();

  /** Throws what decoding does, for a file that is missing, and for a result that is not of one of several. */
  add({ result, clockOffset_us, files }: LoadPart): void {
    const { generator } = result;
    if (generator === null) throw new Error(`${RESULT_FILE} is not of one of several load generators`);
    this.#whole = generator.whole;
    this.#results.push({ ...result, generator: null });
    this.#windows.push({
      began_us: generator.began_us - clockOffset_us,
      ended_us: generator.ended_us - clockOffset_us,
      received: generator.received.map(({ start_us, end_us, operations }) => ({
        ...{ start_us: start_us - clockOffset_us, end_us: end_us - clockOffset_us },
        operations,
      })),
    });
    for (const [name, isNeeded] of filesOf(result)) {
      const text = files.get(name);
      if (text === undefined && isNeeded) throw new Error(`${name} is missing`);
      if (text === undefined) continue;
      const merged = this.#histograms.get(name) ?? emptyHistogram();
      merged.add(decodeHistogram(text));
      this.#histograms.set(name, merged);
    }
  }

  /** When each began, in us of the one clock, in the order in which they were added. */
  get begins_us(): number[] {
    return this.#windows.map(({ began_us }) => began_us);
  }

  /** The time that all measured, in us; null where there is none. */
  get common_us(): { from: number; to: number } | null {
    const from = Math.max(...this.begins_us);
    const to = Math.min(...this.#windows.map(({ ended_us }) => ended_us));
    return this.#windows.length > 0 && to > from ? { from, to } : null;
  }

  /** Null where there is no time that all measured. */
  result(): LoadResult | null {
    const [first] = this.#results;
    const common = this.common_us;
    const whole = this.#whole;
    if (first === undefined || whole === null || common === null) return null;
    const results = this.#results;
    const window_s = (common.to - common.from) / 1e6;
    const operations = namesOf(results).map((name) => this.#operation(name, common, window_s));
    return {
      ...first,
      connections: whole.connections,
      idle_connections: sumOf(results, ({ idle_connections }) => idle_connections),
      rate_ops: whole.rate_ops,
      core: null,
      rehearsals_s: most(results.map(({ rehearsals_s }) => rehearsals_s)),
      elapsed_s: Math.max(...results.map(({ elapsed_s }) => elapsed_s)),
      schedule_lag_us: first.schedule_lag_us && this.#lagUs(MERGEABLE_FILES.lag, lagOf),
      own_lag_us: first.own_lag_us && this.#lagUs(MERGEABLE_FILES.ownLag, ownLagOf),
      sent_late: first.sent_late === null ? null : sumOf(results, ({ sent_late }) => sent_late ?? 0),
      threads: results.flatMap(threadsOf),
      generator: null,
      unanswered: sumOf(results, ({ unanswered }) => unanswered ?? 0),
      rates: ratesOf(
        results,
        window_s,
        sumOf(operations, ({ throughput_ops }) => throughput_ops),
      ),
      idle_polls: least(results.map(({ idle_polls }) => idle_polls)),
      busy_share: most(results.map(({ busy_share }) => busy_share)),
      cost: null,
      counters: addedCounters(results),
      bulk: this.#bulk(),
      operations,
    };
  }

  /** What is to stand beside the result, by file: histograms, and the distributions that are read by people. */
  files(): Map<string, string> {
    const texts = new Map<string, string>();
    for (const [name, histogram] of this.#histograms) {
      if (!isOfOperation(name)) continue;
      texts.set(name, encodeHistogram(histogram));
      // In microseconds, as the load generator writes it.
      texts.set(name.replace(/hdr$/, 'hgrm'), histogram.outputPercentileDistribution(5, 1000));
    }
    return texts;
  }

  #operation(name: string, { from, to }: { from: number; to: number }, window_s: number): Operation {
    const parts = this.#results.flatMap(({ operations }) =>
      operations.filter(({ operation }) => operation === name),
    );
    const right = sumOf(this.#windows, ({ received }) =>
      sumOf(received, ({ start_us, end_us, operations }) => {
        const within = Math.min(end_us, to) - Math.max(start_us, from);
        return within <= 0 ? 0 : ((operations[name] ?? 0) * within) / (end_us - start_us);
      }),
    );
    return { ...this.#counted(parts), throughput_ops: right / window_s };
  }

  /** Of the same operation. */
  #counted(parts: readonly Operation[]): Operation {
    const [first] = parts as [Operation];
    const error = parts.find(({ first_error }) => first_error !== undefined)?.first_error;
    const serviceTimes = this.#histograms.get(serviceTimeFile(first.operation));
    const counts = ['requests', 'hits', 'misses', 'errors', 'wrong', 'stale', 'torn', 'unanswered'] as const;
    const added = counts.map((name) => [name, sumOf(parts, (part) => part[name])]);
    return {
      ...first,
      ...Object.fromEntries(added),
      throughput_ops: sumOf(parts, ({ throughput_ops }) => throughput_ops),
      at_least_ns: least(parts.map(({ at_least_ns }) => at_least_ns).filter((ns) => ns !== null)),
      ...(error !== undefined && { first_error: error }),
      latency_ns: latencyNs(this.#histograms.get(first.histogram)!),
      service_time_ns: serviceTimes === undefined ? null : latencyNs(serviceTimes),
      slice_p50_ns: [],
    };
  }

  #lagUs<Lag>(file: string, quantilesOf: (us: (percentile: number) => number) => Lag): Lag | null {
    const histogram = this.#histograms.get(file);
    if (histogram === undefined) return null;
    return quantilesOf((percentile) =>
      histogram.totalCount === 0 ? 0 : histogram.getValueAtPercentile(percentile) / 1000,
    );
  }

  /** Each carries its own; of what it takes of a generator the most. */
  #bulk(): Bulk | null {
    const parts = this.#results.flatMap(({ bulk }) => bulk ?? []);
    const [first] = parts;
    if (first === undefined) return null;
    const ofGenerators = parts.map(({ generator }) => generator);
    return {
      ...first,
      connections: sumOf(parts, ({ connections }) => connections),
      bytes_per_s: sumOf(parts, ({ bytes_per_s }) => bytes_per_s),
      elapsed_s: Math.max(...parts.map(({ elapsed_s }) => elapsed_s)),
      generator: {
        share: Math.max(...ofGenerators.map(({ share }) => share)),
        longest_us: Math.max(...ofGenerators.map(({ longest_us }) => longest_us)),
        mean_wait_us: Math.max(...ofGenerators.map(({ mean_wait_us }) => mean_wait_us)),
      },
      replies: this.#counted(parts.map(({ replies }) => replies)),
    };
  }
}

/** Names of the histograms beside the result of one of several, as far as there are such. */
export function mergedFiles(result: LoadResult): string[] {
  return filesOf(result).map(([name]) => name);
}

/** The histograms of a result, and whether each must be there. */
function filesOf({ operations, bulk, loop }: LoadResult): [name: string, isNeeded: boolean][] {
  const isOpen = loop === 'open';
  const lags = isOpen ? Object.values(MERGEABLE_FILES) : [];
  return [
    ...operations.map(({ histogram }): [string, boolean] => [histogram, true]),
    ...(bulk === null ? [] : [[bulk.replies.histogram, true] as [string, boolean]]),
    ...lags.map((name): [string, boolean] => [name, true]),
    ...operations.map(({ operation }): [string, boolean] => [serviceTimeFile(operation), isOpen]),
  ];
}

/** Names of operations have no dot. */
function isOfOperation(name: string): boolean {
  return /^[^.]+\.hdr$/.test(name);
}

function namesOf(results: readonly LoadResult[]): string[] {
  return [...new Set(results.flatMap(({ operations }) => operations.map(({ operation }) => operation)))];
}

/** What each thread did, also of a generator that has one. */
function threadsOf(result: LoadResult): Threads {
  const { core, connections, rates, busy_share, schedule_lag_us, sent_late, threads } = result;
  if (threads !== null) return threads;
  const offered_ops = rates?.offered_ops ?? null;
  const due = (offered_ops ?? 0) * (rates?.window_s ?? 0);
  return [
    {
      ...{ core, connections, offered_ops, busy_share, sent_late },
      achieved_ops: rates?.achieved_ops ?? 0,
      schedule_lag_p99_us: schedule_lag_us?.p99 ?? null,
      kept_schedule: sent_late === null ? null : sent_late <= LATE_SHARE * due,
    },
  ];
}

function ratesOf(results: readonly LoadResult[], window_s: number, achieved_ops: number): Rates | null {
  const rates = results.flatMap((result) => result.rates ?? []);
  if (rates.length < results.length) return null;
  const added = (name: Exclude<keyof Rates, 'offered_ops'>): number => sumOf(rates, (rate) => rate[name]);
  const isDue = rates.every(({ offered_ops }) => offered_ops !== null);
  const elapsed_s = Math.max(...results.map((result) => result.elapsed_s));
  const completed = sumOf(results, (result) => (result.rates?.completed_ops ?? 0) * result.elapsed_s);
  return {
    window_s,
    offered_ops: isDue ? sumOf(rates, ({ offered_ops }) => offered_ops ?? 0) : null,
    achieved_ops,
    completed_ops: completed / elapsed_s,
    misses_ops: added('misses_ops'),
    errors_ops: added('errors_ops'),
    wrong_ops: added('wrong_ops'),
    stale_ops: added('stale_ops'),
    torn_ops: added('torn_ops'),
  };
}

function addedCounters(results: readonly LoadResult[]): LoadResult['counters'] {
  const names = new Set(results.flatMap(({ counters }) => Object.keys(counters)));
  return Object.fromEntries(
    [...names].map((name) => [name, sumOf(results, ({ counters }) => counters[name] ?? 0)]),
  );
}

function ownLagOf(us: (percentile: number) => number): NonNullable<LoadResult['own_lag_us']> {
  return { p50: us(50), p90: us(90), p99: us(99), p999: us(99.9), max: us(100) };
}

function lagOf(us: (percentile: number) => number): NonNullable<LoadResult['schedule_lag_us']> {
  return { p50: us(50), p99: us(99), max: us(100) };
}

function sumOf<T>(parts: readonly T[], count: (part: T) => number): number {
  return parts.reduce((sum, part) => sum + count(part), 0);
}

/** Null where there is none, or where one is not known. */
function most(values: readonly (number | null)[]): number | null {
  return extreme(values, Math.max);
}

function least(values: readonly (number | null)[]): number | null {
  return extreme(values, Math.min);
}

function extreme(values: readonly (number | null)[], of: (...values: number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 || known.length < values.length ? null : of(...known);
}
