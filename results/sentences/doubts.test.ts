/** What is said of the many points of a sweep that are not valid. */
import { expect, test } from 'vitest';
import { point, verdicts } from '../summary/test-summary.ts';
import { doubtKinds } from './doubts.ts';

test('reasons that differ in their numbers are one kind, said once with how many points have it', () => {
  const at = (
    system: string,
    clients: number,
    reason: string | null,
    state: 'suspect' | 'invalid' = 'suspect',
  ) =>
    point(system, [1, 2, 3], {
      at: { clients },
      clients,
      ...(reason && { verdicts: verdicts(state, reason, ['p99']) }),
    });
  const points = [
    at('redis', 1, 'Trial 1: the client stood still for 12.5 %.'),
    at('redis', 4, 'Trials 1, 2 and 3: the client stood still for 80 %.'),
    at('redis', 16, null),
    at('kv', 1, 'Trials 2 and 3: the client stood still for 1,000 %.'),
    at('kv', 4, 'Trial 2 failed: it hung.', 'invalid'),
    at('kv', 16, 'Trial 1: the client stood still for 3 %.'),
  ];
  expect(doubtKinds(points)).toEqual([
    {
      state: 'invalid',
      about: 'p99',
      heading: 'kv, GET with 4 clients: p99 invalid',
      reason: 'Trial 2 failed: it hung.',
    },
    {
      state: 'suspect',
      about: 'p99',
      heading: 'p99 suspect at 4 of 6 points: 2 of redis, 2 of kv',
      reason: 'Trial 1: the client stood still for 12.5 %. (redis, GET with 1 client)',
    },
  ]);
  expect(doubtKinds(points, ['p50'])).toEqual([]);
});
