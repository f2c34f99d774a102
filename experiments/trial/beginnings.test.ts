import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clockOffset } from '../agent/clock-offset.ts';
import { beginnings, momentThere } from './beginnings.ts';

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

test('a moment that is told by the clock of a host, as round trips show it, is that moment here', () => {
  const ahead = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
  fc.assert(
    fc.property(ahead, fc.integer({ min: 0, max: 1_000_000 }), (aheadNs, tripNs) => {
      const sent = 1_764_580_500_000_000_000n;
      const there = sent + aheadNs + BigInt(tripNs);
      const trip = { sent, received: there, answered: there, arrived: sent + 2n * BigInt(tripNs) };
      const clock = clockOffset([trip]) ?? { offset_ns: Number.NaN };
      // What a double of 10^18 ns keeps.
      const kept_ns = 256;
      const told = momentThere(sent, clock);
      expect(Math.abs(Number(told - sent - aheadNs))).toBeLessThanOrEqual(kept_ns);
      // As results are brought back to our clock.
      const back_us = Number(told / 1000n) - clock.offset_ns / 1000;
      expect(Math.abs(back_us - Number(sent / 1000n))).toBeLessThanOrEqual(2);
    }),
  );
});
