/** The server's own work in the block that is not split, by what its port takes. */
import { expect, test } from 'vitest';
import type { Point } from '../../formats/index.ts';
import { point, verdicts } from '../test-summary.ts';
import { unsplitEstimates } from './estimate.ts';

type Stages = NonNullable<NonNullable<Point['breakdown']>['p50']>['stages_us'];

function staged(system: string, stages_us: Stages, overrides: Partial<Point> = {}): Point {
  const p50 = { latency_us: 30, requests: 100, stages_us, one_way: null };
  const breakdown = { p50, p99: null, joined: 1000, incomplete: 0, inconsistent: 0 };
  return point(system, [30, 30, 30], { breakdown, ...overrides });
}

const redis = staged('redis', { server_and_kernel: 16, server_command: 1.5 });
const ported = (server_application: number, overrides: Partial<Point> = {}): Point =>
  staged('redis-kernel', { server_application }, { role: 'libos_over_kernel', ...overrides });

test('is what the port takes beyond the command, which the server tells itself', () => {
  const found = unsplitEstimates([redis, ported(4)]);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ own_us: 2.5, block_us: 16 });
  expect(found[0].ported.system).toBe('redis-kernel');
});

test('is not made from another group, another load, an invalid point, or more than there is', () => {
  expect(unsplitEstimates([redis, ported(4, { group: 'other' })])).toEqual([]);
  expect(unsplitEstimates([redis, ported(4, { operation: 'set' })])).toEqual([]);
  expect(unsplitEstimates([redis, ported(4, { verdicts: verdicts('invalid', 'R.', ['p50']) })])).toEqual([]);
  expect(unsplitEstimates([redis, ported(18)])).toEqual([]);
  expect(unsplitEstimates([redis, ported(1)])).toEqual([]);
  expect(unsplitEstimates([redis])).toEqual([]);
});
