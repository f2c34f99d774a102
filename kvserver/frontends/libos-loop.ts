/**
 * The ported server: an engine's front end over the libOS, one loop around waitNext on a data path's thread.
 *
 * The engine reads requests in the buffers that the libOS received them in, and writes replies into buffers
 * that it sends from; the loop allocates nothing per request.
 */
import {
  BusyTime,
  type Completion,
  type DataPathContext,
  type Endpoint,
  formatIpv4,
  type Libos,
  LibosError,
  MAX_UNAWAITED_PUSHES,
  nowNs,
  openLibos,
  PauseLog,
  type QueueDescriptor,
  type ScatterGatherArray,
  StampRing,
  type Unsent,
  writePauses,
} from '../../libos/index.ts';
import { createEngine } from '../create-engine.ts';
import { listenError } from '../errors.ts';
import type { EngineClient, FrontEnd, ReplyBlock, ServerEngine } from '../frontend.ts';
import type { ServeOptions } from '../options.ts';
import type { ServedEndpoint } from '../ready.ts';
import { LINGER_MS } from './linger.ts';
import type { ServerExit } from './serve.ts';

const BACKLOG = 511;
/** Accepts pending at a time: a burst of connections is taken in one turn of the loop. */
const ACCEPTS = 16;
const COMPLETIONS_PER_TURN = 128;
/** How far the engine's clock may lag: reading the time of day makes an object. */
const TICK_NS = 500_000;
/**
 * How long a turn may wait: the loop then looks at the request to stop and at the engine's clock. Who sleeps waits for
 * as long as the engine allows.
 */
const WAIT_MS = 1;

/** Entry of the data path: serves until it is stopped or its engine ends. */
export async function run(context: DataPathContext<ServeOptions, ServedEndpoint>): Promise<ServerExit> {
  const options = context.data;
  const { backend, backendOptions, idle } = options;
  const stamps = options.stamps === null ? null : StampRing.create(options.stamps);
  stamps?.stampEvery(options.stampsEvery);
  const pauses = new PauseLog();
  const libos = await openLibos({ backend, backendOptions, idle, stamps, pauses });
  try {
    const frontEnd = new LibosFrontEnd(libos, {
      pauses,
      busy: stamps === null || idle === 'sleep' ? null : new BusyTime(pauses, stamps.sayBusyNs()),
      sleeps: idle === 'sleep',
      createEngine: (forEngine) => createEngine(options, forEngine),
      stopRequested: () => context.stopRequested(),
      lingerMs: LINGER_MS,
    });
    const endpoint = frontEnd.start(options);
    if (endpoint !== null) context.ready({ ...endpoint, device: libos.about() });
    return { exitCode: frontEnd.serve() };
  } finally {
    libos.shutdown();
    stamps?.readClocks();
    await writePauses(pauses, options.pauses);
  }
}

/** A buffer of the libOS that the engine writes replies to. */
class LibosBlock implements ReplyBlock {
  /** With one segment. */
  sga: ScatterGatherArray;
  bytes: Uint8Array;
  base: number;
  capacity: number;

  constructor(sga: ScatterGatherArray) {
    this.sga = sga;
    this.bytes = sga.segments[0].bytes;
    this.base = sga.segments[0].base;
    this.capacity = sga.segments[0].capacity;
  }

  reuse(sga: ScatterGatherArray): void {
    const segment = sga.segments[0];
    this.sga = sga;
    this.bytes = segment.bytes;
    this.base = segment.base;
    this.capacity = segment.capacity;
  }

  get address(): number {
    return this.sga.segments[0].address;
  }
}

class Connection {
  readonly qd: QueueDescriptor;
  /** null for a connection that the engine refused. */
  readonly client: EngineClient | null;
  pushes = 0;
  /** A pop is under way. */
  popping = false;
  /** Its peer sends nothing more. */
  ended = false;
  /** Closes when all that was pushed is sent, or when nothing more was for a time: at `lingersUntilNs`. */
  closing = false;
  lingersUntilNs = 0;

  constructor(qd: QueueDescriptor, client: EngineClient | null) {
    this.qd = qd;
    this.client = client;
  }
}

/** A place where it listens. */
class Listener {
  readonly qd: QueueDescriptor;
  readonly endpoint: Endpoint;
  /** How the engine calls it; null for the one that start() made, until the engine asks for that. */
  name: number | null;
  /** Accepts that the next turn asks for: all of them at first, later those that failed. */
  acceptsOwed = ACCEPTS;

  constructor(qd: QueueDescriptor, endpoint: Endpoint, name: number | null) {
    this.qd = qd;
    this.endpoint = endpoint;
    this.name = name;
  }
}

