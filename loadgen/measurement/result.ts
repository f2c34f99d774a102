/** Writes a measurement: result.json with its histograms, and a few lines for a person. */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LoadResult } from '../../results/formats/index.ts';
import type { WorkloadProtocol } from '../../results/formats/lists.ts';
import { LoadError } from '../errors.ts';
import { describeCost } from './cost-text.ts';
import { keepsSchedule } from './merge.ts';
import type { BulkResult, LoadOptions, LoadOutcome, OperationResult } from './options.ts';
import type { Rates } from './rates.ts';

/** How it was measured. */
export interface Setup
  extends Pick<
      LoadOptions,
      | 'idle'
      | 'connections'
      | 'idleConnections'
      | 'pipeline'
      | 'rateOps'
      | 'arrivals'
      | 'trace'
      | 'keys'
      | 'keyDistribution'
      | 'valueBytes'
      | 'seed'
      | 'core'
      | 'warmupS'
    >,
    Partial<
      Pick<
        LoadOptions,
        'zipfExponent' | 'hotspot' | 'keyBytes' | 'keySizesName' | 'valueSizesName' | 'commands'
      >
    > {
  /** The server, and the backend that reached it: words. */
  target: string;
  backend: string;
  protocol: WorkloadProtocol;
  /** Weights of a mix, by operation; null where there is none. */
  mix: Record<string, number> | null;
  /** Versions by name, beside Node's. */
  versions: Record<string, string>;
}

/** Makes the folder for --out. Throws INVALID_OPTION. */
export async function createResultFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    const { message } = error as Error;
    throw new LoadError('INVALID_OPTION', `--out ${dir} cannot be a folder (${message}): name another one`);
  }
}

/** Writes result.json and the histograms; latencies in nanoseconds, but in .hgrm in microseconds. */
export async function writeResult(dir: string, setup: Setup, outcome: LoadOutcome): Promise<void> {
  // What checks the files is loaded when there is something to write: a load starts without it.
  const formats = await import('../../results/formats/index.ts');
  const counted = [...outcome.operations, ...(outcome.bulk === null ? [] : [outcome.bulk.replies])];
  for (const { operation, encoded, distribution } of counted) {
    await formats.replaceFile(join(dir, `${operation}.hdr`), encoded);
    await formats.replaceFile(join(dir, `${operation}.hgrm`), distribution);
  }
  for (const [file, encoded] of Object.entries(outcome.mergeable)) {
    await formats.replaceFile(join(dir, file), encoded);
  }
  const { pauses, slices, stamps } = outcome;
  if (pauses !== null) {
    const { schema } = formats.pausesFormat;
    await formats.replaceFile(
      join(dir, formats.PAUSES_FILE),
      formats.pausesFormat.write({ schema, ...pauses }),
    );
  }
  if (slices !== null) {
    const { schema } = formats.slicesFormat;
    await formats.replaceFile(join(dir, formats.SLICES_FILE), formats.packSlices({ schema, ...slices }));
  }
  if (stamps !== null) await formats.replaceFile(join(dir, formats.CLIENT_STAMPS_FILE), stamps.client);
  if (stamps?.server) await formats.replaceFile(join(dir, formats.SERVER_STAMPS_FILE), stamps.server);
  const { loadResultFormat } = formats;
  const result = resultOf(loadResultFormat.schema, setup, outcome);
  await formats.replaceFile(join(dir, formats.RESULT_FILE), loadResultFormat.write(result));
}

function resultOf(schema: LoadResult['schema'], setup: Setup, outcome: LoadOutcome): LoadResult {
  return {
    schema,
    target: setup.target,
    backend: setup.backend,
    idle: setup.idle,
    protocol: setup.protocol,
    connections: setup.connections,
    idle_connections: setup.idleConnections,
    pipeline: setup.pipeline,
    loop: setup.rateOps === null ? 'closed' : 'open',
    rate_ops: setup.rateOps,
    arrivals: setup.arrivals,
    trace: setup.trace && {
      file: basename(setup.trace.file),
      speed: setup.trace.speed,
      requests: setup.trace.survey.requests,
      span_s: setup.trace.survey.spanNs / 1e9,
    },
    keys: setup.keys,
    key_distribution: setup.keyDistribution,
    zipf_exponent: ['zipf', 'latest'].includes(setup.keyDistribution) ? (setup.zipfExponent ?? null) : null,
    hotspot: setup.keyDistribution === 'hotspot' ? (setup.hotspot ?? null) : null,
    key_bytes: hasOwnKeys(setup) ? (setup.keyBytes ?? null) : null,
    key_sizes: hasOwnKeys(setup) ? (setup.keySizesName ?? null) : null,
    mix: setup.mix,
    commands: setup.commands ?? {},
    value_bytes: setup.valueBytes,
    value_sizes: setup.valueSizesName ?? null,
    seed: setup.seed,
    core: setup.core,
    warmup_s: setup.warmupS,
    rehearsals_s: outcome.rehearsals_s,
    elapsed_s: outcome.elapsed_s,
    schedule_lag_us: outcome.schedule_lag_us,
    own_lag_us: outcome.own_lag_us,
    sent_late: outcome.sent_late,
    threads: outcome.threads,
    generator: outcome.generator,
    unanswered: outcome.unanswered,
    rates: outcome.rates,
    idle_polls: outcome.idle_polls,
    busy_share: outcome.busy_share,
    cost: outcome.cost,
    counters: outcome.counters,
    sample: outcome.sample,
    versions: { node: process.versions.node, ...setup.versions },
    bulk: outcome.bulk && { ...outcome.bulk, replies: countsOf(outcome.bulk.replies) },
    operations: outcome.operations.map(countsOf),
  };
}

