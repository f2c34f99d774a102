/** Messages that come back as they were sent, of which every byte is checked. */
import { LoadError } from '../errors.ts';
import type { Messages } from '../workload/messages.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { Exchange, ReplyChecker } from './exchange.ts';
import { ReplyStatus } from './reply.ts';

export class EchoExchange implements Exchange {
  readonly operations: readonly string[];
  readonly maxRequestBytes: number;
  readonly #messages: Messages;

  /** @param operation what it is called */
  constructor(messages: Messages, operation: string) {
    this.operations = [operation];
    this.maxRequestBytes = messages.bytes;
    this.#messages = messages;
  }

  request({ key }: RequestSource): Uint8Array {
    return this.#messages.message(key);
  }

  checker(): ReplyChecker {
    return new EchoChecker(this.#messages);
  }
}

class EchoChecker implements ReplyChecker {
  end = 0;
  readonly errorText = '';
  readonly #messages: Messages;
  /** Bytes of the message seen so far, and whether they all were right. */
  #seen = 0;
  #matches = true;

  constructor(messages: Messages) {
    this.#messages = messages;
  }

  check(bytes: Uint8Array, at: number, limit: number, _operation: number, key: number): ReplyStatus {
    const messages = this.#messages;
    const length = Math.min(messages.bytes - this.#seen, limit - at);
    if (this.#matches && !messages.equal(key, this.#seen, bytes, at, length)) {
      if (this.#seen === 0) refuseRedis(bytes, at, limit);
      this.#matches = false;
    }
    this.#seen += length;
    if (this.#seen < messages.bytes) return ReplyStatus.Incomplete;
    const status = this.#matches ? ReplyStatus.Right : ReplyStatus.Wrong;
    this.end = at + length;
    this.#seen = 0;
    this.#matches = true;
    return status;
  }

  rejectUnasked(bytes: number): never {
    throw notEcho(`${bytes} bytes came while no message was outstanding`);
  }
}

/** Throws for what begins as an error of Redis does. */
function refuseRedis(bytes: Uint8Array, at: number, limit: number): void {
  const [line] = Buffer.from(bytes.subarray(at, Math.min(limit, at + 200)))
    .toString('latin1')
    .split('\r\n');
  if (!/^-[A-Z]{3,} /.test(line)) return;
  throw notEcho(`it says '${line.slice(1)}', as a Redis server does; for that give --protocol resp`);
}

function notEcho(what: string): LoadError {
  return new LoadError('WRONG_PROTOCOL', `the target does not answer as an echo server does: ${what}`);
}
