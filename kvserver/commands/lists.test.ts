import { expect, it, vi } from 'vitest';
import { ListValue } from '../keyspace/types/list.ts';
import { TestServer } from '../test-clients.ts';

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const listOf = (...elements: string[]) => `*${elements.length}\r\n${elements.map(bulk).join('')}`;

it('LREM, LINSERT, LPOS and LTRIM on a list', () => {
  const a = new TestServer().connect();
  a.ask('RPUSH', 'k', 'x', 'y', 'x', 'z', 'x');
  const elements = () => a.ask('LRANGE', 'k', '0', '-1');
  expect(a.ask('LPOS', 'k', 'x')).toBe(':0\r\n');
  expect(a.ask('LPOS', 'k', 'x', 'RANK', '-1')).toBe(':4\r\n');
  expect(a.ask('LPOS', 'k', 'x', 'COUNT', '0', 'RANK', '2')).toBe('*2\r\n:2\r\n:4\r\n');
  expect(a.ask('LPOS', 'k', 'x', 'COUNT', '2', 'RANK', '-1', 'MAXLEN', '4')).toBe('*2\r\n:4\r\n:2\r\n');
  expect(a.ask('LPOS', 'k', 'x', 'COUNT', '1', 'RANK', '-9223372036854775808')).toBe(
    '*3\r\n:4\r\n:2\r\n:0\r\n',
  );
  expect(a.ask('LPOS', 'k', 'x', 'COUNT', '1', 'RANK', '-9223372036854775807')).toBe('*0\r\n');
  expect(a.ask('LINSERT', 'k', 'AFTER', 'z', 'new')).toBe(':6\r\n');
  expect(a.ask('LINSERT', 'k', 'before', 'x', 'first')).toBe(':7\r\n');
  expect(a.ask('LINSERT', 'k', 'before', 'absent', 'v')).toBe(':-1\r\n');
  expect(elements()).toBe(listOf('first', 'x', 'y', 'x', 'z', 'new', 'x'));
  expect(a.ask('LREM', 'k', '-2', 'x')).toBe(':2\r\n');
  expect(elements()).toBe(listOf('first', 'x', 'y', 'z', 'new'));
  expect(a.ask('LTRIM', 'k', '1', '-2')).toBe('+OK\r\n');
  expect(elements()).toBe(listOf('x', 'y', 'z'));
  expect(a.ask('LTRIM', 'k', '2', '1')).toBe('+OK\r\n');
  expect(a.ask('EXISTS', 'k')).toBe(':0\r\n');
});

it('what is done near the ends of a long list takes no walk through it', () => {
  const a = new TestServer().connect();
  const elements = Array.from({ length: 1000 }, (_, i) => `v${i}`);
  for (let i = 0; i < 100; i++) a.ask('RPUSH', 'k', ...elements);
  const looks = vi.spyOn(ListValue.prototype, 'at');
  expect(a.ask('LINSERT', 'k', 'BEFORE', 'v2', 'new')).toBe(':100001\r\n');
  expect(a.ask('LREM', 'k', '1', 'new')).toBe(':1\r\n');
  expect(a.ask('LREM', 'k', '-1', 'v997')).toBe(':1\r\n');
  expect(a.ask('LINDEX', 'k', '50000')).toBe(bulk('v0'));
  expect(a.ask('LINDEX', 'k', '-2')).toBe(bulk('v998'));
  expect(a.ask('LPOS', 'k', 'v998', 'RANK', '-1')).toBe(':99997\r\n');
  expect(a.ask('LTRIM', 'k', '1', '-2')).toBe('+OK\r\n');
  expect(a.ask('RPOPLPUSH', 'k', 'k')).toBe(bulk('v998'));
  expect(looks.mock.calls.length).toBeLessThan(100);
  looks.mockRestore();
  expect(a.ask('LLEN', 'k')).toBe(':99997\r\n');
  expect(a.ask('LRANGE', 'k', '0', '2')).toBe(listOf('v998', 'v1', 'v2'));
});
