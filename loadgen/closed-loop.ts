/**
 * The closed loop: each connection keeps its window of requests outstanding and sends a new one for every
 * reply.
 */
import { type Endpoint, type Libos, type LibosError, nowNs, type PauseLog } from '../libos/index.ts';
import { Connection, type ReplySink } from './connection.ts';
import { LoadError } from './errors.ts';
import type { RequestStamps } from './request-stamps.ts';
import type { RequestSource } from './requests.ts';
import type { Workload } from './workload.ts';

const COMPLETIONS_PER_WAIT = 256;
/** A server takes connections one after the other: more at a time would only overflow its backlog. */
const CONNECTS_AT_A_TIME = 128;
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
  readonly #pauses: PauseLog;
  /** By queue descriptor. */
  readonly #connections: Connection[] = [];
  /** Queue descriptors of connections that send nothing. */
  readonly #idle: number[] = [];

  constructor(libos: Libos, target: Endpoint, replyTimeoutS: number, pauses: PauseLog) {
    this.#pauses = pauses;
    this.#libos = libos;
    this.#target = target;
    this.#replyTimeoutNs = replyTimeoutS * 1e9;
  }

  /** Opens `count` connections with windows of `pipeline` requests, noted in `stamps`. Throws CONNECT_FAILED. */
  connect(count: number, pipeline: number, workload: Workload, stamps: RequestStamps | null): void {
    this.#open(count, (qd) => {
      this.#connections[qd] = new Connection(this.#libos, qd, pipeline, workload, stamps);
    });
  }

  /** Opens `count` connections that send nothing. Throws CONNECT_FAILED. */
  connectIdle(count: number): void {
    this.#open(count, (qd) => this.#idle.push(qd));
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
    this.#pauses.resume();
    let lastReplyNs = nowNs();
    for (;;) {
      const count = libos.waitNext(COMPLETIONS_PER_WAIT, WAIT_MS);
      const receivedNs = nowNs();
      this.#pauses.look(receivedNs);
      for (let i = 0; i < count; i++) {
        const completion = libos.completions[i];
        const connection = this.#connections[completion.qd];
        if (completion.error !== null) throw this.#lost(completion.error);
        if (completion.operation !== 'pop') continue;
        if (completion.sga === null) throw this.#lost('the server closed the connection');
        if (connection === undefined) throw this.#lost('the server sent what nobody asked for');
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
    for (const qd of this.#idle) this.#libos.close(qd);
    this.#idle.length = 0;
    // What was cancelled by that is not for the next loop.
    while (this.#libos.waitNext(COMPLETIONS_PER_WAIT, 0) > 0);
  }

  #open(count: number, opened: (qd: number) => void): void {
    const libos = this.#libos;
    for (let done = 0; done < count; ) {
      const tokens: number[] = [];
      for (; tokens.length < CONNECTS_AT_A_TIME && done < count; done++) {
        tokens.push(libos.connect(libos.socket('stream'), this.#target));
      }
      for (const token of tokens) {
        const { qd, error } = libos.wait(token)!;
        if (error !== null) {
          const reason = error.toLowerCase().replaceAll('_', ' ');
          const detail = `cannot connect to ${this.#name}: ${reason}; is the server running there?`;
          throw new LoadError('CONNECT_FAILED', detail);
        }
        opened(qd);
        libos.pop(qd);
      }
    }
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
