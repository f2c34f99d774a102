import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1Bytes } from './bytes.ts';
import { formatDouble, parseDouble, parseInt64, parseInteger } from './numbers.ts';

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
        expect(parseInt64(latin1Bytes(text), 0, text.length)).toBe(value);
      }),
      { seed: 1 },
    );
  });
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

  it.each(['', ' 1', '1 ', 'nan', '1e400', '1e-400', '0x10', '.', 'e5', '1,5'])('refuses %j', (text) => {
    expect(parseDouble(text)).toBeNaN();
  });
});
