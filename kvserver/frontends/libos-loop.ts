/**
 * The ported server: the engine's front end over the libOS, one loop around waitNext on a data path's thread.
 *
 * Requests are parsed in the buffers that the libOS received them in, replies written into buffers that it
 * sends from; the loop allocates nothing per request.
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
import type { Client } from '../client.ts';
import { Engine, MAX_CLIENTS_REPLY } from '../engine.ts';
import { listenError } from '../errors.ts';
import type { FrontEnd } from '../frontend.ts';
import type { ServeOptions } from '../options.ts';
import { writePauses } from '../pauses-file.ts';
import type { ReplyWriter } from '../resp/reply.ts';

const BACKLOG = 511;
/** Accepts pending at a time: a burst of connections is taken in one turn of the loop. */
const ACCEPTS = 16;
const COMPLETIONS_PER_TURN = 128;
/** How far the engine's clock may lag: reading the time of day makes an object. */
const TICK_NS = 500_000;
/** How long a turn may wait: the loop then looks at the request to stop and at the engine's clock. */
const WAIT_MS = 1;

/** Entry of the data path: serves until it is stopped. */
export async function run(context: DataPathContext<ServeOptions, Endpoint>): Promise<void> {
  const options = context.data;
  const { backend, backendOptions } = options;
  const stamps = options.stamps === null ? null : StampRing.create(options.stamps);
  stamps?.stampEvery(options.stampsEvery);
  const pauses = new PauseLog();
  const libos = createLibos({ backend, backendOptions, stamps, pauses });
  try {
    const frontEnd = new LibosFrontEnd(libos, options, pauses);
    context.ready(frontEnd.listen());
    frontEnd.serve(context);
  } finally {
    libos.shutdown();
    stamps?.readClocks();
    await writePauses(pauses, options.pauses);
  }
}

interface Connection {
  readonly qd: QueueDescriptor;
  /** null for a connection beyond the limit, which only gets MAX_CLIENTS_REPLY. */
  readonly client: Client | null;
  pushes: number;
  /** Closes when all that was pushed is sent. */
  closing: boolean;
  /** There was no memory for its replies: they are dropped and the connection closes. */
  starved: boolean;
}

class LibosFrontEnd implements FrontEnd {
  readonly #libos: Libos;
  readonly #options: ServeOptions;
  readonly #pauses: PauseLog;
  readonly #engine: Engine;
  /** By queue descriptor. */
  readonly #connections: (Connection | null)[] = [];
  readonly #listener: QueueDescriptor;
  /** The block that the engine writes to. */
  #block: ScatterGatherArray | null = null;
  /** Takes the replies of a starved connection. */
  readonly #reserve: ScatterGatherArray;
  /** Accepts that the next turn asks for: all of them at first, later those that failed. */
  #acceptsOwed = ACCEPTS;

  constructor(libos: Libos, options: ServeOptions, pauses: PauseLog) {
    this.#pauses = pauses;
    this.#libos = libos;
    this.#options = options;
    this.#engine = new Engine(options, this);
    this.#listener = libos.socket('stream');
    this.#reserve = libos.alloc(1);
  }

  /** Returns where it listens. Throws KvServerError, LibosError. */
  listen(): Endpoint {
    const { bind, port } = this.#options;
    try {
      this.#libos.bind(this.#listener, { address: bind, port });
      this.#libos.listen(this.#listener, BACKLOG);
    } catch (error) {
      throw listenError(error as LibosError, bind, port);
    }
    const endpoint = this.#libos.localEndpoint(this.#listener);
    this.#engine.configuration.port = endpoint.port;
    return endpoint;
  }

