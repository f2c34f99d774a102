/** The connections of a load, for either loop: opens them, finds them by their completions, closes them. */
import {
  BusyTime,
  type Completion,
  type Endpoint,
  type ErrorCode,
  errorCodes,
  type Libos,
  type PauseLog,
} from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { type BulkOptions, BulkStreams } from './bulk-streams.ts';
import { Connection } from './connection.ts';
import { DatagramConnection } from './datagram-connection.ts';
import { DatagramOpening } from './datagram-opening.ts';
import type { SendingConnection, Traffic } from './exchange.ts';
import { type Login, LoginExchange } from './login.ts';
import type { ReplySink } from './reply.ts';
import type { RequestStamps } from './request-stamps.ts';

/** The most completions that a loop takes from one wait. */
export const COMPLETIONS_PER_WAIT = 256;
/** The longest wait: then the loop looks at deadlines and at the request to stop. */
export const WAIT_MS = 20;
/** How often a loop looks for requests that have waited too long. */
export const LATE_LOOK_NS = 10e6;
/** A server accepts connections one by one: more at a time would only overflow its backlog. */
const CONNECTS_AT_A_TIME = 128;
/** What this end has no more of. */
const exhausted: readonly ErrorCode[] = ['NO_BUFFERS', 'TOO_MANY_OPEN_FILES', 'ADDRESS_IN_USE'];

export class Connections {
  readonly libos: Libos;
  /** The connections that send, in the order of their opening. */
  readonly sending: SendingConnection[] = [];
  readonly replyTimeoutNs: number;
  /** Each loop reports every reading of its clock to it. */
  readonly pauses: PauseLog;
  readonly busy: BusyTime;
  /** What is carried beside them; null for nothing. */
  bulk: BulkStreams | null = null;
  readonly #target: Endpoint;
  readonly #login: LoginExchange | null;
  /** The sending connections, by queue descriptor. */
  readonly #byQueue: SendingConnection[] = [];
  /** Queue descriptors of the connections that send nothing. */
  readonly #idle: number[] = [];
  /** Queue descriptors of sockets whose replies come to another. */
  readonly #senders: number[] = [];
  #givenUp = 0;

  /** @param login what each connection says first; null for a server that nobody logs in to */
  constructor(
    libos: Libos,
    target: Endpoint,
    replyTimeoutS: number,
    pauses: PauseLog,
    login: Login | null = null,
  ) {
    this.pauses = pauses;
    this.busy = new BusyTime(pauses);
    this.libos = libos;
    this.#target = target;
    this.replyTimeoutNs = replyTimeoutS * 1e9;
    this.#login = login && new LoginExchange(libos, this.targetName, this.replyTimeoutNs, login);
  }

