/** What a summary makes of a run whose cores change their distance: every compared number is of one state. */
import { describe, expect, test } from 'vitest';
import type { Manifest, Point, Summary } from '../../formats/index.ts';
import { readRun } from '../../run/run-folder.ts';
import { noiseSentences } from '../../sentences/noise.ts';
import { type LatencyOf, type SlicedMeasurement, sliced } from '../../test-slices.ts';
import {
  manifest,
  run,
  type SyntheticMeasurement,
  type SyntheticRun,
  system,
  target,
  writeRun,
} from '../../test-synthetic-run.ts';
import { stateOf } from '../doubt.ts';
import { summarize } from '../summary.ts';

const NEAR_NS = 112;
const FAR_NS = 450;
const TRIALS = 3;

/** Readings of spells: so many slices of each distance, one behind the other, a reading at each end. */
function spells(...of: [reading_ns: number, slices: number][]): number[] {
  const readings = of.flatMap(([reading_ns, slices]) => Array<number>(slices).fill(reading_ns));
  // A reading's own error, which no two have alike.
  return [...readings, readings.at(-1)!].map(
    (reading_ns, index) => reading_ns * (1 + ((index * 7) % 9) / 200),
  );
}

const isNear = (reading_ns: number): boolean => reading_ns < 200;

/** Latency in ns of each system, near and far. */
const latencies: Record<string, [near_ns: number, far_ns: number]> = {
  redis: [20_000, 30_000],
  'kv-kernel': [10_000, 14_000],
  frames: [600, 1900],
};

const latencyOf =
  (name: string): LatencyOf =>
  (reading_ns) =>
    latencies[name][isNear(reading_ns) ? 0 : 1];

function two(overrides: Partial<Manifest> = {}): Manifest {
  const whole = manifest();
  return {
    ...whole,
    systems: [system('redis'), system('kv-kernel')],
    plan: { ...whole.plan, trials: TRIALS, measurements: [target('get')] },
    ...overrides,
  };
}

async function summaryOf(
  measured: (name: string, trial: number) => SyntheticMeasurement,
  overrides: Partial<SyntheticRun> = {},
): Promise<Summary> {
  const synthetic = run({
    manifest: two(),
    measured: ({ name }, _target, trial) => measured(name, trial),
    ...overrides,
  });
  return summarize(await readRun(await writeRun(synthetic)));
}

/** Every trial is as long near as far, but the first one of redis begins far. */
const changing = (name: string, trial: number): SlicedMeasurement =>
  sliced(trial === 1 ? spells([FAR_NS, 12], [NEAR_NS, 12]) : spells([NEAR_NS, 12], [FAR_NS, 12]), {
    latencyOf: latencyOf(name),
  });

const within = (us: number | undefined, near_us: number): void => {
  expect(us! / near_us).toBeGreaterThan(0.99);
  expect(us! / near_us).toBeLessThan(1.01);
};