/** The buffers that were popped in a turn, and their connections: the engine reads in them until it has turned. */
class PoppedBuffers {
  count = 0;
  readonly connections: Connection[] = [];
  readonly sgas: ScatterGatherArray[] = [];

  add(connection: Connection, sga: ScatterGatherArray): void {
    this.connections[this.count] = connection;
    this.sgas[this.count] = sga;
    this.count++;
  }
}

export interface LibosFrontEndSetup {
  pauses: PauseLog;
  /** Counts how long the loop has something to do; null where nobody asks, or it sleeps. */
  busy: BusyTime | null;
  /** The libOS sleeps while nothing happens. */
  sleeps: boolean;
  createEngine: (frontEnd: FrontEnd) => ServerEngine;
  /** Cheap enough to ask in every turn. */
  stopRequested: () => boolean;
  /** How long a closed connection waits for its peer to take more of what was sent to it. */
  lingerMs: number;
}

export class LibosFrontEnd implements FrontEnd {
  readonly #libos: Libos;
  readonly #pauses: PauseLog;
  readonly #busy: BusyTime | null;
  readonly #sleeps: boolean;
  readonly #stopRequested: () => boolean;
  readonly #lingerNs: number;
  readonly #engine: ServerEngine;
  /** By queue descriptor. */
  readonly #connections: (Connection | null)[] = [];
  readonly #listeners: Listener[] = [];
  readonly #freeBlocks: LibosBlock[] = [];
  /** By depth: an engine may call turn() again from inside its own. */
  readonly #popped: PoppedBuffers[] = [new PoppedBuffers()];
  #depth = 0;
  /** Connections that close when their peer has taken the rest, the next one to be given up first. */
  readonly #lingering = new Set<Connection>();
  /** When the engine ticked last, in ns. In an array, whose doubles change in place. */
  readonly #tickedNs = new Float64Array(1);
  #stopping = false;
  /** The engine has more to do: the next turn waits for nothing. */
  #again = false;
  /** Completions of the libOS are being taken: nobody may wait for others meanwhile. */
  #taking = false;

  constructor(libos: Libos, setup: LibosFrontEndSetup) {
    this.#libos = libos;
    this.#pauses = setup.pauses;
    this.#busy = setup.busy;
    this.#sleeps = setup.sleeps;
    this.#stopRequested = setup.stopRequested;
    this.#lingerNs = setup.lingerMs * 1e6;
    this.#engine = setup.createEngine(this);
  }

