import fc from 'fast-check';
import { expect, test } from 'vitest';
import { companyLimit } from './company.ts';

/** A core that is alone: one level, to a hundredth. */
const alone = (count: number, level_ns = 250): number[] =>
  Array.from({ length: count }, (_, index) => level_ns * (1 + 0.002 * Math.sin(index)));
/** With company: between 1.1 and 2 times as long. */
const inCompany = (count: number, level_ns = 250): number[] =>
  Array.from({ length: count }, (_, index) => level_ns * (1.1 + 0.9 * ((index * 0.618) % 1)));

test.each([
  ['mostly alone', alone(300), inCompany(30)],
  ['half of the time', alone(200), inCompany(200)],
  ['seldom alone', alone(30), inCompany(400)],
])('a core that has company at times: %s', (_what, free, shared) => {
  const limit = companyLimit([...shared, ...free])!;
  expect(limit).toBeGreaterThan(Math.max(...free));
  expect(free.every((ns) => ns <= limit)).toBe(true);
  expect(shared.filter((ns) => ns <= limit).length).toBeLessThan(0.05 * shared.length);
});

test.each([
  ['a core that is always alone', alone(500)],
  ['a few pieces that an interrupt held up', [...alone(500), 300, 900, 4000]],
  ['a frequency that wanders', Array.from({ length: 500 }, (_, index) => 250 * (1 + index / 1500))],
  ['a core that never is', inCompany(500)],
  ['hardly any reading', [250, 251, 400]],
  ['no reading', []],
])('there is no limit: %s', (_what, work_ns) => {
  expect(companyLimit(work_ns)).toBeNull();
});

test('neither the order of the readings nor their unit matters', () => {
  const readings = [...alone(120), ...inCompany(80)];
  const limit = companyLimit(readings)!;
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      fc.shuffledSubarray(readings, { minLength: readings.length }),
      (factor, shuffled) => {
        const scaled = companyLimit(shuffled.map((ns) => ns * factor))!;
        expect(scaled / factor / limit).toBeGreaterThan(0.97);
        expect(scaled / factor / limit).toBeLessThan(1.03);
      },
    ),
  );
});
