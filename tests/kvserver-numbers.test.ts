/**
 * Numbers against the real redis-server: each number argument of each command at the edges of its range, sums and
 * times at the edges of theirs, and the spelling of random doubles. What is stored and what is replied must be alike.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { startBoth } from './kvserver-both.ts';
import { CORPUS } from './kvserver-corpus.ts';
import { DECIMALS, INTEGERS } from './kvserver-number-cases.ts';
import { encode, type Reply, type RespConnection } from './kvserver-processes.ts';
import { commandsOfBoth, type DescribedCommand, requestsWithNumber, setupOf } from './kvserver-requests.ts';
import { whole } from './whole-runs.ts';

const PROBES: Record<string, string[]> = {
  list: ['LRANGE', 'key', '0', '-1'],
  set: ['SMEMBERS', 'key'],
  hash: ['HGETALL', 'key'],
  'sorted-set': ['ZRANGE', 'key', '0', '-1', 'WITHSCORES'],
};

/** With a large number they reserve as much memory in both servers, or draw as many lots. */
const MAKES_AS_MUCH = /^(setrange|setbit|bitfield)$/;
const DRAWS_AS_MANY = /^(srandmember|hrandfield|zrandmember|spop)$/;
/** The bits of the longest string: what begins there is refused. */
const BITS_MAX = 2n ** 32n;
const INT64_MAX = 2n ** 63n - 1n;

function mayBeGiven(name: string, value: string): boolean {
  if (!/^-?\d+$/.test(value)) return true;
  const magnitude = BigInt(value.replace('-', ''));
  if (magnitude > INT64_MAX || magnitude === 0n) return true;
  return (
    !DRAWS_AS_MANY.test(name) && (magnitude === 1n || !MAKES_AS_MUCH.test(name) || magnitude >= BITS_MAX)
  );
}

/** A time that is counted from now differs by as much as passes between the two servers. */
const SECONDS_BETWEEN = 20n;
const RELATIVE = /\b(expire|pexpire|setex|psetex|EX|PX|TTL|PTTL)\b/;

const both = startBoth();

async function answers(connection: RespConnection, requests: string[][]): Promise<Reply[]> {
  connection.send(requests.map(encode).join(''));
  const replies: Reply[] = [];
  for (const _ of requests) replies.push(await connection.reply());
  return replies;
}

function shown({ type, text, elements }: Reply): string {
  return elements === null ? `${type}${text}` : `${type}[${elements.map(shown).join(' ')}]`;
}

function isAlike(request: string[], context: string, wanted: Reply, given: Reply): boolean {
  if (shown(wanted) === shown(given)) return true;
  // Which keys a cursor stands for is the hash function's business.
  if (/^[hsz]?scan$/.test(request[0])) return wanted.type === '*' && given.type === '*';
  if (wanted.type !== ':' || given.type !== ':') return false;
  // What a key takes is each server's own.
  if (request[0] === 'memory') return true;
  if (!RELATIVE.test(`${context} ${request[0]}`)) return false;
  const between = BigInt(wanted.text!) - BigInt(given.text!);
  const unit = /^P/.test(request[0]) ? 1000n : 1n;
  return between <= SECONDS_BETWEEN * unit && -between <= SECONDS_BETWEEN * unit;
}

/** Runs cases, each a few requests, on both servers; returns the replies that differ. */
async function differing(cases: string[][][]): Promise<string[]> {
  const requests = cases.flat();
  const [wanted, given] = await Promise.all([answers(both.theirs, requests), answers(both.ours, requests)]);
  const found: string[] = [];
  let at = 0;
  for (const one of cases) {
    const context = one.map((request) => request.join(' ')).join('; ');
    for (const request of one) {
      if (!isAlike(request, context, wanted[at], given[at])) {
        found.push(`${request.join(' ')}: ${shown(wanted[at])}, not ${shown(given[at])} (in ${context})`);
      }
      at++;
    }
  }
  return found;
}