  /**
   * Listens and starts the engine, which says itself where to listen when `port` is null; returns where, or null when
   * the engine has ended already. Throws KvServerError, LibosError.
   */
  start({ bind, port }: { bind: string; port: number | null }): Endpoint | null {
    const first = port === null ? null : this.#listen(bind, port, null);
    // What the engine turns from inside is no turn of its own: it does not tick.
    this.#depth = 1;
    this.#engine.start(first === null ? null : first.endpoint);
    this.#depth = 0;
    if (this.#engine.exitCode !== null) return null;
    return this.#listeners.length > 0 ? this.#listeners[0].endpoint : { address: bind, port: 0 };
  }

  /** Serves until the engine has ended; its exit code. */
  serve(): number {
    const engine = this.#engine;
    this.#pauses.resume();
    this.#tickedNs[0] = nowNs();
    while (engine.exitCode === null) this.turn(this.#sleeps ? engine.restMs : WAIT_MS);
    return engine.exitCode;
  }

  /**
   * Takes what has completed, waiting for it for at most `waitMs`, and lets the engine run what came. An engine
   * may call it from inside its own turn(): the connections whose requests it is running are then left alone,
   * and it does not tick.
   */
  turn(waitMs: number): void {
    const libos = this.#libos;
    const depth = this.#depth;
    const busy = depth === 0 ? this.#busy : null;
    // The first look sends the replies of the last turn: none of them waits until the clock has been read. Who sleeps
    // looks once a turn.
    const firstMs = this.#sleeps && !this.#again ? waitMs : 0;
    // Behind a long sleep the engine is to know the time before it gets what has ended the sleep.
    const sleepsLong = firstMs > WAIT_MS;
    let count = libos.waitNext(sleepsLong ? 0 : COMPLETIONS_PER_TURN, firstMs);
    const ticks = this.#look() && depth === 0;
    if (count === 0 && ticks) this.#tick();
    if (busy !== null) busy.turnEnded();
    if (sleepsLong) count = libos.waitNext(COMPLETIONS_PER_TURN, 0);
    else if (count === 0 && waitMs > firstMs && !this.#again)
      count = libos.waitNext(COMPLETIONS_PER_TURN, waitMs);
    if (busy !== null) busy.turnBegan();
    this.#again = false;
    this.#handle(count, depth);
    if (ticks) {
      // Not before what was taken is handled: what the engine does in it may be long, and look at the network.
      if (count > 0) this.#tick();
      if (this.#lingering.size > 0) this.#endLingering();
    }
    if (!this.#stopping && this.#stopRequested()) {
      this.#stopping = true;
      this.#engine.stop();
    }
  }

  /** Handles the first `count` completions of the last wait, and lets the engine run what came. */
  #handle(count: number, depth: number): void {
    const libos = this.#libos;
    if (this.#popped.length === depth) this.#popped.push(new PoppedBuffers());
    const popped = this.#popped[depth];
    this.#taking = true;
    for (let i = 0; i < count; i++) this.#complete(libos.completions[i], popped);
    for (let i = 0; i < this.#listeners.length; i++) this.#accept(this.#listeners[i]);
    this.#taking = false;
    this.#depth = depth + 1;
    if (this.#engine.exitCode === null) this.#engine.turn();
    this.#depth = depth;
    this.#popAgain(popped);
    for (let outer = 0; outer < depth; outer++) this.#popBeside(this.#popped[outer]);
  }

  // For the engine

  takeBlock(client?: EngineClient): ReplyBlock | null {
    if (client !== undefined && !mayPush(client.connection as Connection)) return null;
    let sga: ScatterGatherArray;
    try {
      sga = this.#libos.alloc(1);
    } catch (error) {
      if (error instanceof LibosError && error.code === 'NO_BUFFERS') return null;
      throw error;
    }
    const block = this.#freeBlocks.pop();
    if (block === undefined) return new LibosBlock(sga);
    block.reuse(sga);
    return block;
  }

  send(client: EngineClient, block: ReplyBlock, length: number): void {
    const connection = client.connection as Connection;
    if (!mayPush(connection)) {
      this.giveBack(block);
      this.#close(connection, 'reset');
      return;
    }
    client.outputBytes += length;
    this.#push(connection, block as LibosBlock, length);
  }

  giveBack(block: ReplyBlock): void {
    this.#libos.free((block as LibosBlock).sga);
    this.#freeBlocks.push(block as LibosBlock);
  }

  close(client: EngineClient, atOnce: boolean): void {
    const connection = client.connection as Connection;
    if (atOnce) this.#close(connection, 'reset');
    else this.#closeWhenSent(connection);
  }

  again(): void {
    this.#again = true;
  }

  resume(client: EngineClient): void {
    this.#pop(client.connection as Connection);
  }

  listen(listener: number, address: string, port: number): void {
    const own = this.#listeners.find(({ name, endpoint }) => name === null && endpoint.port === port);
    if (own === undefined) this.#listen(address, port, listener);
    else own.name = listener;
  }

  unlisten(listener: number): void {
    const index = this.#listeners.findIndex(({ name }) => name === listener);
    if (index < 0) return;
    this.#libos.close(this.#listeners[index].qd);
    this.#listeners.splice(index, 1);
  }

  counters(): Readonly<Record<string, number>> {
    return this.#libos.counters();
  }

  look(): boolean {
    if (this.#taking) return false;
    this.turn(0);
    return true;
  }

  // Inside

  #listen(address: string, port: number, name: number | null): Listener {
    const qd = this.#libos.socket('stream');
    try {
      this.#libos.bind(qd, { address, port });
      this.#libos.listen(qd, BACKLOG);
    } catch (error) {
      this.#libos.close(qd);
      throw listenError(error as LibosError, address, port);
    }
    const listener = new Listener(qd, this.#libos.localEndpoint(qd), name);
    this.#listeners.push(listener);
    return listener;
  }

  #accept(listener: Listener): void {
    for (; listener.acceptsOwed > 0; listener.acceptsOwed--) this.#libos.accept(listener.qd);
  }

  #pop(connection: Connection): void {
    if (connection.popping || connection.ended || this.#connections[connection.qd] !== connection) return;
    connection.popping = true;
    this.#libos.pop(connection.qd);
  }

  /** Tells the pauses the time, and whether the engine is to tick. Apart, so that the time makes no object. */
  #look(): boolean {
    const ns = nowNs();
    this.#pauses.look(ns);
    return ns - this.#tickedNs[0] >= TICK_NS;
  }

  #tick(): void {
    this.#tickedNs[0] = nowNs();
    this.#depth = 1;
    this.#engine.tick();
    this.#depth = 0;
  }

  #complete(completion: Completion, popped: PoppedBuffers): void {
    if (completion.operation === 'accept') {
      this.#accepted(completion);
      return;
    }
    const connection = this.#connections[completion.qd];
    if (connection === null) {
      // The connection was closed here: this is one of its cancelled or earlier completions.
      if (completion.sga !== null) this.#libos.free(completion.sga);
    } else if (completion.operation === 'pop') {
      connection.popping = false;
      this.#received(connection, completion, popped);
    } else this.#sent(connection, completion);
  }

  #received(connection: Connection, { sga, error }: Completion, popped: PoppedBuffers): void {
    const { client } = connection;
    if (sga === null) {
      connection.ended = true;
      if (error !== null || client === null) this.#close(connection);
      else if (!connection.closing) this.#engine.ended(client);
      return;
    }
    popped.add(connection, sga);
    for (let i = 0; i < sga.segmentCount; i++) {
      if (client === null || connection.closing) return;
      const segment = sga.segments[i];
      this.#engine.receive(client, segment, segment.offset, segment.length);
    }
  }

  /** Frees what the engine has read, and asks for what comes next. */
  #popAgain(popped: PoppedBuffers): void {
    const { connections, sgas, count } = popped;
    popped.count = 0;
    for (let i = 0; i < count; i++) {
      this.#libos.free(sgas[i]);
      const { client } = connections[i];
      if (client === null || this.#engine.reads(client)) this.#pop(connections[i]);
    }
  }

  /**
   * In the middle of an outer turn, all of whose requests have run but for the one that takes long: its clients are
   * heard again, while it keeps its buffers.
   */
  #popBeside({ connections, count }: PoppedBuffers): void {
    for (let i = 0; i < count; i++) {
      const { client } = connections[i];
      if (client !== null && this.#engine.reads(client)) this.#pop(connections[i]);
    }
  }

  #sent(connection: Connection, completion: Completion): void {
    const sga = completion.sga!;
    const { client } = connection;
    connection.pushes--;
    if (client !== null) client.outputBytes -= sga.segments[0].length;
    this.#libos.free(sga);
    if (completion.error !== null) this.#close(connection);
    else if (connection.closing) this.#closeWhenSent(connection);
    else if (client !== null) this.#engine.sent(client);
  }

  #accepted(completion: Completion): void {
    const listener = this.#listeners.find(({ qd }) => qd === completion.qd);
    if (listener !== undefined) listener.acceptsOwed++;
    if (completion.error !== null) return;
    const qd = completion.newQd;
    const local = this.#libos.localEndpoint(qd);
    const peerAddress = formatIpv4(completion.peerAddress);
    const client = this.#engine.connect(peerAddress, completion.peerPort, local.address, local.port);
    const connection = new Connection(qd, client);
    this.#connections[qd] = connection;
    this.#pop(connection);
    if (client === null) this.#refuse(connection);
    else client.connection = connection;
  }

