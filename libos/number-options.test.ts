import { describe, expect, it } from 'vitest';
import { decimal, numberIn, wholeNumber, wholeNumberIn } from './number-options.ts';

const nonsense = [
  '',
  ' ',
  'NaN',
  'Infinity',
  '1e3',
  '1e99',
  '0x10',
  '1,000',
  '1_000',
  '5 ',
  '5s',
  '--',
  '.',
  '+5',
];

describe('whole numbers', () => {
  it.each(['0', '-1', '11', '1.5', '9'.repeat(400), ...nonsense])('refuse %j', (text) => {
    expect(wholeNumberIn(text, 1, 10)).toBeNull();
    expect(() => wholeNumber(1, 10)(text)).toThrow('It must be a whole number from 1 to 10.');
  });

  it('take both ends of their range', () => {
    expect(['1', '10', '007'].map(wholeNumber(1, 10))).toEqual([1, 10, 7]);
    expect(wholeNumberIn('-3', -5, 5)).toBe(-3);
  });
});

describe('numbers with a point', () => {
  it.each(['0', '-0.5', '0.0009', '86400.1', '1.2.3', ...nonsense])('refuse %j', (text) => {
    expect(numberIn(text, 0.001, 86_400)).toBeNull();
    expect(() => decimal(0.001, 86_400)(text)).toThrow(
      'It must be a number from 0.001 to 86,400, such as 1.5',
    );
  });

  it('take both ends of their range', () => {
    expect(['0.001', '.5', '5.', '86400'].map(decimal(0.001, 86_400))).toEqual([0.001, 0.5, 5, 86_400]);
  });
});
