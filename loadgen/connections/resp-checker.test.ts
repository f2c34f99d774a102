import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commands } from '../../results/formats/operations.ts';
import { LoadError } from '../errors.ts';
import { HEADER_BYTES } from '../workload/values.ts';
import { Workload, type WorkloadOptions, workloadOfOne } from '../workload/workload.ts';
import { ReplyStatus } from './reply.ts';
import { RespChecker } from './resp-checker.ts';

const { Right, Miss, Failed, Wrong, Stale, Torn } = ReplyStatus;
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const text = (array: Uint8Array) => Buffer.from(array).toString('latin1');

/** What was asked for. */
interface Asked {
  key: number;
  detail?: number;
}
const KEY = 7;
const COMMANDS: Commands = {
  ok: 'SET {key} x -> ok',
  integer: 'INCR n:{key} -> integer',
  values: 'MGET {keys:5} -> values',
  bulk: 'ECHO x -> bulk',
  array: 'LRANGE l:{key} 0 -1 -> array',
  nil: 'GET none -> nil',
  any: 'PING -> any',
  fields: 'HGETALL {key} -> fields:3',
  keys: 'ZRANGEBYSCORE index {number} +inf LIMIT 0 {count:5} -> keys',
};

function workloadOf(operation: string, valueBytes = 64): Workload {
  const options: WorkloadOptions = {
    ...workloadOfOne(operation, valueBytes),
    commands: COMMANDS,
    keys: 1000,
  };
  return new Workload(options);
}

/** The value of a key, or of a field of its record, as its version number `version`. */
function valueAs({ values }: Workload, key: number, version = 0, writer = 0, field = 0): string {
  const value = new Uint8Array(values.lengthOf(key, field));
  values.write(value, 0, key, writer, version, field);
  return text(value);
}
const bulk = (value: string): string => `$${value.length}\r\n${value}\r\n`;

/** Feeds `stream` in pieces that end at `cuts`. Returns all statuses. */
function feed(
  checker: RespChecker,
  stream: Uint8Array,
  cuts: number[],
  { key, detail = 0 }: Asked,
): ReplyStatus[] {
  const statuses: ReplyStatus[] = [];
  let start = 0;
  for (const end of [...cuts, stream.length]) {
    // Each piece in memory of its own, with rubbish around it.
    const piece = new Uint8Array(end - start + 6).fill(36);
    piece.set(stream.subarray(start, end), 3);
    for (let at = 3; at < piece.length - 3; ) {
      const status = checker.check(piece, at, piece.length - 3, 0, key, detail);
      if (status === ReplyStatus.Incomplete) break;
      statuses.push(status);
      at = checker.end;
    }
    start = end;
  }
  return statuses;
}

const everyByte = (stream: Uint8Array) => Array.from({ length: stream.length - 1 }, (_, i) => i + 1);

/** The same verdicts, whole and byte by byte. */
function judged(workload: Workload, stream: string, asked: Asked = { key: KEY }): ReplyStatus[] {
  const all = bytes(stream);
  const whole = feed(new RespChecker(workload), all, [], asked);
  expect(feed(new RespChecker(workload), all, everyByte(all), asked)).toEqual(whole);
  return whole;
}

