/**
 * The engine of messages: connections over one endpoint, with the flow control that the device does not give.
 *
 * The invariant: a credit is out only if a receive is posted for it (receive-budget.ts). It is kept by order: receives
 * are posted before the message leaves that tells of them, and are promised to others again only when it is certain what
 * the peer has sent, or that it cannot send any more.
 */
import { randomFillSync } from 'node:crypto';
import type { ErrorCode } from '../errors.ts';
import type { ScatterGatherArray, Segment } from '../memory/sga.ts';
import { NO_SLOT } from '../tokens.ts';
import { WorkList } from '../work-list.ts';
import { type EarlyMessage, MessageConnection } from './connection.ts';
import { CreditGiver } from './credit-giver.ts';
import type { Hello } from './hello.ts';
import {
  CONNECTION,
  CREDITS_RECEIVED,
  HEADER_BYTES,
  HEADER_WORDS,
  KEY,
  KIND_AND_LENGTH,
  KIND_SHIFT,
  Kind,
  LENGTH_MASK,
  LIMIT,
  SEQUENCE,
} from './message.ts';
import type { MessageDevice } from './message-device.ts';
import { PeerTable } from './peer-table.ts';
import { ReceiveBudget } from './receive-budget.ts';
import { EndReason, RecordKind } from './rendezvous.ts';
import { SendTable } from './send-table.ts';

/** Credits that a connection begins with, if there are that many. */
const FIRST_WINDOW = 4;
/** A lost peer's messages may still be on their way for so long. */
const QUARANTINE_US = 1_000_000;
/** For so long a closed connection waits for the end of the peer's stream, and one that has ended for the peer to know. */
const END_PATIENCE_US = 60_000_000;
const TICK_US = 1000;

/** The one who is told of sends that have ended. */
export interface SendOwner {
  /** `error`: of libfabric, or 0. */
  sendFinished(slot: number, error: number): void;
}

export interface EngineOptions {
  /** Messages that one connection may be allowed to have on their way to us. */
  maxWindow: number;
}

export class MessageEngine {
  readonly device: MessageDevice;
  readonly budget: ReceiveBudget;
  /** Connections that something has happened to: data, credits, an end, an error. Whoever serves them empties it. */
  readonly touched = new WorkList<MessageConnection>();
  /** Messages of connections that are not, or not any more. */
  strayMessages = 0;
  readonly #credits: CreditGiver;
  readonly #maxWindow: number;
  readonly #peers: PeerTable;
  readonly #owner: SendOwner;
  readonly #connections: (MessageConnection | null)[] = [];
  readonly #freeNumbers: number[] = [];
  /** Those that wait for a time to pass, or for a peer's last messages. */
  readonly #ending = new Set<MessageConnection>();
  #tickUs = 0;
  readonly #sends = new SendTable();

  constructor(device: MessageDevice, owner: SendOwner, { maxWindow }: EngineOptions) {
    this.device = device;
    this.#owner = owner;
    this.#maxWindow = maxWindow;
    this.budget = new ReceiveBudget(device, maxWindow);
    this.#peers = new PeerTable(device, this.#sends);
    this.#credits = new CreditGiver(device, this.budget, (connection) => this.#sendCredits(connection));
  }

  /** Credit messages sent. */
  get creditMessages(): number {
    return this.#credits.messages;
  }

  /** Sends that have not ended. */
  get unfinishedSends(): number {
    return this.#sends.unfinished;
  }

  /** Whether peers that are there, and have ended their streams as well, have still to say that all has come. */
  get hasUnsettled(): boolean {
    for (const { lostUntilUs, peerFinished, endSent } of this.#ending) {
      if (lostUntilUs < 0 && (peerFinished || endSent)) return true;
    }
    return false;
  }

  /** Whether a message can be queued now. */
  get hasRoom(): boolean {
    return this.#sends.hasFree && this.device.room > 0;
  }

  // Connections

