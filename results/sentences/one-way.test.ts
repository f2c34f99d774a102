/** An estimate of one way is said with its bound, and only where that leaves something of it. */
import { expect, test } from 'vitest';
import type { Point } from '../formats/index.ts';
import { point } from '../summary/test-summary.ts';
import { oneWaysInWords } from './one-way.ts';

type Near = NonNullable<NonNullable<Point['breakdown']>['p50']>;

function said(one_way: Near['one_way'], stages_us: Near['stages_us'] = { both_ways_between: 25 }): string[] {
  const p50 = { latency_us: 40, requests: 100, stages_us, one_way };
  const breakdown = { p50, p99: null, joined: 1000, incomplete: 0, inconsistent: 0 };
  return oneWaysInWords([{ ...point('kv-kernel', [40, 40, 40]), breakdown }], 'p50');
}

test('with its bound, as an estimate', () => {
  const [sentence] = said({ request_us: 15, reply_us: 10, bound_us: 2 });
  expect(sentence).toMatch(
    /an estimate of the way there is 15\.\d* µs, and of the way back 10\.\d* µs, each ± 2\.\d* µs/,
  );
});

test.for([10, 11, 250])('not where a way is no longer than the bound of %d us', (bound_us) => {
  const [sentence] = said({ request_us: 15, reply_us: 10, bound_us });
  expect(sentence).toMatch(/how the 25\.\d* µs on the way divide is not known/);
  expect(sentence).not.toContain('estimate');
});

test('not of one machine, nor where nobody looked', () => {
  expect(said(null)).toEqual([]);
  expect(said(null, { request_between: 12, reply_between: 13 })).toEqual([]);
});
