/**
 * The unmodified server: an engine on node:net and Node's event loop, to compare the library OS with.
 *
 * One write for a batch of requests, unless their replies fill more than a block. When the kernel took a write
 * at once, its block is used again for the next batch, else it belongs to the socket and a new one is made.
 */
import { createServer, type Server, type Socket } from 'node:net';
import koffi from 'koffi';
import { type DataPathContext, type Endpoint, PauseLog, writePauses } from '../../libos/index.ts';
import { createEngine } from '../create-engine.ts';
import { KvServerError, listenError } from '../errors.ts';
import type { EngineClient, FrontEnd, ReplyBlock, ServerEngine } from '../frontend.ts';
import { DEFAULT_PORT, type ServeOptions } from '../options.ts';

import { LINGER_MS } from './linger.ts';
import type { ServerExit } from './serve.ts';

const BLOCK_BYTES = 64 * 1024;
const BACKLOG = 511;
/** How long a request to stop may wait until it is looked at. */
const STOP_LOOK_MS = 50;

/** Entry of the data path: serves until it is stopped or its engine ends. Throws KvServerError. */
export async function run(context: DataPathContext<ServeOptions, Endpoint>): Promise<ServerExit> {
  const options = context.data;
  // The turns of Node's event loop have no known length, so its pauses are garbage collections only.
  const pauses = new PauseLog();
  const frontEnd = new SocketsFrontEnd({
    createEngine: (forEngine) => createEngine(options, forEngine),
    lingerMs: LINGER_MS,
  });
  const endpoint = await frontEnd.start(options);
  if (endpoint !== null) context.ready(endpoint);
  const looking = setInterval(() => {
    if (context.stopRequested()) frontEnd.stop();
  }, STOP_LOOK_MS);
  const exitCode = await frontEnd.ended;
  clearInterval(looking);
  await writePauses(pauses, options.pauses);
  return { exitCode };
}

/** Memory for input, and for replies: then also as the Buffer that a socket takes. */
class SocketBlock implements ReplyBlock {
  readonly bytes = new Uint8Array(BLOCK_BYTES);
  readonly asBuffer = Buffer.from(this.bytes.buffer);
  readonly base = 0;
  readonly capacity = BLOCK_BYTES;
  #address: number | null = null;

  get address(): number {
    this.#address ??= Number(koffi.address(this.bytes));
    return this.#address;
  }
}

class Connection {
  readonly socket: Socket;
  readonly client: EngineClient;
  /** The engine has closed it: given up at `lingersUntilMs` (performance.now()) with what is left then. */
  closing = false;
  lingersUntilMs = 0;
  /** What the kernel had not taken of the write under way when that was looked at last. */
  #queuedBytes = 0;

  constructor(socket: Socket, client: EngineClient) {
    this.socket = socket;
    this.client = client;
  }

  /** Whether the kernel has taken something since this was asked last. */
  progressed(): boolean {
    // One write may be all that there is, and the stream counts whole writes. As Node's own timeout does it.
    const { _handle: handle } = this.socket as unknown as { _handle: { writeQueueSize: number } | null };
    const before = this.#queuedBytes;
    this.#queuedBytes = handle?.writeQueueSize ?? 0;
    return this.#queuedBytes !== before;
  }
}

export interface SocketsFrontEndSetup {
  createEngine: (frontEnd: FrontEnd) => ServerEngine;
  /** How long a closed connection waits for its peer to take more of what was sent to it. */
  lingerMs: number;
}

export class SocketsFrontEnd implements FrontEnd {
  readonly ended: Promise<number>;
  readonly #server: Server;
  readonly #engine: ServerEngine;
  readonly #lingerMs: number;
  readonly #sockets = new Set<Socket>();
  /** Those whose socket keeps output that the kernel has not taken. */
  readonly #waiting = new Set<Connection>();
  readonly #freeBlocks: SocketBlock[] = [];
  /** Input is copied here: the engine then always reads plain arrays of one shape. */
  readonly #inbox = new SocketBlock();
  readonly #resolveEnded: (exitCode: number) => void;
  #timer: NodeJS.Timeout | undefined;
  /** A further turn is on its way. */
  #againSoon = false;
  #closed = false;

  constructor(setup: SocketsFrontEndSetup) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#lingerMs = setup.lingerMs;
    this.#engine = setup.createEngine(this);
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens and starts the engine; returns where, or null when the engine has ended already. Throws KvServerError. */
  async start({ bind, port }: { bind: string; port: number | null }): Promise<Endpoint | null> {
    await new Promise<void>((resolve, reject) => {
      const wanted = port ?? DEFAULT_PORT;
      this.#server.once('error', (error) => reject(listenError(error, bind, wanted)));
      this.#server.listen({ host: bind, port: wanted, backlog: BACKLOG }, resolve);
    });
    const endpoint = this.#server.address() as Endpoint;
    this.#engine.start(endpoint);
    this.#timer = setInterval(() => this.#tick(), this.#engine.tickMs);
    this.#closeIfEnded();
    return this.#closed ? null : endpoint;
  }