describe('the value of a key', () => {
  const workload = workloadOf('get');
  const right = valueAs(workload, KEY, 5);
  const other = valueAs(workload, KEY, 6);
  const cases: [string, string, ReplyStatus][] = [
    ['as it was filled', bulk(valueAs(workload, KEY)), Right],
    ['as it was written later', bulk(right), Right],
    ['a miss', '$-1\r\n', Miss],
    ['an error', '-ERR no\r\n', Failed],
    ['of another key', bulk(valueAs(workload, KEY + 1)), Wrong],
    ['longer', bulk(`${right}x`), Wrong],
    ['shorter', bulk(right.slice(0, -1)), Wrong],
    ['empty', '$0\r\n\r\n', Wrong],
    ['a status instead', '+OK\r\n', Wrong],
    ['a number instead', ':1\r\n', Wrong],
    ['something else of that length', bulk('\r\n$-1\r\n'.repeat(8)), Wrong],
    ['with another letter', bulk(`${right.slice(0, -1)}A`), Torn],
    ['with another version', bulk(`${right.slice(0, 12)}${other.slice(12, 20)}${right.slice(20)}`), Wrong],
    ['of two versions', bulk(right.slice(0, 40) + other.slice(40)), Torn],
  ];

  it('is no array: a request that comes back is told from it', () => {
    const request = '*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n';
    const check = (cuts: number[]) => feed(new RespChecker(workload), bytes(request), cuts, { key: KEY });
    expect(() => check([])).toThrow(/for an echo server give --protocol echo/);
    expect(() => check([...request].map((_, at) => at).slice(1))).toThrow(LoadError);
  });

  it.each(cases)('is judged: %s', (_, reply, status) => {
    expect(judged(workload, reply)).toEqual([status]);
  });

  it('is judged the same at any cuts in a stream of replies', () => {
    const reply = fc.constantFrom(...cases.map(([, stream, status]) => ({ stream, status })));
    const streams = fc.array(reply, { minLength: 1, maxLength: 12 }).chain((replies) => {
      const length = replies.reduce((sum, { stream }) => sum + stream.length, 0);
      const cuts = fc
        .uniqueArray(fc.integer({ min: 1, max: length - 1 }))
        .map((list) => list.sort((a, b) => a - b));
      return fc.record({ replies: fc.constant(replies), cuts });
    });
    fc.assert(
      fc.property(streams, ({ replies, cuts }) => {
        const all = bytes(replies.map(({ stream }) => stream).join(''));
        const statuses = feed(new RespChecker(workload), all, cuts, { key: KEY });
        expect(statuses).toEqual(replies.map(({ status }) => status));
      }),
    );
  });

  it('is torn, or wrong, wherever two versions meet and whatever their distance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 40 - 1 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 27, max: 900 }),
        fc.nat(),
        (version, further, length, cut) => {
          const long = workloadOf('get', length);
          const at = 1 + (cut % (length - 1));
          const [old, recent] = [valueAs(long, KEY, version), valueAs(long, KEY, version + further)];
          const torn = recent.slice(0, at) + old.slice(at);
          // Where they have the same bytes there is no cut.
          const whole = torn === old || torn === recent;
          // A header of two is that of none, unless they have the same end.
          const hasHeader = torn.slice(0, HEADER_BYTES) === recent.slice(0, HEADER_BYTES);
          const status = whole ? Right : hasHeader ? Torn : Wrong;
          expect(judged(long, bulk(torn))).toEqual([status]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is stale below the floor, of its own writer alone', () => {
    const at = (version: number, writer = 0): ReplyStatus[] =>
      judged(workload, bulk(valueAs(workload, KEY, version, writer)), { key: KEY, detail: 5 });
    expect([at(0), at(4), at(5), at(2 ** 39)]).toEqual([[Stale], [Stale], [Right], [Right]]);
    expect([at(4, 1), at(4, 255)]).toEqual([[Right], [Right]]);
  });

  it.each([1, 2, 12, 13, 25, 26, 27, 4000])('of %d bytes differs from that of another key', (length) => {
    const short = workloadOf('get', length);
    expect(judged(short, bulk(valueAs(short, KEY)))).toEqual([Right]);
    expect(judged(short, bulk(valueAs(short, KEY + 1)))).toEqual([Wrong]);
    expect(valueAs(short, KEY)).toHaveLength(length);
  });
});

describe('kinds of replies', () => {
  const arrays = '*3\r\n:1\r\n*2\r\n$1\r\nx\r\n*0\r\n$-1\r\n';
  it.each<[string, string, ReplyStatus]>([
    ['ok', '+OK\r\n', Right],
    ['ok', '+QUEUED\r\n', Wrong],
    ['ok', ':1\r\n', Wrong],
    ['ok', '$-1\r\n', Miss],
    ['integer', ':12\r\n', Right],
    ['integer', '+OK\r\n', Wrong],
    ['integer', '-WRONGTYPE no\r\n', Failed],
    ['bulk', '$3\r\na\r\n\r\n', Right],
    ['bulk', '$-1\r\n', Miss],
    ['array', arrays, Right],
    ['array', '*0\r\n', Right],
    ['array', '*-1\r\n', Miss],
    ['array', '*1\r\n-ERR inside\r\n', Failed],
    ['array', '+OK\r\n', Wrong],
    ['nil', '$-1\r\n', Right],
    ['nil', '*-1\r\n', Right],
    ['nil', '$1\r\nx\r\n', Wrong],
    ['any', arrays, Right],
    ['any', '$-1\r\n', Right],
    ['any', '-ERR no\r\n', Failed],
  ])('%s: %j', (kind, reply, status) => {
    expect(judged(workloadOf(kind), reply + reply)).toEqual([status, status]);
  });

  it('values: each is that of its key', () => {
    const workload = workloadOf('values');
    const value = (key: number): string => bulk(valueAs(workload, key, 3));
    const asked = { key: KEY, detail: 3 };
    const reply = (...elements: string[]): ReplyStatus[] =>
      judged(workload, `*${elements.length}\r\n${elements.join('')}`, asked);
    const [a, b, c] = [7, 8, 9].map(value);
    expect(reply(a, b, c)).toEqual([Right]);
    expect(reply(a, c, b)).toEqual([Wrong]);
    expect(reply(a, b)).toEqual([Wrong]);
    expect(reply(a, '$-1\r\n', c)).toEqual([Miss]);
    expect(reply(a, ':1\r\n', c)).toEqual([Wrong]);
    expect(reply(a, `*1\r\n${b}`, c)).toEqual([Wrong]);
    expect(reply(a, b.replace(/.(..)$/s, 'A$1'), c)).toEqual([Torn]);
    expect(judged(workload, '*-1\r\n', asked)).toEqual([Miss]);
    expect(judged(workload, '*0\r\n', asked)).toEqual([Wrong]);
  });

  it('keys: those that follow each other', () => {
    const workload = workloadOf('keys');
    const name = (key: number): string => bulk(`key:${String(key).padStart(12, '0')}`);
    const reply = (...elements: string[]): ReplyStatus[] =>
      judged(workload, `*${elements.length}\r\n${elements.join('')}`, { key: KEY, detail: 3 });
    const [a, b, c] = [7, 8, 9].map(name);
    expect(reply(a, b, c)).toEqual([Right]);
    expect(reply(a, c, b)).toEqual([Wrong]);
    expect(reply(a, b)).toEqual([Wrong]);
    expect(reply(a, b, bulk('key:9'))).toEqual([Wrong]);
    expect(reply(a, b, ':9\r\n')).toEqual([Wrong]);
    expect(reply(a, b, '$-1\r\n')).toEqual([Miss]);
    expect(reply(a, b, '-ERR no\r\n')).toEqual([Failed]);
    expect(judged(workload, '+OK\r\n', { key: KEY, detail: 3 })).toEqual([Wrong]);
    expect(judged(workload, '*0\r\n', { key: KEY, detail: 3 })).toEqual([Miss]);
  });

  describe('fields', () => {
    const workload = workloadOf('fields');
    /** Name and value of a field of a key. */
    const field = (number: number, version: number, key = KEY, writer = 0): string =>
      bulk(`field${number}`) + bulk(valueAs(workload, key, version, writer, number));
    const record = (...fields: string[]): string => `*${2 * fields.length}\r\n${fields.join('')}`;
    const [a, b, c] = [field(0, 5), field(1, 6), field(2, 0)];

    it('are each of the record once, in any order', () => {
      const orders = [
        [a, b, c],
        [c, b, a],
        [b, a, c],
      ];
      for (const order of orders) expect(judged(workload, record(...order))).toEqual([Right]);
      expect(judged(workload, record(a, b))).toEqual([Wrong]);
      expect(judged(workload, record(a, b, b))).toEqual([Wrong]);
      expect(judged(workload, record(a, b, c, field(3, 0)))).toEqual([Wrong]);
      expect(judged(workload, record(a, b, field(3, 0)))).toEqual([Wrong]);
      expect(judged(workload, '*0\r\n')).toEqual([Miss]);
      expect(judged(workload, '*-1\r\n')).toEqual([Miss]);
    });

    it('have their own values', () => {
      const [, valueOfB] = /(\$64.*)/s.exec(b)!;
      const cases: [string, ReplyStatus][] = [
        [bulk('field0') + valueOfB, Wrong],
        [bulk('field00') + bulk(valueAs(workload, KEY)), Wrong],
        [bulk('fielda') + bulk(valueAs(workload, KEY)), Wrong],
        [bulk('field') + bulk(valueAs(workload, KEY)), Wrong],
        [field(0, 5, KEY + 1), Wrong],
        [a.replace(/.(..)$/s, 'A$1'), Torn],
        [`${bulk('field0')}$-1\r\n`, Miss],
        [`${bulk('field0')}:1\r\n`, Wrong],
        [`${bulk('field0')}*0\r\n`, Wrong],
        [`${bulk('field0')}-ERR no\r\n`, Failed],
      ];
      for (const [first, status] of cases) expect(judged(workload, record(first, b, c))).toEqual([status]);
      expect(judged(workload, '+OK\r\n')).toEqual([Wrong]);
      expect(judged(workload, bulk('x'))).toEqual([Wrong]);
    });

    it('are stale where none of them is as new as the last write', () => {
      const at = (detail: number, reply = record(a, b, c)): ReplyStatus[] =>
        judged(workload, reply, { key: KEY, detail });
      expect([at(0), at(6), at(7)]).toEqual([[Right], [Right], [Stale]]);
      // Of another writer nobody knows how new it is.
      expect(at(7, record(a, field(1, 6, KEY, 1), c))).toEqual([Right]);
      expect(at(1, record(field(0, 0), field(1, 0), c))).toEqual([Stale]);
    });

    it('are judged the same at any cuts', () => {
      const replies: [string, ReplyStatus][] = [
        [record(a, b, c), Right],
        [record(c, a, b.replace(/.(..)$/s, 'A$1')), Torn],
        [record(a, a, c), Wrong],
        ['*0\r\n', Miss],
        ['-ERR no\r\n', Failed],
      ];
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom(...replies), { minLength: 1, maxLength: 4 }),
          fc.array(fc.nat()),
          (all, cuts) => {
            const stream = bytes(all.map(([reply]) => reply).join(''));
            const places = [...new Set(cuts.map((cut) => cut % stream.length))].filter((cut) => cut > 0);
            const statuses = feed(
              new RespChecker(workload),
              stream,
              places.sort((one, other) => one - other),
              { key: KEY },
            );
            expect(statuses).toEqual(all.map(([, status]) => status));
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  it('any reply of RESP2 ends where it ends, at any cuts', () => {
    const leaf = fc.constantFrom(
      '+OK\r\n',
      ':7\r\n',
      '$-1\r\n',
      '*-1\r\n',
      '*0\r\n',
      '$0\r\n\r\n',
      '$2\r\n\r\n\r\n',
    );
    const { reply } = fc.letrec<{ reply: string }>((tie) => ({
      reply: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('reply'), { maxLength: 4 }).map((inner) => `*${inner.length}\r\n${inner.join('')}`),
      ),
    }));
    const workload = workloadOf('any');
    fc.assert(
      fc.property(fc.array(reply, { minLength: 1, maxLength: 6 }), fc.array(fc.nat()), (replies, cuts) => {
        const all = bytes(replies.join(''));
        const places = [...new Set(cuts.map((cut) => cut % all.length))].filter((cut) => cut > 0);
        const statuses = feed(
          new RespChecker(workload),
          all,
          places.sort((a, b) => a - b),
          { key: KEY },
        );
        expect(statuses).toEqual(replies.map(() => Right));
      }),
    );
  });
});

it('keeps the text of an error', () => {
  const checker = new RespChecker(workloadOf('get'));
  feed(checker, bytes('-OOM command not allowed\r\n'), [3], { key: KEY });
  expect(checker.errorText).toBe('OOM command not allowed');
});

it.each(['_\r\n', 'HTTP/1.1 400 Bad Request\r\n', '$x\r\n', '*x\r\n', '$1\r\nxyz', '*1\r\n'.repeat(17)])(
  'refuses %j as no reply of Redis',
  (reply) => {
    const check = () => feed(new RespChecker(workloadOf('any')), bytes(reply), [], { key: KEY });
    expect(check).toThrow(LoadError);
    expect(check).toThrow(/does not answer as a Redis server does/);
  },
);
