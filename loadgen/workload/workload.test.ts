import { describe, expect, it } from 'vitest';
import { type KeySizes, parseKeySizes } from '../../results/formats/key-sizes.ts';
import { MIX } from '../../results/formats/lists.ts';
import { parseValueSizes, type ValueSizes } from '../../results/formats/value-sizes.ts';
import { KeyLengths } from './key-lengths.ts';
import { SeededRandom } from './random.ts';
import { FillRequests } from './requests.ts';
import { Workload, type WorkloadOptions, workloadOfOne } from './workload.ts';

const options: WorkloadOptions = {
  ...workloadOfOne(MIX, 64),
  mix: [
    { name: 'get', weight: 75 },
    { name: 'set', weight: 25 },
  ],
  keys: 1000,
  keyDistribution: 'uniform',
  seed: 42,
};
const [GET, SET] = [0, 1];
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const request = (
  workload: Workload,
  step: number,
  key: number,
  { count = 0, version = 0, field = 0 } = {},
): string => text(workload.steps[step].template.encode(key, count, 0, version, field));

/** The words of a request, as RESP counts them. */
function wordsOf(bytes: string): string[] {
  const words: string[] = [];
  const [head] = /^\*(\d+)\r\n/.exec(bytes)!;
  let at = head.length;
  while (at < bytes.length) {
    const [line, length] = /^\$(\d+)\r\n/.exec(bytes.slice(at))!;
    words.push(bytes.slice(at + line.length, at + line.length + Number(length)));
    at += line.length + Number(length) + 2;
    expect(bytes.slice(at - 2, at)).toBe('\r\n');
  }
  expect(head).toBe(`*${words.length}\r\n`);
  return words;
}

