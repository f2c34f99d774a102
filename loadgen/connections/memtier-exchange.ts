/** SETs and GETs as memtier_benchmark writes them: a key is a prefix and a number without leading zeros. */
import type { MemtierWorkload } from '../workload/memtier-requests.ts';
import { SeededRandom } from '../workload/random.ts';
import type { RequestSource } from '../workload/requests.ts';
import type { Exchange, ReplyChecker } from './exchange.ts';
import { TypedReplyChecker } from './typed-reply-checker.ts';

/** A request for keys of so many digits. */
interface Template {
  bytes: Uint8Array;
  /** Behind the last digit of the key. */
  keyEnd: number;
}

export class MemtierExchange implements Exchange {
  readonly operations = ['set', 'get'] as const;
  readonly maxRequestBytes: number;
  /** By operation, and by the digits of the key less one. */
  readonly #templates: readonly (readonly Template[])[];
  readonly #version: MemtierWorkload['version'];

  constructor(workload: MemtierWorkload) {
    const { keyPrefix, keyMaximum, version } = workload;
    this.#version = version;
    const value = valueBytes(workload);
    const digits = Array.from(String(keyMaximum), (_, less) => less + 1);
    const templateOf = (front: string, keyDigits: number, back: Buffer): Template => {
      const key = Buffer.from(`${keyPrefix}${'0'.repeat(keyDigits)}`);
      const head = Buffer.concat([Buffer.from(`${front}$${key.length}\r\n`), key]);
      return { bytes: new Uint8Array(Buffer.concat([head, back])), keyEnd: head.length };
    };
    const setBack = Buffer.concat([Buffer.from(`\r\n$${value.length}\r\n`), value, Buffer.from('\r\n')]);
    this.#templates = [
      digits.map((count) => templateOf('*3\r\n$3\r\nSET\r\n', count, setBack)),
      digits.map((count) => templateOf('*2\r\n$3\r\nGET\r\n', count, Buffer.from('\r\n'))),
    ];
    this.maxRequestBytes = Math.max(
      ...this.#templates.map((ofOperation) => ofOperation.at(-1)?.bytes.length ?? 0),
    );
  }

  request({ operation, key }: RequestSource): Uint8Array {
    const template = this.#templates[operation][digitsOf(key) - 1];
    const { bytes } = template;
    let at = template.keyEnd;
    let rest = key;
    do {
      const tenth = Math.floor(rest / 10);
      bytes[--at] = 48 + (rest - tenth * 10);
      rest = tenth;
    } while (rest > 0);
    return bytes;
  }

  checker(): ReplyChecker {
    return new TypedReplyChecker({
      types: ['status', 'bulk-or-nil'],
      endsAtError: false,
      version: this.#version,
    });
  }
}

function digitsOf(key: number): number {
  let digits = 1;
  for (let limit = 10; key >= limit; limit *= 10) digits++;
  return digits;
}

function valueBytes({ dataBytes, randomData, seed }: MemtierWorkload): Buffer {
  const value = Buffer.alloc(dataBytes, 'x');
  if (!randomData) return value;
  const random = new SeededRandom(~seed);
  for (let i = 0; i < dataBytes; i++) value[i] = random.next() & 255;
  return value;
}
