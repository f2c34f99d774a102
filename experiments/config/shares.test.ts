import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sharesOf } from './shares.ts';

const closed = { clients: 10, bulk: undefined, open_loop: undefined };

test('the first generators have one connection more where it must be', () => {
  expect(sharesOf(closed, 3).map(({ connections }) => connections)).toEqual([4, 3, 3]);
  expect(sharesOf(closed, 1)).toEqual([{ connections: 10, bulk_connections: 0, rate_ops: null }]);
});

test('the rate is the same for all', () => {
  const open_loop = { rate_ops: 90_000, arrivals: null };
  const bulk = { clients: 4, value_bytes: 1024, operation: 'get' as const };
  expect(sharesOf({ clients: 4, bulk, open_loop }, 3)).toEqual([
    { connections: 2, bulk_connections: 2, rate_ops: 30_000 },
    { connections: 1, bulk_connections: 1, rate_ops: 30_000 },
    { connections: 1, bulk_connections: 1, rate_ops: 30_000 },
  ]);
});

test('all parts are the whole, differ by one at most, and become no larger', () => {
  fc.assert(
    fc.property(fc.nat({ max: 10_000 }), fc.integer({ min: 1, max: 100 }), (clients, generators) => {
      const parts = sharesOf({ ...closed, clients }, generators).map(({ connections }) => connections);
      expect(parts).toHaveLength(generators);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(clients);
      expect(parts[0] - (parts.at(-1) ?? 0)).toBeLessThanOrEqual(1);
      expect(parts).toEqual(parts.toSorted((a, b) => b - a));
    }),
  );
});