  /** A connection with its first credits promised, or null when there are no receives left to promise. */
  open(): MessageConnection | null {
    const { budget, device } = this;
    budget.connections++;
    // One for credit messages, one at least for data.
    const first = budget.mayGrow ? Math.min(FIRST_WINDOW, budget.fairWindow) : 1;
    const promised = budget.promise(1 + first);
    if (promised < 2) {
      budget.redeem(promised);
      budget.connections--;
      return null;
    }
    const number = this.#freeNumbers.pop() ?? this.#connections.length;
    const connection = new MessageConnection(number, randomKey(), first);
    connection.limit = promised - 1;
    connection.announced = connection.limit;
    this.#connections[number] = connection;
    device.flush();
    return connection;
  }

  /** What to tell the peer of a connection. */
  hello(
    connection: MessageConnection,
  ): Pick<Hello, 'connection' | 'key' | 'bufferBytes' | 'limit' | 'maxWindow'> {
    return {
      connection: connection.number,
      key: connection.key,
      bufferBytes: this.device.bufferBytes,
      limit: connection.limit,
      maxWindow: this.#maxWindow,
    };
  }

  /** The peer is known: messages can be sent. Returns false when its address means nothing here. */
  establish(connection: MessageConnection, hello: Hello): boolean {
    const peer = this.#peers.add(hello.address);
    if (peer < 0) return false;
    connection.peer = peer;
    connection.peerNumber = hello.connection;
    connection.peerKey = hello.key;
    connection.peerBufferBytes = hello.bufferBytes;
    connection.peerMaxWindow = hello.maxWindow;
    connection.sendLimit = hello.limit;
    return true;
  }

  /** Forgets a connection that did not come about; its peer may have thought so, and sent something. */
  abandon(connection: MessageConnection): void {
    this.lineBroken(connection);
  }

  /** Nothing more will be sent but credits: the peer reads the end of the stream behind all messages so far. */
  finish(connection: MessageConnection): void {
    if (connection.finished || connection.endSent) return;
    connection.finished = true;
    connection.line?.send(RecordKind.Finish, EndReason.Orderly, connection.sent, 0);
    this.#settle(connection);
  }

  /** The application has closed a connection: what it sent arrives, unless it has left something unread. */
  closeByOwner(connection: MessageConnection): void {
    connection.closed = true;
    if (connection.gone || connection.error !== null) {
      this.#discardUnread(connection);
      return;
    }
    if (connection.hasUnread) {
      this.reset(connection);
      return;
    }
    connection.endsUntilUs = this.device.nowUs + END_PATIENCE_US;
    this.finish(connection);
    if (!connection.gone) this.#ending.add(connection);
  }

  /** Ends both directions at once, and tells the peer. */
  reset(connection: MessageConnection): void {
    if (connection.gone) return;
    this.#fail(connection, 'CONNECTION_RESET');
    this.#sendEnd(connection, EndReason.Reset);
    this.#settle(connection);
  }

  /** A record has come over the connection's line. */
  record(connection: MessageConnection, kind: number, reason: number, data: number, credits: number): void {
    if (connection.gone) return;
    if (kind === RecordKind.Finish) {
      connection.peerFinished = true;
      connection.peerTotal = data | 0;
    } else {
      connection.endReceived = true;
      connection.peerData = data | 0;
      connection.peerCredits = credits | 0;
      // Orderly only behind the ends of both streams.
      const orderly = reason === EndReason.Orderly && connection.peerFinished;
      if (!orderly)
        this.#fail(connection, reason === EndReason.ProtocolError ? 'PROTOCOL_ERROR' : 'CONNECTION_RESET');
      if (connection.error !== null) this.#sendEnd(connection, EndReason.Reset);
    }
    // Fewer than have arrived, or more than it had credits for: no honest peer says so.
    const possible = ((data - connection.arrived) | 0) >= 0 && ((connection.limit - data) | 0) >= 0;
    if (!possible) this.#lose(connection, 'PROTOCOL_ERROR');
    this.touch(connection);
    this.#settle(connection);
  }

  /** The line is gone: the peer has died, or a network between us. */
  lineBroken(connection: MessageConnection): void {
    connection.line?.close();
    connection.line = null;
    if (connection.gone) return;
    const { peerFinished, finished, received, peerTotal } = connection;
    const orderly = finished && peerFinished && received === peerTotal;
    if (!orderly && connection.error === null) {
      connection.error = 'CONNECTION_RESET';
      // What a peer sent before its end can still be read.
      if (!peerFinished) this.#discardUnread(connection);
      this.#dropSends(connection);
    }
    connection.endSent = true;
    connection.lostUntilUs = this.device.nowUs + QUARANTINE_US;
    this.#ending.add(connection);
    this.touch(connection);
  }

