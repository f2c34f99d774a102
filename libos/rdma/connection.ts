/**
 * One connection between two endpoints: the state of both directions. Counts of messages are cumulative and
 * wrap around, as signed 32-bit integers; only differences of them mean anything.
 *
 *     what we send:                                what we receive:
 *
 *     sent <= limit                                taken <= received <= arrived (as many, in another order) <= limit
 *       limit - sent: our credits                    limit - arrived: the peer's credits, promised in the budget
 *                                                    limit - taken: never more than the window
 */
import type { ErrorCode } from '../errors.ts';
import type { SgaSegment } from '../memory/sga.ts';
import type { Line } from './rendezvous.ts';

/** A message that was reported before one that was sent before it. */
export interface EarlyMessage {
  /** Null for a credit message. */
  data: SgaSegment | null;
  limit: number;
  credits: number;
}

export class MessageConnection {
  /** Ours of it, which the peer writes into its messages; the key with it. */
  readonly number: number;
  readonly key: number;
  /** Whose events these are; null while it waits to be accepted. */
  owner: unknown = null;
  /** The application has closed it. */
  closed = false;
  line: Line | null = null;

  // The peer.
  peer = -1;
  peerNumber = 0;
  peerKey = 0;
  peerBufferBytes = 0;
  /** Credits that the peer may give at most at a time. */
  peerMaxWindow = 0;

  // What we send.
  /** Of the next message, of whatever kind. */
  sequence = 0;
  /** Data messages sent. */
  sent = 0;
  sendLimit = 0;
  /** Credit messages sent, and of these how many the peer has received: it keeps one receive for them. */
  creditsSent = 0;
  creditsAcknowledged = 0;
  /** The peer knows that nothing follows what was sent. */
  finished = false;

  // What we receive.
  arrived = 0;
  received = 0;
  taken = 0;
  limit = 0;
  /** The limit that was last sent to the peer. */
  announced = 0;
  window: number;
  creditsReceived = 0;
  /** Received and not taken, in order. */
  head: SgaSegment | null = null;
  tail: SgaSegment | null = null;
  /** Of the message that is to be received next, of whatever kind. */
  nextSequence = 0;
  /** Arrived before that one, by sequence; null where there are none. */
  early: Map<number, EarlyMessage> | null = null;
  /** The peer's stream has an end, behind so many data messages. */
  peerFinished = false;
  peerTotal = 0;

  // Its end.
  /** Sticky: why nothing can be sent or received any more. */
  error: ErrorCode | null = null;
  /** We have sent the peer our count of messages, and send no more; and the same of the peer. */
  endSent = false;
  endReceived = false;
  peerData = 0;
  peerCredits = 0;
  /** The line to the peer is gone; in so many microseconds of the device's clock it is forgotten. */
  lostUntilUs = -1;
  /** Its end has begun on our side: until when we wait for the peer's part of it. */
  endsUntilUs = -1;
  gone = false;

  /** In the engine's list of connections that something has happened to. */
  touched = false;
  /** In its list of those that owe the peer credits. */
  owing = false;
  /** In its list of those that got fewer credits than they were to. */
  starved = false;

  constructor(number: number, key: number, window: number) {
    this.number = number;
    this.key = key;
    this.window = window;
  }

  get credits(): number {
    return (this.sendLimit - this.sent) | 0;
  }

  /** Messages that the peer may still send, as far as we have promised. */
  get outstanding(): number {
    return (this.limit - this.arrived) | 0;
  }

  /** Nobody reads what comes. */
  get isDead(): boolean {
    return this.error !== null || this.closed;
  }

  /** There is nothing more to be read, and there will not be. */
  get atEnd(): boolean {
    return this.peerFinished && this.head === null && this.received === this.peerTotal;
  }

  /** Nothing will be sent, and there is nothing that the peer sent before its end and that has not come. */
  get isOver(): boolean {
    return this.gone || (this.error !== null && !(this.peerFinished && this.arrived !== this.peerTotal));
  }

  get hasUnread(): boolean {
    return this.head !== null || this.arrived !== this.received;
  }

  /**
   * Credits that the peer does not know of are worth a message of their own: half of the window, or any when
   * the peer has none left.
   */
  get owesMessage(): boolean {
    const owed = (this.limit - this.announced) | 0;
    return owed > 0 && (owed * 2 >= this.window || this.announced === this.arrived) && !this.peerFinished;
  }

  /** Adds the data message that is next in order to those to be taken. */
  append(data: SgaSegment): void {
    this.received = (this.received + 1) | 0;
    data.next = null;
    if (this.tail === null) this.head = data;
    else this.tail.next = data;
    this.tail = data;
  }

  /** Takes the first of them, or gives null. */
  shift(): SgaSegment | null {
    const data = this.head;
    if (data === null) return null;
    this.head = data.next;
    if (data.next === null) this.tail = null;
    data.next = null;
    this.taken = (this.taken + 1) | 0;
    return data;
  }
}
