/** Commands that need memory where V8's heap has none: refused, before V8 ends the process. */
import { describe, expect, it } from 'vitest';
import type { Heap } from './heap-room.ts';
import { latin1Bytes } from './resp/bytes.ts';
import { TestServer } from './test-clients.ts';

const MEBIBYTE = 1024 ** 2;
const REFUSED = "-OOM command not allowed: V8's heap has no room for more\r\n";

class TestHeap implements Heap {
  usedBytes = 0;
  garbageBytes = 0;
  collections = 0;

  use() {
    return { usedBytes: this.usedBytes + this.garbageBytes, limitBytes: 1000 * MEBIBYTE };
  }

  collect(): void {
    this.collections++;
    this.garbageBytes = 0;
  }
}

function start() {
  const heap = new TestHeap();
  const server = new TestServer({ heap });
  return { heap, server, client: server.connect() };
}

it('refuses what needs memory while the heap is full, and serves what needs none', () => {
  const { heap, server, client } = start();
  client.ask('SADD', 's', 'a', 'b');
  heap.usedBytes = 860 * MEBIBYTE;
  server.advance(100);
  expect(client.ask('SADD', 's', 'c')).toBe(REFUSED);
  expect(client.ask('SET', 'k', 'v')).toBe(REFUSED);
  expect(client.ask('SCARD', 's')).toBe(':2\r\n');
  expect(client.ask('SUNION', 's')).toBe('*2\r\n$1\r\na\r\n$1\r\nb\r\n');
  expect(client.ask('SCAN', '0')).toMatch(/^\*2\r\n/);
  expect(client.ask('WATCH', 'k')).toBe(REFUSED);
  expect(client.ask('SREM', 's', 'b')).toBe(':1\r\n');
  // It has room again when there is much less in it, not at once.
  heap.usedBytes = 800 * MEBIBYTE;
  server.advance(100);
  expect(client.ask('SADD', 's', 'c')).toBe(REFUSED);
  heap.usedBytes = 700 * MEBIBYTE;
  server.advance(100);
  expect(client.ask('SADD', 's', 'c')).toBe(':1\r\n');
});

it('refuses them within a transaction, and EXEC with them', () => {
  const { heap, server, client } = start();
  client.send('MULTI\r\nSADD s a\r\n');
  heap.usedBytes = 900 * MEBIBYTE;
  server.advance(100);
  expect(client.ask('EXEC')).toMatch(/-EXECABORT Transaction discarded because of: OOM /);
  client.take();
  client.send('MULTI\r\nGET k\r\nSADD s a\r\nEXEC\r\n');
  expect(client.take()).toBe(
    `+OK\r\n+QUEUED\r\n${REFUSED}-EXECABORT Transaction discarded because of previous errors.\r\n`,
  );
  client.send('MULTI\r\nGET k\r\nEXEC\r\n');
  expect(client.take()).toBe('+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n');
});

it('collects what was deleted while it was full, less and less often', () => {
  const { heap, server, client } = start();
  heap.usedBytes = 900 * MEBIBYTE;
  server.advance(100);
  for (let looks = 0; looks < 100; looks++) server.advance(100);
  // At first, and after 10, 20 and 40 looks more.
  expect(heap.collections).toBe(4);
  heap.usedBytes = 100 * MEBIBYTE;
  heap.garbageBytes = 800 * MEBIBYTE;
  for (let looks = 0; looks < 80; looks++) server.advance(100);
  expect(client.ask('SADD', 's', 'a')).toBe(':1\r\n');
  expect(heap.collections).toBe(5);
});

it('collects garbage before it refuses, and not again for the same', () => {
  const { heap, server, client } = start();
  heap.usedBytes = 500 * MEBIBYTE;
  heap.garbageBytes = 400 * MEBIBYTE;
  server.advance(100);
  expect(client.ask('SADD', 's', 'a')).toBe(':1\r\n');
  expect(heap.collections).toBe(1);
  // Almost full: after a collection that leaves so much, the next one waits for half of the rest.
  heap.usedBytes = 840 * MEBIBYTE;
  heap.garbageBytes = 20 * MEBIBYTE;
  server.advance(100);
  heap.garbageBytes = 50 * MEBIBYTE;
  for (let i = 0; i < 10; i++) server.advance(100);
  expect(heap.collections).toBe(2);
  expect(client.ask('SADD', 's', 'b')).toBe(':1\r\n');
  heap.garbageBytes = 90 * MEBIBYTE;
  server.advance(100);
  expect(heap.collections).toBe(3);
});

