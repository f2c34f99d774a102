/**
 * The ported server: an engine's front end over the libOS, one loop around waitNext on a data path's thread.
 *
 * The engine reads requests in the buffers that the libOS received them in, and writes replies into buffers
 * that it sends from; the loop allocates nothing per request.
 */
import {
  type Completion,
  createLibos,
  type DataPathContext,
  type Endpoint,
  formatIpv4,
  type Libos,
  LibosError,
  nowNs,
  PauseLog,
  type QueueDescriptor,
  type ScatterGatherArray,
  StampRing,
} from '../../libos/index.ts';
import { createEngine } from '../create-engine.ts';
import { listenError } from '../errors.ts';
import type { EngineClient, FrontEnd, ReplyBlock, ServerEngine } from '../frontend.ts';
import type { ServeOptions } from '../options.ts';
import { writePauses } from '../pauses-file.ts';
import { LINGER_MS } from './linger.ts';

const BACKLOG = 511;
/** Accepts pending at a time: a burst of connections is taken in one turn of the loop. */
const ACCEPTS = 16;
const COMPLETIONS_PER_TURN = 128;
/** How far the engine's clock may lag: reading the time of day makes an object. */
const TICK_NS = 500_000;
/** How long a turn may wait: the loop then looks at the request to stop and at the engine's clock. */
const WAIT_MS = 1;

/** What the data path returns: with what the process is to end. */
export interface ServerExit {
  exitCode: number;
}

