/** Values with more elements than a Map of V8 can have, 2^24: minutes and some gigabytes. */
import { expect, it } from 'vitest';
import { type TestClient, TestServer } from './test-clients.ts';

const ELEMENTS = 2 ** 24 + 100_000;
const ELEMENTS_PER_REQUEST = 2000;
const SCATTERED = 200_000;
const SCATTERED_STEP = 7_654_321;

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
  if (add === 'ZADD') addScattered(client, total);
  expect(client.ask('DEL', 'key')).toBe(':1\r\n');
});

/**
 * Each of these lies behind another member, far from the one added before: almost all nodes that take one are full.
 * The ranks of members tell whether all are where they belong.
 */
function addScattered(client: TestClient, total: number): void {
  const place = (n: number): number => (n * SCATTERED_STEP) % total;
  for (let from = 1; from <= SCATTERED; from += ELEMENTS_PER_REQUEST) {
    const numbers = Array.from({ length: ELEMENTS_PER_REQUEST }, (_, i) => from + i);
    const elements = numbers.flatMap((n) => [`${place(n)}.5`, `s${n}`]);
    expect(client.ask('ZADD', 'key', ...elements)).toBe(`:${ELEMENTS_PER_REQUEST}\r\n`);
  }
  for (const score of [0, 1_000_000, total / 2, 16_777_298]) {
    let rank = score;
    for (let n = 1; n <= SCATTERED; n++) if (place(n) < score) rank++;
    expect(client.ask('ZRANK', 'key', `m${score}`)).toBe(`:${rank}\r\n`);
  }
}
