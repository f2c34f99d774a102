/** Claims and the experiments that they belong to: which a run tests, lists and counts, and which it leaves alone. */
import { expect, test } from 'vitest';
import { point, summary } from '../summary/test-summary.ts';
import { readClaims, shippedClaims } from './document.ts';
import { aboutSystemsOf, evaluateAcross, evaluateClaims } from './evaluate.ts';
import { renderFindings } from './render.ts';
import type { Claim } from './schema.ts';

const where = { columns: 200, color: false };
const claim = (overrides: Partial<Claim>): Claim => ({
  id: 'one',
  statement: 'S.',
  source: 'figure 1',
  measure: 'latency_p50',
  system: 'kv',
  over: 'redis',
  operations: ['get'],
  pipeline: 1,
  at_most: 0.8,
  ...overrides,
});
const run = summary([point('redis', [100, 100, 100]), point('kv', [70, 72, 74])], { experiment: 'figure' });
const file = (...claims: Claim[]) => [
  { schema: 'bypassbench.claims/1' as const, paper: { title: 'T', authors: ['A'], venue: 'V' }, claims },
];

test('a claim of another experiment counts where this one happens to test it, and else is left to that one', () => {
  const of = (overrides: Partial<Claim>) => evaluateClaims(run, file(claim(overrides)));
  expect(of({ experiment: 'figure' })).toMatchObject([{ result: 'holds', elsewhere: null }]);
  expect(of({ experiment: 'load' })).toMatchObject([{ result: 'holds', elsewhere: null }]);
  expect(of({ experiment: 'load', clients: { at_least: 50 } })).toMatchObject([
    { result: 'cannot be tested here', elsewhere: 'load' },
  ]);
  expect(of({ experiment: 'figure', clients: { at_least: 50 } })).toMatchObject([{ elsewhere: null }]);
});

test('what the tally counts are the lines above it, and the others are said with the reason', () => {
  const findings = evaluateClaims(
    run,
    file(
      claim({ id: 'a' }),
      claim({ id: 'b', clients: { at_least: 50 } }),
      claim({ id: 'c', clients: { at_least: 50 }, experiment: 'load' }),
      claim({ id: 'd', waits_for: 'a disk' }),
      claim({ id: 'e', system: 'absent' }),
    ),
  );
  expect(aboutSystemsOf(findings).map((finding) => finding.claim.id)).toEqual(['a', 'b']);
  const text = renderFindings(findings, where);
  expect(
    text.split('\n').filter((line) => /^ {2}(holds|fails|cannot be tested here): /.test(line)),
  ).toHaveLength(2);
  expect(text).toContain('1 holds, 0 fail, 1 cannot be tested here.');
  expect(text).toContain(
    "Of other claims, 1 is of load ('bypassbench run all' tests each over its own); 1 waits for a disk; " +
      '1 is about systems that this run lacks.',
  );
});

test('across runs each claim is held against its own experiment, once', () => {
  const other = { ...run, experiment: 'load', points: run.points.map((one) => ({ ...one, clients: 50 })) };
  const findings = evaluateAcross(
    new Map([
      ['figure', run],
      ['load', other],
    ]),
    file(
      claim({ id: 'a', experiment: 'figure' }),
      claim({ id: 'b', experiment: 'load', clients: { at_least: 50 } }),
      claim({ id: 'c', experiment: 'load', clients: { at_most: 1 } }),
      claim({ id: 'd', experiment: 'echo' }),
      claim({ id: 'e', waits_for: 'a disk' }),
    ),
  );
  expect(findings.map(({ claim: { id }, result, reason }) => [id, result, reason])).toEqual([
    ['a', 'holds', null],
    ['b', 'holds', null],
    ['c', 'cannot be tested here', 'this run has no GET with at most 1 client'],
    ['d', 'cannot be tested here', 'echo has no run here'],
    ['e', 'cannot be tested here', 'it waits for a disk'],
  ]);
});

test('each shipped claim belongs to an experiment, or says what it waits for', async () => {
  for (const shipped of await shippedClaims()) {
    for (const { id, experiment, waits_for } of (await readClaims(shipped)).claims) {
      expect([id, (experiment === undefined) === (waits_for !== undefined)]).toEqual([id, true]);
    }
  }
});