  #refuse(connection: Connection): void {
    const { refusal } = this.#engine;
    const block = this.takeBlock() as LibosBlock | null;
    if (block !== null) {
      block.bytes.set(refusal, block.base);
      this.#push(connection, block, refusal.length);
    }
    this.#closeWhenSent(connection);
  }

  #push(connection: Connection, block: LibosBlock, length: number): void {
    const { sga } = block;
    this.#freeBlocks.push(block);
    sga.segments[0].length = length;
    connection.pushes++;
    this.#libos.push(connection.qd, sga);
  }

  #closeWhenSent(connection: Connection): void {
    if (connection.pushes === 0) {
      this.#close(connection);
      return;
    }
    connection.closing = true;
    connection.lingersUntilNs = nowNs() + this.#lingerNs;
    // To the end of the order.
    this.#lingering.delete(connection);
    this.#lingering.add(connection);
  }

  /** After the completions were handled: what a peer has taken meanwhile, while the loop did not turn, counts. */
  #endLingering(): void {
    const ns = nowNs();
    for (const connection of this.#lingering) {
      if (connection.lingersUntilNs > ns) return;
      this.#close(connection, 'reset');
    }
  }

  /** `unsent`: whether what is pushed is to reach the peer still. */
  #close(connection: Connection, unsent: Unsent = 'deliver'): void {
    if (this.#connections[connection.qd] !== connection) return;
    this.#connections[connection.qd] = null;
    connection.closing = true;
    this.#lingering.delete(connection);
    if (connection.client !== null) this.#engine.disconnect(connection.client);
    this.#libos.close(connection.qd, unsent);
  }
}

/** Whether the libOS takes another push of this connection. */
function mayPush({ pushes }: Connection): boolean {
  return pushes < MAX_UNAWAITED_PUSHES;
}
