/**
 * Runs the generator on one thread or on several. Each of several has its own connections, its own part of the schedule
 * and its own libOS; they begin together, and what they measured is merged.
 */
import { finishedOrSignalled, startDataPath } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { createRing, type RingMemory } from '../workload/trace/ring.ts';
import { collectAlone } from './compilation.ts';
import { shareOf } from './generator-part.ts';
import type { GeneratorInput } from './measuring.ts';
import { createMeeting } from './meeting.ts';
import { keepsSchedule, mergeOutcomes, type ThreadOutcome } from './merge.ts';
import { ofSeveral } from './of-several.ts';
import type { LoadOptions, LoadOutcome, TraceLoad } from './options.ts';
import { attendGate, createGate } from './start-gate.ts';
import { feedFill, feedReplay } from './trace-feed.ts';

/** Shared with a thread: [phase, done in it, its total]. */
export function createProgress(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(24));
}

/**
 * `options` are of the whole load.
 * @param progress of the first thread, which stands for all
 * Returns null when a signal ended it. Throws NO_REQUESTS, NO_REPLIES, and what a thread throws, with its name where
 * there are several.
 */
export async function generate(options: LoadOptions, progress: Float64Array): Promise<LoadOutcome | null> {
  collectAlone();
  const { threads } = options;
  const meeting = threads === 1 ? null : createMeeting(threads);
  const gate = options.generator === null ? null : createGate();
  const { trace } = options;
  const rings = trace === null ? [] : Array.from({ length: threads }, () => createRing());
  const fillRing = trace !== null && options.populate ? createRing() : null;
  const parts = Array.from({ length: threads }, (_, thread) => partOf(options, thread));
  const paths = parts.map((part, thread) =>
    startDataPath<GeneratorInput, null, ThreadOutcome | null>(
      new URL('./generator.ts', import.meta.url),
      {
        options: part,
        progress: thread === 0 ? progress : createProgress(),
        meeting,
        gate,
        ring: rings[thread] ?? null,
        fillRing: thread === 0 ? fillRing : null,
      },
      part.core,
    ),
  );
  let failed: Error | null = null;
  const over = new AbortController();
  const feeding = trace === null ? null : feedTrace(trace, rings, fillRing, over.signal);
  const told =
    gate && attendGate(gate, threads, { input: process.stdin, output: process.stdout, signal: over.signal });
  for (const beside of [feeding, told]) {
    beside?.catch((error: Error) => {
      failed ??= error;
      for (const path of paths) void path.stop();
    });
  }
  const outcomes = await Promise.all(
    paths.map((path, thread) =>
      finishedOrSignalled(path).catch((error: Error) => {
        // The others wait for it, or would go on in vain. The first failure is the cause of any further ones.
        failed ??= named(error, thread, threads, parts[thread].core);
        for (const other of paths) if (other !== path) void other.stop();
        return null;
      }),
    ),
  );
  over.abort();
  await feeding?.catch(() => {});
  const start = (await told?.catch(() => null)) ?? null;
  if (failed !== null) throw failed;
  const whole = outcomes.filter((outcome) => outcome !== null);
  if (whole.length < threads) return null;
  const merged = mergeOutcomes(whole);
  refuseWithoutReplies(`${options.target.address}:${options.target.port}`, merged);
  return {
    ...merged,
    ...(options.generator !== null && start !== null && ofSeveral(options.generator, start, whole)),
    threads: threads === 1 ? null : whole.map((outcome, thread) => accountOf(outcome, parts[thread])),
  };
}

/**
 * Throws for a window in which nothing came, and for none of whose requests: a result without a reply says nothing.
 */
function refuseWithoutReplies(
  target: string,
  { operations, elapsed_s, rates, unanswered }: LoadOutcome,
): void {
  const window = `the measured window of ${Number(elapsed_s.toPrecision(3))} s`;
  if (operations.length === 0) {
    const remedy = 'give a higher --rate or a longer --duration-s';
    throw new LoadError('NO_REQUESTS', `no request to ${target} was due in ${window}: ${remedy}`);
  }
  const isSilent =
    rates === null || rates.achieved_ops + rates.misses_ops + rates.errors_ops + badValues(rates) === 0;
  if (!isSilent || operations.some(({ requests }) => requests > 0)) return;
  const remedy =
    "give a longer --duration-s, a lower --rate, or see the server's log for why it takes so long";
  throw new LoadError(
    'NO_REPLIES',
    `${target} gave no reply to any of the ${unanswered} requests of ${window}: ${remedy}`,
  );
}

/** What fills the keys first. */
async function feedTrace(
  trace: TraceLoad,
  rings: readonly RingMemory[],
  fillRing: RingMemory | null,
  signal: AbortSignal,
): Promise<void> {
  if (fillRing !== null) await feedFill(trace, fillRing, signal);
  await feedReplay(trace, rings, signal);
}

/** What one thread does of a load. */
function partOf(options: LoadOptions, thread: number): LoadOptions {
  const { threads, cores, rateOps, generator } = options;
  const { place, of } = generator ?? { place: 1, of: 1 };
  if (threads * of === 1) return options;
  const isFirst = thread === 0;
  return {
    ...options,
    // Among those of all generators.
    thread: (place - 1) * threads + thread,
    threads: of * threads,
    core: cores.length === 0 ? null : cores[thread % cores.length],
    connections: shareOf(options.connections, thread, threads),
    idleConnections: shareOf(options.idleConnections, thread, threads),
    // The schedule of an open loop is dealt, and its window ends for all with the last of these requests.
    requests:
      options.requests === null || rateOps !== null
        ? options.requests
        : shareOf(options.requests, thread, threads),
    // The first thread does what is done once.
    populate: options.populate && isFirst,
    serverPid: isFirst ? options.serverPid : null,
    serverBusyTime: isFirst ? options.serverBusyTime : null,
  };
}

function accountOf(outcome: ThreadOutcome, part: LoadOptions): NonNullable<LoadOutcome['threads']>[number] {
  const { rates, sent_late, busy_share, schedule_lag_us } = outcome;
  const offered = rates?.offered_ops ?? null;
  const due = (offered ?? 0) * (rates?.window_s ?? 0);
  return {
    core: part.core,
    connections: part.connections,
    offered_ops: offered,
    achieved_ops: rates?.achieved_ops ?? 0,
    busy_share,
    schedule_lag_p99_us: schedule_lag_us?.p99 ?? null,
    sent_late,
    kept_schedule: keepsSchedule(sent_late, due),
  };
}

function named(error: Error, thread: number, threads: number, core: number | null): Error {
  if (threads === 1) return error;
  error.message = `thread ${thread}${core === null ? '' : ` on core ${core}`}: ${error.message}`;
  return error;
}

function badValues({ wrong_ops, stale_ops, torn_ops }: NonNullable<LoadOutcome['rates']>): number {
  return wrong_ops + stale_ops + torn_ops;
}
