import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginnings } from './beginnings.ts';

test('the spread holds the true one, whatever each clock is wrong by within its bound', () => {
  const host = fc.record({
    true_us: fc.integer({ min: 0, max: 1_000_000 }),
    bound_us: fc.integer({ min: 0, max: 5000 }),
    wrong: fc.double({ min: -1, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(host, { minLength: 2, maxLength: 9 }), (hosts) => {
      const record = beginnings(
        hosts.map((_, index) => `client${index}`),
        hosts.map(({ true_us, bound_us, wrong }) => 1e15 + true_us + wrong * bound_us),
        hosts.map(({ bound_us }) => ({ bound_ns: bound_us * 1000 })),
      );
      const begins = record.hosts.map(({ began_us }) => began_us ?? Number.NaN);
      const [last, first] = [begins.indexOf(Math.max(...begins)), begins.indexOf(0)];
      const between = (hosts[last]?.true_us ?? 0) - (hosts[first]?.true_us ?? 0);
      expect(Math.abs((record.spread_us ?? 0) - between)).toBeLessThanOrEqual((record.bound_us ?? 0) + 1);
    }),
  );
});
