/** What DEBUG shows of the indexes that are here; its other subcommands are compared with Redis' in tests/. */
import { expect, it } from 'vitest';
import { TestServer } from '../test-clients.ts';

const client = new TestServer().connect();

it('HTSTATS counts the keys of a database by the chains that they are in', () => {
  expect(client.ask('DEBUG', 'HTSTATS', '0')).toContain('No stats available for empty dictionaries');
  for (let n = 0; n < 100; n++) client.ask('SET', `key:${n}`, 'x', ...(n < 7 ? ['EX', '100'] : []));
  const text = client.ask('DEBUG', 'HTSTATS', '0');
  const found = (name: RegExp): number =>
    [...text.matchAll(name)].reduce((sum, [, count]) => sum + Number(count), 0);
  expect(found(/ number of elements: (\d+)/g)).toBe(100);
  const chains = [...text.matchAll(/ {3}(\d+): (\d+) \(/g)];
  expect(chains.reduce((sum, [, length, count]) => sum + Number(length) * Number(count), 0)).toBe(100);
  expect(chains.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(found(/ table size: (\d+)/g));
  expect(text).toContain('7 keys expire');
  expect(client.ask('DEBUG', 'HTSTATS', '16')).toBe('-ERR Out of range database\r\n');
});

it('HTSTATS-KEY shows the parts of a large index', () => {
  const members = Array.from({ length: 20_000 }, (_, n) => `m${n}`);
  client.ask('SADD', 'set', ...members);
  const text = client.ask('DEBUG', 'HTSTATS-KEY', 'set');
  expect(text).toMatch(/ number of elements: 20000\n parts: 2\n slots: 32768\n max slots looked at: \d+\n/);
  expect(client.ask('DEBUG', 'HTSTATS-KEY', 'key:0')).toMatch(/^-ERR The value stored at the specified key/);
  expect(client.ask('DEBUG', 'HTSTATS-KEY', 'none')).toBe('-ERR no such key\r\n');
});

it('OBJECT says where a value lies and what Redis would make of it', () => {
  client.ask('SET', 'number', '20000');
  const place = (text: string): string | undefined => /at:0x([0-9a-f]+)/.exec(text)?.[1];
  const before = client.ask('DEBUG', 'OBJECT', 'number');
  expect(before).toMatch(/^\+Value at:0x[0-9a-f]+ refcount:1 encoding:int lru_seconds_idle:0\r\n$/);
  client.ask('INCR', 'number');
  expect(place(client.ask('DEBUG', 'OBJECT', 'number'))).toBe(place(before));
});
