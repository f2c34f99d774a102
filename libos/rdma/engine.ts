/**
 * The engine of messages: connections over one endpoint, with the flow control that the device does not give.
 *
 * The invariant: a credit is out only if a receive is posted for it (receive-budget.ts). It is kept by order:
 * receives are posted before the message that announces them leaves, and are promised to others again only
 * when it is certain what the peer has sent, or that it cannot send any more.
 */
import { randomFillSync } from 'node:crypto';
import type { ScatterGatherArray, SgaSegment } from '../memory/sga.ts';
import { NO_SLOT } from '../tokens.ts';
import { WorkList } from '../work-list.ts';
import { type EarlyMessage, MessageConnection } from './connection.ts';
import { CreditGiver } from './credit-giver.ts';
import { ConnectionEnds, type EndsOwner } from './ends.ts';
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
import { ReceiveBudget, type SharedReceives } from './receive-budget.ts';
import { SendTable } from './send-table.ts';

/** Credits that a connection begins with, if there are that many. */
const FIRST_WINDOW = 4;

/** Who is notified of sends that have ended, and when the device has what was queued. */
export interface SendOwner {
  flushed(): void;
  /** `error`: of libfabric, or 0. */
  sendFinished(slot: number, error: number): void;
}

export interface EngineOptions {
  /** Messages that one connection may be allowed to have on their way to us. */
  maxWindow: number;
}

export class MessageEngine implements EndsOwner {
  readonly device: MessageDevice;
  readonly budget: ReceiveBudget;
  readonly ends: ConnectionEnds;
  /**
   * Connections that something has happened to: data, credits, an end, an error. Whoever serves them empties
   * it.
   */
  readonly touched = new WorkList<MessageConnection>();
  /** Messages of connections that are not, or not any more. */
  strayMessages = 0;
  readonly #credits: CreditGiver;
  readonly #maxWindow: number;
  readonly #peers: PeerTable;
  readonly #owner: SendOwner;
  readonly #connections: (MessageConnection | null)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #sends = new SendTable();

  constructor(device: MessageDevice, shared: SharedReceives, owner: SendOwner, { maxWindow }: EngineOptions) {
    this.device = device;
    this.#owner = owner;
    this.#maxWindow = maxWindow;
    this.budget = new ReceiveBudget(device, shared, maxWindow);
    this.#peers = new PeerTable(device, this.#sends);
    this.ends = new ConnectionEnds(this, device, this.budget, this.#sends, this.#peers);
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

  /** Whether all connections are over, but for what the peers may still send. */
  get isForsaken(): boolean {
    for (const connection of this.#connections) {
      if (connection !== null && !connection.isOver) return false;
    }
    return true;
  }

  /** Whether a message can be queued now. */
  get hasRoom(): boolean {
    return this.#sends.hasFree && this.device.room > 0;
  }

  // Connections

  /** A connection with its first credits promised, or null when there are no receives left to promise. */
  open(): MessageConnection | null {
    const { budget } = this;
    budget.join();
    // One for credit messages, one at least for data.
    const first = budget.mayGrow ? Math.min(FIRST_WINDOW, budget.fairWindow) : 1;
    const promised = budget.promise(1 + first);
    if (promised < 2) {
      budget.redeem(promised);
      budget.leave();
      return null;
    }
    const number = this.#freeNumbers.pop() ?? this.#connections.length;
    const connection = new MessageConnection(number, randomKey(), first);
    connection.limit = promised - 1;
    connection.announced = connection.limit;
    this.#connections[number] = connection;
    this.flush();
    return connection;
  }

  /** What the peer must know of a connection. */
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

  // For the ends of connections

  forgotten({ number }: MessageConnection): void {
    this.#connections[number] = null;
    this.#freeNumbers.push(number);
  }

  touch(connection: MessageConnection): void {
    if (connection.touched) return;
    connection.touched = true;
    this.touched.add(connection);
  }

  // Data

  /**
   * Queues what one data message takes of a scatter-gather array, beginning at `offset` of its segment
   * `index`; there must be credits and room. Its end is reported under `slot`. Returns its bytes.
   */
  send(
    connection: MessageConnection,
    sga: ScatterGatherArray,
    index: number,
    offset: number,
    slot: number,
    delivered: boolean,
  ): number {
    const segment = sga.segments[index];
    const left = segment.length - offset;
    const room = connection.peerBufferBytes;
    let length = left < room ? left : room;
    const send = this.#sends.take(connection.number, connection.peer, slot);
    const at = this.device.queue(connection.peer, send, delivered, segment, segment.offset + offset, length);
    if (left < room && index + 1 < sga.segmentCount) length += this.#gather(sga, index + 1, room, length);
    this.#writeHeader(connection, at, (Kind.Data << KIND_SHIFT) | length);
    connection.sent = (connection.sent + 1) | 0;
    return length;
  }

  /** The next data received, now the caller's, or null. Makes room for more. */
  take(connection: MessageConnection): SgaSegment | null {
    const segment = connection.shift();
    if (segment === null) return null;
    if (!connection.peerFinished && connection.error === null) this.#credits.renew(connection);
    return segment;
  }

  /** Gives the device what is queued, before the next poll does. */
  flush(): void {
    this.device.flush();
    this.#reportFlushed();
  }

  /**
   * Moves messages both ways, and keeps the books. Who has been `touched` is to be served afterwards. Returns whether
   * anything has come or left.
   */
  poll(): boolean {
    const { device } = this;
    this.#credits.sendOwed();
    const count = device.exchange();
    this.#reportFlushed();
    const finished = device.takeFinished();
    if (finished > 0) this.#reportFinished(finished);
    for (let i = 0; i < count; i++) this.#receive(i);
    this.#credits.feedStarved();
    this.ends.tick();
    return count > 0 || finished > 0;
  }

  /**
   * Gives everything that was received and not taken back, and notifies all peers that it is over. One to
   * whom all was sent that there was, with the end of the stream, can still read that.
   */
  shutdown(): void {
    for (const connection of this.#connections) {
      if (connection !== null) this.ends.leave(connection);
    }
  }

  /**
   * The device is lost: nothing will come or go any more. Who has been `touched` is to be served before
   * `forgetAll`.
   */
  breakAll(): void {
    for (const connection of this.#connections) {
      if (connection !== null) this.ends.lineBroken(connection);
    }
  }

  /** The device is closed. */
  forgetAll(): void {
    for (const connection of this.#connections) {
      if (connection !== null) this.ends.forget(connection);
    }
  }

  // Inside

  /**
   * Adds to the message that was queued last, which has `present` bytes and may have `room`, what it takes of
   * the segments from `index` on. Returns how many bytes that are.
   */
  #gather(sga: ScatterGatherArray, index: number, room: number, present: number): number {
    let added = 0;
    let pieces = present > 0 ? 1 : 0;
    for (; pieces < this.device.maxPieces && index < sga.segmentCount; index++) {
      const segment = sga.segments[index];
      const free = room - present - added;
      const length = segment.length < free ? segment.length : free;
      if (length > 0) {
        this.device.addPiece(segment, segment.offset, length);
        pieces++;
      }
      added += length;
      if (length < segment.length) break;
    }
    return added;
  }

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

  /** A device that is short of receives or of room sends the rest with a later flush. */
  #reportFlushed(): void {
    if (this.device.queued === 0) this.#owner.flushed();
  }

