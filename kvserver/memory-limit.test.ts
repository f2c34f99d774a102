import { beforeEach, describe, expect, it } from 'vitest';
import { EVICTION_POLICIES } from './eviction.ts';
import { type TestClient, TestServer } from './test-clients.ts';

const OVER = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const KIBIBYTE = 1024;

let server: TestServer;
let client: TestClient;

beforeEach(() => {
  server = new TestServer();
  client = server.connect();
});

function configure(...pairs: string[]): void {
  expect(client.ask('CONFIG', 'SET', ...pairs)).toBe('+OK\r\n');
}

function info(field: string): number {
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(client.ask('INFO'))![1]);
}

/** A limit of so many bytes more than what is in use. */
function limitAbove(bytes: number): number {
  const limit = info('used_memory') + bytes;
  configure('maxmemory', String(limit));
  return limit;
}

const policies = Object.keys(EVICTION_POLICIES);

describe.each(policies)('%s', (policy) => {
  it.each(['strings', 'lists', 'hashes'])('keeps %s below the limit', (kind) => {
    configure('maxmemory-policy', policy);
    const limit = limitAbove(50 * KIBIBYTE);
    for (let i = 0; i < 1000; i++) {
      if (kind === 'strings')
        expect(client.ask('SET', `key ${i}`, 'x'.repeat(100), 'EX', '1000')).toBe('+OK\r\n');
      else if (kind === 'lists') expect(client.ask('RPUSH', `key ${i}`, 'x'.repeat(100))).toBe(':1\r\n');
      else expect(client.ask('HSET', `key ${i}`, 'field', 'x'.repeat(100))).toBe(':1\r\n');
      if (kind !== 'strings') client.ask('EXPIRE', `key ${i}`, '1000');
    }
    server.advance(10);
    expect(info('used_memory')).toBeLessThanOrEqual(limit);
    expect(info('used_memory')).toBeGreaterThan(limit / 2);
    expect(info('evicted_keys')).toBeGreaterThan(500);
  });
});

it.each(policies.filter((policy) => policy.startsWith('volatile')))(
  '%s takes only keys that expire',
  (policy) => {
    configure('maxmemory-policy', policy);
    limitAbove(40 * KIBIBYTE);
    for (let i = 0; i < 100; i++) {
      client.ask('SET', `stays ${i}`, 'x'.repeat(100));
      for (let j = 0; j < 5; j++) client.ask('SETEX', `goes ${i} ${j}`, '1000', 'x'.repeat(100));
    }
    for (let i = 0; i < 100; i++) expect(client.ask('EXISTS', `stays ${i}`)).toBe(':1\r\n');
    // When none is left that may go, nothing more is taken.
    let refused = 0;
    for (let i = 0; i < 500; i++) if (client.ask('SET', `more ${i}`, 'x'.repeat(100)) === OVER) refused++;
    expect(refused).toBeGreaterThan(200);
    expect(client.ask('GET', 'stays 1')).toContain('xxx');
    expect(client.ask('DEL', 'stays 1')).toBe(':1\r\n');
  },
);

/** How many keys of a kind are left of those that were numbered from 0. */
function left(kind: string, count: number): number {
  let found = 0;
  for (let i = 0; i < count; i++) if (client.ask('TTL', `${kind} ${i}`) !== ':-2\r\n') found++;
  return found;
}

describe('what goes first', () => {
  const set = (kind: string, count: number, ttl: number) => {
    for (let i = 0; i < count; i++) client.ask('SETEX', `${kind} ${i}`, String(ttl), 'x'.repeat(200));
  };

  it.each([
    ['allkeys-lru', 'was not used for the longest time'],
    ['allkeys-lfu', 'was used least often'],
    ['volatile-ttl', 'expires first'],
  ])('by %s is what %s', (policy) => {
    configure('maxmemory-policy', policy);
    set('first', 200, policy === 'volatile-ttl' ? 9000 : 1000);
    server.advance(60_000);
    set('second', 200, 1000);
    server.advance(1000);
    const used = policy === 'allkeys-lru' ? 1 : 40;
    if (policy !== 'volatile-ttl') {
      for (let times = 0; times < used; times++)
        for (let i = 0; i < 200; i++) client.ask('GET', `first ${i}`);
    }
    server.advance(1000);
    configure('maxmemory', String(info('used_memory') - 50 * KIBIBYTE));
    for (let i = 0; i < 100 && server.engine.memory.isEvicting; i++) server.engine.turn();
    expect(left('second', 200)).toBeLessThan(40);
    expect(left('first', 200)).toBeGreaterThan(160);
  });
});

