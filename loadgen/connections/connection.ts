/**
 * One connection of the generator: the window of outstanding requests and the check of their replies.
 *
 * Requests wait in a ring, oldest first; replies come in the order of the requests:
 *
 *     head                head + outstanding
 *      v                   v
 *     [ sent | sent | sent | free | ... ]      pipeline entries
 */
import { type Libos, nowNs, type QueueDescriptor, type ScatterGatherArray } from '../../libos/index.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { Exchange, FollowUps, ReplyChecker, SendingConnection, Traffic } from './exchange.ts';
import { INTENDED, RECEIVED, ReplyRecord, type ReplySink, ReplyStatus, SENT } from './reply.ts';
import type { RequestStamps } from './request-stamps.ts';

export class Connection implements SendingConnection {
  qd: QueueDescriptor;
  readonly renews: boolean;
  outstanding = 0;
  /** Nothing is sent on it any more, and what still comes is nobody's. */
  isGivenUp = false;
  readonly #libos: Libos;
  readonly #exchange: Exchange;
  readonly #source: RequestSource;
  /** The most requests that may be outstanding. */
  readonly pipeline: number;
  readonly #inBatches: boolean;
  readonly #checker: ReplyChecker;
  readonly #followUps: FollowUps | null;
  /** Chooses the requests that follow others; null where none does. */
  readonly #followUp: FollowUpRequest | null;
  /** The newest outstanding ones that are not sent yet. */
  #unsent = 0;
  /** So many requests surely have room in one push. */
  readonly #batch: number;
  readonly #reply = new ReplyRecord();
  readonly #sentNs: Float64Array;
  readonly #keys: Float64Array;
  readonly #operations: Uint8Array;
  /** What the exchange noted of each request. */
  readonly #details: Float64Array;
  /** Of a request that is sent for each of several keys: how many of them are left, with its own. */
  readonly #keysLeft: Float64Array;
  readonly #stamps: RequestStamps | null;
  readonly #ports: number;
  /** For the stamps: bytes of each stream so far, and of the requests up to each outstanding one. */
  #sentBytes = 0;
  #receivedBytes = 0;
  readonly #requestEnds: Float64Array;
  #head = 0;

  constructor(
    libos: Libos,
    qd: QueueDescriptor,
    { exchange, source, pipeline, inBatches = false, renews = false }: Traffic,
    stamps: RequestStamps | null,
  ) {
    this.#libos = libos;
    this.qd = qd;
    this.pipeline = pipeline;
    this.#inBatches = inBatches || renews;
    this.renews = renews;
    this.#exchange = exchange;
    this.#source = source;
    this.#checker = exchange.checker();
    this.#followUps = exchange.followUps ?? null;
    this.#followUp = this.#followUps === null ? null : new FollowUpRequest();
    this.#batch = Math.max(1, Math.floor(PUSH_BYTES_MAX / exchange.maxRequestBytes));
    this.#sentNs = new Float64Array(pipeline);
    this.#keys = new Float64Array(pipeline);
    this.#operations = new Uint8Array(pipeline);
    this.#details = new Float64Array(pipeline);
    this.#keysLeft = new Float64Array(this.#followUps === null ? 0 : pipeline);
    this.#requestEnds = new Float64Array(pipeline);
    this.#stamps = stamps;
    this.#ports = stamps === null ? 0 : stamps.portsOf(libos, qd);
  }

