import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Floor, SweptPoint, System, WorkloadConfig } from '../config/schema.ts';
import { placeName, placeOf, planTrials } from './plan.ts';

const systemsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `s${index}` }) as System);
const workload = {} as WorkloadConfig;
/** An experiment without a sweep. */
const one = (systems: System[], floors: Floor[] = []) => ({
  axes: [],
  points: [{ at: {}, workload, systems, floors }],
});
const namesOf = (plan: ReturnType<typeof planTrials>) => plan.map(({ subject }) => subject.name);

test('each block holds each system once, and the order counts from 1', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(),
      (count, trials, seed) => {
        const systems = systemsOf(count);
        const plan = planTrials({ ...one(systems), trials, order: 'shuffled', seed });
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
    namesOf(planTrials({ ...one(systemsOf(3)), trials: 20, order: 'shuffled', seed }));
  expect(order(7)).toEqual(order(7));
  expect(order(7)).not.toEqual(order(8));
});

test('every system comes first about equally often', () => {
  const plan = planTrials({ ...one(systemsOf(3)), trials: 3000, order: 'shuffled', seed: 1 });
  const first = plan.filter(({ order }) => order % 3 === 1);
  for (const name of ['s0', 's1', 's2']) {
    const share = first.filter(({ subject }) => subject.name === name).length / first.length;
    expect(share).toBeGreaterThan(0.3);
    expect(share).toBeLessThan(0.37);
  }
});

test('a listed order stays as listed, block by block', () => {
  const plan = planTrials({ ...one(systemsOf(2)), trials: 2, order: 'listed', seed: 1 });
  expect(namesOf(plan)).toEqual(['s0', 's1', 's0', 's1']);
});

test('a floor is in every block as a system is, shuffled with them, and last where the order is the listed one', () => {
  const floor = { name: 'frames' } as Floor;
  const planned = (order: 'shuffled' | 'listed') =>
    planTrials({ ...one(systemsOf(2), [floor]), trials: 200, order, seed: 1 });
  for (let trial = 1; trial <= 200; trial++) {
    const block = planned('shuffled').filter((planned) => planned.trial === trial);
    expect(namesOf(block).sort()).toEqual(['frames', 's0', 's1']);
    expect(block.find(({ kind }) => kind === 'floor')!.subject).toBe(floor);
  }
  const places = new Set(
    planned('shuffled').flatMap(({ kind, order }) => (kind === 'floor' ? order % 3 : [])),
  );
  expect(places.size).toBe(3);
  expect(namesOf(planned('listed')).slice(0, 3)).toEqual(['s0', 's1', 'frames']);
});

test('in a sweep a block holds each system once at each of its points, all shuffled together', () => {
  const mtu = { name: 'mtu', path: 'systems.s1.options.mtu', values: [1500], unit: null, systems: ['s1'] };
  const [s0, s1] = systemsOf(2);
  const points = [1, 8].flatMap((clients): SweptPoint[] => [
    { at: { clients }, workload: { clients } as WorkloadConfig, systems: [s0], floors: [] },
    { at: { clients, mtu: 1500 }, workload: { clients } as WorkloadConfig, systems: [s1], floors: [] },
  ]);
  const plan = planTrials({
    axes: [{ ...mtu, scale: 'linear' }],
    points,
    trials: 40,
    order: 'shuffled',
    seed: 1,
  });
  const places = [
    's0 at clients=1',
    's0 at clients=8',
    's1 at clients=1 mtu=1500',
    's1 at clients=8 mtu=1500',
  ];
  const orders = new Set<string>();
  for (let trial = 1; trial <= 40; trial++) {
    const block = plan.slice((trial - 1) * 4, trial * 4);
    const names = block.map((planned) => placeName(placeOf(planned)));
    expect(names.toSorted()).toEqual(places);
    for (const { at, point, workload } of block) {
      expect(workload.clients).toBe(at.clients);
      expect(points[point! - 1].at).toBe(at);
    }
    orders.add(names.join());
  }
  expect(orders.size).toBeGreaterThan(10);
});
