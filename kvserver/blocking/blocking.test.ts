import { describe, expect, it } from 'vitest';
import { type TestClient, TestServer } from '../test-clients.ts';

const popped = (key: string, element: string) =>
  `*2\r\n$${key.length}\r\n${key}\r\n$${element.length}\r\n${element}\r\n`;
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const request = (...args: string[]) => `*${args.length}\r\n${args.map(bulk).join('')}`;

function clients<N extends number>(server: TestServer, count: N): TestClient[] {
  return Array.from({ length: count }, () => server.connect());
}

function sendLines(client: TestClient, ...lines: string[]): void {
  client.send(lines.map((line) => `${line}\r\n`).join(''));
}

function blockedClients(client: TestClient): string | undefined {
  return /blocked_clients:(\d+)/.exec(client.ask('INFO', 'clients'))?.[1];
}

describe('a client that waits for a key', () => {
  it('takes at once what is there, from the first of its keys that has something', () => {
    const [a] = clients(new TestServer(), 1);
    a.ask('RPUSH', 'two', 'x', 'y', 'z');
    expect(a.ask('BLPOP', 'one', 'two', '0')).toBe(popped('two', 'x'));
    expect(a.ask('BRPOP', 'two', 'one', '0')).toBe(popped('two', 'z'));
    expect(a.ask('BLMPOP', '0', '2', 'one', 'two', 'LEFT', 'COUNT', '9')).toBe(
      `*2\r\n${bulk('two')}*1\r\n${bulk('y')}`,
    );
    expect(a.ask('EXISTS', 'two')).toBe(':0\r\n');
  });

  it('is served when the key is made, before the requests that the maker sends next', () => {
    const [waiting, maker] = clients(new TestServer(), 2);
    expect(waiting.ask('BLPOP', 'other', 'k', '0')).toBe('');
    expect(blockedClients(maker)).toBe('1');
    maker.send(request('RPUSH', 'k', 'x', 'y') + request('LRANGE', 'k', '0', '-1'));
    expect(maker.take()).toBe(`:2\r\n*1\r\n${bulk('y')}`);
    expect(waiting.take()).toBe(popped('k', 'x'));
    expect(blockedClients(maker)).toBe('0');
    // It waits for nothing any more.
    maker.ask('RPUSH', 'other', 'z');
    expect(waiting.take()).toBe('');
    expect(waiting.ask('PING')).toBe('+PONG\r\n');
  });

  it('is served by a transaction when all of that has run', () => {
    const [waiting, other, maker] = clients(new TestServer(), 3);
    waiting.ask('BLPOP', 'k', '0');
    other.ask('BLMOVE', 'k', 'k2', 'LEFT', 'LEFT', '0');
    sendLines(maker, 'MULTI', 'RPUSH k x', 'DEL k', 'EXEC');
    expect(waiting.take()).toBe('');
    sendLines(maker, 'MULTI', 'RPUSH k x', 'DEL k', 'RPUSH k y z', 'LPOP k', 'EXEC');
    expect([waiting.take(), other.take()]).toEqual([popped('k', 'z'), '']);
  });

  it('does not wait inside a transaction', () => {
    const [a] = clients(new TestServer(), 1);
    sendLines(a, 'MULTI', 'BLPOP k 0', 'BLMOVE k k LEFT LEFT 0', 'BZMPOP 0 1 k MIN', 'EXEC');
    expect(a.take()).toBe('+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n*-1\r\n$-1\r\n*-1\r\n');
  });

  it('comes in the order of waiting, as far as the elements go', () => {
    const [first, second, third, maker] = clients(new TestServer(), 4);
    for (const client of [first, second, third]) client.ask('BLPOP', 'k', '0');
    maker.ask('RPUSH', 'k', 'x', 'y');
    expect([first.take(), second.take(), third.take()]).toEqual([popped('k', 'x'), popped('k', 'y'), '']);
    expect(maker.ask('EXISTS', 'k')).toBe(':0\r\n');
    maker.ask('LPUSH', 'k', 'z');
    expect(third.take()).toBe(popped('k', 'z'));
  });

  it('is passed over while the key has a value of another type', () => {
    const [ofList, ofSortedSet, maker] = clients(new TestServer(), 3);
    ofList.ask('BLPOP', 'k', '0');
    ofSortedSet.ask('BZPOPMIN', 'k', '0');
    maker.ask('SADD', 'k', 'x');
    expect([ofList.take(), ofSortedSet.take()]).toEqual(['', '']);
    maker.ask('DEL', 'k');
    maker.ask('ZADD', 'k', '1', 'm', '2', 'n');
    expect(ofList.take()).toBe('');
    expect(ofSortedSet.take()).toBe(`*3\r\n${bulk('k')}${bulk('m')}${bulk('1')}`);
    maker.ask('DEL', 'k');
    maker.ask('LPUSH', 'k', 'x');
    expect(ofList.take()).toBe(popped('k', 'x'));
  });

  it('is refused where a key has a value of another type already', () => {
    const [a] = clients(new TestServer(), 1);
    a.ask('SET', 'k', 'v');
    expect(a.ask('BLPOP', 'absent', 'k', '0')).toContain('-WRONGTYPE');
    expect(a.ask('BLMOVE', 'k', 'other', 'LEFT', 'LEFT', '0')).toContain('-WRONGTYPE');
  });

  it('waits once for a key that it names twice', () => {
    const [waiting, maker] = clients(new TestServer(), 2);
    waiting.ask('BLPOP', 'k', 'k', '0');
    maker.ask('RPUSH', 'k', 'x', 'y');
    expect(waiting.take()).toBe(popped('k', 'x'));
    expect(maker.ask('LLEN', 'k')).toBe(':1\r\n');
  });

  it('is served when a key comes by RENAME, COPY, MOVE or SWAPDB', () => {
    const [waiting, maker] = clients(new TestServer(), 2);
    const waits = () => expect(waiting.ask('BLPOP', 'k', '0')).toBe('');
    waits();
    maker.ask('RPUSH', 'from', 'x');
    maker.ask('RENAME', 'from', 'k');
    expect(waiting.take()).toBe(popped('k', 'x'));
    waits();
    maker.ask('RPUSH', 'from', 'y');
    maker.ask('COPY', 'from', 'k');
    expect(waiting.take()).toBe(popped('k', 'y'));
    waits();
    maker.ask('SELECT', '3');
    maker.ask('RPUSH', 'k', 'z');
    expect(waiting.take()).toBe('');
    maker.ask('MOVE', 'k', '0');
    expect(waiting.take()).toBe(popped('k', 'z'));
    waits();
    maker.ask('RPUSH', 'k', 'swapped');
    maker.ask('SWAPDB', '3', '0');
    expect(waiting.take()).toBe(popped('k', 'swapped'));
    // It and the keyspaces hear of each other still, and only of their own.
    waits();
    maker.ask('RPUSH', 'k', 'elsewhere');
    expect(waiting.take()).toBe('');
    maker.ask('SELECT', '0');
    maker.ask('RPUSH', 'k', 'here');
    expect(waiting.take()).toBe(popped('k', 'here'));
  });

  it('has an element moved, which may serve others in turn', () => {
    const [a, b, c, maker] = clients(new TestServer(), 4);
    a.ask('BLMOVE', 'k1', 'k2', 'LEFT', 'RIGHT', '0');
    b.ask('BRPOPLPUSH', 'k2', 'k3', '0');
    c.ask('BLPOP', 'k3', '0');
    maker.ask('RPUSH', 'k1', 'x');
    expect([a.take(), b.take(), c.take()]).toEqual([bulk('x'), bulk('x'), popped('k3', 'x')]);
    expect(maker.ask('DBSIZE')).toBe(':0\r\n');
  });

  it('goes round in circles through one list', () => {
    const [a, b, maker] = clients(new TestServer(), 3);
    a.ask('BLMOVE', 'k', 'k', 'RIGHT', 'LEFT', '0');
    b.ask('BLMOVE', 'k', 'k', 'LEFT', 'RIGHT', '0');
    maker.ask('RPUSH', 'k', 'x', 'y', 'z');
    expect([a.take(), b.take()]).toEqual([bulk('z'), bulk('z')]);
    expect(maker.ask('LRANGE', 'k', '0', '-1')).toBe(`*3\r\n${bulk('x')}${bulk('y')}${bulk('z')}`);
  });

  it('has an error, and the element stays, where its target is no list', () => {
    const [waiting, next, maker] = clients(new TestServer(), 3);
    waiting.ask('BLMOVE', 'k', 'target', 'LEFT', 'LEFT', '0');
    next.ask('BLPOP', 'k', '0');
    maker.ask('SET', 'target', 'v');
    maker.ask('RPUSH', 'k', 'x');
    expect(waiting.take()).toContain('-WRONGTYPE');
    expect(next.take()).toBe(popped('k', 'x'));
  });

  it('is told when its time has passed, not before', () => {
    const server = new TestServer();
    const [short, long, never, moving] = clients(server, 4);
    long.ask('BLPOP', 'k', '0.3');
    short.ask('BLMPOP', '0.0999', '1', 'k', 'LEFT');
    never.ask('BLPOP', 'k', '0');
    moving.ask('BLMOVE', 'k', 'k', 'LEFT', 'LEFT', '0.2');
    server.advance(100);
    expect(short.take()).toBe('');
    server.advance(1);
    expect([short.take(), long.take(), moving.take()]).toEqual(['*-1\r\n', '', '']);
    server.advance(100);
    expect([long.take(), moving.take()]).toEqual(['', '*-1\r\n']);
    server.advance(100);
    expect(long.take()).toBe('*-1\r\n');
    server.advance(1e9);
    expect(never.take()).toBe('');
    expect(short.ask('PING')).toBe('+PONG\r\n');
  });

  it('has what it sends meanwhile answered afterwards, in order', () => {
    const server = new TestServer();
    const [waiting, maker] = clients(server, 2);
    waiting.send(`${request('BLPOP', 'k', '0')}${request('PING')}${request('ECHO', 'kept').slice(0, 9)}`);
    waiting.send(request('ECHO', 'kept').slice(9));
    waiting.send(request('BLPOP', 'k', '1') + request('PING'));
    waiting.send('PING\r\n');
    expect(waiting.take()).toBe('');
    maker.ask('RPUSH', 'k', 'x');
    expect(waiting.take()).toBe(`${popped('k', 'x')}+PONG\r\n${bulk('kept')}`);
    server.advance(1001);
    expect(waiting.take()).toBe('*-1\r\n+PONG\r\n+PONG\r\n');
  });

  it('takes nothing when it has gone', () => {
    const [waiting, maker] = clients(new TestServer(), 2);
    waiting.ask('BLPOP', 'k', '1');
    waiting.disconnect();
    expect(blockedClients(maker)).toBe('0');
    maker.ask('RPUSH', 'k', 'x');
    expect(maker.ask('LLEN', 'k')).toBe(':1\r\n');
  });

  it('is given up when it sends its end', () => {
    const server = new TestServer();
    const [waiting, maker] = clients(server, 2);
    waiting.ask('BLPOP', 'k', '0');
    server.engine.ended(waiting.client);
    expect(waiting.closed).toBe(true);
    expect(blockedClients(maker)).toBe('0');
  });

  it('loses the connection when it sends more than the query buffer takes', () => {
    const server = new TestServer();
    const [waiting, maker] = clients(server, 2);
    maker.ask('CONFIG', 'SET', 'client-query-buffer-limit', '1mb');
    waiting.ask('BLPOP', 'k', '0');
    waiting.send('x'.repeat(1024 ** 2));
    expect(waiting.closed).toBe(false);
    waiting.send('x');
    expect(waiting.closed).toBe(true);
    expect(blockedClients(maker)).toBe('0');
  });

  it('has a timeout that is a number, zero or more', () => {
    const [a] = clients(new TestServer(), 1);
    const refusals = ['x', '', '1e400000', '1e-400000', 'nan', '-1', 'inf', '1e300'].map((timeout) =>
      a.ask('BLPOP', 'k', timeout),
    );
    const noNumber = '-ERR timeout is not a float or out of range\r\n';
    const negative = '-ERR timeout is negative\r\n';
    expect(refusals).toEqual([
      noNumber,
      noNumber,
      noNumber,
      noNumber,
      noNumber,
      negative,
      negative,
      negative,
    ]);
  });

  it('is unblocked by another client, as if its time had passed or with an error', () => {
    const server = new TestServer();
    const [waiting, other] = clients(server, 2);
    waiting.ask('BLPOP', 'k', '0');
    expect(server.engine.blocked.unblock(waiting.client, 'timeout')).toBe(true);
    expect(waiting.take()).toBe('*-1\r\n');
    expect(server.engine.blocked.unblock(waiting.client, 'timeout')).toBe(false);
    waiting.send(request('BLPOP', 'k', '0') + request('PING'));
    server.engine.blocked.unblock(waiting.client, 'error');
    server.engine.turn();
    expect(waiting.take()).toBe('-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n+PONG\r\n');
    other.ask('RPUSH', 'k', 'x');
    expect(other.ask('LLEN', 'k')).toBe(':1\r\n');
  });
});
