/** Ways to a server, for clients that do not behave: over the kernel's sockets, or over a libOS of this process. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Endpoint, PromiseLibos, QueueDescriptor } from '../libos/index.ts';

/** A connection. */
export interface Line {
  /** Resolves when it was handed over, or when nobody takes it any more. */
  send(bytes: Buffer): Promise<void>;
  /** What comes next; null at the end, however it came to be. Nothing is taken from the network before. */
  read(): Promise<Buffer | null>;
  /** Nothing more is sent; what comes can still be read. */
  end(): void;
  /** Gone at once, by a reset where there is one. */
  reset(): void;
  close(): void;
}

export type Dial = () => Promise<Line>;

export function overSockets({ address, port }: Endpoint): Dial {
  return async () => {
    const socket = connect({ host: address, port, noDelay: true });
    socket.on('error', () => {});
    // A reset while it connects is an answer too.
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
    return new SocketLine(socket);
  };
}

class SocketLine implements Line {
  readonly #socket: Socket;
  /** Of who reads: something has come, or nothing will. */
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    for (const event of ['readable', 'end', 'close']) socket.on(event, () => this.#wake());
  }

  async send(bytes: Buffer): Promise<void> {
    if (!this.#socket.writable) return;
    // Called when it is taken, and when it never will be.
    await new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  async read(): Promise<Buffer | null> {
    for (;;) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (this.#socket.readableEnded || this.#socket.destroyed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The libOS is the caller's to shut down. */
export function overLibos(libos: PromiseLibos, endpoint: Endpoint): Dial {
  return async () => new LibosLine(libos, await libos.connect(endpoint));
}

class LibosLine implements Line {
  readonly #libos: PromiseLibos;
  readonly #qd: QueueDescriptor;
  #open = true;

  constructor(libos: PromiseLibos, qd: QueueDescriptor) {
    this.#libos = libos;
    this.#qd = qd;
  }

  async send(bytes: Buffer): Promise<void> {
    // What is sent to one that is gone is lost.
    if (this.#open) await this.#libos.push(this.#qd, bytes).catch(() => {});
  }

  async read(): Promise<Buffer | null> {
    if (!this.#open) return null;
    const bytes = await this.#libos.pop(this.#qd).catch(() => null);
    return bytes === null ? null : Buffer.from(bytes);
  }

  end(): void {
    if (this.#open) this.#libos.shutdownWrite(this.#qd);
  }

  reset(): void {
    this.close();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#libos.close(this.#qd);
  }
}