  #reportFinished(count: number): void {
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
    if (connection?.error === null && !connection.endSent) this.ends.reset(connection);
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
    // Who has closed a connection may still have to send on it, and needs credits.
    if (connection.error !== null || (connection.closed && isData)) this.#arrivedForNobody(connection, data);
    else if (gap === 0) {
      this.#accept(connection, data, limit, credits);
      if (connection.early !== null) this.#acceptEarly(connection);
    } else this.#arrivedEarly(connection, gap, { data, limit, credits });
    this.touch(connection);
    if (connection.endReceived || connection.peerFinished) this.ends.settle(connection);
  }

  /** Takes the next message in the order in which they were sent; `data` null for a credit message. */
  #accept(connection: MessageConnection, data: SgaSegment | null, limit: number, credits: number): void {
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
      this.ends.lose(connection, 'PROTOCOL_ERROR');
      return;
    }
    connection.sendLimit = limit;
    connection.creditsAcknowledged = creditsReceived;
    if (acknowledged > 0 && connection.owesMessage) this.#credits.owe(connection);
  }

  /**
   * Kept until those before it are there. Credits count in order as well: who got stuck would else wait for
   * one whose acknowledgement he has sent before he knew of it.
   */
  #arrivedEarly(connection: MessageConnection, gap: number, message: EarlyMessage): void {
    const sequence = (connection.nextSequence + gap) | 0;
    connection.early ??= new Map();
    if (!connection.early.has(sequence)) {
      connection.early.set(sequence, message);
      return;
    }
    if (message.data !== null) this.device.give(message.data);
    this.ends.lose(connection, 'PROTOCOL_ERROR');
  }

  #acceptEarly(connection: MessageConnection): void {
    const { early } = connection;
    for (;;) {
      const next = early!.get(connection.nextSequence);
      if (next === undefined || connection.error !== null) break;
      early!.delete(connection.nextSequence);
      this.#accept(connection, next.data, next.limit, next.credits);
    }
    if (early!.size === 0) connection.early = null;
  }

  /** The application has closed the connection, or it is broken; counted all the same. */
  #arrivedForNobody(connection: MessageConnection, data: SgaSegment | null): void {
    if (data === null) {
      connection.creditsReceived = (connection.creditsReceived + 1) | 0;
      return;
    }
    connection.received = connection.arrived;
    connection.taken = connection.received;
    this.device.give(data);
    if (connection.error === null) this.ends.reset(connection);
  }

  /** The peer has broken the rules. What it had no credit for has taken somebody's receive. */
  #violated(connection: MessageConnection, segment: SgaSegment): void {
    this.device.give(segment);
    this.budget.restore();
    if (connection.error !== null) return;
    this.ends.lose(connection, 'PROTOCOL_ERROR');
  }

  #sendCredits(connection: MessageConnection): boolean {
    if (!this.hasRoom) return false;
    const send = this.#sends.take(connection.number, connection.peer, NO_SLOT);
    const at = this.device.queue(connection.peer, send, false, null, 0, 0);
    this.#writeHeader(connection, at, Kind.Credit << KIND_SHIFT);
    return true;
  }
}

function randomKey(): number {
  return randomFillSync(new Int32Array(1))[0];
}
