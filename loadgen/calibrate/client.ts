/**
 * The client of a calibration: the generator's own loops and connections against the null server.
 *
 * The floor and the delays take turns, a slice of each in every round: a machine that becomes slower during a
 * second becomes slower for all of them, and the differences stay right.
 */
import { type DataPathContext, nowNs, openLibos, PauseLog } from '../../libos/index.ts';
import { Connections } from '../connections/connections.ts';
import { INTENDED, RECEIVED, type ReplyRecord, ReplyStatus, SENT } from '../connections/reply.ts';
import { RespExchange } from '../connections/resp-exchange.ts';
import { LoadError } from '../errors.ts';
import { ClosedLoop, type LoopControl } from '../loops/closed-loop.ts';
import { OpenLoop, type OpenLoopControl } from '../loops/open-loop.ts';
import { Distance } from '../measurement/distance.ts';
import { createArrivals } from '../workload/arrivals.ts';
import { RandomRequests } from '../workload/requests.ts';
import { Workload } from '../workload/workload.ts';
import type { ClientSide } from './against-null-server.ts';
import { CLOSED_PAUSES, delaysUs, FIRST_DELAY, NOTHING, OPEN_PAUSES, Orders } from './injections.ts';
import { Samples, type Seen } from './samples.ts';

export interface ClientSteps {
  /** Measured time of the floor and of each delay, in s. */
  durationS: number;
  /** Measured time of each loop with pauses, in s: whole periods. */
  pausesS: number;
  /** Requests per second of the open loop. */
  rateOps: number;
  /** The core of this thread, and the server's. */
  core: number;
  serverCore: number;
  /** Shared with the main thread: [phase, done in it, its total]. */
  progress: Float64Array;
}

export type ClientInput = ClientSide & ClientSteps;

/** A part of a step: the distance of the cores before and after it, null where it is unknown. */
export interface CalibrationSlice {
  /** 0 for the floor, then the delays. */
  step: number;
  beforeNs: number | null;
  afterNs: number | null;
  p50Ns: number;
}

/** Null for a step without a reply. */
export interface ClientOutcome {
  /** The floor, then the delays. */
  delays: (Seen | null)[];
  slices: CalibrationSlice[];
  closed: Seen | null;
  open: Seen | null;
}

export const phaseNames = ['floor and delays', 'pauses, closed loop', 'pauses, open loop'] as const;
const [DELAYS, CLOSED, OPEN] = phaseNames.keys();

const ROUNDS = 10;
/** Length of a warm-up, in which code is compiled: one for each delay, and one for each loop with pauses. */
const WARM_UP_S = 0.05;
const REPLY_TIMEOUT_S = 10;
/** More requests than a pause delays: they must wait in the server, as those of many clients do. */
const OPEN_PIPELINE = 1024;

type Context = DataPathContext<ClientInput, null>;

/** Entry of the data path. Resolves to null when it was stopped. Throws LoadError, LibosError. */
export async function run(context: Context): Promise<ClientOutcome | null> {
  const { target, workload: options } = context.data;
  // The generator has one too: its work at every reading of the clock is part of what is calibrated.
  const pauses = new PauseLog();
  const { backend, backendOptions } = context.data;
  const libos = await openLibos({ backend, backendOptions, pauses });
  const { core, serverCore } = context.data;
  const distance = new Distance({ core, serverCore, serverPid: null }, pauses);
  try {
    const connections = new Connections(libos, target, REPLY_TIMEOUT_S, pauses);
    const orders = new Orders(context.data.ordersFile);
    const workload = new Workload(options);
    const traffic = { exchange: new RespExchange(workload), source: new RandomRequests(workload) };
    connections.open(1, { ...traffic, pipeline: 1 }, null);
    const client = new CalibrationClient(context, connections, orders, distance);
    const delays = client.delays();
    const closed = client.closedLoopWithPauses();
    connections.close();
    connections.open(1, { ...traffic, pipeline: OPEN_PIPELINE }, null);
    const open = client.openLoopWithPauses();
    connections.close();
    return context.stopRequested() ? null : { delays, slices: client.slices, closed, open };
  } finally {
    distance.close();
    await pauses.finish();
    libos.shutdown();
  }
}

class CalibrationClient {
  /** Of floor and delays, in the order in which they were measured. */
  readonly slices: CalibrationSlice[] = [];
  readonly #distance: Distance;
  readonly #context: Context;
  readonly #connections: Connections;
  readonly #orders: Orders;
  readonly #closedLoop: ClosedLoop;

  constructor(context: Context, connections: Connections, orders: Orders, distance: Distance) {
    this.#distance = distance;
    this.#context = context;
    this.#connections = connections;
    this.#orders = orders;
    this.#closedLoop = new ClosedLoop(connections);
  }

