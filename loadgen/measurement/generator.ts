/**
 * The generator's data path: fills the key space if asked to, warms up, measures. closed-measurement.ts and
 * open-measurement.ts say what a sample is and what its latency.
 */
import { type DataPathContext, nowNs, openLibos, PauseLog, StampRing } from '../../libos/index.ts';
import type { BulkOptions, BulkStreams } from '../connections/bulk-streams.ts';
import { Connections } from '../connections/connections.ts';
import { RECEIVED, type ReplyRecord, ReplyStatus } from '../connections/reply.ts';
import { RespExchange } from '../connections/resp-exchange.ts';
import { TraceExchange } from '../connections/trace-exchange.ts';
import { LoadError } from '../errors.ts';
import { ClosedLoop, type LoopControl } from '../loops/closed-loop.ts';
import { RequestBudget } from '../workload/request-budget.ts';
import { FillRequests } from '../workload/requests.ts';
import { TraceFill, TraceReplay } from '../workload/trace/replay.ts';
import { Workload } from '../workload/workload.ts';
import { measureClosedLoop } from './closed-measurement.ts';
import { CostMeter } from './cost-meter.ts';
import { Distance } from './distance.ts';
import { MeasuredWindow } from './measured-window.ts';
import type { GeneratorInput, LoopOutcome } from './measuring.ts';
import { Meeting } from './meeting.ts';
import type { ThreadOutcome } from './merge.ts';
import { measureOpenLoop } from './open-measurement.ts';
import type { TraceLoad } from './options.ts';
import { CONNECT, POPULATE } from './phases.ts';
import { StartGate } from './start-gate.ts';
import { trafficOf } from './traffic.ts';

const POPULATE_PIPELINE = 128;
const POPULATE_WINDOW_BYTES = 1024 * 1024;

/** Entry of the data path. Resolves to null when it was stopped. Throws LoadError, LibosError. */
export async function run(context: DataPathContext<GeneratorInput, null>): Promise<ThreadOutcome | null> {
  const { options, progress, ring } = context.data;
  const meeting = context.data.meeting && new Meeting(context.data.meeting, () => context.stopRequested());
  const gate = context.data.gate && new StartGate(context.data.gate, () => context.stopRequested());
  const { backend, backendOptions, idle, rateOps } = options;
  const stamps = options.stampsEvery > 0 ? StampRing.create(null) : null;
  const pauses = new PauseLog();
  const libos = await openLibos({ backend, backendOptions, idle, stamps, pauses });
  try {
    const connections = new Connections(libos, options.target, options.replyTimeoutS, pauses, options.login);
    const populate_s = options.populate ? populate(context, connections) : null;
    if (options.populate) gate?.populated();
    meeting?.meet(0);
    progress[0] = CONNECT;
    const measuredWindow = new MeasuredWindow(connections, options, stamps);
    const distance = new Distance(options, pauses);
    const cost = new CostMeter(options);
    connections.openIdle(options.idleConnections);
    const budget = new RequestBudget();
    const replay =
      options.trace && new TraceReplay(ring!, options.trace.speed, () => context.stopRequested());
    const shares = trafficOf(options, budget, replay);
    for (const { count, traffic } of shares) connections.open(count, traffic, measuredWindow.notes);
    if (options.bulk !== null) fillBulk(context, connections, options.bulk);
    const { operations } = shares[0].traffic.exchange;
    const measure = rateOps === null ? measureClosedLoop : measureOpenLoop;
    let measured: LoopOutcome;
    try {
      measured = measure({
        context,
        connections,
        budget,
        operations,
        window: measuredWindow,
        pauses,
        meeting,
        gate,
        replay,
        distance,
        cost,
      });
    } finally {
      // Also after an error: the server must not go on stamping.
      measuredWindow.close();
      distance.close();
      cost.close();
    }
    connections.close();
    if (context.stopRequested()) return null;
    const { window, slow_requests, ...outcome } = measured;
    const found = await pauses.finish();
    return {
      ...outcome,
      ...measuredWindow.outcome(),
      populate_s,
      sample: 'round_trip',
      threads: null,
      generator: null,
      mergeable: {},
      pauses: { ...found, window, slow_requests },
    };
  } finally {
    libos.shutdown();
  }
}

