/** Random commands on sets, hashes, sorted sets and bits, and about how values are held. */
import fc from 'fast-check';
import {
  alone,
  command,
  decimal,
  field,
  key,
  many,
  member,
  number,
  options,
  scored,
  word,
} from './kvserver-arguments.ts';

/** The parameters that say how large a value in a compact form may be, as Redis has them unless it is configured. */
export const defaultLimits = [
  ...['hash-max-listpack-entries', '512', 'hash-max-listpack-value', '64', 'set-max-intset-entries', '512'],
  ...['zset-max-listpack-entries', '128', 'zset-max-listpack-value', '64'],
];
const limit = word(
  ...defaultLimits.filter((_, i) => i % 2 === 0),
  'zset-max-ziplist-entries',
  'hash-max-ziplist-value',
);

/** Members that all have the score 0, as ranges by bytes want it. */
const lexKey = word('lex1', 'lex2');
const lexBound = fc.oneof(
  fc.tuple(word('[', '('), member).map(([bracket, text]) => bracket + text),
  word('-', '+', '', 'a', '-\x00x'),
);
const scoreBound = fc.oneof(
  decimal,
  decimal.map((text) => `(${text}`),
  word(' 1', '(', '1e400', '0x10', '1\x00x', 'nan'),
);
const range = word('1', '0', '-1', '2', '5', 'x').map((text) => text);
const limited = fc.tuple(word('LIMIT'), range, range).map((three) => [...three]);
const bit = fc.oneof(fc.integer({ min: 0, max: 100 }).map(String), word('-1', '4294967296', 'x', '007'));

/** So many keys, or now and then another number. */
const countedKeys = fc
  .tuple(fc.array(key, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '', '', '0', '-1', 'x', '9', '2'))
  .map(([keys, count]) => [count === '' ? String(keys.length) : count, ...keys]);

const weighted = options(
  fc.tuple(word('WEIGHTS'), many(decimal, 1, 3)).map(([name, weights]) => [name, ...weights]),
  fc.tuple(word('aggregate'), word('SUM', 'min', 'MAX', 'foo')).map((both) => [...both]),
  alone('WITHSCORES', 'foo'),
);
const limitedCount = options(fc.tuple(word('LIMIT'), range).map((both) => [...both]));
const scanned = options(
  fc.tuple(word('MATCH'), word('*', 'm*', '[^m]*')).map((both) => [...both]),
  fc.tuple(word('COUNT'), word('1000', '0', 'x')).map((both) => [...both]),
  alone('foo'),
);
const cursor = word('0', '', 'x', '-', '00', '99999999999999999999');
/** All elements, whose number is less, or none. */
const wanted = word('1000', '0', 'x', '9223372036854775808', '-9223372036854775808');

const sets = [
  command('SADD', key, many(member)),
  command('SADD', key, many(fc.oneof(number, member))),
  command('SREM', key, many(member)),
  command('SPOP', key, word('1000', '0', '-1', 'x')),
  command('SRANDMEMBER', key, wanted),
  command('SCARD', key),
  command('SMEMBERS', key),
  command('SISMEMBER', key, member),
  command('SMISMEMBER', key, many(member)),
  command('SSCAN', key, cursor, word('COUNT'), word('1000'), scanned),
  command('SINTER', many(key)),
  command('SUNION', many(key)),
  command('SDIFF', many(key)),
  command('SINTERSTORE', key, many(key)),
  command('SUNIONSTORE', key, many(key)),
  command('SDIFFSTORE', key, many(key)),
  command('SINTERCARD', countedKeys, limitedCount),
  command('SMOVE', key, key, member),
];

