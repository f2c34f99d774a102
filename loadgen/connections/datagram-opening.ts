/**
 * Opens sockets for datagrams, and sees that they are answered before anything is measured: nothing else says that a
 * server is there, and the first datagram between two hosts may be lost or late.
 */
import type { Completion, Endpoint, Libos, QueueDescriptor, ScatterGatherArray } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { type DatagramQueues, REGISTRATION_BYTES } from './datagram-connection.ts';
import type { Exchange } from './exchange.ts';
import { ReplyStatus } from './reply.ts';

/** How long one that is asked may take before it is asked once more. */
const ATTEMPT_MS = 200;
const ATTEMPTS = 25;
const ANSWERS_PER_ATTEMPT = 4;
/** The number of the datagrams that are sent first; those that are measured have higher ones. */
const FIRST = { operation: 0, key: 0, detail: 0, advance: () => false };

export class DatagramOpening {
  readonly #libos: Libos;
  readonly #target: Endpoint;
  readonly #exchange: Exchange;

  constructor(libos: Libos, target: Endpoint, exchange: Exchange) {
    this.#libos = libos;
    this.#target = target;
    this.#exchange = exchange;
  }

  /** One socket, whose datagrams come back. Throws CONNECT_FAILED, INVALID_OPTION, WRONG_PROTOCOL. */
  ofOneSocket(): DatagramQueues {
    const qd = this.#socket();
    const { sent, received } = this.#tryOut(qd, qd);
    return { sendQd: qd, receiveQd: qd, bytesBefore: sent === received ? { sent, received } : null };
  }

  /** Two sockets, of which the second has registered for what the first sends (libos/examples/relay.ts). */
  throughRelay(): DatagramQueues {
    const sendQd = this.#socket();
    const receiveQd = this.#socket();
    const { port } = this.#libos.localEndpoint(sendQd);
    const registration = Uint8Array.of(port >> 8, port & 255);
    const isBack = ({ segments: [{ bytes, offset, length }] }: ScatterGatherArray): boolean =>
      length === REGISTRATION_BYTES &&
      bytes[offset] === registration[0] &&
      bytes[offset + 1] === registration[1];
    this.#ask(receiveQd, receiveQd, registration, isBack);
    this.#tryOut(sendQd, receiveQd);
    return { sendQd, receiveQd, bytesBefore: null };
  }

  #socket(): QueueDescriptor {
    const libos = this.#libos;
    const { qd, error } = libos.wait(libos.connect(libos.socket('datagram'), this.#target)) as Completion;
    if (error !== null) throw this.#failed(error.toLowerCase().replaceAll('_', ' '));
    return qd;
  }

  /** Exchanges one datagram of those to come. Returns the bytes that were sent and received for it. */
  #tryOut(sendQd: QueueDescriptor, receiveQd: QueueDescriptor): { sent: number; received: number } {
    const checker = this.#exchange.checker();
    const bytes = this.#exchange.maxRequestBytes;
    const isBack = ({ segments: [{ bytes: slab, offset, length }] }: ScatterGatherArray): boolean =>
      length === bytes && checker.check(slab, offset, offset + length, 0, FIRST.key, 0) === ReplyStatus.Right;
    const attempts = this.#ask(sendQd, receiveQd, this.#exchange.request(FIRST), isBack);
    return { sent: attempts * bytes, received: bytes };
  }

  /** Sends until the right datagram comes. Returns how often it was sent. */
  #ask(
    sendQd: QueueDescriptor,
    receiveQd: QueueDescriptor,
    bytes: Uint8Array,
    isBack: (sga: ScatterGatherArray) => boolean,
  ): number {
    const libos = this.#libos;
    let popped = libos.pop(receiveQd);
    let others = 0;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      this.#push(sendQd, bytes);
      // An answer to an earlier attempt may come too.
      for (let left = ANSWERS_PER_ATTEMPT; left > 0; left--) {
        const completion = libos.wait(popped, ATTEMPT_MS);
        if (completion === null) break;
        const { error, sga } = completion;
        if (sga === null) throw this.#failed(`${error}`.toLowerCase().replaceAll('_', ' '));
        const isRight = isBack(sga);
        libos.free(sga);
        if (isRight) return attempt;
        others++;
        popped = libos.pop(receiveQd);
      }
    }
    if (others === 0) throw this.#failed(`no answer within ${(ATTEMPTS * ATTEMPT_MS) / 1000} s`);
    throw new LoadError('WRONG_PROTOCOL', `${this.#targetName} does not send datagrams back as they came`);
  }

  #push(qd: QueueDescriptor, bytes: Uint8Array): void {
    const libos = this.#libos;
    const sga = libos.alloc(bytes.length);
    sga.fill(bytes);
    const token = libos.push(qd, sga);
    libos.free(sga);
    const error = libos.wait(token)?.error;
    if (error === 'MESSAGE_TOO_LONG') {
      throw new LoadError(
        'INVALID_OPTION',
        `--value-bytes ${bytes.length} is more than a datagram to ${this.#targetName} can have over the backend ` +
          `${libos.backend}: its MTU, less 28 bytes of headers, is the limit`,
      );
    }
  }

  #failed(reason: string): LoadError {
    return new LoadError(
      'CONNECT_FAILED',
      `datagrams to ${this.#targetName} are not answered: ${reason}; is a server of datagrams running there (bypassbench ` +
        'echo --datagrams, bypassbench relay)? For one of streams give --protocol echo, sink or resp',
    );
  }

  get #targetName(): string {
    return `${this.#target.address}:${this.#target.port}`;
  }
}
