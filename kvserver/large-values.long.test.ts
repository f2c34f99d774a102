/** Values with more elements than a Map of V8 can have, 2^24: minutes and some gigabytes. */
import { expect, it } from 'vitest';
import { TestServer } from './test-clients.ts';

const ELEMENTS = 2 ** 24 + 100_000;
const ELEMENTS_PER_REQUEST = 2000;

it.each([
  ['a set', 'SADD', 'SCARD', 'SISMEMBER', 'SREM', (n: number) => [`m${n}`], ':1\r\n'],
  ['a hash', 'HSET', 'HLEN', 'HGET', 'HDEL', (n: number) => [`m${n}`, 'v'], '$1\r\nv\r\n'],
  ['a sorted set', 'ZADD', 'ZCARD', 'ZSCORE', 'ZREM', (n: number) => [`${n}`, `m${n}`], '$8\r\n16777299\r\n'],
] as const)('%s goes on beyond 2^24 elements', (_what, add, count, read, remove, element, found) => {
  const client = new TestServer().connect();
  for (let n = 0; n < ELEMENTS; n += ELEMENTS_PER_REQUEST) {
    const elements = Array.from({ length: ELEMENTS_PER_REQUEST }, (_, i) => element(n + i)).flat();
    expect(client.ask(add, 'key', ...elements)).toMatch(/^:\d+\r\n$/);
  }
  const total = Math.ceil(ELEMENTS / ELEMENTS_PER_REQUEST) * ELEMENTS_PER_REQUEST;
  expect(client.ask(count, 'key')).toBe(`:${total}\r\n`);
  expect(client.ask(read, 'key', 'm16777299')).toBe(found);
  expect(client.ask(remove, 'key', 'm16777299', 'absent')).toBe(':1\r\n');
  expect(client.ask(read, 'key', 'm16777299')).not.toBe(found);
  expect(client.ask(count, 'key')).toBe(`:${total - 1}\r\n`);
  expect(client.ask('DEL', 'key')).toBe(':1\r\n');
});

it('a sorted set takes members anywhere in its order beyond 2^24, and knows their ranks', () => {
  const client = new TestServer().connect();
  const add = (from: number, count: number, element: (n: number) => [string, string]): void => {
    for (let n = from; n < from + count; n += ELEMENTS_PER_REQUEST) {
      const elements = Array.from({ length: ELEMENTS_PER_REQUEST }, (_, i) => element(n + i)).flat();
      expect(client.ask('ZADD', 'key', ...elements)).toBe(`:${ELEMENTS_PER_REQUEST}\r\n`);
    }
  };
  const total = Math.ceil(ELEMENTS / ELEMENTS_PER_REQUEST) * ELEMENTS_PER_REQUEST;
  add(0, total, (n) => [`${n}`, `m${n}`]);
  // Each behind another member, far from the one before: almost all nodes are full.
  const scattered = 200_000;
  const step = 7_654_321;
  add(1, scattered, (n) => [`${(n * step) % total}.5`, `s${n}`]);
  const below = (score: number): number => {
    let count = score + 1;
    for (let n = 1; n <= scattered; n++) if ((n * step) % total < score) count++;
    return count - 1;
  };
  for (const score of [0, 1_000_000, total / 2, total - 1]) {
    expect(client.ask('ZRANK', 'key', `m${score}`)).toBe(`:${below(score)}\r\n`);
  }
});
