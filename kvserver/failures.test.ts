/** What a command throws fails that command, and nothing else. */
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { Handler } from './commands/table.ts';
import { SetValue } from './keyspace/types/set.ts';
import { TYPE_SET } from './keyspace/types/value.ts';
import { latin1Bytes } from './resp/bytes.ts';
import { BLOCK_BYTES_MIN } from './resp/reply.ts';
import { TestServer } from './test-clients.ts';

const NO_MEMORY = new RangeError('Array buffer allocation failed');

let told: MockInstance;
beforeEach(() => {
  told = vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => told.mockRestore());

/** A server one of whose commands has this handler. */
function serverWith(name: string, handler: Handler): TestServer {
  const server = new TestServer();
  const command = server.engine.commands.commands.find(({ spec }) => spec.name === name)!;
  Object.assign(command, { handler });
  return server;
}

describe('a command that throws', () => {
  it('is answered with an error in the place of its reply, and the requests around it as ever', () => {
    const server = serverWith('strlen', (_client, _request, reply) => {
      reply.array(2);
      reply.bulkText('half of a reply');
      throw NO_MEMORY;
    });
    const client = server.connect();
    client.send('SET k v\r\nSTRLEN k\r\nGET k\r\n');
    expect(client.take()).toBe("+OK\r\n-ERR 'strlen' failed: Array buffer allocation failed\r\n$1\r\nv\r\n");
    expect(client.ask('INFO', 'stats')).toContain('total_error_replies:1\r\n');
    expect(told).toHaveBeenCalledTimes(1);
    expect(told.mock.calls[0][0]).toMatch(/^bypassbench: strlen failed: RangeError: Array buffer/);
  });

  it('loses its client when a part of its reply has been sent, and no other', () => {
    const server = serverWith('strlen', (_client, _request, reply) => {
      reply.bulkText('x'.repeat(2 * BLOCK_BYTES_MIN));
      throw NO_MEMORY;
    });
    const client = server.connect();
    const other = server.connect();
    expect(client.ask('PING')).toBe('+PONG\r\n');
    client.send('PING\r\nSTRLEN k\r\nPING\r\n');
    expect(client.closed).toBe(true);
    expect(client.take()).not.toContain('-ERR');
    expect(other.ask('PING')).toBe('+PONG\r\n');
  });

  it('is answered with an error when its reply begins with a block of its own', () => {
    const server = serverWith('strlen', (_client, _request, reply) => {
      reply.bulkText('x'.repeat(100));
      throw NO_MEMORY;
    });
    const client = server.connect();
    const before = 'x'.repeat(BLOCK_BYTES_MIN - '$500\r\n\r\n'.length + 1);
    client.send(`ECHO ${before}\r\nSTRLEN k\r\n`);
    expect(client.take()).toMatch(/x\r\n-ERR 'strlen' failed: /);
    expect(client.closed).toBe(false);
  });

  it('leaves no empty value behind', () => {
    const server = serverWith('sadd', (client, { bytes, start, length }) => {
      client.database.insertObject(
        bytes,
        start[1],
        length[1],
        TYPE_SET,
        new SetValue(client.database.encodingLimits),
      );
      throw NO_MEMORY;
    });
    const client = server.connect();
    expect(client.ask('SADD', 's', 'member')).toMatch(/^-ERR 'sadd' failed/);
    expect(client.ask('EXISTS', 's')).toBe(':0\r\n');
    expect(client.ask('DBSIZE')).toBe(':0\r\n');
  });

  it('is told of once a second at most', () => {
    const server = serverWith('strlen', () => {
      throw NO_MEMORY;
    });
    const client = server.connect();
    for (let i = 0; i < 5; i++) client.ask('STRLEN', 'k');
    expect(told).toHaveBeenCalledTimes(1);
    server.advance(1500);
    client.ask('STRLEN', 'k');
    expect(told).toHaveBeenCalledTimes(2);
    expect(told.mock.calls[1][0]).toContain('strlen failed (4 more failed before): ');
  });
});

describe('a value of 512 MiB', () => {
  it.each(['SET', 'LPUSH', 'SADD', 'PFNONE'])(
    'is refused as an argument of %s: no text is that long',
    (name) => {
      const client = new TestServer().connect();
      const header = latin1Bytes(`*3\r\n$${name.length}\r\n${name}\r\n$1\r\nk\r\n$${2 ** 29}\r\n`);
      // Memory that nobody touches costs nothing.
      const bytes = new Uint8Array(header.length + 2 ** 29 + 2);
      bytes.set(header);
      client.engine.receive(client.client, { bytes, base: 0, address: 0 }, 0, bytes.length);
      expect(client.take()).toMatch(/^-ERR string exceeds maximum allowed size/);
      expect(client.ask('EXISTS', 'k')).toBe(':0\r\n');
    },
  );

  it('is no number, and its length no trouble to any command on strings', () => {
    const client = new TestServer().connect();
    expect(client.ask('SETRANGE', 'k', String(2 ** 29 - 1), 'x')).toBe(`:${2 ** 29}\r\n`);
    expect(client.ask('INCRBYFLOAT', 'k', '1')).toBe('-ERR value is not a valid float\r\n');
    expect(client.ask('INCR', 'k')).toBe('-ERR value is not an integer or out of range\r\n');
    expect(client.ask('APPEND', 'k', 'x')).toMatch(/^-ERR string exceeds maximum allowed size/);
    expect(client.ask('SETRANGE', 'k', String(2 ** 29), 'x')).toMatch(/^-ERR string exceeds maximum allowed/);
    expect(client.ask('GETRANGE', 'k', '-2', '-1')).toBe('$2\r\n\0x\r\n');
    expect(client.ask('STRLEN', 'k')).toBe(`:${2 ** 29}\r\n`);
    expect(told).not.toHaveBeenCalled();
  });
});