describe('Workload', () => {
  it('asks for a key, and sets its value', () => {
    const workload = new Workload(options);
    expect(request(workload, GET, 7)).toBe('*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000007\r\n');
    const words = wordsOf(request(workload, SET, 7));
    expect(words.slice(0, 2)).toEqual(['SET', 'key:000000000007']);
    expect(words[2]).toHaveLength(64);
    expect(words[2].startsWith('000000000007')).toBe(true);
    expect(text(workload.filledReply(7))).toBe(`$64\r\n${words[2]}\r\n`);
    expect(text(new Workload(workloadOfOne('set', 64)).filledReply(7))).toBe('+OK\r\n');
  });

  it('gives every key and version its own value, the same in every run of a seed', () => {
    const value = (seed: number, key: number, version: number): string =>
      request(new Workload({ ...options, seed }), SET, key, { version });
    expect(value(42, 999, 1)).toBe(value(42, 999, 1));
    expect(value(42, 999, 1)).not.toBe(value(42, 998, 1));
    expect(value(42, 999, 1)).not.toBe(value(42, 999, 2));
    expect(value(42, 999, 1).slice(-30)).not.toBe(value(43, 999, 1).slice(-30));
  });

  it('draws operations in the share asked for, and those without a weight never', () => {
    const workload = new Workload({ ...options, mix: [...options.mix, { name: 'hget', weight: 0 }] });
    const draws = 100_000;
    let gets = 0;
    for (let i = 0; i < draws; i++) if (workload.nextOperation() === GET) gets++;
    expect(workload.operations).toEqual(['get', 'set']);
    expect(gets / draws).toBeCloseTo(0.75, 1);
  });

  it('puts keys and values into the places of a command, whatever their lengths', () => {
    const commands = {
      hset: 'HSET user:{key} "a field" {value} -> integer',
      setex: 'SETEX {key} 60 {value} -> ok',
      after: 'EVAL "return 1" 1 {value} x:{key}:é -> any',
      scan: 'MGET {keys:3} -> values',
      twice: 'GET {key} -> value; SET {key} {value} -> ok',
      both: 'COPY {key}{key} a{key}b{key}c -> any',
    };
    const mix = Object.keys(commands).map((name) => ({ name, weight: 1 }));
    const lengths = {
      keySizes: ['16', '12', '14', '300', 'etc', 'usr'],
      valueSizes: ['fixed:40', 'uniform:1-3000'],
    };
    for (const [valueText, keyText] of lengths.valueSizes.flatMap((of) =>
      lengths.keySizes.map((key) => [of, key]),
    )) {
      const valueSizes = parseValueSizes(valueText) as ValueSizes;
      const keySizes = parseKeySizes(keyText) as KeySizes;
      const workload = new Workload({ ...options, commands, mix, valueSizes, keySizes });
      const keyOf = keysOfLengths(new KeyLengths(keySizes));
      for (const number of [5, 123_456, 999_999_999_999]) {
        const key = keyOf(number);
        const value = text(workload.filledReply(0)) && text(valueAs(workload, number));
        expect(wordsOf(request(workload, 0, number))).toEqual(['HSET', `user:${key}`, 'a field', value]);
        expect(wordsOf(request(workload, 1, number))).toEqual(['SETEX', key, '60', value]);
        const last = Buffer.from(`x:${key}:é`).toString('latin1');
        expect(wordsOf(request(workload, 2, number))).toEqual(['EVAL', 'return 1', '1', value, last]);
        expect(wordsOf(request(workload, 4, number))).toEqual(['GET', key]);
        expect(wordsOf(request(workload, 6, number))).toEqual(['SET', key, value]);
        expect(wordsOf(request(workload, 5, number))).toEqual(['COPY', `${key}${key}`, `a${key}b${key}c`]);
        expect(workload.maxRequestBytes).toBeGreaterThanOrEqual(request(workload, 2, number).length);
      }
      const keys = [8, 9, 10].map(keyOf);
      expect(wordsOf(request(workload, 3, 8, { count: 3 }))).toEqual(['MGET', ...keys]);
      expect(wordsOf(request(workload, 3, 8, { count: 1 }))).toEqual(['MGET', keys[0]]);
      expect(workload.steps.map(({ operation, next }) => [operation, next])).toEqual([
        ...[0, 1, 2, 3].map((index) => [index, -1]),
        [4, 6],
        [5, -1],
        [4, -1],
      ]);
    }
  });

  it('puts fields, numbers and counts into the places of a command', () => {
    const commands = {
      insert: 'HMSET {new_key} {fields:11} -> ok; ZADD index x{number} {key} -> integer',
      update: 'HMSET {key} {field:11} {value} -> ok',
      scan: 'ZRANGEBYSCORE index {number} +inf LIMIT 0 {count:1000} -> keys; HGETALL {each} -> fields:11',
    };
    const mix = Object.keys(commands).map((name) => ({ name, weight: 1 }));
    for (const valueSizes of [
      { kind: 'fixed', bytes: 100 },
      { kind: 'uniform', min: 1, max: 300 },
    ] as const) {
      const workload = new Workload({ ...options, commands, mix, valueSizes });
      const [insert, update, scan, zadd, hgetall] = [0, 1, 2, 3, 4];
      const fieldAs = (field: number): string => text(valueAs(workload, 5, field));
      const name = 'key:000000000005';
      expect(wordsOf(request(workload, insert, 5))).toEqual([
        ...['HMSET', name],
        ...Array.from({ length: 11 }, (_, field) => [`field${field}`, fieldAs(field)]).flat(),
      ]);
      expect(wordsOf(request(workload, zadd, 5))).toEqual(['ZADD', 'index', 'x000000000005', name]);
      for (const field of [0, 9, 10]) {
        expect(wordsOf(request(workload, update, 5, { field }))).toEqual([
          ...['HMSET', name, `field${field}`, fieldAs(field)],
        ]);
      }
      for (const count of [1, 99, 1000]) {
        const words = ['ZRANGEBYSCORE', 'index', '000000000005', '+inf', 'LIMIT', '0', String(count)];
        expect(wordsOf(request(workload, scan, 5, { count }))).toEqual(words);
      }
      expect(wordsOf(request(workload, hgetall, 5))).toEqual(['HGETALL', name]);
      expect(
        workload.steps.map(({ makes, acknowledges, isForEach }) => [makes, acknowledges, isForEach]),
      ).toEqual([
        [true, false, false],
        [false, false, false],
        [false, false, false],
        [false, true, false],
        [false, false, true],
      ]);
      for (const step of workload.steps) {
        for (let key = 0; key < 50; key++) {
          const { length } = step.template.encode(key, 1000, 0, 1, 10);
          expect(length).toBeLessThanOrEqual(workload.maxRequestBytes);
        }
      }
    }
  });

  it('fills records and the index that it reads, also with what is for new keys', () => {
    const read = 'HGETALL {key} -> fields:3';
    const insert = 'HMSET {new_key} {fields:3} -> ok; ZADD index {number} {key} -> integer';
    const scan = 'ZRANGEBYSCORE index {number} +inf LIMIT 0 {count:9} -> keys; HGETALL {each} -> fields:3';
    const update = 'HMSET {key} {field:3} {value} -> ok';
    const of = (operation: string, known: Record<string, string>): string[] => {
      const workload = new Workload({ ...options, operation, commands: known }, true);
      const names = workload.operations.map((_, step) => wordsOf(request(workload, step, 5)).join(' '));
      return names.map((words) => words.replace(/field2 .*/, 'field2'));
    };
    const record = expect.stringMatching(/^HMSET key:000000000005 field0 \S+ field1 \S+ field2$/);
    const entry = 'ZADD index 000000000005 key:000000000005';
    expect(of('read', { read, insert })).toEqual([record]);
    expect(of('update', { update, insert })).toEqual([record]);
    expect(of('scan', { scan, insert })).toEqual([entry, record]);
    expect(of('insert', { insert })).toEqual([record, entry]);
    expect(() => of('read', { read, update })).toThrow(
      'nothing writes what read reads ({key} {fields}): define with --command how {fields:3} gets there',
    );
    expect(() => of('update', { update })).toThrow(
      'nothing writes the records of which update writes a field',
    );
    expect(() => of('scan', { scan, read, update })).toThrow(
      'nothing writes what scan reads (index {number}): define with --command how {number} {key} gets there',
    );
  });

  it('fills each place that it reads, with a command that is known', () => {
    const commands = { hget: 'HGET user:{key} f -> value', hset: 'HSET user:{key} f {value} -> integer' };
    const of = (operation: string, known = {}): string[] =>
      new Workload({ ...options, operation, commands: known }, true).operations.slice();
    expect(of('get')).toEqual(['{key}']);
    expect(of('hget', commands)).toEqual(['user:{key} f']);
    expect(() => of('hget', { hget: commands.hget })).toThrow(/nothing writes what hget reads/);
    // Without a reading command, what is set by get and set.
    expect(of('ping', { ping: 'PING -> any' })).toEqual(['{key}']);
  });

  it('tells stale values only where a key never gets an older value back', () => {
    const tells = (commands: Record<string, string>): boolean =>
      new Workload({
        ...options,
        commands,
        mix: [...options.mix, ...Object.keys(commands).map((name) => ({ name, weight: 1 }))],
      }).tellsStale;
    expect(tells({})).toBe(true);
    expect(tells({ hset: 'HSET user:{key} f {value} -> integer' })).toBe(true);
    expect(tells({ keep: 'SET {key} {value} NX -> any' })).toBe(false);
    expect(tells({ rename: 'RENAME other:{key} {key} -> ok' })).toBe(false);
    expect(tells({ pop: 'LPOP {key} -> value' })).toBe(false);
    const hset = 'HSET {key} {fields:3} -> integer; ZADD index {number} {key} -> integer';
    expect(
      tells({ hset, part: 'HSET {key} {field:3} {value} -> any', all: 'HGETALL {key} -> fields:3' }),
    ).toBe(true);
    expect(tells({ hset, gone: 'HDEL {key} field0 -> integer' })).toBe(false);
  });
});