/** Sets every key. Returns the seconds that it took. Throws POPULATE_FAILED, REPLY_TIMEOUT. */
function populate(context: DataPathContext<GeneratorInput, null>, connections: Connections): number {
  const { options } = context.data;
  if (options.trace !== null) return populateFromTrace(context, connections, options.trace);
  const workload = new Workload(options, true);
  const window = Math.floor(POPULATE_WINDOW_BYTES / workload.maxRequestBytes);
  const traffic = {
    exchange: new RespExchange(workload),
    source: new FillRequests(options.keys, workload.operations.length),
    pipeline: Math.max(1, Math.min(POPULATE_PIPELINE, window)),
  };
  connections.open(1, traffic, null);
  const loop = new ClosedLoop(connections);
  const startNs = nowNs();
  loop.start();
  loop.run(new FillControl(context, connections, options.keys * workload.operations.length));
  connections.close();
  return (nowNs() - startNs) / 1e9;
}

/** Sets the key of each get of a trace. */
function populateFromTrace(
  context: DataPathContext<GeneratorInput, null>,
  connections: Connections,
  { survey }: TraceLoad,
): number {
  const { options, fillRing } = context.data;
  const exchange = new TraceExchange({ ...survey, seed: options.seed, writer: options.thread });
  const source = new TraceFill(fillRing!, () => context.stopRequested());
  const window = Math.floor(POPULATE_WINDOW_BYTES / exchange.maxRequestBytes);
  const pipeline = Math.max(1, Math.min(POPULATE_PIPELINE, window));
  connections.open(1, { exchange, source, pipeline }, null);
  const loop = new ClosedLoop(connections);
  const startNs = nowNs();
  loop.start();
  if (survey.filled > 0) loop.run(new FillControl(context, connections, survey.filled));
  connections.close();
  return (nowNs() - startNs) / 1e9;
}

/** Opens the bulk streams and sets the value of each. Throws as populate(). */
function fillBulk(
  context: DataPathContext<GeneratorInput, null>,
  connections: Connections,
  options: BulkOptions,
): void {
  const bulk = connections.openBulk(options, context.data.options.seed);
  const control = new BulkFillControl(context, connections, bulk);
  bulk.begin(true, control);
  bulk.start();
  new ClosedLoop(connections).drain(control);
}

/** Ends the filling of the key space with the last key's reply. */
class FillControl implements LoopControl {
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #connections: Connections;
  readonly #requests: number;
  #filled = 0;

  constructor(context: DataPathContext<GeneratorInput, null>, connections: Connections, requests: number) {
    this.#context = context;
    this.#connections = connections;
    this.#requests = requests;
  }

  reply(reply: ReplyRecord): void {
    requireOk(this.#connections, reply, `write number ${this.#filled + 1}`, 'memory for all --keys');
    this.#filled++;
  }

  finished(): boolean {
    const { progress } = this.#context.data;
    progress[0] = POPULATE;
    progress[1] = this.#filled;
    progress[2] = this.#requests;
    return this.#filled === this.#requests || this.#context.stopRequested();
  }
}

/** Ends the filling of the bulk streams' values when each SET is answered. */
class BulkFillControl implements LoopControl {
  readonly #context: DataPathContext<GeneratorInput, null>;
  readonly #connections: Connections;
  readonly #bulk: BulkStreams;

  constructor(context: DataPathContext<GeneratorInput, null>, connections: Connections, bulk: BulkStreams) {
    this.#context = context;
    this.#connections = connections;
    this.#bulk = bulk;
  }

  reply(reply: ReplyRecord): void {
    const { connections, valueBytes } = this.#bulk.options;
    const needed = `room for ${connections} values of --bulk-bytes ${valueBytes} each (Redis: proto-max-bulk-len, maxmemory)`;
    requireOk(this.#connections, reply, `the SET of ${valueBytes} bytes`, needed);
  }

  finished(): boolean {
    return this.#bulk.outstanding === 0 || this.#context.stopRequested();
  }
}

/** Throws REPLY_TIMEOUT and POPULATE_FAILED, unless the reply is OK. */
function requireOk(
  connections: Connections,
  { status, errorText, timesNs }: ReplyRecord,
  request: string,
  needed: string,
): void {
  if (status === ReplyStatus.Unanswered) throw connections.timedOut(timesNs[RECEIVED]);
  if (status === ReplyStatus.Right) return;
  const answer = status === ReplyStatus.Failed ? `'${errorText}'` : 'something else than it should';
  throw new LoadError(
    'POPULATE_FAILED',
    `${connections.targetName} answered ${answer} to ${request}: it must take writes, and have ${needed}`,
  );
}
