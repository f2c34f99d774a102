import { describe, expect, it } from 'vitest';
import { TestServer } from './test-clients.ts';

const OK = '+OK\r\n';
const QUEUED = '+QUEUED\r\n';
const NOTHING_DONE = '*-1\r\n';

describe('a transaction', () => {
  it('runs what was queued, with the bytes that were sent, whatever became of their memory', () => {
    const client = new TestServer().connect();
    expect(client.ask('MULTI')).toBe(OK);
    expect(client.ask('SET', 'a', '\x00\r\n\xff'.repeat(100))).toBe(QUEUED);
    client.send('append a end\r\n');
    client.send('*2\r\n$6\r\nST');
    client.send('RLEN\r\n$1\r\na\r\n');
    expect(client.ask('EXEC')).toBe(`${QUEUED}${QUEUED}*3\r\n${OK}:403\r\n:403\r\n`);
    expect(client.ask('GETRANGE', 'a', '396', '-1')).toBe('$7\r\n\x00\r\n\xffend\r\n');
  });

  it('runs many commands with many arguments in their order', () => {
    const client = new TestServer().connect();
    client.ask('MULTI');
    for (let i = 0; i < 300; i++)
      client.ask('RPUSH', 'list', ...Array.from({ length: i }, (_, j) => `${i}.${j}`), 'x');
    const replies = client.ask('EXEC').split('\r\n');
    expect(replies.slice(0, 4)).toEqual(['*300', ':1', ':3', ':6']);
    expect(client.ask('LINDEX', 'list', '-2')).toBe('$7\r\n299.298\r\n');
  });

  it('goes on after a command that fails, and takes the client out of it', () => {
    const client = new TestServer().connect();
    client.ask('MULTI');
    client.ask('SET', 'a', 'x');
    client.ask('INCR', 'a');
    client.ask('SET', 'a', 'y');
    expect(client.ask('EXEC')).toBe(`*3\r\n${OK}-ERR value is not an integer or out of range\r\n${OK}`);
    expect(client.ask('GET', 'a')).toBe('$1\r\ny\r\n');
    expect(client.ask('EXEC')).toBe('-ERR EXEC without MULTI\r\n');
    expect(client.ask('DISCARD')).toBe('-ERR DISCARD without MULTI\r\n');
  });

  it.each([
    [['NOCOMMAND'], "-ERR unknown command 'NOCOMMAND', with args beginning with: \r\n"],
    [['GET'], "-ERR wrong number of arguments for 'get' command\r\n"],
    [['CLIENT', 'NOTHING'], "-ERR unknown subcommand 'NOTHING'. Try CLIENT HELP.\r\n"],
  ])('is aborted by %j, which cannot be queued', (request, error) => {
    const client = new TestServer().connect();
    client.ask('MULTI');
    client.ask('SET', 'a', '1');
    expect(client.ask(...request)).toBe(error);
    expect(client.ask('SET', 'a', '2')).toBe(QUEUED);
    expect(client.ask('EXEC')).toBe('-EXECABORT Transaction discarded because of previous errors.\r\n');
    expect(client.ask('GET', 'a')).toBe('$-1\r\n');
  });

  it('is aborted when it grows over client-query-buffer-limit', () => {
    const client = new TestServer().connect();
    client.ask('CONFIG', 'SET', 'client-query-buffer-limit', '1mb');
    client.ask('MULTI');
    const value = 'x'.repeat(300_000);
    for (let i = 0; i < 3; i++) expect(client.ask('SET', 'a', value)).toBe(QUEUED);
    expect(client.ask('SET', 'a', value)).toBe(
      '-ERR the queued commands exceed client-query-buffer-limit\r\n',
    );
    expect(client.client.queue).toBeNull();
    expect(client.ask('EXEC')).toMatch(/^-EXECABORT /);
    expect(client.ask('EXISTS', 'a')).toBe(':0\r\n');
  });

  it('is discarded by an EXEC with arguments', () => {
    const client = new TestServer().connect();
    client.ask('MULTI');
    client.ask('SET', 'a', '1');
    const error =
      "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n";
    expect(client.ask('EXEC', 'x')).toBe(error);
    expect(client.ask('EXEC')).toBe('-ERR EXEC without MULTI\r\n');
  });

  it('is not aborted by MULTI and WATCH inside of it', () => {
    const client = new TestServer().connect();
    client.ask('MULTI');
    expect(client.ask('MULTI')).toBe('-ERR MULTI calls can not be nested\r\n');
    expect(client.ask('WATCH', 'a')).toBe('-ERR WATCH inside MULTI is not allowed\r\n');
    expect(client.ask('PING')).toBe(QUEUED);
    expect(client.ask('EXEC')).toBe('*1\r\n+PONG\r\n');
  });

  it('ends with DISCARD, RESET and QUIT without running anything', () => {
    const server = new TestServer();
    for (const [last, answer] of [
      ['DISCARD', OK],
      ['RESET', '+RESET\r\n'],
      ['QUIT', OK],
    ]) {
      const client = server.connect();
      client.ask('MULTI');
      client.ask('SET', 'a', '1');
      expect(client.ask(last)).toBe(answer);
      if (last === 'QUIT') expect(client.closed).toBe(true);
      else expect(client.ask('GET', 'a')).toBe('$-1\r\n');
    }
  });

  it('chooses the database and the protocol for what follows in it', () => {
    const client = new TestServer().connect();
    client.ask('MULTI');
    client.ask('SELECT', '3');
    client.ask('HELLO', '3');
    client.ask('GET', 'a');
    client.ask('SET', 'a', '1');
    expect(client.ask('EXEC')).toMatch(/^\*4\r\n\+OK\r\n%7\r\n[\s\S]*_\r\n\+OK\r\n$/);
    client.ask('SELECT', '0');
    expect(client.ask('GET', 'a')).toBe('_\r\n');
  });

  it('shows in CLIENT LIST', () => {
    const server = new TestServer();
    const client = server.connect();
    client.ask('MULTI');
    client.ask('PING');
    expect(server.connect().ask('CLIENT', 'LIST')).toMatch(/flags=x .* multi=1 [\s\S]*flags=N .* multi=-1 /);
  });
});