const hashes = [
  command('HSET', key, many(field)),
  command('HMSET', key, many(field)),
  command('HSETNX', key, member, decimal),
  command('HINCRBY', key, member, number),
  command('HINCRBYFLOAT', key, member, decimal),
  command('HGET', key, member),
  command('HMGET', key, many(member)),
  command('HGETALL', key),
  command('HKEYS', key),
  command('HVALS', key),
  command('HDEL', key, many(member)),
  command('HLEN', key),
  command('HEXISTS', key, member),
  command('HSTRLEN', key, member),
  command('HSCAN', key, cursor, word('COUNT'), word('1000'), scanned),
  command('HRANDFIELD', key, wanted, options(alone('WITHVALUES', 'foo'))),
];

const sortedSets = [
  command('ZADD', key, options(alone('NX', 'XX', 'gt', 'LT', 'ch', 'INCR')), many(scored)),
  command('ZADD', key, many(scored)),
  command('ZINCRBY', key, fc.oneof(decimal, word('nx', 'ch')), member),
  command('ZPOPMIN', key, many(number, 0, 2)),
  command('ZPOPMAX', key, many(number, 0, 1)),
  command('ZMPOP', countedKeys, word('MIN', 'max', 'foo'), options(alone('COUNT'), many(range, 1, 1))),
  command('ZSCORE', key, member),
  command('ZMSCORE', key, many(member)),
  command('ZRANK', key, member),
  command('ZREVRANK', key, member),
  command('ZCARD', key),
  command('ZREM', key, many(member)),
  command('ZSCAN', key, cursor, word('COUNT'), word('1000'), scanned),
  command('ZRANDMEMBER', key, wanted, options(alone('WITHSCORES', 'foo'))),
];

const ranges = [
  command('ZRANGE', key, number, number, options(alone('WITHSCORES', 'rev', 'bylex'), limited)),
  command('ZREVRANGE', key, number, number, options(alone('withscores'), limited)),
  command(
    'ZRANGE',
    key,
    scoreBound,
    scoreBound,
    word('BYSCORE'),
    options(alone('WITHSCORES', 'REV'), limited),
  ),
  command('ZRANGEBYSCORE', key, scoreBound, scoreBound, options(alone('WITHSCORES'), limited)),
  command('ZREVRANGEBYSCORE', key, scoreBound, scoreBound, options(alone('WITHSCORES'), limited)),
  command('ZCOUNT', key, scoreBound, scoreBound),
  command('ZREMRANGEBYSCORE', key, scoreBound, scoreBound),
  command('ZREMRANGEBYRANK', key, number, number),
  command('ZRANGESTORE', key, key, number, number, options(alone('REV', 'WITHSCORES'), limited)),
  command('ZRANGESTORE', key, key, scoreBound, scoreBound, word('BYSCORE'), options(alone('REV'), limited)),
  command('ZADD', lexKey, many(member.map((text) => ['0', text]))),
  command('ZRANGE', lexKey, lexBound, lexBound, word('BYLEX'), options(alone('REV', 'WITHSCORES'), limited)),
  command('ZRANGEBYLEX', lexKey, lexBound, lexBound, options(limited)),
  command('ZREVRANGEBYLEX', lexKey, lexBound, lexBound, options(limited)),
  command('ZRANGESTORE', word('lex2'), word('lex1'), lexBound, lexBound, word('BYLEX'), options(limited)),
  command('ZLEXCOUNT', lexKey, lexBound, lexBound),
  command('ZREMRANGEBYLEX', lexKey, lexBound, lexBound),
];

const combined = [
  command('ZUNION', countedKeys, weighted),
  command('ZINTER', countedKeys, weighted),
  command('ZDIFF', countedKeys, options(alone('WITHSCORES', 'foo'))),
  command('ZUNIONSTORE', key, countedKeys, weighted),
  command('ZINTERSTORE', key, countedKeys, weighted),
  command('ZDIFFSTORE', key, countedKeys),
  command('ZINTERCARD', countedKeys, limitedCount),
];

