import { beforeEach, describe, expect, it } from 'vitest';
import { type TestClient, TestServer } from './test-clients.ts';

let server: TestServer;
let client: TestClient;
let reader: TestClient;

beforeEach(() => {
  server = new TestServer();
  client = server.connect();
  reader = server.connect();
  reader.ask('HELLO', '3');
});

function invalidation(...keys: string[]): string {
  const list = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('');
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${list}`;
}

function track(...options: string[]): void {
  expect(reader.ask('CLIENT', 'TRACKING', 'ON', ...options)).toBe('+OK\r\n');
}

describe('a client that tracks what it reads', () => {
  it('is told once of each key that it has read and that changes', () => {
    track();
    reader.ask('GET', 'one');
    reader.ask('SINTERCARD', '2', 'two', 'three');
    reader.ask('SET', 'written', '1');
    client.ask('MSET', 'one', '1', 'one', '2', 'written', '2', 'other', '1');
    expect(reader.take()).toBe(invalidation('one'));
    client.ask('SADD', 'three', 'member');
    client.ask('DEL', 'three');
    expect(reader.take()).toBe(invalidation('three'));
  });

  it('is told of its own changes behind the reply, unless it does not want to be', () => {
    track();
    reader.ask('GET', 'key');
    reader.ask('MULTI');
    reader.ask('SET', 'key', '1');
    reader.ask('GET', 'key');
    expect(reader.ask('EXEC')).toBe(`*2\r\n+OK\r\n$1\r\n1\r\n${invalidation('key')}`);
    track('NOLOOP');
    reader.ask('GET', 'key');
    expect(reader.ask('SET', 'key', '2')).toBe('+OK\r\n');
  });

  it('is told of what expires, and of what is evicted before the reply', () => {
    track('NOLOOP');
    client.ask('PSETEX', 'soon', '10', 'x');
    client.ask('SETEX', 'evicted', '1000', 'x');
    reader.ask('MGET', 'soon', 'evicted');
    server.advance(20);
    client.ask('EXISTS', 'soon');
    expect(reader.take()).toBe(invalidation('soon'));
    track();
    client.ask('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru', 'maxmemory', '100kb');
    expect(reader.ask('SETBIT', 'large', '1600000', '0')).toBe(':0\r\n');
    expect(reader.ask('GETBIT', 'large', '0')).toBe(`${invalidation('evicted')}:0\r\n`);
  });

  it('is told with a null that all keys have gone', () => {
    track();
    reader.ask('GET', 'key');
    client.ask('FLUSHDB');
    expect(reader.take()).toBe('>2\r\n$10\r\ninvalidate\r\n_\r\n');
    client.ask('SET', 'key', '1');
    expect(reader.take()).toBe('');
  });

  it('chooses by CLIENT CACHING what counts, in OPTIN mode', () => {
    track('OPTIN');
    reader.ask('GET', 'one');
    reader.ask('CLIENT', 'CACHING', 'YES');
    expect(reader.ask('CLIENT', 'TRACKINGINFO')).toContain('caching-yes');
    reader.ask('GET', 'two');
    reader.ask('GET', 'three');
    client.ask('MSET', 'one', '1', 'two', '2', 'three', '3');
    expect(reader.take()).toBe(invalidation('two'));
  });

  it('chooses by CLIENT CACHING what does not count, also for a transaction, in OPTOUT mode', () => {
    track('OPTOUT');
    reader.ask('CLIENT', 'CACHING', 'NO');
    reader.ask('MULTI');
    reader.ask('GET', 'one');
    reader.ask('GET', 'two');
    reader.ask('EXEC');
    reader.ask('GET', 'three');
    client.ask('MSET', 'one', '1', 'two', '2', 'three', '3');
    expect(reader.take()).toBe(invalidation('three'));
  });

  it('is told when too many keys are kept that were read', () => {
    track();
    for (let i = 0; i < 250; i++) reader.ask('GET', `key ${i}`);
    expect(client.ask('INFO', 'stats')).toContain('tracking_total_keys:250\r\ntracking_total_items:250\r\n');
    client.ask('CONFIG', 'SET', 'tracking-table-max-keys', '10');
    server.advance(10);
    expect(reader.take().match(/invalidate/g)).toHaveLength(100);
    server.advance(10);
    expect(reader.take().match(/invalidate/g)).toHaveLength(140);
    expect(client.ask('INFO', 'stats')).toContain('tracking_total_keys:10\r\n');
  });
});

describe('a client that is told of all keys with a prefix', () => {
  it('hears of them at the end of a batch, in one message a prefix', () => {
    track('BCAST', 'PREFIX', 'b:', 'PREFIX', 'a:');
    client.send('SET b:1 1\r\nSET a:2 1\r\nSET c:1 1\r\nSET a:1 1\r\nSET a:2 2\r\n');
    expect(reader.take()).toBe(invalidation('a:1', 'a:2') + invalidation('b:1'));
    expect(client.ask('INFO')).toContain('tracking_total_prefixes:2\r\n');
    reader.ask('CLIENT', 'TRACKING', 'OFF');
    expect(client.ask('INFO')).toContain('tracking_total_prefixes:0\r\n');
  });

  it('may be closed in the middle, when what it is told is too much', () => {
    track('BCAST', 'PREFIX', 'a', 'PREFIX', 'b');
    client.ask('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 1mb 0 0');
    reader.slow = true;
    client.send(`MSET a${'x'.repeat(30_000)} 1 b 1\r\n`.repeat(40));
    expect(reader.closed).toBe(false);
    client.ask('MSET', `a${'x'.repeat(2_000_000)}`, '1', 'b', '1');
    expect(reader.closed).toBe(true);
    expect(server.engine.tracking.totals.prefixes).toBe(0);
  });

  it('hears nothing of its own changes with NOLOOP, but of what expires', () => {
    track('BCAST', 'NOLOOP');
    reader.ask('SET', 'own', '1');
    reader.ask('PSETEX', 'soon', '10', '1');
    expect(reader.take()).toBe('');
    server.advance(200);
    expect(reader.take()).toBe(invalidation('soon'));
  });
});

describe('another client in the place of the one that tracks', () => {
  it('is told as a message in RESP2, if it has subscribed', () => {
    const other = server.connect();
    const id = String(other.client.id);
    client.ask('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    expect(client.ask('CLIENT', 'GETREDIR')).toBe(`:${id}\r\n`);
    client.ask('GET', 'key');
    reader.ask('SET', 'key', '1');
    expect(other.take()).toBe('');
    other.ask('SUBSCRIBE', '__redis__:invalidate');
    client.ask('GET', 'key');
    reader.ask('SET', 'key', '2');
    expect(other.take()).toBe('*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$3\r\nkey\r\n');
    client.ask('FLUSHALL');
    expect(other.take()).toBe('*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n');
  });

  it('may be the client itself', () => {
    client.ask('CLIENT', 'TRACKING', 'ON', 'BCAST', 'REDIRECT', String(client.client.id));
    client.ask('SUBSCRIBE', '__redis__:invalidate');
    reader.ask('SET', 'key', '1');
    expect(client.take()).toContain('__redis__:invalidate\r\n*1\r\n$3\r\nkey\r\n');
  });

  it('may be gone: the one that tracks is told so, in RESP3', () => {
    const other = server.connect();
    track('REDIRECT', String(other.client.id));
    reader.ask('GET', 'key');
    other.disconnect();
    client.ask('SET', 'key', '1');
    expect(reader.take()).toBe(`>2\r\n$21\r\ntracking-redir-broken\r\n:${other.client.id}\r\n`);
    expect(reader.ask('CLIENT', 'TRACKINGINFO')).toContain('broken_redirect');
    expect(client.ask('CLIENT', 'LIST')).toContain(`flags=tR`);
  });
});

it.each([
  [['ON', 'PREFIX', 'a'], 'PREFIX option requires BCAST mode'],
  [['ON', 'BCAST', 'OPTIN'], 'not compatible with BCAST'],
  [['ON', 'OPTIN', 'OPTOUT'], "can't specify both"],
  [['ON', 'REDIRECT', '999'], 'does not exist'],
  [['ON', 'REDIRECT', 'x'], 'not an integer'],
  [['ON', 'REDIRECT', '1', 'REDIRECT', '1'], 'a single other client'],
  [
    ['ON', 'BCAST', 'PREFIX', 'ab', 'PREFIX', 'c', 'PREFIX', 'a'],
    "'ab' overlaps with another provided prefix 'a'",
  ],
  [['PERHAPS'], 'syntax error'],
  [['ON', 'PREFIX'], 'syntax error'],
])('CLIENT TRACKING %j is refused', (options, problem) => {
  expect(reader.ask('CLIENT', 'TRACKING', ...options)).toContain(problem);
  expect(server.engine.tracking.count).toBe(0);
});

it.each(['RESET', 'CLIENT TRACKING OFF', 'QUIT'])(
  'ends with %s, and the databases tell of nothing more',
  (how) => {
    track();
    reader.ask('GET', 'key');
    expect(server.engine.database(0).listener).not.toBeNull();
    reader.ask(...how.split(' '));
    expect(server.engine.database(0).listener).toBeNull();
    expect(server.engine.tracking.totals).toEqual({ keys: 0, items: 0, prefixes: 0 });
  },
);