  /**
   * Opens `count` connections for the traffic, whose requests `stamps` notes: streams, or sockets of datagrams, each of
   * which has heard of the server then. Throws CONNECT_FAILED, what logging in throws, and of datagrams also
   * INVALID_OPTION and WRONG_PROTOCOL.
   */
  open(count: number, traffic: Traffic, stamps: RequestStamps | null): void {
    if (traffic.over === 'datagrams' || traffic.over === 'relay') {
      this.#openDatagrams(count, traffic, stamps);
      return;
    }
    this.#connect(count, (qd) => {
      const connection = new Connection(this.libos, qd, traffic, stamps);
      this.#byQueue[qd] = connection;
      this.sending.push(connection);
    });
  }

  /** Opens connections that carry bulk. Throws as open(). */
  openBulk(options: BulkOptions, seed: number): BulkStreams {
    const bulk = new BulkStreams(this.libos, options, seed);
    this.#connect(options.connections, (qd) => bulk.add(qd));
    this.bulk = bulk;
    return bulk;
  }

  /** Opens `count` connections that send nothing. Throws as open(). */
  openIdle(count: number): void {
    this.#connect(count, (qd) => this.#idle.push(qd));
  }

  /**
   * The connection whose replies a completion holds in its `sga`; null for a push, for bulk, and for what comes on a
   * connection that was given up. The caller pops for the next ones. Throws CONNECTION_LOST, CONNECT_FAILED.
   */
  receiverOf(completion: Completion): SendingConnection | null {
    if (this.bulk?.takes(completion)) return null;
    if (completion.error === null && completion.operation !== 'pop') {
      if (completion.operation === 'connect') this.#renewed(completion.qd);
      return null;
    }
    if (completion.error !== null && completion.operation === 'connect')
      throw this.#refused(completion.error, 1, 1);
    const connection = this.#byQueue[completion.qd];
    if (connection?.isGivenUp) {
      if (completion.sga !== null) this.libos.free(completion.sga);
      return null;
    }
    if (completion.error !== null) throw this.#lost(completion.error);
    if (completion.sga === null) throw this.#lost('the server closed the connection');
    if (connection === undefined) throw this.#lost('the server sent what nobody asked for');
    return connection;
  }

  /** Opens a stream of its own for the next window of a connection, which has all its replies. */
  renew(connection: SendingConnection): void {
    const { libos } = this;
    libos.close(connection.qd);
    connection.qd = libos.socket('stream');
    this.#byQueue[connection.qd] = connection;
    libos.connect(connection.qd, this.#target);
  }

  #renewed(qd: number): void {
    this.libos.pop(qd);
    this.#byQueue[qd].fillWindow();
  }

  /** Requests without a reply so far, those of bulk too. */
  get outstanding(): number {
    let sum = this.bulk?.outstanding ?? 0;
    for (const connection of this.sending) sum += connection.outstanding;
    return sum;
  }

  /** Whether a request that was sent at `sentNs` or later has no reply so far. */
  awaits(sentNs: number): boolean {
    for (const connection of this.sending) {
      if (connection.outstanding > 0 && connection.oldestSentNs >= sentNs) return true;
    }
    return this.bulk?.awaits(sentNs) ?? false;
  }

  /** A connection with a request that has waited for longer than the reply timeout; null where there is none. */
  late(nowNs: number): SendingConnection | null {
    const sentNs = nowNs - this.replyTimeoutNs;
    for (const connection of this.sending) {
      if (connection.outstanding > 0 && connection.oldestSentNs < sentNs) return connection;
    }
    return null;
  }

  /** Gives up the bulk streams with a request that has waited for longer than the reply timeout. */
  giveUpLateBulk(nowNs: number): void {
    this.bulk?.giveUpSentBefore(nowNs - this.replyTimeoutNs, nowNs);
  }

  /**
   * Gives up requests of one of the connections, all that were sent before `sentNs`, and the connection with them
   * unless it may lose some; `sink` gets them. Returns whether the connection is given up.
   */
  giveUp(
    connection: SendingConnection,
    nowNs: number,
    sink: ReplySink,
    sentNs: number = nowNs - this.replyTimeoutNs,
  ): boolean {
    const isGivenUp = connection.giveUp(sentNs, nowNs, sink);
    if (isGivenUp) this.#givenUp++;
    return isGivenUp;
  }

  /** Whether all connections were given up: nothing can be sent any more. */
  get isDeserted(): boolean {
    return this.#givenUp === this.sending.length;
  }

  /** The error for a server that has not answered within the reply timeout, of which the last look told. */
  timedOut(nowNs: number): LoadError {
    const sentNs = nowNs - this.replyTimeoutNs + LATE_LOOK_NS;
    const silent = this.sending.filter(
      ({ isGivenUp, outstanding, oldestSentNs }) => isGivenUp || (outstanding > 0 && oldestSentNs < sentNs),
    ).length;
    const all = this.sending.length;
    const where = silent < all ? ` on ${silent} of ${all} connections` : '';
    return new LoadError(
      'REPLY_TIMEOUT',
      `${this.targetName} has not answered${where} for ${this.replyTimeoutNs / 1e9} s: see the server's log, or give ` +
        'a longer --reply-timeout-s',
    );
  }

  /** Closes all connections. */
  close(): void {
    for (const { qd } of this.sending) this.libos.close(qd);
    for (const qd of this.#idle) this.libos.close(qd);
    for (const qd of this.#senders) this.libos.close(qd);
    for (const { qd } of this.bulk?.streams ?? []) this.libos.close(qd);
    this.bulk?.closed();
    this.bulk = null;
    this.sending.length = 0;
    this.#givenUp = 0;
    this.#byQueue.length = 0;
    this.#idle.length = 0;
    this.#senders.length = 0;
    // Takes the completions that closing cancelled, and frees what had come before: the next loop must not
    // see them.
    for (let count = 1; count > 0; ) {
      count = this.libos.waitNext(COMPLETIONS_PER_WAIT, 0);
      for (let i = 0; i < count; i++) {
        const { operation, sga } = this.libos.completions[i];
        if (operation === 'pop' && sga !== null) this.libos.free(sga);
      }
    }
  }

  #openDatagrams(count: number, traffic: Traffic, stamps: RequestStamps | null): void {
    const opening = new DatagramOpening(this.libos, this.#target, traffic.exchange);
    for (let i = 0; i < count; i++) {
      const queues = traffic.over === 'relay' ? opening.throughRelay() : opening.ofOneSocket();
      const { sendQd, receiveQd } = queues;
      const connection = new DatagramConnection(this.libos, queues, traffic, stamps);
      this.#byQueue[receiveQd] = connection;
      this.sending.push(connection);
      if (sendQd !== receiveQd) this.#senders.push(sendQd);
      this.libos.pop(receiveQd);
    }
  }

  #connect(count: number, opened: (qd: number) => void): void {
    const { libos } = this;
    for (let done = 0; done < count; ) {
      const tokens: number[] = [];
      for (; tokens.length < CONNECTS_AT_A_TIME && done < count; done++) {
        tokens.push(libos.connect(libos.socket('stream'), this.#target));
      }
      const queues = tokens.map((token, index) => {
        const { qd, error } = libos.wait(token)!;
        if (error !== null) throw this.#refused(error, done - tokens.length + index, count);
        return qd;
      });
      this.#login?.logIn(queues);
      for (const qd of queues) {
        opened(qd);
        libos.pop(qd);
      }
    }
  }

  /** Of the connection behind `open` others. */
  #refused(error: ErrorCode, open: number, count: number): LoadError {
    const number = count === 1 ? '' : ` for connection ${open + 1} of ${count}`;
    const what = `cannot connect to ${this.targetName}${number}`;
    const isOurs = exhausted.includes(error);
    const reason = isOurs ? errorCodes[error] : error.toLowerCase().replaceAll('_', ' ');
    // A server that has taken others is there: what it has no more of stands in its log.
    const remedy = isOurs ? '' : open > 0 ? "; see the server's log" : '; is the server running there?';
    const hint = this.libos.hint(error);
    if (hint !== null) return new LoadError('CONNECT_FAILED', `${what}: ${reason}; ${hint}`);
    return new LoadError('CONNECT_FAILED', `${what}: ${reason}${remedy}`);
  }

  /** The server, as errors name it. */
  get targetName(): string {
    return `${this.#target.address}:${this.#target.port}`;
  }

  #lost(reason: string): LoadError {
    return new LoadError(
      'CONNECTION_LOST',
      `lost a connection to ${this.targetName}: ${reason}; see the server's log`,
    );
  }
}