/** Messages have none, and those of a trace are of any length. */
function hasOwnKeys({ protocol, trace }: Setup): boolean {
  return protocol === 'resp' && trace === null;
}

function countsOf({
  encoded: _encoded,
  distribution: _distribution,
  ...counts
}: OperationResult): LoadResult['operations'][number] {
  return { ...counts, histogram: `${counts.operation}.hdr` };
}

/** A few lines for a person. */
export function describeOutcome(outcome: LoadOutcome): string {
  const lines: string[] = [];
  if (outcome.populate_s !== null) lines.push(`populated in ${outcome.populate_s.toFixed(2)} s`);
  for (const counts of outcome.operations) lines.push(...describeOperation(counts, outcome));
  if (outcome.bulk !== null) lines.push(...describeBulk(outcome.bulk, outcome));
  const { schedule_lag_us, own_lag_us } = outcome;
  if (schedule_lag_us !== null)
    lines.push(`sent after the intended time, us: ${lagInWords(schedule_lag_us)}`);
  if (own_lag_us !== null) lines.push(`  of that the generator's own, us: ${lagInWords(own_lag_us)}`);
  if (outcome.rates !== null) lines.push(...describeRates(outcome.rates));
  if (outcome.threads !== null) lines.push(...describeThreads(outcome.threads));
  const late = lateInWords(outcome);
  if (late !== null) lines.push(late);
  if (outcome.cost !== null) lines.push(...describeCost(outcome.cost));
  return lines.join('\n');
}

function lagInWords({ p50, p99, max }: NonNullable<LoadOutcome['schedule_lag_us']>): string {
  return `p50 ${p50.toFixed(2)}  p99 ${p99.toFixed(2)}  max ${max.toFixed(2)}`;
}

function describeOperation(counts: OperationResult, { elapsed_s, sample }: LoadOutcome): string[] {
  const { operation, requests, throughput_ops, latency_ns, service_time_ns, unanswered, at_least_ns } =
    counts;
  const { misses, errors, wrong, stale, torn } = counts;
  const elapsed = `${elapsed_s.toFixed(2)} s`;
  const ofRuns = sample === 'run_mean';
  const lines = [
    ofRuns
      ? `${operation}: ${requests} means of runs in ${elapsed}`
      : `${operation}: ${requests} replies in ${elapsed}, ${Math.round(throughput_ops)} right ones per second`,
  ];
  if (latency_ns) {
    const what = service_time_ns ? 'response time, us' : 'us';
    lines.push(`  ${what}: ${quantilesInWords(latency_ns, ofRuns, at_least_ns)}`);
  }
  if (service_time_ns) lines.push(`  service time, us: ${quantilesInWords(service_time_ns, false, null)}`);
  if (misses + errors + wrong + stale + torn > 0) {
    const cause = counts.first_error === undefined ? '' : ` (first error: ${counts.first_error})`;
    lines.push(
      `  not samples: ${misses} misses, ${errors} errors, ${wrong} wrong, ${stale} stale and ${torn} torn values${cause}`,
    );
  }
  if (at_least_ns !== null) {
    lines.push(`  never answered: ${unanswered}, given up after ${inSeconds(at_least_ns)} and more`);
  }
  return lines;
}

/** What was carried, and what of the requests' latency is the generator's own work for it. */
function describeBulk(
  { connections, value_bytes, request, bytes_per_s, generator, replies }: BulkResult,
  outcome: LoadOutcome,
): string[] {
  const { share, mean_wait_us, longest_us } = generator;
  const gbit = ((bytes_per_s * 8) / 1e9).toFixed(2);
  return [
    ...describeOperation(replies, outcome),
    `  ${request} of ${value_bytes} bytes on ${connections} connections: ${gbit} Gbit/s`,
    `  the generator's own work for it: ${(100 * share).toFixed(1)} % of the time; a reply to another request waits ` +
      `${mean_wait_us.toFixed(2)} us for that, at most ${longest_us.toFixed(2)} us`,
  ];
}