  delays(): (Seen | null)[] {
    const { durationS } = this.#context.data;
    const steps = [NOTHING, ...delaysUs.map((_us, i) => FIRST_DELAY + i)];
    const samples = steps.map(() => new Samples());
    const own = new Samples();
    const slices = ROUNDS * steps.length;
    for (const injection of steps) this.#warmUp(injection);
    this.#distance.startOver();
    this.#distance.read();
    for (let slice = 0; slice < slices && !this.#context.stopRequested(); slice++) {
      this.#report(DELAYS, slice, slices);
      const step = slice % steps.length;
      this.#orders.give(steps[step], true);
      this.#slice(own, durationS / ROUNDS);
      this.#distance.read();
      this.#note(step, own);
      samples[step].addAll(own);
    }
    return samples.map((one) => one.seen());
  }

  closedLoopWithPauses(): Seen | null {
    const samples = new Samples();
    this.#report(CLOSED, 0, 1);
    this.#warmUp(NOTHING);
    this.#orders.give(CLOSED_PAUSES, true);
    // Whole periods: a pause while the last reply is awaited would be one more.
    this.#slice(samples, this.#context.data.pausesS, () => this.#orders.give(NOTHING, false));
    return samples.seen();
  }

  openLoopWithPauses(): Seen | null {
    const { rateOps, pausesS, workload } = this.#context.data;
    this.#report(OPEN, 0, 1);
    const samples = new Samples();
    const scheduleNs = nowNs();
    const startNs = scheduleNs + WARM_UP_S * 1e9;
    const endNs = startNs + pausesS * 1e9;
    const arrivals = createArrivals('constant', rateOps, workload.seed, scheduleNs);
    const control = new OpenSlice(this.#context, samples, startNs);
    const loop = new OpenLoop(this.#connections, arrivals, control, false);
    loop.sendUntil(startNs);
    this.#orders.give(OPEN_PAUSES, true);
    loop.sendUntil(endNs);
    this.#orders.give(NOTHING, false);
    loop.drain(startNs, endNs, endNs + REPLY_TIMEOUT_S * 1e9);
    return samples.seen();
  }

  #warmUp(injection: number): void {
    this.#orders.give(injection, false);
    this.#slice(new Samples(), WARM_UP_S);
  }

  /** Nothing is outstanding before and after it. `atEnd` is called before the last reply is awaited. */
  #slice(samples: Samples, seconds: number, atEnd = () => {}): void {
    const control = new ClosedSlice(this.#context, this.#connections, samples, seconds);
    this.#closedLoop.start();
    this.#closedLoop.run(control);
    atEnd();
    control.drains = true;
    this.#closedLoop.drain(control);
  }

  #note(step: number, samples: Samples): void {
    const [before, after] = this.#distance.probes.slice(-2);
    const seen = samples.seen();
    if (seen === null) return;
    this.slices.push({
      step,
      beforeNs: before?.median_ns ?? null,
      afterNs: after?.median_ns ?? null,
      p50Ns: seen.quantilesNs.p50,
    });
  }

  #report(phase: number, done: number, total: number): void {
    this.#context.data.progress.set([phase, done, total]);
  }
}

/** Samples are the requests sent within the slice. */
class ClosedSlice implements LoopControl {
  /** Whether nothing is sent any more, and what is outstanding awaited. */
  drains = false;
  readonly #context: Context;
  readonly #connections: Connections;
  readonly #samples: Samples;
  readonly #endNs: number;

  constructor(context: Context, connections: Connections, samples: Samples, seconds: number) {
    this.#context = context;
    this.#connections = connections;
    this.#samples = samples;
    this.#endNs = nowNs() + seconds * 1e9;
  }

  reply({ status, timesNs }: ReplyRecord): void {
    requireRight(status);
    this.#samples.add(timesNs[RECEIVED] - timesNs[SENT]);
  }

  finished(timeNs: number): boolean {
    if (this.#context.stopRequested()) return true;
    return this.drains ? this.#connections.outstanding === 0 : timeNs >= this.#endNs;
  }
}

/** Samples are the response times of the requests intended from a time on. */
class OpenSlice implements OpenLoopControl {
  readonly #context: Context;
  readonly #samples: Samples;
  readonly #startNs: number;

  constructor(context: Context, samples: Samples, startNs: number) {
    this.#context = context;
    this.#samples = samples;
    this.#startNs = startNs;
  }

  reply({ status, timesNs }: ReplyRecord): void {
    requireRight(status);
    if (timesNs[INTENDED] >= this.#startNs) this.#samples.add(timesNs[RECEIVED] - timesNs[INTENDED]);
  }

  stopped(): boolean {
    return this.#context.stopRequested();
  }
}

function requireRight(status: ReplyStatus): void {
  if (status === ReplyStatus.Right) return;
  const what =
    status === ReplyStatus.Unanswered ? `gave no reply within ${REPLY_TIMEOUT_S} s` : 'gave a wrong reply';
  throw new LoadError('CALIBRATION_FAILED', `the null server ${what}: please report this`);
}