describe('a run of two states', () => {
  test('is compared near, and has the other state and the mixture beside it', async () => {
    const { distance, points } = await summaryOf(changing);
    expect(distance).toMatchObject({
      cores: [0, 1],
      chosen: 'near',
      states: [{ name: 'near' }, { name: 'far' }],
      why: 'every system and floor has at least 20 slices of it',
    });
    const [redis, kernel] = points;
    within(redis.latency_us?.p50, 20);
    within(kernel.latency_us?.p50, 10);
    within(kernel.latency_us?.p999, 10.2);
    expect(kernel).toMatchObject({ state: 'near', distance_unknown: null, trials: TRIALS });
    expect(kernel.versus_first!.ratio).toBeCloseTo(0.5, 2);
    const { interval } = kernel.versus_first!;
    expect(interval!.high - interval!.low).toBeLessThan(0.01);
    expect(kernel.by_state.map(({ state, slices, share }) => [state, slices, share])).toEqual([
      // One slice of each trial has its ends in two states.
      ['near', 34, 34 / 72],
      ['far', 35, 35 / 72],
      ['mixture', 72, 1],
    ]);
    within(kernel.by_state[1].p50_us!, 14);
    expect(kernel.by_state[1].versus_first!.ratio).toBeCloseTo(14 / 30, 2);
    expect(stateOf(kernel, ['p50', 'throughput'])).toBe('valid');
  });

  test('has the throughput of the slices, and the samples of them', async () => {
    const { points } = await summaryOf(changing);
    const [redis] = points;
    expect(redis.throughput_ops).toBe(Math.round(100 / 0.075));
    expect(redis.trial_throughput_ops).toHaveLength(TRIALS);
    expect(redis.samples).toBe(3400);
    expect(redis.misses).toBe(0);
  });

  test('is compared far, where that is all that every system has enough of', async () => {
    const { distance, points } = await summaryOf((name, trial) =>
      name === 'redis' ? sliced(spells([FAR_NS, 24]), { latencyOf: latencyOf(name) }) : changing(name, trial),
    );
    expect(distance).toMatchObject({
      chosen: 'far',
      why: 'every system and floor has at least 20 slices of it, but not of near: redis GET has 0',
    });
    within(points[1].latency_us?.p50, 14);
  });

  test('is compared as a mixture where no state has enough of all, and each median is suspect for it', async () => {
    const { distance, points } = await summaryOf((name) =>
      sliced(spells([name === 'redis' ? FAR_NS : NEAR_NS, 24]), { latencyOf: latencyOf(name) }),
    );
    expect(distance!.chosen).toBeNull();
    expect(distance!.why).toBe(
      'no state has 20 slices in 3 trials of every system and floor; near: redis GET has 0; far: kv-kernel GET has 0',
    );
    expect(points.map(({ state }) => state)).toEqual([null, null]);
    within(points[0].latency_us?.p50, 30);
    expect(points[0].verdicts.p50).toEqual({
      state: 'suspect',
      reasons: [
        expect.stringMatching(
          /^A mixture of core distances, 0 % near \(112 to \d+ ns\), 100 % far \(450 to \d+ ns\): no state of them has/,
        ),
      ],
    });
  });

  test('is compared in a state that only a repetition has too little of, which says so where it is told itself', async () => {
    const again = 'kv-kernel-again';
    const summary = await summaryOf(
      (name, trial) =>
        name === again
          ? sliced(spells([FAR_NS, 24], ...(trial === 1 ? [[NEAR_NS, 4] as [number, number]] : [])), {
              latencyOf: latencyOf('kv-kernel'),
            })
          : changing(name, trial),
      { manifest: two({ systems: [...two().systems, system(again, { repeats: 'kv-kernel' })] }) },
    );
    const { distance, points, repeats } = summary;
    expect(distance).toMatchObject({
      chosen: 'near',
      why: 'every system and floor has at least 20 slices of it, apart from a repetition',
    });
    expect(points.map(({ state, verdicts }) => [state, verdicts.p50])).toEqual([
      ['near', { state: 'valid', reasons: [] }],
      ['near', { state: 'valid', reasons: [] }],
    ]);
    const reason = 'Too few slices of kv-kernel-again are near: 4 in 1 trial.';
    expect(repeats).toMatchObject([{ state: 'near', versus_itself: null }]);
    expect(repeats[0].verdicts.p50.reasons).toContain(reason);
    expect(repeats[0].verdicts.throughput!.reasons).toContain(reason);
    expect(noiseSentences(summary)).toEqual([
      expect.stringMatching(/^kv-kernel against itself, GET: unknown\. .*: 4 in 1 trial\.$/),
    ]);
  });

  test('lacks no trial that an added block is not of', async () => {
    const whole = two();
    const added_blocks = [1, 2].map(() => [{ subject: 'redis', at: {} }]);
    const plan = { ...whole.plan, trials: 5, added_trials: 2, added_blocks };
    const { points } = await summaryOf(changing, { manifest: two({ plan }) });
    expect(points.map(({ trials, trials_planned }) => [trials, trials_planned])).toEqual([
      [5, 5],
      [3, 3],
    ]);
    expect(points[1].versus_first!.trials).toBe(3);
    expect(points.map(({ verdicts }) => verdicts.p50.state)).toEqual(['valid', 'valid']);
  });

  test('compares an operation by itself where no state has enough of all of them', async () => {
    const whole = two();
    const plan = { ...whole.plan, measurements: [target('set'), target('get')] };
    const summary = await summarize(
      await readRun(
        await writeRun(
          run({
            manifest: two({ plan }),
            measured: ({ name }, { operation }, trial) =>
              operation === 'get' && name === 'redis'
                ? sliced(spells([FAR_NS, 24], ...(trial === 1 ? [[NEAR_NS, 9] as [number, number]] : [])), {
                    latencyOf: latencyOf(name),
                  })
                : operation === 'get'
                  ? sliced(spells([NEAR_NS, 24]), { latencyOf: latencyOf(name) })
                  : changing(name, trial),
          }),
        ),
      ),
    );
    expect(summary.distance).toMatchObject({
      chosen: null,
      why: expect.stringMatching(/near: redis GET has 9 in 1 trial; far: kv-kernel GET has 0$/),
    });
    expect(
      summary.points.map(({ operation, state, verdicts }) => [operation, state, verdicts.p50.state]),
    ).toEqual([
      ['set', 'near', 'valid'],
      ['get', null, 'suspect'],
      ['set', 'near', 'valid'],
      ['get', null, 'suspect'],
    ]);
    within(summary.points[2].latency_us?.p50, 10);
  });

  test('names in a mixture only what keeps a state from being chosen', async () => {
    const { distance } = await summaryOf(
      (name) => sliced(spells([name === 'redis' ? FAR_NS : NEAR_NS, 24]), { latencyOf: () => 20_000 }),
      { manifest: two({ systems: [...two().systems, system('again', { repeats: 'redis' })] }) },
    );
    expect(distance).toMatchObject({
      chosen: null,
      why: expect.stringMatching(/near: redis GET has 0; far: kv-kernel GET has 0$/),
    });
  });

  test('wants as many slices as its manifest says, in as many trials as were planned', async () => {
    const few = async (plan: Partial<Manifest['plan']>): Promise<string | null> => {
      const whole = two();
      const { distance } = await summaryOf(
        (name, trial) =>
          sliced(spells([FAR_NS, 24], ...(trial < 3 ? [[NEAR_NS, 9] as [number, number]] : [])), {
            latencyOf: latencyOf(name),
          }),
        { manifest: two({ plan: { ...whole.plan, trials: 4, ...plan } }) },
      );
      return distance!.chosen;
    };
    const distance = { slices: 15, extend_s: 0 };
    expect(await few({ distance })).toBe('far');
    expect(await few({ distance, added_trials: 2 })).toBe('near');
    expect(await few({ distance: { ...distance, slices: 25 }, added_trials: 2 })).toBe('far');
  });

  test('is compared in no state that less than three trials have', async () => {
    const { distance } = await summaryOf((name, trial) => {
      const near: [number, number][] = trial < 3 ? [[NEAR_NS, 30]] : [];
      return sliced(spells([FAR_NS, 24], ...near), { latencyOf: latencyOf(name) });
    });
    expect(distance!.chosen).toBe('far');
  });

  test('a trial gives a value of a state from three slices of it on', async () => {
    const { points } = await summaryOf(
      (name, trial) => {
        const near = [24, 24, 4, 3, 2][trial - 1];
        return sliced(spells([NEAR_NS, near], [FAR_NS, 10]), { latencyOf: latencyOf(name) });
      },
      { manifest: two({ plan: { ...two().plan, trials: 5 } }) },
    );
    // The last of the near slices has its other end far.
    expect(points[0].trial_p50_us.map(({ trial }) => trial)).toEqual([1, 2, 3]);
    expect(points[0].by_state[1].trial_p50_us.map(({ trial }) => trial)).toEqual([1, 2, 3, 4, 5]);
  });

  test('a spell on a core of its own, planted in one window, is never near', async () => {
    const OWN_NS = 30;
    const { distance, points } = await summaryOf((name, trial) => {
      const planted = name === 'redis' && trial === 2;
      const readings = planted ? spells([NEAR_NS, 20], [OWN_NS, 13], [NEAR_NS, 20]) : spells([NEAR_NS, 40]);
      return sliced(readings, { latencyOf: (reading_ns) => (reading_ns < 40 ? 90_000 : 20_000) });
    });
    expect(distance!.states.map(({ name }) => name)).toEqual(['near', 'far']);
    expect(distance!.chosen).toBe('far');
    within(points[0].latency_us?.max, 20.4);
    expect(points[0].by_state[0]).toMatchObject({ slices: 12, state: 'near' });
    within(points[0].by_state[0].p50_us!, 90);
  });
});

