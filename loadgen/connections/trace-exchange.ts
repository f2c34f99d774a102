/**
 * The requests of a trace, with their own keys, and values of their own lengths; replies are checked like all others.
 */
import type { ReplyKind } from '../../results/formats/command-text.ts';
import { TRACE_DEL, TRACE_GET, TRACE_SET, traceOperations } from '../workload/trace/format.ts';
import type { TraceFill, TraceRequests } from '../workload/trace/replay.ts';
import { Values } from '../workload/values.ts';
import type { Exchange, ReplyChecker } from './exchange.ts';
import { type CheckedStep, RespChecker } from './resp-checker.ts';

/** Digits of a length, and what stands around the parts of a request. */
const FRAME_BYTES = 64;
const [CR, LF] = [13, 10];

const replies: ReplyKind[] = ['value', 'ok', 'integer'];

export interface TraceExchangeOptions {
  /** Of the whole trace: the longest key and value. */
  keyBytes: number;
  valueBytes: number;
  seed: number;
  /** Whose values they are. */
  writer: number;
}

export class TraceExchange implements Exchange {
  readonly operations = traceOperations;
  readonly maxRequestBytes: number;
  readonly followUps = null;
  readonly #values: Values;
  readonly #writer: number;
  readonly #request: Uint8Array;
  readonly #heads = ['*2\r\n$3\r\nGET\r\n$', '*3\r\n$3\r\nSET\r\n$', '*2\r\n$3\r\nDEL\r\n$'].map(
    (text) => new Uint8Array(Buffer.from(text)),
  );
  #version = 0;

  constructor({ keyBytes, valueBytes, seed, writer }: TraceExchangeOptions) {
    this.#values = new Values({ kind: 'fixed', bytes: valueBytes }, seed);
    this.#writer = writer;
    this.maxRequestBytes = FRAME_BYTES + keyBytes + valueBytes;
    this.#request = new Uint8Array(this.maxRequestBytes);
  }

  /** Of a source of this trace. */
  request(source: TraceRequests | TraceFill): Uint8Array {
    const { operation, key, bytes, keyAt, keyBytes, valueBytes } = source;
    const head = this.#heads[operation];
    const request = this.#request;
    request.set(head, 0);
    let at = writeNumber(request, head.length, keyBytes);
    for (let i = 0; i < keyBytes; i++) request[at + i] = bytes[keyAt + i];
    at = writeLineEnd(request, at + keyBytes);
    if (operation === TRACE_SET) {
      request[at] = 36;
      at = writeNumber(request, at + 1, valueBytes);
      at += this.#values.write(request, at, key, this.#writer, ++this.#version, 0, valueBytes);
      at = writeLineEnd(request, at);
    }
    return request.subarray(0, at);
  }

  checker(): ReplyChecker {
    const steps = [TRACE_GET, TRACE_SET, TRACE_DEL].map(
      (operation): CheckedStep => ({
        reply: replies[operation],
        writes: operation === TRACE_SET,
        acknowledges: false,
        floors: null,
        fields: 0,
      }),
    );
    return new RespChecker({
      steps,
      values: this.#values,
      writer: this.#writer,
      keys: null,
      anyLength: true,
    });
  }
}

/** And the end of its line. Returns the place behind both. */
function writeNumber(bytes: Uint8Array, at: number, number: number): number {
  let digits = 1;
  for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  for (let i = at + digits - 1; i >= at; i--) {
    bytes[i] = 48 + (number % 10);
    number = Math.floor(number / 10);
  }
  return writeLineEnd(bytes, at + digits);
}

function writeLineEnd(bytes: Uint8Array, at: number): number {
  bytes[at] = CR;
  bytes[at + 1] = LF;
  return at + 2;
}
