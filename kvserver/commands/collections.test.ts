/** Commands on sets, hashes, sorted sets and bits, on an engine without a network. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TestClient, TestServer } from '../test-clients.ts';

const connect = (): TestClient => new TestServer().connect();

/** The elements of a reply that is an array of bulk strings. */
function elements(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, text]) => text);
}

/** All that a scan returns until its cursor is 0 again; `between` is called before each further call. */
function scanned(client: TestClient, command: string[], options: string[], between = () => {}): string[] {
  const found: string[] = [];
  for (let cursor = '0'; ; between()) {
    const [next, ...some] = elements(client.ask(...command, cursor, ...options));
    found.push(...some);
    if (next === '0') return found;
    cursor = next;
  }
}

const words = (line: string): string[] => line.split(' ');

/** Each line is a request, behind "=" the reply, without line ends. */
function session(client: TestClient, ...lines: string[]): void {
  for (const line of lines) {
    const [request, wanted] = line.split(' = ');
    expect(
      `${request} = ${client
        .ask(...words(request))
        .trim()
        .replaceAll('\r\n', ' ')}`,
    ).toBe(`${request} = ${wanted}`);
  }
}

describe('a scan of elements', () => {
  it('returns each element that stays, while others come and go', () => {
    const step = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 2000 }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 200, size: 'max', maxLength: 1000 }), (steps) => {
        const client = connect();
        const staying = Array.from({ length: 700 }, (_, i) => `stay:${i}`);
        client.ask('SADD', 's', ...staying, ...staying.map((_, i) => `go:${i}`));
        let at = 0;
        const found = scanned(client, ['SSCAN', 's'], ['COUNT', '7'], () => {
          for (let i = 0; i < 5; i++) {
            const [adds, number] = steps[at++ % steps.length];
            client.ask(adds ? 'SADD' : 'SREM', 's', `go:${number}`);
          }
        });
        expect(new Set(found.filter((name) => name.startsWith('stay')))).toEqual(new Set(staying));
      }),
      { numRuns: 3 },
    );
  });

  it('keeps to its count in a large value, and gives a small one whole', () => {
    const client = connect();
    for (let i = 0; i < 600; i++) client.ask('HSET', 'h', `f${i}`, `v${i}`);
    const [cursor, ...some] = elements(client.ask('HSCAN', 'h', '0', 'COUNT', '20'));
    expect([cursor, some.length]).toEqual(['580', 40]);
    expect(scanned(client, ['HSCAN', 'h'], ['MATCH', 'f59?']).length).toBe(20);
    client.ask('ZADD', 'z', '1.5', 'a', '-inf', 'b');
    expect(elements(client.ask('ZSCAN', 'z', '0', 'COUNT', '1')).toSorted()).toEqual([
      '-inf',
      '0',
      '1.5',
      'a',
      'b',
    ]);
  });

  it('refuses what is no cursor', () => {
    session(
      connect(),
      'SSCAN s x = -ERR invalid cursor',
      'SSCAN s 18446744073709551616 = -ERR invalid cursor',
      'SSCAN s 0 COUNT 0 = *2 $1 0 *0',
      'SADD s 1 = :1',
      'SSCAN s 18446744073709551615 = *2 $1 0 *1 $1 1',
      'SSCAN s 0 COUNT 0 = -ERR syntax error',
      'SSCAN s 0 TYPE set = -ERR syntax error',
      'HSCAN s 0 = -WRONGTYPE Operation against a key holding the wrong kind of value',
    );
  });
});

