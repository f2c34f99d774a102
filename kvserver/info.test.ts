import { beforeEach, expect, it } from 'vitest';
import { TestServer } from './test-clients.ts';

let client: ReturnType<TestServer['connect']>;

beforeEach(() => {
  client = new TestServer().connect();
});

function fields(...sections: string[]): Map<string, string> {
  const text = client.ask('INFO', ...sections);
  return new Map(
    text
      .split('\r\n')
      .filter((line) => line.includes(':'))
      .map((line) => line.split(/:(.*)/).slice(0, 2) as [string, string]),
  );
}

const used = () => Number(fields('memory').get('used_memory'));

it('used_memory follows what is kept, and goes back with FLUSHALL', () => {
  const before = used();
  client.ask('SET', 'key', 'x'.repeat(4_000_000));
  expect(used() - before).toBeGreaterThan(4_000_000);
  expect(Number(fields('memory').get('used_memory_dataset'))).toBeGreaterThan(4_000_000);
  client.ask('FLUSHALL');
  expect(used() - before).toBeLessThan(10_000);
});

it.each([
  ['a list', (i: number) => ['RPUSH', 'list', `member ${i}`], 'list'],
  ['a set', (i: number) => ['SADD', 'set', `member ${i}`], 'set'],
  ['a hash', (i: number) => ['HSET', 'hash', `field ${i}`, `value ${i}`], 'hash'],
  ['a sorted set', (i: number) => ['ZADD', 'sorted', String(i), `member ${i}`], 'sorted'],
  ['many lists', (i: number) => ['RPUSH', `list ${i}`, 'member'], null],
])('used_memory_dataset has %s in it', (_name, request, key) => {
  const dataset = () => Number(fields('memory').get('used_memory_dataset'));
  const before = dataset();
  for (let i = 0; i < 5000; i++) client.ask(...request(i));
  expect((dataset() - before) / 5000).toBeGreaterThan(30);
  expect((dataset() - before) / 5000).toBeLessThan(400);
  if (key === null) client.ask('FLUSHDB');
  else client.ask('DEL', key);
  expect(dataset() - before).toBeLessThan(1000);
});

it('tells the time of processors, in seconds', () => {
  const cpu = fields('cpu');
  expect([...cpu.keys()]).toContain('used_cpu_user_main_thread');
  for (const seconds of cpu.values()) expect(seconds).toMatch(/^\d+\.\d{6}$/);
  expect(Number(cpu.get('used_cpu_user'))).toBeGreaterThan(0);
});

it('counts calls, those that failed and those that were not run, and errors by their codes', () => {
  client.ask('SET', 'key', 'x');
  client.ask('INCR', 'key');
  client.ask('INCR');
  client.ask('LPUSH', 'key', 'x');
  expect(fields('commandstats').get('cmdstat_incr')).toBe('calls=1,rejected_calls=1,failed_calls=1');
  expect(Object.fromEntries(fields('errorstats'))).toEqual({
    errorstat_ERR: 'count=2',
    errorstat_WRONGTYPE: 'count=1',
  });
  expect(fields('stats').get('total_error_replies')).toBe('3');
  client.ask('CONFIG', 'RESETSTAT');
  expect(fields('errorstats').size).toBe(0);
  expect(fields('commandstats').get('cmdstat_incr')).toBeUndefined();
});

it('has what the backend has counted', () => {
  expect(Object.fromEntries(fields('backend'))).toEqual({ backend_rx_frames: '12' });
  expect(fields().get('backend_rx_frames')).toBe('12');
});

it('has what clients wait for before they begin', () => {
  expect(fields().get('loading')).toBe('0');
  expect(fields('replication').get('role')).toBe('master');
  expect(fields('nothing').size).toBe(0);
});
