/** Requests, a few in a row, of which the server once answered one otherwise than redis-server. */
export const CORPUS: string[][][] = [
  [
    ['SET', 'key', '10'],
    ['PEXPIREAT', 'key', '4611686018427390000'],
    ['PEXPIRETIME', 'key'],
    ['COPY', 'key', 'target'],
    ['PEXPIRETIME', 'target'],
    ['SET', 'key', '11', 'KEEPTTL'],
    ['PEXPIRETIME', 'key'],
    ['PERSIST', 'key'],
    ['PEXPIRETIME', 'key'],
  ],
  [
    ['SET', 'key', '10', 'PXAT', '9223372036854775807'],
    ['EXPIRETIME', 'key'],
    ['GETEX', 'key', 'PXAT', '9007199254740993'],
    ['PEXPIRETIME', 'key'],
    ['PEXPIREAT', 'key', '9007199254740992', 'GT'],
    ['PEXPIREAT', 'key', '9007199254740994', 'GT'],
    ['PEXPIRETIME', 'key'],
    ['PEXPIREAT', 'key', '99999999999999'],
    ['PEXPIRETIME', 'key'],
  ],
  [
    ['ZADD', 'key', '72057594037927936', 'a', '2.98023223876953125e-8', 'b', '0x1.8p3', 'c', '-0', 'd'],
    ['ZRANGE', 'key', '0', '-1', 'WITHSCORES'],
  ],
  [
    ['SET', 'key', '0x1p4'],
    ['INCRBYFLOAT', 'key', '0x.8'],
    ['INCRBYFLOAT', 'key', '1e-5000'],
    ['GET', 'key'],
  ],
  [
    ['SET', 'key', '10'],
    ['GETRANGE', 'key', '-9223372036854775807', '-9223372036854775808'],
  ],
  [['SELECT', '2147483648']],
  [['SELECT', '-2147483648']],
  [
    ['SET', 'key', '10'],
    ['COPY', 'key', 'target', 'DB', '-2147483649'],
  ],
];
