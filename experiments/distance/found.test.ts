import { expect, test } from 'vitest';
import type { CoreRelation, DistanceSurvey } from '../../libos/index.ts';
import { describeDistance, foundIn } from './found.ts';

const topology: CoreRelation = { relation: 'one cache', shared_cache: 'L3 of 4 MiB', numa: 'same' };

/** A reading each 10 ms of what `nsAt` gives for its number. */
function surveyOf(readings: number, nsAt: (reading: number) => number | null): DistanceSurvey {
  const median_ns = Array.from({ length: readings }, (_, reading) => nsAt(reading));
  return {
    helper: 'ordinary',
    at_s: median_ns.map((_, reading) => reading / 100),
    median_ns,
    min_ns: median_ns,
    waited_ns: median_ns.map((ns) => (ns === null ? null : 5000)),
    client_work_ns: median_ns.map((ns) => (ns === null ? null : 250)),
    server_work_ns: median_ns.map((ns, index) =>
      ns === null ? null : index % 4 < 1 ? 300 + (index % 90) : 250,
    ),
    cost_ns: 41_200,
  };
}

/** Two seconds near, three far, and again; some fail, and one takes far longer than any. */
const changing = surveyOf(1000, (reading) => {
  if (reading % 100 === 50) return null;
  if (reading === 333) return 20_000;
  const isNear = reading % 500 < 200;
  return (isNear ? 110 : 420) * (1 + (reading % 7) / 100);
});

test('finds the states, their shares, and how long each lasts', () => {
  const found = foundIn(changing, [2, 3], topology);
  expect(found.failed).toBe(10);
  expect(found.states.map(({ name, stays }) => [name, stays.count])).toEqual([
    ['near', 2],
    ['far', 2],
  ]);
  const [near, far] = found.states;
  expect(near.share).toBeCloseTo(0.4, 1);
  expect(near.stays).toMatchObject({ median_s: 2, longest_s: 2 });
  expect(far.stays.longest_s).toBeCloseTo(3, 1);
});

test('shows them below the plot, with what failed, what is beyond it and what a reading costs', () => {
  const text = describeDistance(foundIn(changing, [2, 3], topology), 80);
  expect(text).toMatch(
    /^cores 2 and 3: by sysfs they share L3 of 4 MiB, one memory; the helper on core 3 is/,
  );
  expect(text).toContain(
    'core 2 to core 3 and back; 1000 readings, 10 failed, 1 beyond the scale, at its edge',
  );
  expect(text).toMatch(/│ near +│ +113 │ +110, 117 │ +4\d\.\d % │ +2 │ +2\.00 s │ +2\.00 s │/);
  expect(text).toMatch(/│ far +│ +433 │ /);
  expect(text).toMatch(/^200 ┤/m);
  expect(text).toContain('A reading costs core 3 41.2 us. The helper comes after 5.0 us at the p50, 5.0 us');
});

test('says which of the cores somebody else used, and for how long', () => {
  const found = foundIn(changing, [2, 3], topology);
  expect(found.work.map(({ core, limit_ns }) => [core, limit_ns === null])).toEqual([
    [2, true],
    [3, false],
  ]);
  const lines = describeDistance(found, 80).split('\n');
  expect(lines).toContain('core 2: alone, or shared all of the time; a fixed piece of work takes 250 ns');
  expect(lines.find((line) => line.startsWith('core 3: '))).toMatch(
    /^core 3: alone 7\d\.\d % of the time, .* 250 ns; shared with somebody 2\d\.\d %, 3\d\d ns$/,
  );
});

test('has one state where the distance is constant', () => {
  const found = foundIn(
    surveyOf(500, (reading) => 150 + (reading % 5)),
    [0, 1],
    topology,
  );
  expect(found.states.map(({ name, share }) => [name, share])).toEqual([['only', 1]]);
});
