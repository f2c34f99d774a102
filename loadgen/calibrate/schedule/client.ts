/**
 * The generator at its full speed against the null server, and at a part of it by a schedule: how many requests it
 * offers, and how late it sends those that were due.
 *
 *     closed loop       every connection's next request as soon as its reply has come
 *     open loop, full   every request is due at once: as many as it can send
 *     open loop, part   constant and Poisson arrivals at a share of that rate
 */
import {
  type DataPathContext,
  type GapLimits,
  nowNs,
  openLibos,
  PauseLog,
  type PauseTimes,
} from '../../../libos/index.ts';

import { Connections } from '../../connections/connections.ts';
import { INTENDED, type ReplyRecord, ReplyStatus, SENT } from '../../connections/reply.ts';
import { RespExchange } from '../../connections/resp-exchange.ts';
import { LoadError } from '../../errors.ts';
import { ClosedLoop, type LoopControl } from '../../loops/closed-loop.ts';
import { OpenLoop, type OpenLoopControl } from '../../loops/open-loop.ts';
import { createArrivals } from '../../workload/arrivals.ts';
import { RandomRequests } from '../../workload/requests.ts';
import { Workload } from '../../workload/workload.ts';
import type { ClientSide } from '../against-null-server.ts';

export type ScheduleKind = 'constant' | 'poisson';

export interface ScheduleSteps {
  connections: number;
  /** Measured time of each part, in s. */
  durationS: number;
  /** The schedules, and the share of the full speed at which they go. */
  kinds: readonly ScheduleKind[];
  share: number;
  /** Shared with the main thread: [phase, done in it, its total]. */
  progress: Float64Array;
}

export type ScheduleInput = ClientSide & ScheduleSteps;

/** The requests that were due in the measured time of one schedule, in the order of their times. */
export interface SentRequests {
  kind: ScheduleKind;
  rateOps: number;
  /** In ns by the clock of the pauses. */
  intendedNs: Float64Array;
  sentNs: Float64Array;
  /** From when to when that was, and how much of it the loop had nothing to do, in ns. */
  startNs: number;
  endNs: number;
  idleNs: number;
}

export interface ScheduleOutcome {
  /** When a loop began and ended that did nothing but read the clock: in ns by the clock of the pauses. */
  idleNs: { startNs: number; endNs: number };
  /** Replies a second of the closed loop, and of the open loop where everything is due. */
  closedOps: number;
  openOps: number;
  schedules: SentRequests[];
  pauses: PauseTimes;
}

export const phaseNames = [
  'idle',
  'closed loop',
  'open loop',
  'constant arrivals',
  'Poisson arrivals',
] as const;
const [IDLE, CLOSED, OPEN, FIRST_SCHEDULE] = phaseNames.keys();

/**
 * Shorter than the usual ones by much: a schedule that is kept to a microsecond shows what takes the thread for ten. A
 * turn without work takes some 0.3 us; a push or a reply, of which there may be some in a turn, less than one.
 */
const gapLimits: GapLimits = { gapNs: 5_000, workNs: 1_000, workNsPerByte: 1 };
/**
 * Requests on a connection at a time, of those that go by a schedule. A server that stands still for a while, as the
 * null server does when the host takes its core, must not keep the generator from sending.
 */
const SCHEDULE_PIPELINE = 16;
/** In which code is compiled. */
const WARM_UP_S = 1;
const REPLY_TIMEOUT_S = 10;
/** More than any core sends: all is due always. */
const FULL_OPS = 1e8;
/** The measured time of a schedule begins this much later: what came due while it was set up has been sent by then. */
const SETTLING_S = 0.3;

type Context = DataPathContext<ScheduleInput, null>;

/** Entry of the data path. Resolves to null when it was stopped. Throws LoadError, LibosError. */
export async function run(context: Context): Promise<ScheduleOutcome | null> {
  const { target, backend, backendOptions, kinds, share } = context.data;
  const pauses = new PauseLog(gapLimits);
  const libos = await openLibos({ backend, backendOptions, pauses });
  try {
    const connections = new Connections(libos, target, REPLY_TIMEOUT_S, pauses);
    const client = new ScheduleClient(context, connections);
    const idleNs = client.idle();
    const closedOps = client.closedLoop();
    const openOps = client.fullOpenLoop();
    const schedules = kinds.map((kind, index) => client.schedule(kind, index, share * openOps));
    if (context.stopRequested()) return null;
    return { idleNs, closedOps, openOps, schedules, pauses: await pauses.finish() };
  } finally {
    libos.shutdown();
  }
}

class ScheduleClient {
  readonly #context: Context;
  readonly #connections: Connections;
  readonly #exchange: RespExchange;
  readonly #source: RandomRequests;

  constructor(context: Context, connections: Connections) {
    this.#context = context;
    this.#connections = connections;
    const workload = new Workload(context.data.workload);
    this.#exchange = new RespExchange(workload);
    this.#source = new RandomRequests(workload);
  }

  idle(): ScheduleOutcome['idleNs'] {
    this.#report(IDLE);
    const { pauses } = this.#connections;
    pauses.resume();
    const startNs = nowNs();
    const endNs = startNs + this.#context.data.durationS * 1e9;
    let timeNs = startNs;
    while (timeNs < endNs && !this.#context.stopRequested()) {
      timeNs = nowNs();
      pauses.look(timeNs);
    }
    return { startNs: pauses.monotonicNs(startNs), endNs: pauses.monotonicNs(timeNs) };
  }