describe('a watched key', () => {
  /** What EXEC answers to who watched `key` before `change`. */
  function watched(key: string, before: string[][], change: string[][]): string {
    const server = new TestServer();
    const watcher = server.connect();
    const other = server.connect();
    for (const request of before) other.ask(...request);
    watcher.ask('WATCH', key);
    for (const request of change) other.ask(...request);
    watcher.ask('MULTI');
    watcher.ask('PING');
    return watcher.ask('EXEC');
  }
  const list = ['RPUSH', 'k', 'a', 'b'];
  const set = ['SADD', 'k', 'a', 'b'];
  const hash = ['HSET', 'k', 'a', '1', 'b', '2'];
  const sorted = ['ZADD', 'k', '1', 'a', '2', 'b'];
  const text = ['SET', 'k', '10'];

  it.each([
    [[text], ['SET', 'k', '10']],
    [[text], ['INCR', 'k']],
    [[text], ['APPEND', 'k', '']],
    [[text], ['SETRANGE', 'k', '1', 'x']],
    [[text], ['DEL', 'k']],
    [[text], ['GETDEL', 'k']],
    [[text], ['GETEX', 'k', 'EX', '100']],
    [[text], ['EXPIRE', 'k', '100']],
    [
      [text, ['EXPIRE', 'k', '100']],
      ['PERSIST', 'k'],
    ],
    [[text], ['RENAME', 'k', 'other']],
    [[['SET', 'other', 'x']], ['RENAME', 'other', 'k']],
    [[['SET', 'other', 'x']], ['COPY', 'other', 'k']],
    [[text], ['FLUSHDB']],
    [[text], ['FLUSHALL']],
    [[text], ['SWAPDB', '0', '1']],
    [
      [['SELECT', '1'], text],
      ['SWAPDB', '1', '0'],
    ],
    [[], ['SET', 'k', '']],
    [[], ['MSET', 'a', '1', 'k', '2']],
    [[], list],
    [[list], ['LPUSH', 'k', 'c']],
    [[list], ['RPOP', 'k']],
    [[list], ['LPOP', 'k', '1']],
    [[list], ['LSET', 'k', '0', 'a']],
    [[set], ['SADD', 'k', 'c']],
    [[set], ['SREM', 'k', 'a']],
    [[set], ['SPOP', 'k']],
    [[hash], ['HSET', 'k', 'a', '1']],
    [[hash], ['HSETNX', 'k', 'c', '1']],
    [[hash], ['HINCRBY', 'k', 'a', '1']],
    [[hash], ['HDEL', 'k', 'a']],
    [[sorted], ['ZADD', 'k', '3', 'b']],
    [[sorted], ['ZINCRBY', 'k', '1', 'a']],
    [[sorted], ['ZPOPMIN', 'k']],
    [[sorted], ['ZREM', 'k', 'a']],
  ])('after %j: %j is a change', (before, change) => {
    expect(watched('k', before, [change])).toBe(NOTHING_DONE);
  });

  it.each([
    [[text], ['GET', 'k']],
    [[text], ['SETNX', 'k', '1']],
    [[text], ['SETRANGE', 'k', '1', '']],
    [[text], ['PERSIST', 'k']],
    [[text], ['GETEX', 'k']],
    [[text], ['DEL', 'other']],
    [[text], ['COPY', 'k', 'other']],
    [[], ['EXPIRE', 'k', '10']],
    [[], ['DEL', 'k']],
    [[], ['FLUSHALL']],
    [[], ['SWAPDB', '0', '1']],
    [[text], ['SWAPDB', '1', '2']],
    [[text], ['MSETNX', 'k', '1', 'other', '2']],
    [[text], ['LPUSH', 'k', 'a']],
    [[list], ['LPOP', 'k', '0']],
    [[set], ['SADD', 'k', 'a']],
    [[set], ['SREM', 'k', 'c']],
    [[hash], ['HSETNX', 'k', 'a', '2']],
    [[hash], ['HDEL', 'k', 'c']],
    [[sorted], ['ZADD', 'k', '1', 'a']],
    [[sorted], ['ZADD', 'k', 'NX', '3', 'a']],
    [[['SELECT', '1']], ['SET', 'k', '1']],
  ])('after %j: %j is none', (before, change) => {
    expect(watched('k', before, [change])).toBe('*1\r\n+PONG\r\n');
  });

  it('is changed by the client itself too, and forgotten by UNWATCH, DISCARD, EXEC and RESET', () => {
    const client = new TestServer().connect();
    client.ask('WATCH', 'a', 'b');
    client.ask('SET', 'b', '1');
    client.ask('MULTI');
    expect(client.ask('EXEC')).toBe(NOTHING_DONE);
    client.ask('MULTI');
    expect(client.ask('EXEC')).toBe('*0\r\n');
    for (const end of [['UNWATCH'], ['DISCARD'], ['RESET']]) {
      client.ask('WATCH', 'a');
      client.ask('SET', 'a', '1');
      if (end[0] === 'DISCARD') client.ask('MULTI');
      client.ask(...end);
      client.ask('MULTI');
      expect(client.ask('EXEC')).toBe('*0\r\n');
    }
  });

  it('is changed by its expiry, but not when it had expired before', () => {
    const server = new TestServer();
    const client = server.connect();
    const exec = () => {
      client.ask('MULTI');
      return client.ask('EXEC');
    };
    const expiring = () => client.ask('SET', 'k', '1', 'PX', '10');
    expiring();
    client.ask('WATCH', 'k');
    server.nowMs += 11;
    expect(exec()).toBe(NOTHING_DONE);
    expiring();
    server.nowMs += 11;
    client.ask('WATCH', 'k');
    expect(client.ask('EXISTS', 'k')).toBe(':0\r\n');
    expect(exec()).toBe('*0\r\n');
    expiring();
    client.ask('WATCH', 'k');
    server.advance(200);
    expect(client.client.watches).toEqual([]);
    expect(exec()).toBe(NOTHING_DONE);
    expect(client.ask('DEBUG', 'SET-ACTIVE-EXPIRE', '0')).toBe('+OK\r\n');
    expiring();
    client.ask('WATCH', 'k');
    server.advance(200);
    expect(client.client.watches).toHaveLength(1);
    expect(exec()).toBe(NOTHING_DONE);
  });

  it('is one of the database that was chosen, also after SWAPDB', () => {
    const server = new TestServer();
    const watcher = server.connect();
    const other = server.connect();
    watcher.ask('SELECT', '1');
    watcher.ask('WATCH', 'k');
    watcher.ask('SELECT', '0');
    other.ask('SET', 'k', '1');
    other.ask('DEL', 'k');
    other.ask('SWAPDB', '0', '1');
    watcher.ask('MULTI');
    expect(watcher.ask('EXEC')).toBe('*0\r\n');
    watcher.ask('SELECT', '1');
    watcher.ask('WATCH', 'k');
    other.ask('SWAPDB', '0', '1');
    other.ask('SELECT', '1');
    other.ask('SET', 'k', '1');
    watcher.ask('MULTI');
    expect(watcher.ask('EXEC')).toBe(NOTHING_DONE);
  });

  it('is told of in no database once nobody watches, also when the watcher has gone', () => {
    const server = new TestServer();
    const other = server.connect();
    const first = server.connect();
    const second = server.connect();
    const { database } = other.client;
    first.ask('WATCH', 'a', 'b', 'a');
    second.ask('WATCH', 'b');
    expect(database.listener).not.toBeNull();
    first.disconnect();
    expect(database.listener).not.toBeNull();
    other.ask('SET', 'b', '1');
    expect(database.listener).toBeNull();
    second.ask('MULTI');
    expect(second.ask('EXEC')).toBe(NOTHING_DONE);
  });
});