/** `key:`, digits and x, as long as the key of a number is. */
function keysOfLengths(lengths: KeyLengths): (number: number) => string {
  return (number) => {
    const length = lengths.at(number);
    const digits = String(number).padStart(12, '0');
    return `${'key:'.slice(0, length - 12)}${digits}`.padEnd(length, 'x');
  };
}

function valueAs({ values }: Workload, key: number, field = 0): Uint8Array {
  const value = new Uint8Array(values.lengthOf(key, field));
  values.write(value, 0, key, 0, 0, field);
  return value;
}

it('fills with each operation once for each key, and with no more', () => {
  const source = new FillRequests(3, 2);
  const sent: [number, number][] = [];
  while (source.advance()) sent.push([source.operation, source.key]);
  expect(sent).toEqual([0, 1].flatMap((operation) => [0, 1, 2].map((key) => [operation, key])));
  expect([source.advance(), source.advance()]).toEqual([false, false]);
});

describe('SeededRandom', () => {
  it('repeats with its seed and differs between neighbouring seeds', () => {
    const draw = (seed: number) =>
      Array.from({ length: 4 }, () => 0).map(
        (
          (random) => () =>
            random.next()
        )(new SeededRandom(seed)),
      );
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(new Set([0, -1, 2 ** 31, 2 ** 40].map((seed) => draw(seed).join())).size).toBe(3);
  });
});