  closedLoop(): number {
    this.#report(CLOSED);
    this.#open(1);
    const loop = new ClosedLoop(this.#connections);
    const control = new Counting(this.#context);
    loop.start();
    control.endNs = nowNs() + WARM_UP_S * 1e9;
    loop.run(control);
    const ops = control.measure(this.#context.data.durationS, () => loop.run(control));
    this.#connections.close();
    return ops;
  }

  fullOpenLoop(): number {
    this.#report(OPEN);
    this.#open(1);
    const control = new Counting(this.#context);
    const arrivals = createArrivals('constant', FULL_OPS, 1, nowNs());
    const loop = new OpenLoop(this.#connections, arrivals, control, false);
    loop.sendUntil(nowNs() + WARM_UP_S * 1e9);
    const ops = control.measure(this.#context.data.durationS, () => loop.sendUntil(control.endNs));
    this.#connections.close();
    return ops;
  }

  schedule(kind: ScheduleKind, index: number, rateOps: number): SentRequests {
    this.#report(FIRST_SCHEDULE + index);
    this.#open(SCHEDULE_PIPELINE);
    this.#fillWindows();
    const { durationS, workload } = this.#context.data;
    const beginNs = nowNs() + 1e6;
    const startNs = beginNs + SETTLING_S * 1e9;
    const endNs = startNs + durationS * 1e9;
    const arrivals = createArrivals(kind, rateOps, workload.seed, beginNs);
    const control = new Recording(this.#context, startNs, endNs, rateOps * durationS);
    const loop = new OpenLoop(this.#connections, arrivals, control, false);
    this.#connections.pauses.resume();
    loop.sendUntil(startNs);
    const from = { ns: nowNs(), idleNs: loop.idleNs };
    loop.sendUntil(endNs);
    const to = { ns: nowNs(), idleNs: loop.idleNs };
    loop.drain(startNs, endNs, endNs + REPLY_TIMEOUT_S * 1e9);
    this.#connections.close();
    const originNs = this.#connections.pauses.monotonicNs(0);
    return {
      kind,
      rateOps,
      ...control.sorted(originNs),
      startNs: originNs + from.ns,
      endNs: originNs + to.ns,
      idleNs: to.idleNs - from.idleNs,
    };
  }

  /** Full windows have the libOS on both sides get what memory it needs for them, which takes a while. */
  #fillWindows(): void {
    const loop = new ClosedLoop(this.#connections);
    const control = new Counting(this.#context);
    control.endNs = nowNs() + WARM_UP_S * 1e9;
    loop.start();
    loop.run(control);
    loop.drain({
      reply: (reply) => control.reply(reply),
      finished: () => this.#connections.outstanding === 0 || this.#context.stopRequested(),
    });
  }

  #open(pipeline: number): void {
    const traffic = { exchange: this.#exchange, source: this.#source, pipeline };
    this.#connections.open(this.#context.data.connections, traffic, null);
  }

  #report(phase: number): void {
    this.#context.data.progress.set([phase, 0, 1]);
  }
}

/** Counts replies. */
class Counting implements LoopControl, OpenLoopControl {
  /** When it is finished, in ns. */
  endNs = Number.POSITIVE_INFINITY;
  readonly #context: Context;
  #replies = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Replies a second while `work` goes on until the end. */
  measure(seconds: number, work: () => void): number {
    const startNs = nowNs();
    this.endNs = startNs + seconds * 1e9;
    this.#replies = 0;
    work();
    return this.#replies / ((nowNs() - startNs) / 1e9);
  }

  reply({ status }: ReplyRecord): void {
    requireRight(status);
    this.#replies++;
  }

  finished(timeNs: number): boolean {
    return timeNs >= this.endNs || this.#context.stopRequested();
  }

  stopped(): boolean {
    return this.#context.stopRequested();
  }
}

/** Keeps the times of the requests that were due from `startNs` to `endNs`. */
class Recording implements OpenLoopControl {
  readonly #context: Context;
  readonly #startNs: number;
  readonly #endNs: number;
  readonly #intendedNs: Float64Array;
  readonly #sentNs: Float64Array;
  #count = 0;

  /** @param expected requests, about */
  constructor(context: Context, startNs: number, endNs: number, expected: number) {
    this.#context = context;
    this.#startNs = startNs;
    this.#endNs = endNs;
    const room = Math.ceil(expected + 10 * Math.sqrt(expected) + 1000);
    this.#intendedNs = new Float64Array(room);
    this.#sentNs = new Float64Array(room);
  }

  reply({ status, timesNs }: ReplyRecord): void {
    requireRight(status);
    const intendedNs = timesNs[INTENDED];
    if (intendedNs < this.#startNs || intendedNs >= this.#endNs) return;
    this.#intendedNs[this.#count] = intendedNs;
    this.#sentNs[this.#count++] = timesNs[SENT];
  }

  stopped(): boolean {
    return this.#context.stopRequested();
  }

  /** Replies come in another order than requests are sent; both times rise with the requests. */
  sorted(originNs: number): Pick<SentRequests, 'intendedNs' | 'sentNs'> {
    const inOrder = (times: Float64Array) =>
      times
        .slice(0, this.#count)
        .sort()
        .map((timeNs) => originNs + timeNs);
    return { intendedNs: inOrder(this.#intendedNs), sentNs: inOrder(this.#sentNs) };
  }
}

function requireRight(status: ReplyStatus): void {
  if (status === ReplyStatus.Right) return;
  const what =
    status === ReplyStatus.Unanswered ? `gave no reply within ${REPLY_TIMEOUT_S} s` : 'gave a wrong reply';
  throw new LoadError('CALIBRATION_FAILED', `the null server ${what}: please report this`);
}
