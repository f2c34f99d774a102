import { expect, it } from 'vitest';
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

it('work on the ends of a long list takes no walk through it', () => {
  const a = new TestServer().connect();
  const elements = Array.from({ length: 1000 }, (_, i) => `v${i}`);
  for (let i = 0; i < 300; i++) a.ask('RPUSH', 'k', ...elements);
  const server = a.engine;
  // Walks through all of the list would take longer than a test may.
  for (let i = 0; i < 2000; i++) {
    a.ask('LINSERT', 'k', 'BEFORE', 'v1', 'w');
    a.ask('LREM', 'k', '1', 'w');
    a.ask('LREM', 'k', '-1', 'v999');
    a.ask('RPUSH', 'k', 'v999');
    a.ask('LINDEX', 'k', '150000');
    a.ask('LTRIM', 'k', '0', '-1');
    a.ask('RPOPLPUSH', 'k', 'k');
    a.ask('LMOVE', 'k', 'k', 'LEFT', 'RIGHT');
  }
  expect(server.database(0).size).toBe(1);
  expect(a.ask('LLEN', 'k')).toBe(':300000\r\n');
  expect(a.ask('LINDEX', 'k', '-1')).toBe(bulk('v999'));
});