describe('requests behind a reading', () => {
  const early = (by: number) =>
    summaryOf((name) =>
      sliced(spells([NEAR_NS, 12], [FAR_NS, 12]), { latencyOf: latencyOf(name), early: by }),
    );

  test('are kept where they hardly differ', async () => {
    const { after_probe, samples } = (await early(1.01)).points[0];
    expect(after_probe).toMatchObject({ left_out: false });
    expect(after_probe!.ratio).toBeCloseTo(1.01, 2);
    expect(samples).toBe(33 * 100);
  });

  test('are left out where they take longer by more than 2 %, with their time', async () => {
    const { after_probe, samples, throughput_ops, latency_us, by_state } = (await early(1.3)).points[0];
    expect(after_probe).toMatchObject({ left_out: true });
    expect(after_probe!.interval.low).toBeGreaterThan(1.25);
    expect(samples).toBe(33 * 90);
    expect(throughput_ops).toBe(Math.round(90 / 0.073));
    within(latency_us?.max, 20.4);
    expect(by_state.at(-1)).toMatchObject({ state: 'mixture', throughput_ops: Math.round(90 / 0.073) });
  });

  test('are left out of one state as well', async () => {
    const { points } = await summaryOf((name) =>
      sliced(spells([NEAR_NS, 24]), { latencyOf: latencyOf(name), early: 1.3 }),
    );
    expect(points[0]).toMatchObject({ state: null, by_state: [], samples: 72 * 90 });
    within(points[0].latency_us?.max, 20.4);
  });
});