  touch(connection: MessageConnection): void {
    if (connection.touched) return;
    connection.touched = true;
    this.touched.add(connection);
  }

  // Data

  /**
   * Queues what one data message takes of a scatter-gather array, beginning at `offset` of its segment `index`; there must
   * be credits and room. Its end is told under `slot`. Returns its bytes.
   */
  send(
    connection: MessageConnection,
    sga: ScatterGatherArray,
    index: number,
    offset: number,
    slot: number,
    delivered: boolean,
  ): number {
    const { device } = this;
    const send = this.#sends.take(connection.number, connection.peer, slot);
    const at = device.queue(connection.peer, send, delivered);
    let length = 0;
    for (let pieces = 0; pieces < device.maxPieces && index < sga.segmentCount; index++) {
      const segment = sga.segments[index];
      const room = connection.peerBufferBytes - length;
      const left = segment.length - offset;
      const piece = left < room ? left : room;
      if (piece > 0) {
        device.addPiece(segment, segment.offset + offset, piece);
        pieces++;
      }
      length += piece;
      if (piece < left) break;
      offset = 0;
    }
    this.#writeHeader(connection, at, (Kind.Data << KIND_SHIFT) | length);
    connection.sent = (connection.sent + 1) | 0;
    return length;
  }

  /** The next data received, now the caller's, or null. Makes room for more. */
  take(connection: MessageConnection): Segment | null {
    const segment = connection.shift();
    if (segment === null) return null;
    if (!connection.peerFinished && connection.error === null) this.#credits.renew(connection);
    return segment;
  }

  /** Moves messages both ways, and keeps the books. Who has been `touched` is to be served afterwards. */
  poll(): void {
    const { device } = this;
    this.#credits.sendOwed();
    const count = device.exchange();
    const finished = device.takeFinished();
    if (finished > 0) this.#tellFinished(finished);
    for (let i = 0; i < count; i++) this.#receive(i);
    this.#credits.feedStarved();
    if (device.nowUs >= this.#tickUs) this.#tick();
  }

  /**
   * Gives everything that was received and not taken back, and tells all peers that it is over. One to whom all was sent
   * that there was, with the end of the stream, can still read that.
   */
  shutdown(): void {
    for (const connection of this.#connections) {
      if (connection === null) continue;
      this.#discardUnread(connection);
      if (!connection.finished) this.#sendEnd(connection, EndReason.Reset);
      connection.line?.close();
    }
  }

  // Inside

  #writeHeader(connection: MessageConnection, at: number, kindAndLength: number): void {
    const words = this.device.queuedHeaders;
    words[at + CONNECTION] = connection.peerNumber;
    words[at + KEY] = connection.peerKey;
    words[at + SEQUENCE] = connection.sequence;
    words[at + LIMIT] = connection.limit;
    words[at + KIND_AND_LENGTH] = kindAndLength;
    words[at + CREDITS_RECEIVED] = connection.creditsReceived;
    connection.sequence = (connection.sequence + 1) | 0;
    connection.announced = connection.limit;
  }

