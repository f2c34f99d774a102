/**
 * The unmodified server: the engine on node:net and Node's event loop, to compare the library OS with.
 *
 * One write for a batch of requests. Replies are written into one block; when the kernel took a write at
 * once, the block is used again for the next batch, else it belongs to the socket and a new one is made.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Client } from '../client.ts';
import { Engine, MAX_CLIENTS_REPLY } from '../engine.ts';
import { listenError } from '../errors.ts';
import type { FrontEnd } from '../frontend.ts';
import type { ServeOptions } from '../options.ts';
import type { ReplyWriter } from '../resp/reply.ts';

const BLOCK_BYTES = 64 * 1024;
const TICK_MS = 100;
const BACKLOG = 511;

export interface RunningServer {
  address: string;
  port: number;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

/** Serves until closed. Throws KvServerError when the address cannot be listened on. */
export async function serveOverSockets(options: ServeOptions): Promise<RunningServer> {
  const frontEnd = new SocketsFrontEnd(options);
  const { address, port } = await frontEnd.listen(options);
  const timer = setInterval(() => frontEnd.tick(), TICK_MS);
  return {
    address,
    port,
    close: async () => {
      clearInterval(timer);
      await frontEnd.closeAll();
    },
  };
}

class SocketsFrontEnd implements FrontEnd {
  readonly #server: Server;
  readonly #engine: Engine;
  /** The block that replies are written to, and the same memory as the Buffer that a socket takes. */
  #block = new Uint8Array(BLOCK_BYTES);
  #blockAsBuffer = Buffer.from(this.#block.buffer);
  /** Where the block is free from. */
  #used = 0;
  /** Input is copied here: the engine then always reads plain arrays of one shape. */
  readonly #inbox = new Uint8Array(BLOCK_BYTES);

  constructor(options: ServeOptions) {
    this.#engine = new Engine(options, this);
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => this.#accept(socket));
  }

  /** Returns where it listens. Throws KvServerError. */
  async listen({ bind, port }: ServeOptions): Promise<{ address: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(error, bind, port)));
      this.#server.listen({ host: bind, port, backlog: BACKLOG }, resolve);
    });
    const endpoint = this.#server.address() as { address: string; port: number };
    this.#engine.configuration.port = endpoint.port;
    return endpoint;
  }

  /** Refreshes how much is still unsent, then lets the engine do its regular work. */
  tick(): void {
    for (const client of this.#engine.clients.values()) {
      if (client.outputBytes > 0) client.outputBytes = socketOf(client).writableLength;
    }
    this.#engine.tick();
  }

  nextBlock(writer: ReplyWriter, client: Client): void {
    if (writer.written > 0) this.#send(writer, client);
    writer.open(this.#block, this.#used, BLOCK_BYTES);
  }

  flush(writer: ReplyWriter, client: Client): void {
    if (writer.written > 0) this.#send(writer, client);
  }

  close(client: Client, atOnce: boolean): void {
    const socket = socketOf(client);
    if (atOnce) socket.destroy();
    else socket.destroySoon();
  }

  async closeAll(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#engine.clients.values()) socketOf(client).destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const client = this.#engine.connect(peer, `${socket.localAddress}:${socket.localPort}`);
    // 'close' follows a reset, and only that matters here.
    socket.on('error', () => {});
    if (client === null) {
      socket.end(MAX_CLIENTS_REPLY);
      return;
    }
    client.connection = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(client, chunk));
    socket.on('drain', () => {
      client.outputBytes = socket.writableLength;
    });
    socket.on('close', () => this.#engine.disconnect(client));
  }

  #receive(client: Client, chunk: Buffer): void {
    const inbox = this.#inbox;
    const engine = this.#engine;
    engine.clock.update();
    for (let at = 0; at < chunk.length; at += BLOCK_BYTES) {
      const length = Math.min(BLOCK_BYTES, chunk.length - at);
      inbox.set(length === chunk.length ? chunk : chunk.subarray(at, at + length), 0);
      engine.receive(client, inbox, 0, length);
    }
  }

  /** Sends what the writer holds of the block. */
  #send(writer: ReplyWriter, client: Client): void {
    const socket = socketOf(client);
    const end = this.#used + writer.written;
    socket.write(this.#blockAsBuffer.subarray(this.#used, end));
    client.outputBytes = socket.writableLength;
    if (client.outputBytes === 0) return;
    // The socket keeps this part until it is sent.
    this.#used = end;
    if (this.#used < BLOCK_BYTES / 2) return;
    this.#block = new Uint8Array(BLOCK_BYTES);
    this.#blockAsBuffer = Buffer.from(this.#block.buffer);
    this.#used = 0;
  }
}

function socketOf(client: Client): Socket {
  return client.connection as Socket;
}