/** Entry of the data path: serves until it is stopped or its engine ends. */
export async function run(context: DataPathContext<ServeOptions, Endpoint>): Promise<ServerExit> {
  const options = context.data;
  const { backend, backendOptions } = options;
  const stamps = options.stamps === null ? null : StampRing.create(options.stamps);
  stamps?.stampEvery(options.stampsEvery);
  const pauses = new PauseLog();
  const libos = createLibos({ backend, backendOptions, stamps, pauses });
  try {
    const frontEnd = new LibosFrontEnd(libos, {
      pauses,
      createEngine: (forEngine) => createEngine(options, forEngine),
      stopRequested: () => context.stopRequested(),
      lingerMs: LINGER_MS,
    });
    context.ready(frontEnd.start(options));
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
  /** Closes when all that was pushed is sent, or when nothing more was for a time: at `lingersUntilNs`. */
  closing = false;
  lingersUntilNs = 0;

  constructor(qd: QueueDescriptor, client: EngineClient | null) {
    this.qd = qd;
    this.client = client;
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
  createEngine: (frontEnd: FrontEnd) => ServerEngine;
  /** Cheap enough to ask in every turn. */
  stopRequested: () => boolean;
  /** How long a closed connection waits for its peer to take more of what was sent to it. */
  lingerMs: number;
}

export class LibosFrontEnd implements FrontEnd {
  readonly #libos: Libos;
  readonly #pauses: PauseLog;
  readonly #stopRequested: () => boolean;
  readonly #lingerNs: number;
  readonly #engine: ServerEngine;
  /** By queue descriptor. */
  readonly #connections: (Connection | null)[] = [];
  readonly #listener: QueueDescriptor;
  readonly #freeBlocks: LibosBlock[] = [];
  /** By depth: an engine may call turn() again from inside its own. */
  readonly #popped: PoppedBuffers[] = [new PoppedBuffers()];
  #depth = 0;
  /** Connections that close when their peer has taken the rest, the next one to be given up first. */
  readonly #lingering = new Set<Connection>();
  /** Accepts that the next turn asks for: all of them at first, later those that failed. */
  #acceptsOwed = ACCEPTS;
  /** When the engine ticked last, in ns. In an array, whose doubles change in place. */
  readonly #tickedNs = new Float64Array(1);
  #stopping = false;

  constructor(libos: Libos, setup: LibosFrontEndSetup) {
    this.#libos = libos;
    this.#pauses = setup.pauses;
    this.#stopRequested = setup.stopRequested;
    this.#lingerNs = setup.lingerMs * 1e6;
    this.#engine = setup.createEngine(this);
    this.#listener = libos.socket('stream');
  }

  /** Listens and starts the engine; returns where. Throws KvServerError, LibosError. */
  start({ bind, port }: { bind: string; port: number }): Endpoint {
    try {
      this.#libos.bind(this.#listener, { address: bind, port });
      this.#libos.listen(this.#listener, BACKLOG);
    } catch (error) {
      throw listenError(error as LibosError, bind, port);
    }
    const endpoint = this.#libos.localEndpoint(this.#listener);
    this.#engine.start(endpoint);
    return endpoint;
  }

  /** Serves until the engine has ended; its exit code. */
  serve(): number {
    const engine = this.#engine;
    this.#pauses.resume();
    this.#tickedNs[0] = nowNs();
    while (engine.exitCode === null) this.turn(WAIT_MS);
    return engine.exitCode;
  }

  /**
   * Takes what has completed, waiting for it for at most `waitMs`, and lets the engine run what came. An engine
   * may call it from inside its own turn(): the connections whose requests it is running are then left alone,
   * and it does not tick.
   */
  turn(waitMs: number): void {
    const libos = this.#libos;
    const engine = this.#engine;
    const depth = this.#depth;
    // The first look sends the replies of the last turn: none of them waits until the clock has been read.
    let count = libos.waitNext(COMPLETIONS_PER_TURN, 0);
    const ticks = this.#look() && depth === 0;
    if (ticks) this.#tick();
    if (count === 0 && waitMs > 0) count = libos.waitNext(COMPLETIONS_PER_TURN, waitMs);
    if (engine.exitCode !== null) return;

    const popped = this.#popped[depth];
    for (let i = 0; i < count; i++) this.#complete(libos.completions[i], popped);
    while (this.#acceptsOwed > 0) {
      this.#acceptsOwed--;
      libos.accept(this.#listener);
    }
    this.#depth = depth + 1;
    if (this.#popped.length === this.#depth) this.#popped.push(new PoppedBuffers());
    engine.turn();
    this.#depth = depth;
    this.#popAgain(popped);
    if (ticks && this.#lingering.size > 0) this.#endLingering();
    if (!this.#stopping && this.#stopRequested()) {
      this.#stopping = true;
      engine.stop();
    }
  }

  // For the engine

  takeBlock(): ReplyBlock | null {
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
    client.outputBytes += length;
    this.#push(client.connection as Connection, block as LibosBlock, length);
  }

  giveBack(block: ReplyBlock): void {
    this.#libos.free((block as LibosBlock).sga);
    this.#freeBlocks.push(block as LibosBlock);
  }

  close(client: EngineClient, atOnce: boolean): void {
    const connection = client.connection as Connection;
    if (atOnce) this.#close(connection);
    else this.#closeWhenSent(connection);
  }

  // Inside

  /** Tells the pauses the time, and whether the engine is to tick. Apart, so that the time makes no object. */
  #look(): boolean {
    const ns = nowNs();
    this.#pauses.look(ns);
    return ns - this.#tickedNs[0] >= TICK_NS;
  }

  #tick(): void {
    this.#tickedNs[0] = nowNs();
    this.#engine.tick();
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
    } else if (completion.operation === 'pop') this.#received(connection, completion.sga, popped);
    else this.#sent(connection, completion);
  }

  #received(connection: Connection, sga: ScatterGatherArray | null, popped: PoppedBuffers): void {
    if (sga === null) {
      this.#close(connection);
      return;
    }
    popped.add(connection, sga);
    const { client } = connection;
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
      const { qd } = connections[i];
      if (this.#connections[qd] === connections[i]) this.#libos.pop(qd);
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
    if (completion.error !== null) {
      this.#acceptsOwed++;
      return;
    }
    this.#libos.accept(this.#listener);
    const qd = completion.newQd;
    const local = this.#libos.localEndpoint(qd);
    const peerAddress = formatIpv4(completion.peerAddress);
    const client = this.#engine.connect(peerAddress, completion.peerPort, local.address, local.port);
    const connection = new Connection(qd, client);
    this.#connections[qd] = connection;
    this.#libos.pop(qd);
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
      this.#close(connection);
    }
  }

  #close(connection: Connection): void {
    if (this.#connections[connection.qd] !== connection) return;
    this.#connections[connection.qd] = null;
    connection.closing = true;
    this.#lingering.delete(connection);
    if (connection.client !== null) this.#engine.disconnect(connection.client);
    this.#libos.close(connection.qd);
  }
}
