/**
 * The tests that redis-benchmark runs where no command is given, in its order: which requests each sends, and of which
 * type its replies are. Words, keys and titles are those of redis-benchmark 7.0.
 */

import { RANDOM_INTEGER } from '../connections/template-exchange.ts';
import type { ReplyType } from '../connections/typed-reply-checker.ts';

export interface BenchmarkTest {
  /** As it is printed. */
  title: string;
  /** By each of these -t finds it, in lower case. */
  names: readonly string[];
  /** The request: words of a command, or a line as somebody would type it. */
  request: readonly string[] | string;
  reply: ReplyType;
}

/** As redis-benchmark fills its values: a linear congruential generator, of which each call goes on with the state. */
export class ValueBytes {
  #state = 1234;

  /** Characters from '0' to 'o'. */
  next(count: number): string {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      this.#state = (Math.imul(this.#state, 1103515245) + 12345) >>> 0;
      bytes[i] = 48 + ((this.#state >>> 16) & 63);
    }
    return Buffer.from(bytes.buffer).toString('latin1');
  }
}

/** @param randomKeys whether -r was given: scores of ZADD are random only then */
function allTests(value: string, randomKeys: boolean): BenchmarkTest[] {
  const key = `key:${RANDOM_INTEGER}`;
  const element = `element:${RANDOM_INTEGER}`;
  const test = (title: string, request: string[], reply: ReplyType, ...names: string[]): BenchmarkTest => ({
    title,
    names: names.length === 0 ? [title.toLowerCase()] : names,
    request,
    reply,
  });
  const lrange = (elements: number): BenchmarkTest =>
    test(
      `LRANGE_${elements} (first ${elements} elements)`,
      ['LRANGE', 'mylist', '0', String(elements - 1)],
      'array',
      'lrange',
      `lrange_${elements}`,
    );
  const ranges = [100, 300, 500, 600].map(lrange);
  return [
    { title: 'PING_INLINE', names: ['ping_inline', 'ping'], request: 'PING', reply: 'status' },
    test('PING_MBULK', ['PING'], 'status', 'ping_mbulk', 'ping'),
    test('SET', ['SET', key, value], 'status'),
    test('GET', ['GET', key], 'bulk-or-nil'),
    test('INCR', ['INCR', `counter:${RANDOM_INTEGER}`], 'integer'),
    test('LPUSH', ['LPUSH', 'mylist', value], 'integer'),
    test('RPUSH', ['RPUSH', 'mylist', value], 'integer'),
    test('LPOP', ['LPOP', 'mylist'], 'bulk-or-nil'),
    test('RPOP', ['RPOP', 'mylist'], 'bulk-or-nil'),
    test('SADD', ['SADD', 'myset', element], 'integer'),
    test('HSET', ['HSET', 'myhash', element, value], 'integer'),
    test('SPOP', ['SPOP', 'myset'], 'bulk-or-nil'),
    test('ZADD', ['ZADD', 'myzset', randomKeys ? RANDOM_INTEGER : '0', element], 'integer'),
    test('ZPOPMIN', ['ZPOPMIN', 'myzset'], 'array'),
    test(
      'LPUSH (needed to benchmark LRANGE)',
      ['LPUSH', 'mylist', value],
      'integer',
      ...new Set(ranges.flatMap(({ names }) => names)),
    ),
    ...ranges,
    test(
      'MSET (10 keys)',
      ['MSET', ...Array.from({ length: 10 }, () => [key, value]).flat()],
      'status',
      'mset',
    ),
  ];
}

/** Those that have one of the names; all where no names are given. */
export function testsOf(
  value: string,
  randomKeys: boolean,
  wanted: readonly string[] | null,
): BenchmarkTest[] {
  const tests = allTests(value, randomKeys);
  return wanted === null ? tests : tests.filter(({ names }) => names.some((name) => wanted.includes(name)));
}

/** Every name that -t takes. */
export const testNames: readonly string[] = [...new Set(allTests('', false).flatMap(({ names }) => names))];

/** A command of one's own: its title is its words. */
export function commandTest(words: readonly string[]): BenchmarkTest {
  return { title: words.join(' '), names: [], request: words, reply: 'any' };
}

/** The bytes of one request. */
export function requestBytes({ request }: BenchmarkTest): Buffer {
  if (typeof request === 'string') return Buffer.from(`${request}\r\n`);
  const words = request.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${request.length}\r\n${words.join('')}`);
}