describe('nothing is another number than before', () => {
  const without = ({ slices: _none, ...whole }: SyntheticMeasurement): SyntheticMeasurement => whole;
  const ofPoints = ({ points }: Summary): Partial<Point>[] =>
    points.map(({ after_probe: _a, distance_unknown: _u, ...numbers }) => numbers);

  test('where there is one state', async () => {
    const one = (name: string): SyntheticMeasurement =>
      sliced(spells([NEAR_NS, 24]), { latencyOf: latencyOf(name) });
    const [before, after] = [await summaryOf((name) => without(one(name))), await summaryOf(one)];
    expect(ofPoints(after)).toEqual(ofPoints(before));
    expect(after.distance).toMatchObject({ chosen: null, why: 'there is one state only' });
    expect(before.points[0].distance_unknown).toBe('it was not measured');
    expect(before.distance).toBeNull();
  });

  test('where the distance is unknown, and that is no doubt', async () => {
    const whole = (name: string) =>
      sliced(spells([NEAR_NS, 12], [FAR_NS, 12]), { latencyOf: latencyOf(name) });
    const unknown = (name: string): SyntheticMeasurement => {
      const measurement = whole(name);
      return {
        ...measurement,
        slices: { ...measurement.slices, unknown: 'no core of the server was named' },
      };
    };
    const [before, after] = [await summaryOf((name) => without(whole(name))), await summaryOf(unknown)];
    expect(ofPoints(after)).toEqual(ofPoints(before));
    expect(after.points[0]).toMatchObject({
      distance_unknown: 'no core of the server was named',
      after_probe: null,
      verdicts: { p50: { state: 'valid' } },
    });
  });

  test('where the runner did not ask for it, with its reason', async () => {
    const reason = 'its server is pinned to no core';
    const { points } = await summaryOf(
      (name) => without(sliced(spells([NEAR_NS, 24]), { latencyOf: latencyOf(name) })),
      {
        manifest: two({ systems: [system('redis', { distance_unknown: reason }), system('kv-kernel')] }),
      },
    );
    expect(points.map(({ distance_unknown }) => distance_unknown)).toEqual([reason, 'it was not measured']);
  });
});

test('states that change faster than slices leave the distance unknown, and the median suspect', async () => {
  const { distance, points } = await summaryOf((name) =>
    sliced(
      spells(
        ...Array.from({ length: 60 }, (_, index): [number, number] => [
          (index * index) % 7 < 3 ? NEAR_NS : FAR_NS,
          1,
        ]),
      ),
      { latencyOf: latencyOf(name) },
    ),
  );
  expect(distance).toMatchObject({
    chosen: null,
    why: expect.stringMatching(/^it changes faster than slices/),
  });
  expect(points[0].distance_unknown).toBe(distance!.why);
  expect(points[0].verdicts.p50).toMatchObject({
    state: 'suspect',
    reasons: [expect.stringMatching(/^The distance of the cores is unknown: it changes faster/)],
  });
});

