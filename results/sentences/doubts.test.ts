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

test('what leaves other points suspect is not said to make one invalid, where it stands behind another reason', () => {
  const both = verdicts('invalid', 'Trial 1 failed: it hung.', ['p50']);
  const mixture = 'A mixture of distances, 60 % near.';
  const points = [
    point('redis', [1], { verdicts: verdicts('suspect', mixture, ['p50']) }),
    point('kv', [1], {
      verdicts: { ...both, p50: { state: 'invalid', reasons: ['Trial 1 failed: it hung.', mixture] } },
    }),
  ];
  expect(doubtKinds(points, ['p50']).map(({ state, heading }) => [state, heading])).toEqual([
    ['invalid', 'kv, GET: p50 invalid'],
    ['suspect', 'p50 suspect at 2 of 2 points: 1 of redis, 1 of kv'],
  ]);
});
