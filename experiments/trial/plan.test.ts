import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Floor, System } from '../config/schema.ts';
import { planTrials } from './plan.ts';

const systemsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `s${index}` }) as System);
const floors: Floor[] = [];
const namesOf = (plan: ReturnType<typeof planTrials>) => plan.map(({ subject }) => subject.name);

test('each block holds each system once, and the order counts from 1', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(),
      (count, trials, seed) => {
        const systems = systemsOf(count);
        const plan = planTrials({ systems, floors, trials, order: 'shuffled', seed });
        expect(plan.map(({ order }) => order)).toEqual(
          Array.from({ length: count * trials }, (_, at) => at + 1),
        );
        for (let trial = 1; trial <= trials; trial++) {
          const block = plan.slice((trial - 1) * count, trial * count);
          expect(block.map((planned) => planned.trial)).toEqual(systems.map(() => trial));
          expect(namesOf(block).sort()).toEqual(systems.map(({ name }) => name));
        }
      },
    ),
  );
});

test('the same seed gives the same order, another seed another one', () => {
  const order = (seed: number) =>
    namesOf(planTrials({ systems: systemsOf(3), floors, trials: 20, order: 'shuffled', seed }));
  expect(order(7)).toEqual(order(7));
  expect(order(7)).not.toEqual(order(8));
});

test('every system comes first about equally often', () => {
  const plan = planTrials({ systems: systemsOf(3), floors, trials: 3000, order: 'shuffled', seed: 1 });
  const first = plan.filter(({ order }) => order % 3 === 1);
  for (const name of ['s0', 's1', 's2']) {
    const share = first.filter(({ subject }) => subject.name === name).length / first.length;
    expect(share).toBeGreaterThan(0.3);
    expect(share).toBeLessThan(0.37);
  }
});

test('a listed order stays as listed, block by block', () => {
  const plan = planTrials({ systems: systemsOf(2), floors, trials: 2, order: 'listed', seed: 1 });
  expect(namesOf(plan)).toEqual(['s0', 's1', 's0', 's1']);
});

test('a floor is in every block as a system is, shuffled with them, and last where the order is the listed one', () => {
  const floor = { name: 'frames' } as Floor;
  const planned = (order: 'shuffled' | 'listed') =>
    planTrials({ systems: systemsOf(2), floors: [floor], trials: 200, order, seed: 1 });
  for (let trial = 1; trial <= 200; trial++) {
    const block = planned('shuffled').filter((one) => one.trial === trial);
    expect(namesOf(block).sort()).toEqual(['frames', 's0', 's1']);
    expect(block.find(({ kind }) => kind === 'floor')!.subject).toBe(floor);
  }
  const places = new Set(
    planned('shuffled').flatMap(({ kind, order }) => (kind === 'floor' ? order % 3 : [])),
  );
  expect(places.size).toBe(3);
  expect(namesOf(planned('listed')).slice(0, 3)).toEqual(['s0', 's1', 'frames']);
});
