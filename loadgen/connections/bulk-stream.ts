/**
 * A connection that carries bulk: one large request or reply at a time, in pieces. Small requests share its thread, so
 * it does one piece of work when it is told to, and the thread looks for their replies in between.
 */
import { type Libos, nowNs, type QueueDescriptor, type ScatterGatherArray } from '../../libos/index.ts';
import type { BulkMessage } from '../workload/bulk-message.ts';
import { BulkChecker } from './bulk-checker.ts';
import { INTENDED, RECEIVED, ReplyRecord, type ReplySink, ReplyStatus, SENT } from './reply.ts';

/** As much as one buffer of the libOS holds: a longer piece would be sent in one go as well. */
const PIECE_BYTES = 16 * 1024;
/** Pieces that the libOS may hold, so that it never holds a whole request. */
const PIECES_UNSENT = 4;

export class BulkStream {
  readonly qd: QueueDescriptor;
  /** Nothing is sent on it any more, and what still comes is nobody's. */
  isGivenUp = false;
  /** A request is under way, from its first byte to the reply's last. */
  isAwaiting = false;
  readonly #libos: Libos;
  readonly #message: BulkMessage;
  readonly #checker = new BulkChecker();
  readonly #reply = new ReplyRecord();
  /** Of the request that is under way: its bytes, how many of them were pushed, and its one right reply. */
  #request: Uint8Array;
  #pushed: number;
  #right: Uint8Array;
  /** Pieces that were pushed and not handed over. */
  #unsent = 0;
  /** What came and was not looked at, from the segment that is next; the next pop waits for it. */
  #received: ScatterGatherArray | null = null;
  #nextSegment = 0;

  constructor(libos: Libos, qd: QueueDescriptor, message: BulkMessage) {
    this.qd = qd;
    this.#libos = libos;
    this.#message = message;
    this.#request = message.get;
    this.#pushed = this.#request.length;
    this.#right = message.value;
    this.#reply.timesNs[INTENDED] = 0;
  }

  /** When the request that is under way was sent, in ns. */
  get sentNs(): number {
    return this.#reply.timesNs[SENT];
  }

  /** Whether there is a piece of work to do, besides a new request. */
  get hasWork(): boolean {
    return this.#received !== null || (this.#pushed < this.#request.length && this.#unsent < PIECES_UNSENT);
  }

  /** Begins a request; none is under way. */
  begin(sets: boolean): void {
    const message = this.#message;
    const times = this.#reply.timesNs;
    this.#request = sets ? message.set : message.get;
    this.#right = sets ? message.ok : message.value;
    this.#pushed = 0;
    this.isAwaiting = true;
    times[SENT] = nowNs();
    times[INTENDED] = times[SENT];
    this.#pushPiece();
  }

  /** A piece was handed over. */
  sent(): void {
    this.#unsent--;
  }

  /** Bytes came; they are looked at by work(). */
  receive(sga: ScatterGatherArray): void {
    this.#received = sga;
    this.#nextSegment = 0;
  }

  /** Does one piece of work, a buffer's at most. Throws NOT_RESP for what is no reply. */
  work(sink: ReplySink): void {
    const sga = this.#received;
    if (sga === null) {
      this.#pushPiece();
      return;
    }
    const { bytes, offset, length } = sga.segments[this.#nextSegment];
    this.#check(bytes, offset, offset + length, sink);
    // It may have been given up, and dropped what came.
    if (this.#received !== sga || ++this.#nextSegment < sga.segmentCount) return;
    this.#received = null;
    this.#libos.free(sga);
    if (!this.isGivenUp) this.#libos.pop(this.qd);
  }

  /** Gives it up: `sink` gets the request that is under way as one that nobody answered. */
  giveUp(nowNs: number, sink: ReplySink): void {
    this.isGivenUp = true;
    this.isAwaiting = false;
    this.#pushed = this.#request.length;
    this.drop();
    this.#reply.timesNs[RECEIVED] = nowNs;
    this.#reply.status = ReplyStatus.Unanswered;
    sink.reply(this.#reply);
  }

  /** Gives back what was not looked at. */
  drop(): void {
    if (this.#received !== null) this.#libos.free(this.#received);
    this.#received = null;
  }

  #pushPiece(): void {
    const libos = this.#libos;
    const request = this.#request;
    const start = this.#pushed;
    const length = Math.min(PIECE_BYTES, request.length - start);
    const sga = libos.alloc(length);
    let at = start;
    for (let i = 0; i < sga.segmentCount; i++) {
      const segment = sga.segments[i];
      segment.bytes.set(request.subarray(at, at + segment.length), segment.offset);
      at += segment.length;
    }
    this.#pushed = at;
    this.#unsent++;
    libos.push(this.qd, sga);
    // The libOS keeps it until the push completes.
    libos.free(sga);
  }

  #check(bytes: Uint8Array, at: number, limit: number, sink: ReplySink): void {
    const checker = this.#checker;
    const reply = this.#reply;
    while (at < limit) {
      if (!this.isAwaiting) checker.rejectUnasked(limit - at);
      const status = checker.check(bytes, at, limit, this.#right);
      if (status === ReplyStatus.Incomplete) return;
      at = checker.end;
      // A server that refuses may answer before it has all.
      this.#pushed = this.#request.length;
      this.isAwaiting = false;
      reply.status = status;
      if (status === ReplyStatus.Failed) reply.errorText = checker.errorText;
      reply.timesNs[RECEIVED] = nowNs();
      sink.reply(reply);
    }
  }
}