/** Those of an open loop, and of what was not right; the others are in the lines of the operations. */
function describeRates({ offered_ops, achieved_ops, completed_ops, ...others }: Rates): string[] {
  const perSecond = (ops: number): string => `${Math.round(ops)}/s`;
  const bad = [
    ['misses', others.misses_ops],
    ['errors', others.errors_ops],
    ['wrong values', others.wrong_ops],
    ['stale values', others.stale_ops],
    ['torn values', others.torn_ops],
  ] as const;
  const seen = bad.filter(([, ops]) => ops > 0).map(([what, ops]) => `${what} ${perSecond(ops)}`);
  return [
    ...(offered_ops === null
      ? []
      : [
          `offered ${perSecond(offered_ops)}, achieved ${perSecond(achieved_ops)}, ` +
            `completed ${perSecond(completed_ops)}`,
        ]),
    ...(seen.length === 0 ? [] : [`not right: ${seen.join(', ')}`]),
  ];
}

/** Who could not keep the schedule of an open loop, as a sentence; null where everybody did. */
export function lateInWords({
  threads,
  sent_late,
  rates,
}: Pick<LoadOutcome, 'threads' | 'sent_late' | 'rates'>): string | null {
  const due = (rates?.offered_ops ?? 0) * (rates?.window_s ?? 0);
  const late =
    threads === null
      ? keepsSchedule(sent_late, due) === false
        ? ['the generator']
        : []
      : threads.flatMap(({ kept_schedule, core }, index) =>
          kept_schedule === false ? [`thread ${index}${core === null ? '' : ` on core ${core}`}`] : [],
        );
  if (late.length === 0) return null;
  return (
    `${late.join(', ')} could not keep the schedule: more than 1 % of the requests were sent over 100 us late, which was ` +
    "not the server's doing. Give it a core of its own, more threads, or a lower --rate"
  );
}

function describeThreads(threads: NonNullable<LoadOutcome['threads']>): string[] {
  const lines = threads.map((thread, index) => {
    const { core, connections, offered_ops, achieved_ops, schedule_lag_p99_us } = thread;
    const where = `thread ${index}${core === null ? '' : ` on core ${core}`}`;
    const what = `${connections} ${connections === 1 ? 'connection' : 'connections'}`;
    const offered = offered_ops === null ? '' : `offered ${Math.round(offered_ops)}/s, `;
    const lag =
      schedule_lag_p99_us === null
        ? ''
        : `, sent after the intended time, us: p99 ${schedule_lag_p99_us.toFixed(2)}`;
    return `${where}: ${what}, ${offered}achieved ${Math.round(achieved_ops)}/s${lag}`;
  });
  return [...lines, 'slices, distances, stamps and pauses are of one thread: there are none of several'];
}

/** Quantiles from `atLeastNs` on are lower bounds: of requests that were given up. Null where there were none. */
function quantilesInWords(
  latencyNs: NonNullable<OperationResult['latency_ns']>,
  ofRuns: boolean,
  atLeastNs: number | null,
): string {
  const { min, p50, p90, p99, p999, max } = latencyNs;
  // Means hide the rare long round trips, so they have no tail.
  const shown = ofRuns ? { min, p50, max } : { min, p50, p90, p99, 'p99.9': p999, max };
  return Object.entries(shown)
    .map(([name, ns]) => {
      const isBound = atLeastNs !== null && ns >= atLeastNs;
      return `${name} ${isBound ? 'at least ' : ''}${(ns / 1000).toFixed(2)}`;
    })
    .join('  ');
}

/** Why the measurement must not be believed, half a sentence; null where every request was answered. */
export function unansweredInWords({ unanswered, operations, bulk }: LoadOutcome): string | null {
  if (unanswered === null || unanswered === 0) return null;
  const counted = bulk === null ? operations : [...operations, bulk.replies];
  const least_ns = Math.min(...counted.flatMap(({ at_least_ns }) => at_least_ns ?? []));
  const [requests, were] = unanswered === 1 ? ['request', 'was'] : ['requests', 'were'];
  return (
    `${unanswered} ${requests} of the measured window ${were} never answered, and given up after ` +
    `${inSeconds(least_ns)} and more`
  );
}

function inSeconds(ns: number): string {
  return `${(ns / 1e9).toFixed(2)} s`;
}
