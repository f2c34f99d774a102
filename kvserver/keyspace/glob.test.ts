import { expect, it } from 'vitest';
import { latin1Bytes } from '../resp/bytes.ts';
import { globMatches } from './glob.ts';

function matches(pattern: string, text: string): boolean {
  return globMatches(latin1Bytes(pattern), 0, pattern.length, latin1Bytes(text), 0, text.length);
}

it.each([
  ['*', ''],
  ['**a*', 'banana'],
  ['h?llo', 'hello'],
  ['h[ae]llo', 'hallo'],
  ['h[^e]llo', 'hallo'],
  ['h[a-c]llo', 'hbllo'],
  ['h[c-a]llo', 'hbllo'],
  ['h\\*llo', 'h*llo'],
  ['[\\]]', ']'],
  ['[a', 'a'],
  ['a*b*c', 'a-b-b-c'],
])('%s matches %s', (pattern, text) => {
  expect(matches(pattern, text)).toBe(true);
});

it('a pattern of more stars than Redis follows matches nothing', () => {
  expect(matches('*?'.repeat(1000), 'a'.repeat(1000))).toBe(true);
  expect(matches('*?'.repeat(1001), 'a'.repeat(1001))).toBe(false);
  expect(matches(`${'*?'.repeat(1000)}*`, 'a'.repeat(1001))).toBe(true);
});

it.each([
  ['', 'a'],
  ['?', ''],
  ['**', ''],
  ['a*', 'ba'],
  ['h[^e]llo', 'hello'],
  ['h\\?llo', 'hello'],
  ['a*b*c', 'a-c-b'],
  ['[a-c]', 'd'],
])('%s does not match %s', (pattern, text) => {
  expect(matches(pattern, text)).toBe(false);
});

it('takes no more than the product of both lengths for a pattern made to backtrack', () => {
  const begun = process.cpuUsage();
  expect(matches(`${'a*'.repeat(200)}b`, 'a'.repeat(5000))).toBe(false);
  expect(process.cpuUsage(begun).user).toBeLessThan(1e6);
});