  serve(context: DataPathContext<ServeOptions, Endpoint>): void {
    const libos = this.#libos;
    this.#pauses.resume();
    let tickedNs = nowNs();
    while (!context.stopRequested()) {
      // The first look sends the replies of the last turn: none of them waits until the clock has been read.
      let count = libos.waitNext(COMPLETIONS_PER_TURN, 0);
      const ns = nowNs();
      this.#pauses.look(ns);
      if (ns - tickedNs >= TICK_NS) {
        tickedNs = ns;
        this.#engine.tick();
      }
      if (count === 0) count = libos.waitNext(COMPLETIONS_PER_TURN, WAIT_MS);
      for (let i = 0; i < count; i++) this.#complete(libos.completions[i]);
      while (this.#acceptsOwed > 0) {
        this.#acceptsOwed--;
        libos.accept(this.#listener);
      }
    }
  }

  // For the engine

  nextBlock(writer: ReplyWriter, client: Client): void {
    const connection = client.connection as Connection;
    this.#pushBlock(writer, connection);
    const segment = this.#takeBlock(connection).segments[0];
    writer.open(segment.bytes, segment.base, segment.base + segment.capacity);
  }

  flush(writer: ReplyWriter, client: Client): void {
    const connection = client.connection as Connection;
    this.#pushBlock(writer, connection);
    if (connection.starved) this.#close(connection);
  }

  close(client: Client, atOnce: boolean): void {
    const connection = client.connection as Connection;
    connection.closing = true;
    if (atOnce || connection.pushes === 0) this.#close(connection);
  }

  // Inside

  #complete(completion: Completion): void {
    if (completion.operation === 'accept') {
      this.#accepted(completion);
      return;
    }
    const connection = this.#connections[completion.qd];
    if (connection === null) {
      // The connection was closed here: this is one of its cancelled or earlier completions.
      if (completion.sga !== null) this.#libos.free(completion.sga);
    } else if (completion.operation === 'pop') this.#popped(connection, completion);
    else this.#pushed(connection, completion);
  }

  #popped(connection: Connection, completion: Completion): void {
    const { sga } = completion;
    if (sga === null) {
      this.#close(connection);
      return;
    }
    const { client, qd } = connection;
    if (client !== null) {
      for (let i = 0; i < sga.segmentCount; i++) {
        const segment = sga.segments[i];
        this.#engine.receive(client, segment.bytes, segment.offset, segment.length);
      }
    }
    this.#libos.free(sga);
    if (this.#connections[qd] === connection) this.#libos.pop(qd);
  }

  #pushed(connection: Connection, completion: Completion): void {
    const sga = completion.sga!;
    connection.pushes--;
    if (connection.client !== null) connection.client.outputBytes -= sga.segments[0].length;
    this.#libos.free(sga);
    if (completion.error !== null || (connection.closing && connection.pushes === 0)) this.#close(connection);
  }

  #accepted(completion: Completion): void {
    if (completion.error !== null) {
      this.#acceptsOwed++;
      return;
    }
    this.#libos.accept(this.#listener);
    const qd = completion.newQd;
    const { address, port } = this.#libos.localEndpoint(qd);
    const peer = `${formatIpv4(completion.peerAddress)}:${completion.peerPort}`;
    const client = this.#engine.connect(peer, `${address}:${port}`);
    const connection = { qd, client, pushes: 0, closing: client === null, starved: false };
    this.#connections[qd] = connection;
    if (client !== null) {
      client.connection = connection;
    } else {
      const refusal = this.#libos.alloc(MAX_CLIENTS_REPLY.length);
      refusal.fill(MAX_CLIENTS_REPLY);
      connection.pushes++;
      this.#libos.push(qd, refusal);
    }
    this.#libos.pop(qd);
  }

  /** Sends what the writer wrote to its block, if it has one. */
  #pushBlock(writer: ReplyWriter, connection: Connection): void {
    const block = this.#block;
    this.#block = null;
    if (block === null || block === this.#reserve) return;
    const length = writer.written;
    if (length === 0 || connection.starved) {
      this.#libos.free(block);
      return;
    }
    block.segments[0].length = length;
    connection.pushes++;
    connection.client!.outputBytes += length;
    this.#libos.push(connection.qd, block);
  }

  #takeBlock(connection: Connection): ScatterGatherArray {
    if (!connection.starved) {
      try {
        this.#block = this.#libos.alloc(1);
        return this.#block;
      } catch (error) {
        if (!(error instanceof LibosError && error.code === 'NO_BUFFERS')) throw error;
        connection.starved = true;
      }
    }
    this.#block = this.#reserve;
    return this.#block;
  }

  #close(connection: Connection): void {
    if (this.#connections[connection.qd] !== connection) return;
    this.#connections[connection.qd] = null;
    if (connection.client !== null) this.#engine.disconnect(connection.client);
    this.#libos.close(connection.qd);
  }
}