describe('elements chosen at random', () => {
  it.each([
    ['SRANDMEMBER', 'SADD', ''],
    ['HRANDFIELD', 'HSET', 'v'],
    ['ZRANDMEMBER', 'ZADD', '1'],
  ])('%s gives different ones, or with a negative count any number of draws', (command, add, beside) => {
    const client = connect();
    const names = Array.from({ length: 50 }, (_, i) => `m${i}`);
    for (const name of names) {
      if (beside === '') client.ask(add, 'k', name);
      else client.ask(add, 'k', ...(add === 'HSET' ? [name, beside] : [beside, name]));
    }
    for (const count of [1, 5, 30, 50, 60]) {
      const chosen = elements(client.ask(command, 'k', String(count)));
      expect(chosen.length).toBe(Math.min(count, 50));
      expect(new Set(chosen).size).toBe(chosen.length);
      expect(names).toEqual(expect.arrayContaining(chosen));
    }
    expect(elements(client.ask(command, 'k', '-200')).length).toBe(200);
    expect(elements(client.ask(command, 'k')).length).toBe(1);
    expect(client.ask(command, 'none', '3')).toBe('*0\r\n');
    expect(client.ask(command, 'none')).toBe('$-1\r\n');
    expect(client.ask(command, 'k', '-9223372036854775808')).toBe(
      '-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n',
    );
  });

  it('are announced by their exact number, however large', () => {
    const server = new TestServer();
    server.connect().ask('HSET', 'h', 'f', 'v');
    const announced = (...args: string[]): string =>
      server
        .connect()
        .ask(...args)
        .split('\r\n', 1)[0];
    expect(announced('HRANDFIELD', 'h', '-9223372036854775807')).toBe('*9223372036854775807');
    expect(announced('HRANDFIELD', 'h', '-4611686018427387903', 'WITHVALUES')).toBe('*9223372036854775806');
  });

  it('come with what belongs to them, in RESP3 in arrays', () => {
    const client = connect();
    session(
      client,
      'HSET h f v = :1',
      'HRANDFIELD h 5 WITHVALUES = *2 $1 f $1 v',
      'HRANDFIELD h -2 withvalues = *4 $1 f $1 v $1 f $1 v',
      'HRANDFIELD h 1 FOO = -ERR syntax error',
      'HRANDFIELD h 4611686018427387904 WITHVALUES = -ERR value is out of range',
      'ZADD z 1.5 m = :1',
      'ZRANDMEMBER z -1 WITHSCORES = *2 $1 m $3 1.5',
    );
    client.ask('HELLO', '3');
    session(
      client,
      'HRANDFIELD h 5 WITHVALUES = *1 *2 $1 f $1 v',
      'ZRANDMEMBER z -2 WITHSCORES = *2 *2 $1 m ,1.5 *2 $1 m ,1.5',
    );
  });
});

it('sets are combined as mathematics has it', () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 4 }), (lists) => {
      const client = connect();
      const sets = lists.map((list) => new Set(list.map(String)));
      const keys = sets.map((set, i) => {
        if (set.size > 0) client.ask('SADD', `k${i}`, ...set);
        return `k${i}`;
      });
      const sorted = (members: Iterable<string>): string[] => [...members].sort();
      const asked = (command: string): string[] => sorted(elements(client.ask(command, ...keys)));
      const [first, ...others] = sets;
      const common = sorted([...first].filter((member) => others.every((set) => set.has(member))));
      expect(asked('SINTER')).toEqual(common);
      expect(asked('SUNION')).toEqual(sorted(new Set(sets.flatMap((set) => [...set]))));
      const only = [...first].filter((member) => others.every((set) => !set.has(member)));
      expect(asked('SDIFF')).toEqual(sorted(only));
      expect(client.ask('SDIFFSTORE', 'k0', ...keys)).toBe(`:${only.length}\r\n`);
      expect(client.ask('SCARD', 'k0')).toBe(`:${only.length}\r\n`);
      expect(client.ask('EXISTS', 'k0')).toBe(`:${only.length > 0 ? 1 : 0}\r\n`);
    }),
    { numRuns: 100 },
  );
});