  stop(): void {
    if (this.#closed) return;
    this.#engine.stop();
    this.#closeIfEnded();
  }

  // For the engine

  takeBlock(): ReplyBlock | null {
    const free = this.#freeBlocks.pop();
    if (free !== undefined) return free;
    try {
      return new SocketBlock();
    } catch {
      // A RangeError: there is no memory.
      return null;
    }
  }

  send(client: EngineClient, block: ReplyBlock, length: number): void {
    const connection = client.connection as Connection;
    const { socket } = connection;
    const { asBuffer } = block as SocketBlock;
    if (socket.writableLength > 0) {
      // The socket keeps it for sure, and for long perhaps: as many bytes as it has, not the whole block.
      socket.write(Buffer.from(asBuffer.subarray(0, length)));
      this.giveBack(block);
    } else {
      socket.write(asBuffer.subarray(0, length));
      if (socket.writableLength === 0) this.giveBack(block);
    }
    client.outputBytes = socket.writableLength;
    if (client.outputBytes > 0) this.#waiting.add(connection);
  }

  giveBack(block: ReplyBlock): void {
    this.#freeBlocks.push(block as SocketBlock);
  }

  close(client: EngineClient, atOnce: boolean): void {
    const connection = client.connection as Connection;
    connection.closing = true;
    connection.lingersUntilMs = performance.now() + this.#lingerMs;
    if (atOnce) connection.socket.destroy();
    else connection.socket.destroySoon();
  }

  again(): void {
    if (this.#againSoon) return;
    this.#againSoon = true;
    setImmediate(() => {
      this.#againSoon = false;
      if (!this.#closed) this.#turn();
    });
  }

  resume(client: EngineClient): void {
    (client.connection as Connection).socket.resume();
  }

  /** Node listens in a later turn of its loop, so only where start() has listened already. */
  listen(_listener: number, address: string, port: number): void {
    const own = this.#server.address() as { port: number };
    if (own.port === port) return;
    throw new KvServerError(
      'NOT_SUPPORTED',
      `the sockets front end listens on port ${own.port} alone, not on ${address}:${port}`,
    );
  }

  /** It closes with the process. */
  unlisten(): void {}

  counters(): Record<string, number> {
    return {};
  }

  /** Node's event loop cannot be turned from inside of a callback: clients wait for what takes long. */
  look(): boolean {
    return false;
  }

  // Inside

  /** Looks at how much is still unsent, then lets the engine do its regular work. */
  #tick(): void {
    for (const connection of this.#waiting) this.#noteSent(connection);
    this.#engine.tick();
    this.#turn();
  }

  #turn(): void {
    this.#engine.turn();
    this.#closeIfEnded();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    // 'close' follows a reset, and only that matters here.
    socket.on('error', () => {});
    const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
    const client = this.#engine.connect(remoteAddress, remotePort, localAddress, localPort);
    if (client === null) {
      socket.once('close', () => this.#sockets.delete(socket));
      socket.write(this.#engine.refusal);
      socket.destroySoon();
      return;
    }
    const connection = new Connection(socket, client);
    client.connection = connection;
    socket.on('data', (chunk: Buffer) => this.#receive(connection, chunk));
    socket.on('end', () => {
      if (connection.closing || this.#closed) return;
      this.#engine.ended(client);
      this.#turn();
    });
    socket.on('drain', () => {
      this.#noteSent(connection);
      this.#turn();
    });
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#waiting.delete(connection);
      if (this.#closed) return;
      this.#engine.disconnect(client);
      this.#turn();
    });
  }

  #receive(connection: Connection, chunk: Buffer): void {
    const inbox = this.#inbox;
    this.#engine.tick();
    this.#closeIfEnded();
    for (let at = 0; at < chunk.length && !connection.closing && !this.#closed; at += BLOCK_BYTES) {
      const length = Math.min(BLOCK_BYTES, chunk.length - at);
      inbox.bytes.set(length === chunk.length ? chunk : chunk.subarray(at, at + length), 0);
      this.#engine.receive(connection.client, inbox, 0, length);
      this.#turn();
      if (!this.#engine.reads(connection.client)) connection.socket.pause();
    }
  }

  #noteSent(connection: Connection): void {
    const { socket, client, closing } = connection;
    const left = socket.writableLength;
    const sent = left < client.outputBytes;
    client.outputBytes = left;
    if (!closing) {
      if (sent) this.#engine.sent(client);
    } else if (connection.progressed()) {
      connection.lingersUntilMs = performance.now() + this.#lingerMs;
    } else if (performance.now() > connection.lingersUntilMs) {
      socket.destroy();
    }
    if (left === 0) this.#waiting.delete(connection);
  }

  #closeIfEnded(): void {
    const { exitCode } = this.#engine;
    if (exitCode === null || this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#server.close(() => this.#resolveEnded(exitCode));
    for (const socket of this.#sockets) socket.destroy();
  }
}
