/**
 * The closed loop: each connection keeps its window of requests outstanding and sends a new one for every
 * reply.
 */
import { type Endpoint, type Libos, type LibosError, nowNs } from '../libos/index.ts';
import { Connection, type ReplySink } from './connection.ts';
import { LoadError } from './errors.ts';
import type { RequestSource } from './requests.ts';
import type { Workload } from './workload.ts';

const COMPLETIONS_PER_WAIT = 256;
/** How long one wait lasts at most before deadlines and the request to stop are looked at again. */
const WAIT_MS = 20;

export interface LoopControl extends ReplySink {
  /** Asked after every wait, with the time of it. */
  finished(nowNs: number): boolean;
}

export class ClosedLoop {
  readonly #libos: Libos;
  readonly #target: Endpoint;
  readonly #replyTimeoutNs: number;
  /** By queue descriptor. */
  readonly #connections: Connection[] = [];

  constructor(libos: Libos, target: Endpoint, replyTimeoutS: number) {
    this.#libos = libos;
    this.#target = target;
    this.#replyTimeoutNs = replyTimeoutS * 1e9;
  }

  /** Opens `count` connections with windows of `pipeline` requests. Throws CONNECT_FAILED. */
  connect(count: number, pipeline: number, workload: Workload): void {
    const tokens: number[] = [];
    for (let i = 0; i < count; i++) {
      tokens.push(this.#libos.connect(this.#libos.socket('stream'), this.#target));
    }
    for (const token of tokens) {
      const completion = this.#libos.wait(token)!;
      if (completion.error !== null) {
        const reason = completion.error.toLowerCase().replaceAll('_', ' ');
        throw new LoadError(
          'CONNECT_FAILED',
          `cannot connect to ${this.#name}: ${reason}; is the server running there?`,
        );
      }
      const { qd } = completion;
      this.#connections[qd] = new Connection(this.#libos, qd, pipeline, workload);
      this.#libos.pop(qd);
    }
  }

  /** Sends the first window of every connection. */
  start(source: RequestSource): void {
    this.#connections.forEach((connection) => {
      connection.fillWindow(source);
    });
  }

  /**
   * Goes on until `control` says that it is finished or no request is outstanding. Throws CONNECTION_LOST,
   * REPLY_TIMEOUT, NOT_RESP.
   */
  run(source: RequestSource, control: LoopControl): void {
    const libos = this.#libos;
    let lastReplyNs = nowNs();
    for (;;) {
      const count = libos.waitNext(COMPLETIONS_PER_WAIT, WAIT_MS);
      const receivedNs = nowNs();
      for (let i = 0; i < count; i++) {
        const completion = libos.completions[i];
        const connection = this.#connections[completion.qd];
        if (completion.error !== null) throw this.#lost(completion.error);
        if (completion.operation !== 'pop') continue;
        if (completion.sga === null) throw this.#lost('the server closed the connection');
        lastReplyNs = receivedNs;
        connection.receive(completion.sga, receivedNs, control);
        libos.pop(completion.qd);
        connection.fillWindow(source);
      }
      if (control.finished(receivedNs)) return;
      if (receivedNs - lastReplyNs > this.#replyTimeoutNs) {
        const seconds = this.#replyTimeoutNs / 1e9;
        throw new LoadError(
          'REPLY_TIMEOUT',
          `${this.#name} has not answered for ${seconds} s (--reply-timeout-s)`,
        );
      }
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#connections.forEach((connection) => {
      this.#libos.close(connection.qd);
    });
    this.#connections.length = 0;
    // What was cancelled by that is not for the next loop.
    while (this.#libos.waitNext(COMPLETIONS_PER_WAIT, 0) > 0);
  }

  get #name(): string {
    return `${this.#target.address}:${this.#target.port}`;
  }

  #lost(reason: LibosError['code'] | string): LoadError {
    return new LoadError(
      'CONNECTION_LOST',
      `lost a connection to ${this.#name}: ${reason}; see the server's log`,
    );
  }
}