it('what a set algebra stores replaces a key of any type and its time to live', () => {
  session(
    connect(),
    'SET k v EX 100 = +OK',
    'SADD a 1 2 3 = :3',
    'SADD b 2 3 x = :3',
    'SINTERSTORE k a b = :2',
    'TTL k = :-1',
    'OBJECT ENCODING k = $6 intset',
    'SINTERCARD 2 a b LIMIT 1 = :1',
    'SINTERCARD 0 a = -ERR numkeys should be greater than 0',
    "SINTERCARD 3 a b = -ERR Number of keys can't be greater than number of args",
    "SINTERCARD 1 a LIMIT -1 = -ERR LIMIT can't be negative",
    'SINTERSTORE k a none = :0',
    'EXISTS k = :0',
    'SMOVE a b 1 = :1',
    'SMOVE a b 1 = :0',
    'SMOVE a c 2 = :1',
    'SMOVE a a 3 = :1',
    'SMOVE a c 3 = :1',
    'EXISTS a = :0',
    'SCARD c = :2',
    'SET s v = +OK',
    'SMOVE c s 2 = -WRONGTYPE Operation against a key holding the wrong kind of value',
    'SUNION c s = -WRONGTYPE Operation against a key holding the wrong kind of value',
  );
});

describe('ranges of a sorted set', () => {
  const number = fc.integer({ min: -6, max: 6 });

  it('by score are those of a sorted list, in both sizes of a set', () => {
    const scored = fc.array(fc.tuple(number, fc.integer({ min: 0, max: 400 })), {
      maxLength: 300,
      size: 'max',
    });
    fc.assert(
      fc.property(scored, number, number, fc.boolean(), fc.boolean(), (pairs, min, max, minOpen, maxOpen) => {
        const client = connect();
        const model = new Map(pairs.map(([score, name]) => [`m${name}`, score]));
        for (const [name, score] of model) client.ask('ZADD', 'z', String(score), name);
        const low = `${minOpen ? '(' : ''}${min}`;
        const high = `${maxOpen ? '(' : ''}${max}`;
        const within = [...model]
          .filter(
            ([, score]) => (minOpen ? score > min : score >= min) && (maxOpen ? score < max : score <= max),
          )
          .sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
          .map(([name]) => name);
        expect(elements(client.ask('ZRANGEBYSCORE', 'z', low, high))).toEqual(within);
        expect(elements(client.ask('ZRANGE', 'z', high, low, 'REV', 'BYSCORE'))).toEqual(within.toReversed());
        expect(elements(client.ask('ZREVRANGEBYSCORE', 'z', high, low, 'LIMIT', '2', '3'))).toEqual(
          within.toReversed().slice(2, 5),
        );
        expect(client.ask('ZCOUNT', 'z', low, high)).toBe(`:${within.length}\r\n`);
        expect(client.ask('ZRANGESTORE', 'stored', 'z', low, high, 'BYSCORE')).toBe(`:${within.length}\r\n`);
        expect(elements(client.ask('ZRANGE', 'stored', '0', '-1'))).toEqual(within);
        expect(client.ask('ZREMRANGEBYSCORE', 'z', low, high)).toBe(`:${within.length}\r\n`);
        expect(client.ask('ZCARD', 'z')).toBe(`:${model.size - within.length}\r\n`);
      }),
      { numRuns: 40 },
    );
  });

  it('by bytes are those of a sorted list, in both sizes of a set', () => {
    for (const size of [20, 300]) {
      const client = connect();
      const names = Array.from({ length: size }, (_, i) => String(i).padStart(3, '0'));
      for (const name of names) client.ask('ZADD', 'z', '0', name);
      session(
        client,
        'ZRANGEBYLEX z [004 (006 = *2 $3 004 $3 005',
        'ZREVRANGEBYLEX z (006 [004 = *2 $3 005 $3 004',
        'ZRANGE z (006 [004 BYLEX REV LIMIT 1 1 = *1 $3 004',
        'ZLEXCOUNT z - (002 = :2',
        `ZLEXCOUNT z [002 + = :${size - 2}`,
        'ZLEXCOUNT z + - = :0',
        'ZLEXCOUNT z (003 (003 = :0',
        'ZRANGEBYLEX z 004 + = -ERR min or max not valid string range item',
        'ZREMRANGEBYLEX z (001 [003 = :2',
        'ZREMRANGEBYRANK z 1 2 = :2',
        'ZRANGE z 0 2 = *3 $3 000 $3 005 $3 006',
      );
    }
  });

  it('refuse what contradicts itself, in the order that Redis does', () => {
    session(
      connect(),
      'ZRANGE z 0 1 LIMIT 0 1 = -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
      'ZRANGE z 0 1 LIMIT 0 -1 = *0',
      'ZRANGE z a b BYLEX WITHSCORES = -ERR syntax error, WITHSCORES not supported in combination with BYLEX',
      'ZRANGE z a b BYSCORE = -ERR min or max is not a float',
      'ZRANGE z a b = -ERR value is not an integer or out of range',
      'ZREVRANGE z 0 1 BYSCORE = -ERR syntax error',
      'ZRANGESTORE d z 0 -1 WITHSCORES = -ERR syntax error',
      'ZRANGEBYSCORE z 1 2 LIMIT 1 = -ERR syntax error',
      'ZRANGEBYSCORE z -inf (+inf LIMIT a 1 = -ERR value is not an integer or out of range',
    );
  });
});

