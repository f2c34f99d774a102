import { expect, test } from 'vitest';
import { describeWork, workOn } from './work.ts';

/** Of each hundred readings so many in company, and one that failed. */
const readings = (inCompany: number) =>
  Array.from({ length: 500 }, (_, index) => {
    if (index % 100 === 99) return null;
    return index % 100 < inCompany ? 300 + (index % 100) * 4 : 250 + (index % 3);
  });

test('a core that others use at times: how much of it, and what it costs', () => {
  const work = workOn(3, readings(33));
  expect(work).toMatchObject({ core: 3, alone_ns: 251, shared_ns: 364 });
  expect(work.limit_ns).toBeGreaterThan(252);
  expect(work.limit_ns).toBeLessThan(300);
  expect(work.shared_share).toBeCloseTo(33 / 99, 5);
  expect(describeWork(work)).toBe(
    'core 3: alone 66.7 % of the time, a fixed piece of work takes 251 ns; shared with somebody 33.3 %, 364 ns',
  );
});

test('one level does not tell whether the core is alone or never is', () => {
  const work = workOn(0, readings(0));
  expect(work).toEqual({ core: 0, limit_ns: null, alone_ns: 251, shared_ns: null, shared_share: 0 });
  expect(describeWork(work)).toBe(
    'core 0: alone, or shared all of the time; a fixed piece of work takes 251 ns',
  );
});