  /**
   * Sends up to `most` requests, as far as the window has room and the source has some, in one push. They count as sent
   * just before it.
   */
  fillWindow(most: number = this.pipeline): void {
    let room = Math.min(this.pipeline - this.outstanding, most);
    if (room === 0 || (this.#inBatches && this.outstanding > 0) || !this.#source.advance()) return;
    for (;;) {
      const sent = this.#batch === 1 ? this.#pushOne(this.#source) : this.#push(Math.min(room, this.#batch));
      room -= sent;
      if (room === 0 || !this.#source.advance()) return;
    }
  }

  /** Sends the request that the source chose, and further ones of it, up to `room`. Returns how many it were. */
  #push(room: number): number {
    const source = this.#source;
    const before = this.outstanding;
    const sga = this.#libos.alloc(room * this.#exchange.maxRequestBytes);
    let segmentIndex = 0;
    let segment = sga.segments[0];
    let at = segment.offset;
    for (let i = 0; i < room; i++) {
      if (i > 0 && !source.advance()) break;
      const request = this.#enqueue(source);
      let copied = 0;
      while (copied < request.length) {
        const free = segment.base + segment.capacity - at;
        if (free === 0) {
          segment.length = segment.capacity;
          segment = sga.segments[++segmentIndex];
          at = segment.offset;
          continue;
        }
        const part = Math.min(free, request.length - copied);
        copy(request, copied, part, segment.bytes, at);
        copied += part;
        at += part;
      }
    }
    segment.length = at - segment.offset;
    for (let i = segmentIndex + 1; i < sga.segmentCount; i++) sga.segments[i].length = 0;
    const sentNs = nowNs();
    for (let i = before; i < this.outstanding; i++) this.#sentNs[(this.#head + i) % this.pipeline] = sentNs;
    this.#libos.push(this.qd, sga);
    // The libOS keeps it until the push completes.
    this.#libos.free(sga);
    return this.outstanding - before;
  }

  /** Sends the request that the source chose, in memory of its own length. */
  #pushOne(source: RequestSource): number {
    const at = (this.#head + this.outstanding) % this.pipeline;
    const request = this.#enqueue(source);
    const sga = this.#libos.alloc(request.length);
    sga.fill(request);
    this.#sentNs[at] = nowNs();
    this.#libos.push(this.qd, sga);
    this.#libos.free(sga);
    return 1;
  }

  /**
   * Checks the replies in `sga`, hands each to `sink`, and frees the array. Throws NOT_RESP for what is no
   * reply.
   */
  receive(sga: ScatterGatherArray, receivedNs: number, sink: ReplySink): void {
    this.#reply.timesNs[RECEIVED] = receivedNs;
    for (let i = 0; i < sga.segmentCount; i++) {
      const { bytes, offset, length } = sga.segments[i];
      this.#checkReplies(bytes, offset, offset + length, sink);
    }
    this.#libos.free(sga);
    if (this.#followUp !== null && this.#unsent > 0) this.#sendFollowUps(this.#followUp);
  }

  /** When the oldest of the outstanding requests was sent, in ns. Only while there is one. */
  get oldestSentNs(): number {
    return this.#sentNs[this.#head];
  }

  get newestSentNs(): number {
    return this.#sentNs[(this.#head + this.outstanding - 1) % this.pipeline];
  }

  /**
   * Gives up the connection: replies come in order, so that `sink` gets each outstanding request as one that nobody
   * answered.
   */
  giveUp(_sentNs: number, nowNs: number, sink: ReplySink): boolean {
    const reply = this.#reply;
    const { timesNs } = reply;
    this.isGivenUp = true;
    timesNs[RECEIVED] = nowNs;
    reply.status = ReplyStatus.Unanswered;
    while (this.outstanding > 0) {
      const head = this.#takeOldest();
      reply.operation = this.#reportedAs(this.#operations[head]);
      timesNs[INTENDED] = this.#sentNs[head];
      timesNs[SENT] = this.#sentNs[head];
      sink.reply(reply);
    }
    return true;
  }

  /** Takes the next request from the source without sending it. Returns its operation. */
  skipRequest(): number {
    this.#source.advance();
    return this.#source.operation;
  }

  /** Index of the operation that a request is of. */
  #reportedAs(request: number): number {
    return this.#followUps === null ? request : this.#followUps.reportedAs[request];
  }

  /** Index of the request that follows the one that stood at `head`; -1 for none. */
  #following({ after, forEach }: FollowUps, head: number): number {
    const request = this.#operations[head];
    return forEach[request] === 1 && this.#keysLeft[head] > 1 ? request : after[request];
  }

  /** The request that stood at `head` goes on as the newest one, with the time of its sending. */
  #goOn(head: number, next: number, sink: ReplySink): void {
    const at = (this.#head + this.outstanding) % this.pipeline;
    const isNextKey = this.#operations[head] === next;
    this.#keysLeft[at] = isNextKey ? this.#keysLeft[head] - 1 : this.#details[head];
    this.#operations[at] = next;
    this.#keys[at] = isNextKey ? this.#keys[head] + 1 : this.#keys[head];
    this.#sentNs[at] = this.#sentNs[head];
    this.outstanding++;
    this.#unsent++;
    sink.goesOn?.();
  }

  #sendFollowUps(source: FollowUpRequest): void {
    for (; this.#unsent > 0; this.#unsent--) {
      const at = (this.#head + this.outstanding - this.#unsent) % this.pipeline;
      source.operation = this.#operations[at];
      source.key = this.#keys[at];
      const request = this.#exchange.request(source);
      this.#details[at] = source.detail;
      this.#sentBytes += request.length;
      this.#requestEnds[at] = this.#sentBytes;
      const sga = this.#libos.alloc(request.length);
      sga.fill(request);
      this.#libos.push(this.qd, sga);
      this.#libos.free(sga);
    }
  }

  /** Its place in the ring. */
  #takeOldest(): number {
    const head = this.#head;
    this.#head = head + 1 === this.pipeline ? 0 : head + 1;
    this.outstanding--;
    return head;
  }