it('sorted sets are combined with weights, and sets count as if their scores were 1', () => {
  const client = connect();
  session(
    client,
    'ZADD a 1 x 2 y inf z = :3',
    'ZADD b 10 y -inf z = :2',
    'SADD s y w = :2',
    'ZUNION 2 a b WITHSCORES = *6 $1 z $1 0 $1 x $1 1 $1 y $2 12',
    'ZINTER 3 a b s WEIGHTS 1 2 3 WITHSCORES = *2 $1 y $2 25',
    'ZINTER 2 a b AGGREGATE MIN WITHSCORES = *4 $1 z $4 -inf $1 y $1 2',
    'ZDIFF 2 a s WITHSCORES = *4 $1 x $1 1 $1 z $3 inf',
    'ZUNIONSTORE d 2 a none WEIGHTS 0 1 = :3',
    'ZRANGE d 0 -1 WITHSCORES = *6 $1 x $1 0 $1 y $1 0 $1 z $1 0',
    'ZINTERCARD 2 a b LIMIT 1 = :1',
    'ZINTERSTORE d 2 a none = :0',
    'EXISTS d = :0',
    "ZUNION 0 a = -ERR at least 1 input key is needed for 'zunion' command",
    'ZUNION 2 a = -ERR syntax error',
    'ZUNION 1 a WEIGHTS x = -ERR weight value is not a float',
    'ZDIFF 1 a WEIGHTS 1 = -ERR syntax error',
    'ZMPOP 2 none a MAX COUNT 2 = *2 $1 a *2 *2 $1 z $3 inf *2 $1 y $1 2',
    'ZMPOP 1 none MIN = *-1',
    'ZMPOP 1 a MIN COUNT 0 = -ERR count should be greater than 0',
    'ZMPOP 1 a FOO = -ERR syntax error',
  );
  client.ask('HELLO', '3');
  session(client, 'ZUNION 1 b WITHSCORES = *2 *2 $1 z ,-inf *2 $1 y ,10');
});