function caseOf(command: DescribedCommand, request: string[]): string[][] {
  const probe = PROBES[command.group] ?? ['GET', 'key'];
  return [
    ['DEL', 'key', 'target', 'member'],
    setupOf(command),
    request,
    ['SELECT', '0'],
    ['TYPE', 'key'],
    ['PEXPIRETIME', 'key'],
    ...(command.group === 'generic' ? [] : [probe]),
  ];
}

it('answers alike what it once did not', async () => {
  expect(await differing(CORPUS.map((requests) => [['FLUSHALL'], ...requests]))).toEqual([]);
});

it('takes and prints the same number in every argument that is one', async () => {
  const cases: string[][][] = [];
  const withNumbers = new Set<string>();
  for (const command of await commandsOfBoth(both.ours, both.theirs)) {
    for (const request of requestsWithNumber(command)) {
      withNumbers.add(command.words.join(' '));
      const values = request.isDecimal ? new Set([...DECIMALS, ...INTEGERS]) : INTEGERS;
      for (const value of values) {
        if (mayBeGiven(command.words[0], value)) cases.push(caseOf(command, request.with(value)));
      }
    }
  }
  expect(withNumbers.size).toBeGreaterThan(25);
  expect(await differing(cases)).toEqual([]);
});

/** What is added to each decimal: as much again, a little, what rounds, and what no sum is made of. */
const ADDED = [
  '1',
  '-1',
  '1e-17',
  '0.1',
  '1e17',
  '-9007199254740993',
  '0x1p-64',
  '1.7e308',
  '1e4931',
  'inf',
  '-inf',
];

it('adds integers and decimals at the edges alike', async () => {
  const cases: string[][][] = [];
  for (const a of INTEGERS) {
    for (const b of INTEGERS) {
      cases.push([
        ['SET', 'key', a],
        ['INCRBY', 'key', b],
        ['SET', 'key', a],
        ['DECRBY', 'key', b],
        ['DEL', 'hash'],
        ['HSET', 'hash', 'm', a],
        ['HINCRBY', 'hash', 'm', b],
      ]);
    }
  }
  for (const a of DECIMALS) {
    for (const b of [a, ...ADDED]) {
      cases.push([
        ['SET', 'key', a],
        ['INCRBYFLOAT', 'key', b],
        ['DEL', 'set'],
        ['ZADD', 'set', a, 'm'],
        ['ZINCRBY', 'set', b, 'm'],
        ['ZSCORE', 'set', 'm'],
      ]);
    }
  }
  expect(await differing(cases)).toEqual([]);
});

it('keeps and prints every time alike', async () => {
  const cases = INTEGERS.flatMap((time) =>
    ['EXPIREAT', 'PEXPIREAT', 'EXPIRE', 'PEXPIRE'].map((name) => [
      ['SET', 'key', 'x'],
      [name, 'key', time],
      ...['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME'].map((asked) => [asked, 'key']),
    ]),
  );
  expect(await differing(cases)).toEqual([]);
});

/** A double of any size, in decimal or hexadecimal spelling, now and then halfway between two of 17 digits. */
const anyDecimal = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.integer({ min: -1130, max: 1030 }))
    .map(([mantissa, exponent]) => `0x${mantissa.toString(16)}p${exponent}`),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: -30, max: 5 }))
    .map(([digits, exponent]) => `${digits}e${exponent}`),
  fc
    .tuple(fc.integer({ min: 1, max: 2 ** 20 }), fc.integer({ min: 15, max: 30 }))
    .map(([odd, power]) => String((2 * odd + 1) * 2 ** -power)),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
);

it('reads and prints random numbers alike', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(anyDecimal, anyDecimal), { minLength: 1, maxLength: 100 }),
      whole(async (both) => {
        const cases = both.map(([a, b]) => [
          ['DEL', 'key', 'sum'],
          ['ZADD', 'key', a, 'm'],
          ['ZINCRBY', 'key', b, 'm'],
          ['ZSCORE', 'key', 'm'],
          ['INCRBYFLOAT', 'sum', a],
          ['INCRBYFLOAT', 'sum', b],
          ['INCRBY', 'sum', b],
        ]);
        expect(await differing(cases)).toEqual([]);
      }),
    ),
  );
});