test('a system of unknown distance among others whose distance changed is suspect, and keeps none of them from a state', async () => {
  const { points } = await summaryOf((name, trial) => {
    const { slices, ...whole } = changing(name, trial);
    return name === 'redis' ? whole : { ...whole, slices };
  });
  expect(points.map(({ state }) => state)).toEqual([null, 'near']);
  expect(points[0].verdicts.p50.reasons).toEqual([
    expect.stringMatching(
      /^The distance of its cores is unknown \(it was not measured\), while that of others changed: near \(112/,
    ),
  ]);
  expect(points[1].verdicts.p50.state).toBe('valid');
});

describe('drift', () => {
  test('is none where it is the state that changed, half way through each window', async () => {
    const halves = (name: string): SlicedMeasurement & SyntheticMeasurement => ({
      ...sliced(spells([NEAR_NS, 12], [FAR_NS, 12]), { latencyOf: latencyOf(name) }),
      slice_p50_ns: [...Array(5).fill(20_000), ...Array(5).fill(30_000)],
    });
    const drifting = await summaryOf((name) => {
      const { slices: _none, ...whole } = halves(name);
      return whole;
    });
    expect(drifting.points[0].verdicts.p50.reasons.join()).toContain('something drifts');
    expect((await summaryOf(halves)).points[0].verdicts.p50).toEqual({ state: 'valid', reasons: [] });
  });

  test('is none in a mixture either, where each trial is looked at in its longest state', async () => {
    const { points } = await summaryOf((name) =>
      sliced(name === 'redis' ? spells([FAR_NS, 24]) : spells([NEAR_NS, 12], [FAR_NS, 6]), {
        latencyOf: latencyOf(name),
      }),
    );
    expect(points.map(({ state, by_state }) => [state, by_state.length])).toEqual([
      [null, 3],
      [null, 3],
    ]);
    expect(points[1].verdicts.p50.reasons).toEqual([expect.stringMatching(/^A mixture of core distances/)]);
  });

  test('within a state is still found', async () => {
    const { points } = await summaryOf((name) =>
      sliced(spells([NEAR_NS, 24], [FAR_NS, 24]), {
        latencyOf: (reading_ns, slice) => latencyOf(name)(reading_ns, slice) * (1 + slice / 30),
      }),
    );
    expect(points[0].verdicts.p50).toMatchObject({
      state: 'suspect',
      reasons: [expect.stringMatching(/^Trials 1, 2 and 3: the p50 of the second half differs .* drifts\.$/)],
    });
  });
});

describe('a floor', () => {
  const floors = [{ name: 'frames', label: 'raw frames', systems: ['kv-kernel'], cores: [0, 1] }];
  const reasonsAt = async (near_ns: number): Promise<string[]> => {
    const { points, floors: measured } = await summaryOf(
      (name, trial) => {
        const kernel: LatencyOf = (reading_ns) => (isNear(reading_ns) ? near_ns : 3700);
        return name === 'kv-kernel'
          ? sliced(changing('redis', trial).slices.readings_ns, { latencyOf: kernel })
          : changing(name, trial);
      },
      { manifest: two({ floors }) },
    );
    expect(measured[0]).toMatchObject({ state: 'near' });
    within(measured[0].latency_us?.p50, 0.6);
    return points[1].verdicts.p50.reasons;
  };

  test('bounds its systems within the state', async () => {
    // Far the floor takes 1.9 us, and that says nothing of 1.2 us near.
    expect(await reasonsAt(1200)).toEqual([]);
    expect(await reasonsAt(620)).toEqual([
      expect.stringMatching(/^A floor is near: .* raw frames \(0\.60 us\)/),
    ]);
  });
});

describe('stages', () => {
  test('are those of requests that were sent in the state', async () => {
    const { points } = await summaryOf((name, trial) => ({
      ...changing(name, trial),
      stages: { client_libos_send: 0.25, server_application: 0.5 },
    }));
    const point = points[1];
    within(point.breakdown!.p50!.latency_us, 10);
    expect(point.probe_overhead!.ratio).toBeCloseTo(1, 2);
    expect(point.verdicts.stages).toEqual({ state: 'valid', reasons: [] });
  });

  test('are none where too few were, and that is said', async () => {
    const { breakdown, verdicts } = await summaryOf((name, trial) => {
      const stamped = sliced(spells([FAR_NS, 24]), { latencyOf: latencyOf(name) });
      return {
        ...changing(name, trial),
        stages: { server_application: 0.5 },
        stamped_slices: stamped.slices,
      };
    }).then(({ points }) => points[1]);
    expect(breakdown).toMatchObject({ p50: null, p99: null });
    expect(verdicts.stages).toEqual({
      state: 'suspect',
      reasons: ['Only 0 stamped requests were sent while the cores were near: too few for a breakdown.'],
    });
  });
});
