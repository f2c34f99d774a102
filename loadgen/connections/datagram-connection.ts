/**
 * Where the generator exchanges datagrams with a server: one socket, or two where a relay lies between them. Each
 * datagram carries its number (loadgen/workload/messages.ts), by which its reply is known. Datagrams may be lost:
 *
 *     outstanding     5  6  7  8         a reply with number 7 comes:
 *                     |  |  ^            5 and 6 are lost, and 7 is answered
 *
 * What comes later all the same was given up, and is nobody's. No loss ends the connection.
 */
import { type Libos, nowNs, type QueueDescriptor, type ScatterGatherArray } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { numberAt } from '../workload/messages.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { Exchange, ReplyChecker, SendingConnection, Traffic } from './exchange.ts';
import { INTENDED, RECEIVED, ReplyRecord, type ReplySink, ReplyStatus, SENT } from './reply.ts';
import type { RequestStamps } from './request-stamps.ts';

/** Of the datagram that registers at a relay, which comes back late where it was sent again. */
export const REGISTRATION_BYTES = 2;

/** The queues of a connection: the same one, unless a relay forwards what one sends to the other. */
export interface DatagramQueues {
  sendQd: QueueDescriptor;
  receiveQd: QueueDescriptor;
  /** Bytes that each has sent and received so far, where nothing was lost; else null. */
  bytesBefore: { sent: number; received: number } | null;
}

export class DatagramConnection implements SendingConnection {
  readonly qd: QueueDescriptor;
  readonly sendQd: QueueDescriptor;
  readonly pipeline: number;
  readonly isGivenUp = false;
  readonly renews = false;
  outstanding = 0;
  readonly #libos: Libos;
  readonly #exchange: Exchange;
  readonly #source: RequestSource;
  readonly #checker: ReplyChecker;
  readonly #reply = new ReplyRecord();
  readonly #sentNs: Float64Array;
  readonly #numbers: Float64Array;
  /** null once a datagram was lost: the two sides no longer agree on which bytes of a stream one is. */
  #stamps: RequestStamps | null;
  readonly #ports: number;
  #sentBytes = 0;
  #receivedBytes = 0;
  readonly #requestEnds: Float64Array;
  #head = 0;

  constructor(
    libos: Libos,
    { sendQd, receiveQd, bytesBefore }: DatagramQueues,
    { exchange, source, pipeline }: Traffic,
    stamps: RequestStamps | null,
  ) {
    this.#libos = libos;
    this.qd = receiveQd;
    this.sendQd = sendQd;
    this.pipeline = pipeline;
    this.#exchange = exchange;
    this.#source = source;
    this.#checker = exchange.checker();
    this.#sentNs = new Float64Array(pipeline);
    this.#numbers = new Float64Array(pipeline);
    this.#requestEnds = new Float64Array(pipeline);
    this.#stamps = bytesBefore === null ? null : stamps;
    this.#ports = stamps === null ? 0 : stamps.portsOf(libos, sendQd);
    if (bytesBefore !== null) {
      this.#sentBytes = bytesBefore.sent;
      this.#receivedBytes = bytesBefore.received;
    }
  }

  /** Sends up to `most` requests, as far as the window has room and the source has some, a push for each. */
  fillWindow(most: number = this.pipeline): void {
    const room = Math.min(this.pipeline - this.outstanding, most);
    for (let i = 0; i < room && this.#source.advance(); i++) this.#send();
  }

  /** Takes the datagram in `sga` for a reply, hands `sink` what it tells, and frees the array. */
  receive(sga: ScatterGatherArray, receivedNs: number, sink: ReplySink): void {
    const { bytes, offset, length } = sga.segments[0];
    this.#receivedBytes += length;
    this.#reply.timesNs[RECEIVED] = receivedNs;
    if (length === this.#exchange.maxRequestBytes) this.#takeReply(bytes, offset, length, sink);
    else if (length !== REGISTRATION_BYTES) throw notAsked(length, this.#exchange.maxRequestBytes);
    this.#libos.free(sga);
  }

  get oldestSentNs(): number {
    return this.#sentNs[this.#head];
  }

  get newestSentNs(): number {
    return this.#sentNs[(this.#head + this.outstanding - 1) % this.pipeline];
  }

  /** Gives up what was sent before `sentNs` and nothing else. */
  giveUp(sentNs: number, nowNs: number, sink: ReplySink): boolean {
    this.#reply.timesNs[RECEIVED] = nowNs;
    while (this.outstanding > 0 && this.oldestSentNs < sentNs) this.#lose(sink);
    return false;
  }

  skipRequest(): number {
    this.#source.advance();
    return this.#source.operation;
  }

  #send(): void {
    const request = this.#exchange.request(this.#source);
    const sga = this.#libos.alloc(request.length);
    const segment = sga.segments[0];
    segment.bytes.set(request, segment.offset);
    const at = (this.#head + this.outstanding) % this.pipeline;
    this.outstanding++;
    this.#numbers[at] = this.#source.key;
    this.#sentBytes += request.length;
    this.#requestEnds[at] = this.#sentBytes;
    this.#sentNs[at] = nowNs();
    this.#libos.push(this.sendQd, sga);
    // The libOS keeps it until the push completes.
    this.#libos.free(sga);
  }

  #takeReply(bytes: Uint8Array, at: number, length: number, sink: ReplySink): void {
    const number = numberAt(bytes, at);
    const reply = this.#reply;
    while (this.outstanding > 0 && this.#numbers[this.#head] < number) this.#lose(sink);
    if (this.outstanding === 0 || this.#numbers[this.#head] > number) return;
    const head = this.#takeOldest();
    reply.operation = 0;
    reply.status = this.#checker.check(bytes, at, at + length, 0, number, 0);
    reply.timesNs[INTENDED] = this.#sentNs[head];
    reply.timesNs[SENT] = this.#sentNs[head];
    sink.reply(reply);
    if (this.#stamps !== null && reply.status === ReplyStatus.Right) {
      this.#stamps.stamp(this.#ports, this.#requestEnds[head], this.#receivedBytes, reply);
    }
  }

  /** The oldest request is lost. */
  #lose(sink: ReplySink): void {
    const reply = this.#reply;
    const head = this.#takeOldest();
    this.#stamps = null;
    reply.operation = 0;
    reply.status = ReplyStatus.Lost;
    reply.timesNs[INTENDED] = this.#sentNs[head];
    reply.timesNs[SENT] = this.#sentNs[head];
    sink.reply(reply);
  }

  #takeOldest(): number {
    const head = this.#head;
    this.#head = head + 1 === this.pipeline ? 0 : head + 1;
    this.outstanding--;
    return head;
  }
}

function notAsked(came: number, sent: number): LoadError {
  const detail = `one of ${came} bytes came, where all have ${sent}`;
  return new LoadError('WRONG_PROTOCOL', `the target does not send datagrams back as they came: ${detail}`);
}
