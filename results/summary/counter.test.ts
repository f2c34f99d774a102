import { expect, test } from 'vitest';
import { counterDoubt, counterSentence } from './counter.ts';

test('one counter is what the processor says is invariant, and what agrees between the cores', () => {
  const good = { missing_flags: [], offset_ns: -20, bound_ns: 35 };
  expect(counterDoubt(good)).toBeNull();
  expect(counterSentence(good)).toBe(
    "One invariant counter stamps both sides: the server's core is 20 ns behind the client's, give or take 35 ns.",
  );
  expect(counterSentence({ ...good, offset_ns: 20 })).toContain("20 ns ahead of the client's");
  expect(counterDoubt({ missing_flags: [], offset_ns: null, bound_ns: null })).toBeNull();
});

test('counters that are apart, or that change their rate, are told', () => {
  expect(counterDoubt({ missing_flags: [], offset_ns: 250_000, bound_ns: 40 })).toContain('250000 ns apart');
  const slow = { missing_flags: ['constant_tsc'], offset_ns: 0, bound_ns: 40 };
  expect(counterSentence(slow)).toContain('not to be trusted: the processor does not say');
});