  #enqueue(source: RequestSource): Uint8Array {
    const at = (this.#head + this.outstanding) % this.pipeline;
    this.outstanding++;
    const request = this.#exchange.request(source);
    this.#operations[at] = source.operation;
    this.#keys[at] = source.key;
    this.#details[at] = source.detail;
    this.#sentBytes += request.length;
    this.#requestEnds[at] = this.#sentBytes;
    return request;
  }

  #checkReplies(bytes: Uint8Array, at: number, limit: number, sink: ReplySink): void {
    const checker = this.#checker;
    const reply = this.#reply;
    const times = reply.timesNs;
    while (at < limit) {
      if (this.outstanding === this.#unsent) checker.rejectUnasked(limit - at);
      const head = this.#head;
      const operation = this.#operations[head];
      const status = checker.check(bytes, at, limit, operation, this.#keys[head], this.#details[head]);
      if (status === ReplyStatus.Incomplete) {
        this.#receivedBytes += limit - at;
        return;
      }
      this.#receivedBytes += checker.end - at;
      at = checker.end;
      this.#takeOldest();
      const next = this.#followUps === null ? -1 : this.#following(this.#followUps, head);
      if (next >= 0 && status === ReplyStatus.Right) {
        this.#goOn(head, next, sink);
        continue;
      }
      reply.operation = this.#reportedAs(operation);
      reply.status = status;
      if (status === ReplyStatus.Failed) reply.errorText = checker.errorText;
      times[INTENDED] = this.#sentNs[head];
      times[SENT] = this.#sentNs[head];
      sink.reply(reply);
      // Of an operation of several requests, the stages of one are not its own.
      const isOne = next < 0 && operation === reply.operation;
      if (this.#stamps !== null && status === ReplyStatus.Right && isOne) {
        this.#stamps.stamp(this.#ports, this.#requestEnds[head], this.#receivedBytes, reply);
      }
    }
  }
}

/** A push is of no more bytes, but for a request that is longer by itself. */
const PUSH_BYTES_MAX = 1024 * 1024;

/** The request that follows another one. */
class FollowUpRequest implements RequestSource {
  operation = 0;
  key = 0;
  detail = 0;

  advance(): boolean {
    return true;
  }
}

/** Copies a whole request without a view. A request that crosses segments has few parts, and long ones. */
function copy(from: Uint8Array, start: number, length: number, to: Uint8Array, at: number): void {
  if (start === 0 && length === from.length) to.set(from, at);
  else to.set(from.subarray(start, start + length), at);
}
