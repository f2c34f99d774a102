import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1Bytes } from './bytes.ts';
import {
  addInt64,
  formatDouble,
  multiplyInt64,
  parseBound,
  parseDouble,
  parseInt64,
  parseInteger,
} from './numbers.ts';

function integer(text: string): number {
  const bytes = latin1Bytes(`?${text}?`);
  return parseInteger(bytes, 1, text.length);
}

describe('integers', () => {
  it.each(['', '-', '+1', '01', '-0', '-01', ' 1', '1 ', '1.0', '1e3', 'x', '9223372036854775808'])(
    'refuses %j',
    (text) => {
      expect(integer(text)).toBeNaN();
      expect(parseInt64(latin1Bytes(text), 0, text.length)).toBeNull();
    },
  );

  it('reads every 64-bit integer', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(fc.oneof(int64, fc.bigInt({ min: -1000n, max: 1000n })), (value) => {
        const text = value.toString();
        expect(integer(text)).toBe(Number(value));
        const exact = parseInt64(latin1Bytes(text), 0, text.length)!;
        expect(BigInt(exact)).toBe(value);
        expect(typeof exact).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint');
      }),
      { seed: 1 },
    );
  });

  it.each([
    [2 ** 53 - 1, 1, 2n ** 53n],
    [2n ** 53n, -1, 2 ** 53 - 1],
    [2n ** 63n - 1n, 1, null],
    [-(2n ** 63n) + 1n, -1, -(2n ** 63n)],
    [-(2n ** 63n), -1, null],
  ])('adds %s and %s', (a, b, sum) => expect(addInt64(a, b)).toBe(sum));

  it.each([
    [0, -1, 0],
    [-(2n ** 63n), -1, null],
    [9223372036854775n, 1000, 9223372036854775000n],
    [9223372036854776n, 1000, null],
  ])('multiplies %s by %s', (a, b, product) => expect(multiplyInt64(a, b)).toBe(product));
});

describe('doubles', () => {
  // What printf("%.17g") of the C library prints.
  it.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [3.3, '3.2999999999999998'],
    [0.1, '0.10000000000000001'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [2 ** 56, '72057594037927936'],
    [-(2 ** 53) - 2, '-9007199254740994'],
    // Halfway between two numbers of 17 digits: the even one.
    [2 ** -25, '2.9802322387695312e-08'],
    [3 * 2 ** -25, '8.9406967163085938e-08'],
    [5e-324, '4.9406564584124654e-324'],
    [123456789012345680000, '1.2345678901234568e+20'],
    [1e300, '1.0000000000000001e+300'],
    [0.0001, '0.0001'],
    [0.00001, '1.0000000000000001e-05'],
    [-1.5e-10, '-1.5e-10'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
  ])('prints %d as %s', (value, text) => {
    expect(formatDouble(value)).toBe(text);
  });

  it('prints what reads as the same double again', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseDouble(formatDouble(value))).toBe(value);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  it.each([
    '',
    ' 1',
    '1 ',
    'nan',
    '1e400',
    '1e-400',
    '0x',
    '0x.p1',
    '0x1p1024',
    '0x1p-1075',
    '.',
    'e5',
    '1,5',
  ])('refuses %j', (text) => {
    expect(parseDouble(text)).toBeNaN();
  });

  it.each([
    ['0x1.8p3', 12],
    ['-0X.8', -0.5],
    ['0x0p99999', 0],
    ['0x1.fffffffffffff7p1023', Number.MAX_VALUE],
    ['0x1p-1074', 5e-324],
    ['0x1.8p-1075', 5e-324],
    ['0x1.00000000000008', 1],
    ['0x1.00000000000018', 1 + 2 ** -51],
    ['+inf', Infinity],
    ['-Infinity', -Infinity],
  ])('reads %s as C does', (text, value) => {
    expect(parseDouble(text)).toBe(value);
  });

  it.each([
    ['', 0],
    [' \t1', 1],
    ['1e999', Infinity],
    ['-1e-999', -0],
    ['2\0x', 2],
    ['1 ', Number.NaN],
    [' ', Number.NaN],
    ['nan', Number.NaN],
  ])('reads the bound %j', (text, value) => {
    expect(parseBound(text)).toBe(value);
  });
});