  #tellFinished(count: number): void {
    const { finishedSends, finishedErrors } = this.device;
    for (let i = 0; i < count; i++) {
      const send = finishedSends[i];
      const slot = this.#sends.slot[send];
      const error = finishedErrors[i];
      if (error !== 0) this.#sendFailed(this.#sends.connection[send]);
      this.#sends.give(send);
      if (slot !== NO_SLOT) this.#owner.sendFinished(slot, error);
    }
  }

  /** What could not be sent will not be sent again, so the stream has a hole. */
  #sendFailed(number: number): void {
    const connection = this.#connections[number];
    if (connection?.error === null && !connection.endSent) this.reset(connection);
  }

  #receive(index: number): void {
    const { device } = this;
    const { headers } = device;
    const at = index * HEADER_WORDS;
    const segment = device.received[index];
    const connection = this.#connections[headers[at + CONNECTION]] ?? null;
    if (connection === null || connection.key !== headers[at + KEY]) {
      this.strayMessages++;
      device.give(segment);
      this.budget.restore();
      return;
    }
    const kindAndLength = headers[at + KIND_AND_LENGTH];
    const isCredit = kindAndLength === Kind.Credit << KIND_SHIFT;
    segment.length = kindAndLength & LENGTH_MASK;
    const isData =
      kindAndLength >>> KIND_SHIFT === Kind.Data &&
      segment.length <= device.bufferBytes &&
      connection.outstanding > 0;
    const whole = device.messageBytes[index] - HEADER_BYTES === segment.length;
    const gap = (headers[at + SEQUENCE] - connection.nextSequence) | 0;
    // In another order than they were sent in: no more than the peer may have on its way.
    const possible = gap >= 0 && gap <= ((connection.limit - connection.received) | 0);
    if (!whole || !(isData || isCredit) || !(connection.isDead || possible)) {
      this.#violated(connection, segment);
      return;
    }
    if (isData) {
      this.budget.redeem(1);
      connection.arrived = (connection.arrived + 1) | 0;
    } else {
      // Its receive is for the next one at once.
      device.give(segment);
      this.budget.restore();
    }
    const data = isData ? segment : null;
    const limit = headers[at + LIMIT];
    const credits = headers[at + CREDITS_RECEIVED];
    if (connection.isDead) this.#arrivedForNobody(connection, data);
    else if (gap === 0) {
      this.#accept(connection, data, limit, credits);
      if (connection.early !== null) this.#acceptEarly(connection);
    } else this.#arrivedEarly(connection, gap, { data, limit, credits });
    this.touch(connection);
    if (connection.endReceived || connection.peerFinished) this.#settle(connection);
  }

  /** Takes the next message in the order in which they were sent; `data` null for a credit message. */
  #accept(connection: MessageConnection, data: Segment | null, limit: number, credits: number): void {
    connection.nextSequence = (connection.nextSequence + 1) | 0;
    if (data !== null) connection.append(data);
    else connection.creditsReceived = (connection.creditsReceived + 1) | 0;
    // Before the peer's hello has been read, its messages say no more than that will.
    if (connection.peer >= 0) this.#noteCredits(connection, limit, credits);
  }

  #noteCredits(connection: MessageConnection, limit: number, creditsReceived: number): void {
    const acknowledged = (creditsReceived - connection.creditsAcknowledged) | 0;
    const more = (limit - connection.sendLimit) | 0;
    const possible =
      more >= 0 &&
      ((limit - connection.sent) | 0) <= connection.peerMaxWindow &&
      acknowledged >= 0 &&
      ((connection.creditsSent - creditsReceived) | 0) >= 0;
    if (!possible) {
      this.#lose(connection, 'PROTOCOL_ERROR');
      return;
    }
    connection.sendLimit = limit;
    connection.creditsAcknowledged = creditsReceived;
    if (acknowledged > 0 && connection.owesMessage) this.#credits.owe(connection);
  }

  /**
   * Kept until those before it are there. Credits count in order as well: who got stuck would else wait for one whose
   * acknowledgement he has sent before he knew of it.
   */
  #arrivedEarly(connection: MessageConnection, gap: number, message: EarlyMessage): void {
    const sequence = (connection.nextSequence + gap) | 0;
    connection.early ??= new Map();
    if (!connection.early.has(sequence)) {
      connection.early.set(sequence, message);
      return;
    }
    if (message.data !== null) this.device.give(message.data);
    this.#lose(connection, 'PROTOCOL_ERROR');
  }

  #acceptEarly(connection: MessageConnection): void {
    const { early } = connection;
    for (;;) {
      const next = early!.get(connection.nextSequence);
      if (next === undefined || connection.isDead) break;
      early!.delete(connection.nextSequence);
      this.#accept(connection, next.data, next.limit, next.credits);
    }
    if (early!.size === 0) connection.early = null;
  }

  /** The application has closed the connection, or it is broken; counted all the same. */
  #arrivedForNobody(connection: MessageConnection, data: Segment | null): void {
    if (data === null) {
      connection.creditsReceived = (connection.creditsReceived + 1) | 0;
      return;
    }
    connection.received = connection.arrived;
    connection.taken = connection.received;
    this.device.give(data);
    if (connection.error === null) this.reset(connection);
  }

  /** The peer has broken the rules. What it had no credit for has taken somebody's receive. */
  #violated(connection: MessageConnection, segment: Segment): void {
    this.device.give(segment);
    this.budget.restore();
    if (connection.error !== null) return;
    this.#lose(connection, 'PROTOCOL_ERROR');
  }

  #sendCredits(connection: MessageConnection): boolean {
    if (!this.hasRoom) return false;
    const send = this.#sends.take(connection.number, connection.peer, NO_SLOT);
    const at = this.device.queue(connection.peer, send, false);
    this.#writeHeader(connection, at, Kind.Credit << KIND_SHIFT);
    return true;
  }

  // Ends

  #fail(connection: MessageConnection, code: ErrorCode): void {
    if (connection.error === null) connection.error = code;
    this.#discardUnread(connection);
    this.#dropSends(connection);
    this.touch(connection);
  }

  /** The peer cannot be believed: what it says it has sent counts for nothing, as if it were gone. */
  #lose(connection: MessageConnection, code: ErrorCode): void {
    this.#fail(connection, code);
    this.#sendEnd(connection, EndReason.ProtocolError);
    connection.lostUntilUs = this.device.nowUs + QUARANTINE_US;
    this.#ending.add(connection);
  }

  #dropSends(connection: MessageConnection): void {
    if (connection.peer < 0) return;
    const dropped = this.device.drop(connection.peer, connection.peerNumber);
    connection.sent = (connection.sent - dropped) | 0;
    connection.creditsSent = (connection.creditsSent - this.device.droppedCredits) | 0;
    this.#sends.silence(connection.number);
  }

  #discardUnread(connection: MessageConnection): void {
    for (let data = connection.shift(); data !== null; data = connection.shift()) this.device.give(data);
    for (const { data } of connection.early?.values() ?? []) {
      if (data !== null) this.device.give(data);
      else connection.creditsReceived = (connection.creditsReceived + 1) | 0;
    }
    connection.early = null;
    // They have arrived, whatever became of them.
    connection.received = connection.arrived;
    connection.taken = connection.received;
  }

  #sendEnd(connection: MessageConnection, reason: number): void {
    if (connection.endSent) return;
    connection.endSent = true;
    connection.line?.send(RecordKind.End, reason, connection.sent, connection.creditsSent);
  }

  /** Goes as far towards the end of a connection as what has happened allows. */
  #settle(connection: MessageConnection): void {
    if (connection.gone) return;
    const allRead = connection.peerFinished && connection.received === connection.peerTotal;
    if (connection.finished && allRead && connection.error === null)
      this.#sendEnd(connection, EndReason.Orderly);
    if (!connection.endSent && !connection.endReceived) return;
    const allArrived =
      connection.endReceived &&
      connection.arrived === connection.peerData &&
      connection.creditsReceived === connection.peerCredits;
    if (connection.endSent && allArrived) {
      this.#forget(connection);
      return;
    }
    if (connection.endsUntilUs < 0) connection.endsUntilUs = this.device.nowUs + END_PATIENCE_US;
    this.#ending.add(connection);
  }

  /** Nothing can come any more: what was promised is free, and its number is. */
  #forget(connection: MessageConnection): void {
    connection.gone = true;
    this.budget.redeem(connection.outstanding + 1);
    this.budget.connections--;
    connection.limit = connection.arrived;
    connection.line?.close();
    connection.line = null;
    this.#ending.delete(connection);
    this.#connections[connection.number] = null;
    this.#freeNumbers.push(connection.number);
    this.#sends.forget(connection.number);
    if (connection.peer >= 0) this.#peers.remove(connection.peer, connection.lostUntilUs >= 0);
  }

  #tick(): void {
    const { nowUs } = this.device;
    this.#tickUs = nowUs + TICK_US;
    for (const connection of this.#ending) {
      if (connection.lostUntilUs >= 0 && nowUs >= connection.lostUntilUs) this.#forget(connection);
      else if (connection.endsUntilUs >= 0 && nowUs >= connection.endsUntilUs) {
        connection.endsUntilUs = -1;
        if (!connection.endSent) this.reset(connection);
        if (!connection.gone) this.lineBroken(connection);
      }
    }
  }
}

function randomKey(): number {
  return randomFillSync(new Int32Array(1))[0];
}