it.each([
  ['COPY', ['set', 'copy']],
  ['SUNIONSTORE', ['copy', 'set', 'other']],
  ['SUNION', ['set', 'other']],
  ['SINTERSTORE', ['copy', 'set', 'set']],
  ['SDIFFSTORE', ['copy', 'set', 'other']],
  ['ZUNIONSTORE', ['copy', '1', 'set']],
  ['ZUNION', ['1', 'sorted']],
  ['ZINTERSTORE', ['copy', '2', 'set', 'sorted']],
  ['ZDIFFSTORE', ['copy', '2', 'set', 'other']],
  ['ZRANGESTORE', ['copy', 'sorted', '0', '-1']],
  ['SRANDMEMBER', ['set', '900']],
  ['SUBSCRIBE', Array.from({ length: 100 }, (_, i) => `channel:${i}`)],
  ['WATCH', Array.from({ length: 100 }, (_, i) => `key:${i}`)],
  ['BLPOP', [...Array.from({ length: 100 }, (_, i) => `key:${i}`), '0']],
  ['CLIENT', ['SETNAME', 'x'.repeat(10_000)]],
])('refuses what %s would make where there is no room for it, at once', (name, args) => {
  const { heap, client } = start();
  const members = Array.from({ length: 1000 }, (_, i) => `m${i}`);
  client.ask('SADD', 'set', ...members);
  client.ask('ZADD', 'sorted', ...members.flatMap((member, i) => [String(i), member]));
  heap.usedBytes = 850 * MEBIBYTE - 4096;
  expect(client.ask(name, ...args)).toBe(REFUSED);
  expect(client.ask('EXISTS', 'copy')).toBe(':0\r\n');
  // It sees garbage, which it may not collect again for the same client at once.
  expect(heap.collections).toBe(1);
  expect(client.ask(name, ...args)).toBe(REFUSED);
  expect(heap.collections).toBe(1);
  heap.usedBytes = 700 * MEBIBYTE;
  expect(client.ask(name, ...args)).not.toContain('OOM');
});

it('collects garbage where a command would not have room otherwise', () => {
  const { heap, client } = start();
  client.ask('SADD', 'set', ...Array.from({ length: 1000 }, (_, i) => `m${i}`));
  heap.usedBytes = 700 * MEBIBYTE;
  heap.garbageBytes = 150 * MEBIBYTE;
  expect(client.ask('COPY', 'set', 'copy')).toBe(':1\r\n');
  expect(heap.collections).toBe(1);
});

describe('a machine with no memory left', () => {
  const machine = { bytes: 0, availableBytes: () => machine.bytes, totalBytes: () => 1000 * MEBIBYTE };
  const server = new TestServer({ machine });
  const client = server.connect();
  const leave = (mebibytes: number): void => {
    // A twentieth is left to others.
    machine.bytes = (50 + mebibytes) * MEBIBYTE;
    server.advance(100);
  };
  const FULL = '-OOM command not allowed: the machine has no memory for so much\r\n';

  it.each([
    ['COPY', ['large', 'new']],
    ['RENAME', ['large', 'small']],
    ['SET', ['new', 'x'.repeat(4 * MEBIBYTE)]],
    ['APPEND', ['large', 'x'.repeat(100)]],
    ['SETRANGE', ['new', String(4 * MEBIBYTE), 'x']],
    ['SETBIT', ['large', String(40 * MEBIBYTE), '1']],
    ['BITFIELD', ['new', 'SET', 'u8', String(40 * MEBIBYTE), '1']],
    ['BITOP', ['NOT', 'new', 'large']],
    ['LCS', ['small', 'small']],
    ['HSET', ['hash', 'field', 'x'.repeat(4 * MEBIBYTE)]],
  ])('refuses %s, and all stays as it was', (name, args) => {
    leave(100);
    client.ask('FLUSHALL');
    client.ask('SETRANGE', 'large', String(4 * MEBIBYTE - 1), 'x');
    client.ask('SETRANGE', 'small', '2000', 'x');
    leave(3);
    const before = client.ask('DEBUG', 'DIGEST-VALUE', 'large', 'small');
    expect(client.ask(name, ...args)).toBe(FULL);
    expect(client.ask('DEBUG', 'DIGEST-VALUE', 'large', 'small')).toBe(before);
    expect(client.ask('DBSIZE')).toBe(':2\r\n');
    leave(100);
    expect(client.ask(name, ...args)).not.toContain('OOM');
  });

  it('takes no more commands for EXEC', () => {
    leave(3);
    client.ask('MULTI');
    expect(client.ask('GET', 'x'.repeat(4 * MEBIBYTE))).toBe(FULL);
    expect(client.ask('EXEC')).toMatch(/^-EXECABORT /);
  });

  it('serves what is small, and what needs nothing new', () => {
    leave(100);
    client.ask('FLUSHALL');
    client.ask('SETRANGE', 'large', String(4 * MEBIBYTE), 'x');
    client.ask('SET', 'k', 'v');
    leave(0);
    expect(client.ask('SET', 'k', 'w')).toBe('+OK\r\n');
    expect(client.ask('SETRANGE', 'large', '5', 'x')).toBe(`:${4 * MEBIBYTE + 1}\r\n`);
    expect(client.ask('DEL', 'large')).toBe(':1\r\n');
  });
});

it('refuses a single request that is more than there is room for', () => {
  const { heap, server, client } = start();
  heap.usedBytes = 700 * MEBIBYTE;
  server.advance(100);
  const members = 6_000_000;
  const head = `*${2 + members}\r\n$6\r\nLPUSHX\r\n$1\r\ns\r\n`;
  const member = '$7\r\n1234567\r\n';
  const bytes = new Uint8Array(head.length + members * member.length);
  bytes.set(latin1Bytes(head));
  bytes.set(Buffer.alloc(members * member.length, member), head.length);
  client.engine.receive(client.client, { bytes, base: 0, address: 0 }, 0, bytes.length);
  expect(client.take()).toBe(REFUSED);
  heap.usedBytes = 100 * MEBIBYTE;
  server.advance(100);
  client.engine.receive(client.client, { bytes, base: 0, address: 0 }, 0, bytes.length);
  expect(client.take()).toBe(':0\r\n');
});