const fieldType = word(
  ...[
    'i1',
    'u1',
    'i5',
    'u8',
    'i8',
    'u31',
    'i32',
    'u32',
    'u33',
    'i53',
    'u53',
    'i54',
    'u54',
    'u63',
    'i63',
    'i64',
  ],
  ...['u64', 'i65', 'i0', 'u', 'x8', 'I8', 'u08', 'i8\x00x', ''],
);
const fieldOffset = fc.oneof(
  fc.integer({ min: 0, max: 70 }).map(String),
  fc.integer({ min: 0, max: 5 }).map((count) => `#${count}`),
  word('-1', '4294967296', '#-1', '#', '', '#4294967296', '9223372036854775807', 'x'),
);
const fieldValue = fc.oneof(
  number,
  fc.tuple(word('', '-'), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })).map(([sign, n]) => `${sign}${n}`),
  fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: -2, max: 2 }))
    .map(([power, added]) => `${2n ** BigInt(power) + BigInt(added)}`),
  word('-9223372036854775807', '-2147483648', '-2147483649', '-1', '255', '256', '-9007199254740992'),
);
/** Redis 7.0 takes such a value for too large, where it is too small. */
const saturatesWrong = (type: string, text: string) =>
  type.startsWith('i') && type !== 'i64' && Number(text) <= -(2 ** 62);
const fieldRead = fc.tuple(word('GET'), fieldType, fc.oneof(fieldOffset, word('4294967295')));
const fieldWrite = fc
  .tuple(word('SET', 'incrby', 'INCRBY'), fieldType, fieldOffset, fieldValue)
  .filter(([name, type, , text]) => name !== 'SET' || !saturatesWrong(type, text));
const overflow = fc.tuple(word('OVERFLOW'), word('SAT', 'fail', 'WRAP', 'sat', 'x'));
const fieldOperations = fc
  .array(fc.oneof({ arbitrary: fieldWrite, weight: 4 }, fieldRead, overflow), { maxLength: 6 })
  .map((all) => all.flat());
const shown = options(
  alone('LEN', 'idx', 'WITHMATCHLEN', 'foo'),
  fc.tuple(word('MINMATCHLEN'), number).map((two) => [...two]),
);
/** Of few letters, so that there is much in common. */
const letters = fc.string({ maxLength: 30, unit: word('a', 'b', 'c') });

const bits = [
  command('BITFIELD', key, fieldOperations),
  command(
    'BITFIELD',
    key,
    fieldWrite.map((all) => [...all]),
    fieldWrite.map((all) => [...all]),
  ),
  command(
    'BITFIELD_RO',
    key,
    many(
      fieldRead.map((all) => [...all]),
      0,
      3,
    ),
  ),
  command('BITFIELD_RO', key, fieldOperations),
  command('SET', key, letters),
  command('LCS', key, key, shown),
  command('LCS', key, key),
  command('SETBIT', key, bit, word('0', '1', '2', 'x')),
  command('GETBIT', key, bit),
  command('BITCOUNT', key),
  command('BITCOUNT', key, number, many(number, 0, 1), options(alone('BIT', 'byte', 'foo'))),
  command('BITPOS', key, word('0', '1', '2', 'x'), many(number, 0, 2), options(alone('BIT', 'byte', 'foo'))),
  command('BITOP', word('AND', 'or', 'XOR', 'not', 'foo'), key, many(key, 1, 3)),
];

const forms = [
  command('OBJECT', word('ENCODING', 'refcount', 'FREQ', 'foo'), key),
  command('OBJECT', word('ENCODING'), key),
  command('CONFIG', word('SET'), limit, word('0', '1', '2', '1000', '-1', 'x', '9223372036854775808')),
  command('CONFIG', word('GET'), limit),
  command('DEBUG', word('DIGEST-VALUE'), many(key, 0, 3)),
];

export const collectionCommands: fc.Arbitrary<string[]>[] = [
  ...sets,
  ...hashes,
  ...sortedSets,
  ...ranges,
  ...combined,
  ...bits,
  ...forms,
];