it('takes keys at once when the limit is set, and tells of them', () => {
  client.ask('SET', 'key', '1');
  const listener = server.connect();
  listener.ask('PSUBSCRIBE', '__key*');
  configure('notify-keyspace-events', 'Ee', 'maxmemory-policy', 'allkeys-random', 'maxmemory', '1');
  server.engine.turn();
  expect(listener.take()).toContain('__keyevent@0__:evicted\r\n$3\r\nkey\r\n');
  expect(info('evicted_keys')).toBe(1);
  configure('maxmemory', '0');
  expect(client.ask('SET', 'key', '1')).toBe('+OK\r\n');
});

describe('without a policy, above the limit', () => {
  beforeEach(() => {
    client.ask('SET', 'key', 'value');
  });

  it('what needs no memory runs', () => {
    configure('maxmemory', '1');
    expect(client.ask('SET', 'key', '1')).toBe(OVER);
    expect(client.ask('GET', 'key')).toBe('$5\r\nvalue\r\n');
    expect(client.ask('DEL', 'key')).toBe(':1\r\n');
  });

  it('nothing more is queued, and EXEC fails, but DISCARD does not', () => {
    configure('maxmemory', '1');
    client.ask('MULTI');
    expect(client.ask('GET', 'key')).toBe(OVER);
    expect(client.ask('EXEC')).toContain('-EXECABORT');
    client.ask('MULTI');
    expect(client.ask('DISCARD')).toBe('+OK\r\n');
  });

  it.each([
    ['GET', '*1\r\n$5\r\nvalue\r\n'],
    ['INCR', `-EXECABORT Transaction discarded because of: ${OVER.slice(1)}`],
  ])('EXEC with a %s that was queued before', (name, wanted) => {
    const other = server.connect();
    client.ask('MULTI');
    client.ask(name, 'key');
    other.ask('CONFIG', 'SET', 'maxmemory', '1');
    expect(client.ask('EXEC')).toBe(wanted);
  });

  it('OBJECT says what is known of uses', () => {
    expect(client.ask('OBJECT', 'FREQ', 'key')).toContain('An LFU maxmemory policy is not selected');
    configure('maxmemory-policy', 'allkeys-lfu');
    client.ask('SET', 'new', '1');
    expect(client.ask('OBJECT', 'FREQ', 'new')).toBe(':5\r\n');
    expect(client.ask('OBJECT', 'IDLETIME', 'new')).toContain('An LFU maxmemory policy is selected');
    expect(client.ask('OBJECT', 'REFCOUNT', 'new')).toBe(':2147483647\r\n');
    configure('maxmemory', '1gb');
    expect(client.ask('OBJECT', 'REFCOUNT', 'new')).toBe(':1\r\n');
    server.advance(120_000);
    expect(client.ask('OBJECT', 'FREQ', 'new')).toBe(':3\r\n');
  });
});

it('is known to INFO, in bytes and with the policy', () => {
  configure('maxmemory', '100mb', 'maxmemory-policy', 'Volatile-TTL');
  expect(info('maxmemory')).toBe(100 * KIBIBYTE ** 2);
  expect(client.ask('INFO', 'memory')).toContain(
    'maxmemory_human:100.00M\r\nmaxmemory_policy:volatile-ttl\r\n',
  );
  expect(client.ask('CONFIG', 'SET', 'maxmemory-policy', 'all')).toContain('must be one of the following');
});

it('what values take is followed as well as it is estimated, through all that changes them', () => {
  const dataset = () => server.engine.database(0).datasetBytes;
  for (let i = 0; i < 200; i++) client.ask('RPUSH', `list ${i}`, 'a', 'b', 'c');
  configure('maxmemory', '1gb');
  for (let i = 0; i < 200; i++) {
    client.ask('LPOP', `list ${i}`, String(i % 4));
    client.ask('SADD', `set ${i % 7}`, `member ${i}`);
    client.ask('SUNIONSTORE', 'all', ...Array.from({ length: 7 }, (_, k) => `set ${k}`));
    client.ask('RENAME', `list ${i}`, `other ${i}`);
  }
  const followed = dataset();
  configure('maxmemory', '0');
  expect(followed / dataset()).toBeCloseTo(1, 1);
  configure('maxmemory', '1gb');
  client.ask('FLUSHALL');
  expect(dataset()).toBe(0);
});
