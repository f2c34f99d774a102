import { describe, expect, it } from 'vitest';
import { createCongestionControl } from './congestion.ts';
import { HyStart } from './hystart.ts';

/** Rounds of ten acknowledgements with one round trip each; tells how slow start stood at the end of each. */
function play(roundTripsUs: readonly number[], samples = 10) {
  const hystart = new HyStart(0);
  const divisors: number[] = [];
  let una = 0;
  let nxt = 0;
  let over = false;
  for (const rttUs of roundTripsUs) {
    const roundEnd = nxt;
    nxt = roundEnd + samples * 1000;
    // The first acknowledgement of a round ends the one before.
    for (let i = 0; i < samples && !over; i++) {
      una = roundEnd - 1000 * (samples - 1 - i);
      over = hystart.acknowledged(una, nxt, rttUs);
    }
    divisors.push(hystart.divisor);
    if (over) break;
  }
  return { divisors, over, rounds: divisors.length };
}

describe('HyStart++ (RFC 9406, 4.2)', () => {
  it('does nothing while round trips stay as they are', () => {
    expect(play(new Array(30).fill(50_000))).toMatchObject({ over: false, divisors: new Array(30).fill(1) });
  });

  it('slows down when the least round trip of a round is longer than before by an eighth', () => {
    expect(play([80_000, 80_000, 89_000]).divisors).toEqual([1, 1, 1]);
    expect(play([80_000, 80_000, 90_000]).divisors).toEqual([1, 1, 4]);
  });

  it('by 4 ms at least, and no more than 16 ms', () => {
    expect(play([100, 100, 4000]).divisors.at(-1)).toBe(1);
    expect(play([100, 100, 4100]).divisors.at(-1)).toBe(4);
    expect(play([400_000, 400_000, 415_000]).divisors.at(-1)).toBe(1);
    expect(play([400_000, 400_000, 416_000]).divisors.at(-1)).toBe(4);
  });

  it('wants eight samples', () => {
    expect(play([80_000, 80_000, 200_000], 7).divisors).toEqual([1, 1, 1]);
    expect(play([80_000, 80_000, 200_000], 8).divisors).toEqual([1, 1, 4]);
  });

  it('ends slow start after five rounds of that, the one in which it began among them', () => {
    const { over, divisors } = play([80_000, 80_000, ...new Array(10).fill(100_000)]);
    expect(over).toBe(true);
    expect(divisors.filter((divisor) => divisor === 4).length).toBeGreaterThanOrEqual(5);
    expect(divisors.filter((divisor) => divisor === 4).length).toBeLessThanOrEqual(6);
  });

  it('goes back to slow start when round trips are shorter again', () => {
    const { over, divisors } = play([
      80_000, 80_000, 100_000, 100_000, 81_000, 81_000, 81_000, 81_000, 81_000,
    ]);
    expect(divisors).toEqual([1, 1, 4, 4, 1, 1, 1, 1, 1]);
    expect(over).toBe(false);
  });

  it('takes acknowledgements without a measurement for rounds, but not for samples', () => {
    expect(play([80_000, 80_000, Number.NaN, 80_000, 100_000]).divisors).toEqual([1, 1, 1, 1, 4]);
  });
});

describe.each(['newreno', 'cubic'] as const)('slow start of %s', (name) => {
  it('grows by a quarter in conservative slow start', () => {
    const control = createCongestionControl(name, 1000);
    control.slowStartDivisor = 4;
    control.acknowledged(4000, 0, 100, 10_000);
    expect(control.window).toBe(11_000);
    // The limit of eight segments an acknowledgement holds before the division.
    control.acknowledged(10_000, 0, 100, 11_000);
    expect(control.window).toBe(13_000);
  });

  it('ends with the window for a threshold', () => {
    const control = createCongestionControl(name, 1000);
    control.endSlowStart();
    expect(control.slowStartThreshold).toBe(10_000);
    control.acknowledged(1000, 1000, 100, 10_000);
    expect(control.window).toBeLessThan(11_000);
  });
});
