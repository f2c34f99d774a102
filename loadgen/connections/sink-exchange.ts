/**
 * Messages that are answered by their lengths alone: a message is its length, four bytes in network order, and a body;
 * the answer is these four bytes. So next to all bytes go one way.
 */
import { LoadError } from '../errors.ts';
import type { Messages } from '../workload/messages.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { Exchange, ReplyChecker } from './exchange.ts';
import { ReplyStatus } from './reply.ts';

const LENGTH_BYTES = 4;

export class SinkExchange implements Exchange {
  readonly operations: readonly string[];
  readonly maxRequestBytes: number;
  readonly #request: Uint8Array;

  /** @param messages their bodies; @param operation what it is called */
  constructor(messages: Messages, operation: string) {
    this.operations = [operation];
    this.#request = new Uint8Array(LENGTH_BYTES + messages.bytes);
    new DataView(this.#request.buffer).setUint32(0, messages.bytes);
    // Nobody reads the body: it is the same in all of them.
    this.#request.set(messages.message(0), LENGTH_BYTES);
    this.maxRequestBytes = this.#request.length;
  }

  request(_source: RequestSource): Uint8Array {
    return this.#request;
  }

  checker(): ReplyChecker {
    return new SinkChecker(this.#request);
  }
}

class SinkChecker implements ReplyChecker {
  end = 0;
  readonly errorText = '';
  /** Begins with the right answer. */
  readonly #request: Uint8Array;
  #seen = 0;
  #matches = true;

  constructor(request: Uint8Array) {
    this.#request = request;
  }

  check(bytes: Uint8Array, at: number, limit: number): ReplyStatus {
    while (at < limit) {
      if (bytes[at++] !== this.#request[this.#seen]) this.#matches = false;
      if (++this.#seen < LENGTH_BYTES) continue;
      const status = this.#matches ? ReplyStatus.Right : ReplyStatus.Wrong;
      this.end = at;
      this.#seen = 0;
      this.#matches = true;
      return status;
    }
    return ReplyStatus.Incomplete;
  }

  /** An echo server sends the body too: that is more than was asked for. */
  rejectUnasked(bytes: number): never {
    throw new LoadError(
      'WRONG_PROTOCOL',
      `the target does not answer as a sink does, with the four bytes of a length: ${bytes} bytes came while no message ` +
        'was outstanding',
    );
  }
}