it('bits of a string are set, found and combined', () => {
  session(
    connect(),
    'SETBIT b 7 1 = :0',
    'SETBIT b 7 1 = :1',
    'SETBIT b 17 1 = :0',
    'STRLEN b = :3',
    'GETBIT b 7 = :1',
    'GETBIT b 100 = :0',
    'BITCOUNT b = :2',
    'BITCOUNT b 0 0 = :1',
    'BITCOUNT b 7 16 BIT = :1',
    'BITCOUNT b 8 16 BIT = :0',
    'BITCOUNT b -1 -2 = :0',
    'BITCOUNT b 0 = -ERR syntax error',
    'BITPOS b 1 = :7',
    'BITPOS b 1 1 = :17',
    'BITPOS b 1 8 16 BIT = :-1',
    'BITPOS b 0 = :0',
    'BITPOS none 0 = :0',
    'BITPOS none 1 = :-1',
    'BITPOS b 2 = -ERR The bit argument must be 1 or 0.',
    'SETBIT b 4294967296 1 = -ERR bit offset is not an integer or out of range',
    'SETBIT b 1 2 = -ERR bit is not an integer or out of range',
    'SET x ab = +OK',
    'SET y a = +OK',
    'BITOP XOR d x y = :2',
    'BITCOUNT d = :3',
    'BITOP AND d x none = :2',
    'BITCOUNT d = :0',
    'BITOP NOT d x y = -ERR BITOP NOT must be called with a single source key.',
    'BITOP NOT d y = :1',
    'BITCOUNT d = :5',
    'BITPOS d 0 1 = :-1',
    'BITOP OR d none = :0',
    'EXISTS d = :0',
  );
});

it('OBJECT knows the forms of Redis, and when a key was used', () => {
  const server = new TestServer();
  const client = server.connect();
  session(
    client,
    'OBJECT ENCODING none = $-1',
    'SET n 12 = +OK',
    'OBJECT ENCODING n = $3 int',
    'OBJECT REFCOUNT n = :2147483647',
    'COPY n copied = :1',
    'OBJECT REFCOUNT copied = :1',
    'OBJECT ENCODING copied = $3 int',
    'INCRBYFLOAT n 1 = $2 13',
    'OBJECT ENCODING n = $6 embstr',
    'INCR n = :14',
    'OBJECT ENCODING n = $3 int',
    'APPEND n 1 = :3',
    'OBJECT ENCODING n = $3 raw',
    'RENAME n m = +OK',
    'OBJECT ENCODING m = $3 raw',
    'SETRANGE fresh 0 7 = :1',
    'OBJECT ENCODING fresh = $3 raw',
    'RPUSH l a = :1',
    'OBJECT ENCODING l = $9 quicklist',
    'CONFIG SET zset-max-ziplist-entries 1 = +OK',
    'CONFIG GET zset-max-listpack-entries = *2 $25 zset-max-listpack-entries $1 1',
    'ZADD z 1 a = :1',
    'OBJECT ENCODING z = $8 listpack',
    'ZADD z 2 b = :1',
    'OBJECT ENCODING z = $8 skiplist',
    'CONFIG SET set-max-intset-entries x = ' +
      "-ERR CONFIG SET failed (possibly related to argument 'set-max-intset-entries') - argument couldn't be parsed " +
      'into an integer',
  );
  server.advance(5000);
  session(
    client,
    'TTL m = :-1',
    'TYPE m = +string',
    'OBJECT IDLETIME m = :5',
    'GET m = $3 141',
    'OBJECT IDLETIME m = :0',
    "OBJECT FOO m = -ERR unknown subcommand 'FOO'. Try OBJECT HELP.",
  );
  expect(client.ask('OBJECT', 'FREQ', 'm')).toMatch(/^-ERR An LFU maxmemory policy is not selected/);
});

it('the fields of a hash count in decimals', () => {
  session(
    connect(),
    'HINCRBYFLOAT h f 3.0 = $1 3',
    'HINCRBYFLOAT h f 0.1 = $3 3.1',
    'HINCRBYFLOAT h f inf = -ERR value is NaN or Infinity',
    'HINCRBYFLOAT h f x = -ERR value is not a valid float',
    'HSET h s text = :1',
    'HINCRBYFLOAT h s 1 = -ERR hash value is not a float',
    'ZINCRBY z nx m = -ERR syntax error',
  );
});
