/**
 * Promises over a libOS, for people who write ordinary TypeScript: buffers are copied, tokens are hidden, and
 * the event loop goes on. Servers on the fast path use tokens and waitNext instead.
 */
import { type ErrorCode, errorCodes, LibosError } from './errors.ts';
import type { Completion, Endpoint, Libos, QToken, QueueDescriptor, SocketKind } from './pdpi.ts';

const COMPLETIONS_PER_TURN = 64;

export interface Datagram {
  data: Uint8Array;
  /** The sender, its address as an unsigned 32-bit integer. */
  peerAddress: number;
  peerPort: number;
}

interface Waiter {
  resolve(completion: Completion): void;
  reject(error: Error): void;
}

export class PromiseLibos {
  readonly #libos: Libos;
  readonly #waiters = new Map<QToken, Waiter>();
  #turnPlanned = false;

  /** Takes `libos` over: nobody else may wait on it while promises are pending. */
  constructor(libos: Libos) {
    this.#libos = libos;
  }

  /** A socket that listens at `endpoint` (port 0: any free one, see localEndpoint). */
  listen(endpoint: Endpoint, backlog = 128): QueueDescriptor {
    const qd = this.#libos.socket('stream');
    try {
      this.#libos.bind(qd, endpoint);
      this.#libos.listen(qd, backlog);
    } catch (error) {
      this.#libos.close(qd);
      throw error;
    }
    return qd;
  }

  /** Resolves to the queue of the next connection. */
  async accept(qd: QueueDescriptor): Promise<QueueDescriptor> {
    return this.#completed(this.#libos.accept(qd), (completion) => completion.newQd);
  }

  /** Resolves to the queue of a new connection to `endpoint`; for 'datagram' it only fixes the peer. */
  async connect(endpoint: Endpoint, kind: SocketKind = 'stream'): Promise<QueueDescriptor> {
    const qd = this.#libos.socket(kind);
    try {
      return await this.#completed(this.#libos.connect(qd, endpoint), () => qd);
    } catch (error) {
      this.#libos.close(qd);
      throw error;
    }
  }

  /** A datagram socket bound to `endpoint`. */
  datagram(endpoint: Endpoint): QueueDescriptor {
    const qd = this.#libos.socket('datagram');
    try {
      this.#libos.bind(qd, endpoint);
    } catch (error) {
      this.#libos.close(qd);
      throw error;
    }
    return qd;
  }

  /** Resolves when all of `data` was handed over. */
  async push(qd: QueueDescriptor, data: Uint8Array): Promise<void> {
    if (data.length > 0) return this.#send(data, (sga) => this.#libos.push(qd, sga));
  }

  async pushTo(qd: QueueDescriptor, data: Uint8Array, endpoint: Endpoint): Promise<void> {
    return this.#send(data, (sga) => this.#libos.pushTo(qd, sga, endpoint));
  }

  /** Resolves to a copy of what comes next, null at the end of the stream. */
  async pop(qd: QueueDescriptor): Promise<Uint8Array | null> {
    return this.#completed(this.#libos.pop(qd), (completion) => this.#takeData(completion));
  }

  /** Resolves to the next datagram and its sender. */
  async popFrom(qd: QueueDescriptor): Promise<Datagram> {
    return this.#completed(this.#libos.pop(qd), (completion) => ({
      data: this.#takeData(completion) ?? new Uint8Array(0),
      peerAddress: completion.peerAddress,
      peerPort: completion.peerPort,
    }));
  }

  localEndpoint(qd: QueueDescriptor): Endpoint {
    return this.#libos.localEndpoint(qd);
  }

  shutdownWrite(qd: QueueDescriptor): void {
    this.#libos.shutdownWrite(qd);
  }

  /** Closes; promises pending on the queue reject with CANCELLED. */
  close(qd: QueueDescriptor): void {
    this.#libos.close(qd);
  }

  /** Rejects what is pending and shuts the libOS down. */
  shutdown(): void {
    for (const waiter of this.#waiters.values()) waiter.reject(new LibosError('SHUT_DOWN', 'wait'));
    this.#waiters.clear();
    this.#libos.shutdown();
  }

  async #send(data: Uint8Array, start: (sga: ReturnType<Libos['alloc']>) => QToken): Promise<void> {
    const sga = this.#libos.alloc(Math.max(data.length, 1));
    sga.fill(data);
    let token: QToken;
    try {
      token = start(sga);
    } catch (error) {
      this.#libos.free(sga);
      throw error;
    }
    this.#libos.free(sga);
    return this.#completed(token, () => undefined);
  }

  #takeData(completion: Completion): Uint8Array | null {
    if (completion.sga === null) return null;
    const data = completion.sga.copyOut();
    this.#libos.free(completion.sga);
    return data;
  }

  #completed<T>(token: QToken, take: (completion: Completion) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiters.set(token, {
        resolve: (completion) => {
          if (completion.error === null) resolve(take(completion));
          else reject(this.#failure(completion.error, completion));
        },
        reject,
      });
      this.#planTurn();
    });
  }

  #failure(error: ErrorCode, { operation, qd }: Completion): LibosError {
    const hint = operation === 'connect' ? this.#libos.hint(error) : null;
    return new LibosError(error, operation, qd, hint === null ? undefined : `${errorCodes[error]}; ${hint}`);
  }

  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#turnPlanned = false;
    if (this.#waiters.size === 0) return;
    const count = this.#libos.waitNext(COMPLETIONS_PER_TURN, 0);
    for (let i = 0; i < count; i++) {
      const completion = this.#libos.completions[i];
      const waiter = this.#waiters.get(completion.token);
      this.#waiters.delete(completion.token);
      waiter?.resolve(completion);
    }
    if (this.#waiters.size > 0) this.#planTurn();
  }
}
