/** Values with more elements than a Map of V8 can have, 2^24: minutes and some gigabytes. */
import { expect, it } from 'vitest';
import { TestServer } from './test-clients.ts';

const ELEMENTS = 2 ** 24 + 100_000;
const ELEMENTS_PER_REQUEST = 2000;

/** A number below 2^32 for each n, none twice, far from that of the one before. */
const scattered = (n: number): number => Math.imul(n, 2_654_435_761) >>> 0;

it.each([
  ['a set', 'SADD', 'SCARD', 'SISMEMBER', 'SREM', (n: number) => [`m${n}`], ':1\r\n'],
  ['a hash', 'HSET', 'HLEN', 'HGET', 'HDEL', (n: number) => [`m${n}`, 'v'], '$1\r\nv\r\n'],
  ['a sorted set', 'ZADD', 'ZCARD', 'ZSCORE', 'ZREM', (n: number) => [`${n}`, `m${n}`], '$8\r\n16777299\r\n'],
  [
    'a sorted set whose scores are scattered',
    ...(['ZADD', 'ZCARD', 'ZSCORE', 'ZREM'] as const),
    (n: number) => [`${scattered(n)}`, `m${n}`],
    `$${`${scattered(16_777_299)}`.length}\r\n${scattered(16_777_299)}\r\n`,
  ],
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
