/** Runs that look at the distance of cores: real ones, planted ones that change it, and where it cannot be seen. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { redis, type TestRun, testRuns, tinyWorkload, until } from './experiments-campaign.ts';

const cores = availableCores();
const [serverCore, clientCore] = [cores[0], cores.at(-1)!];

const fakeFloor = path.join(import.meta.dirname, 'experiments-fake-floor.ts');

beforeAll(() => {
  expect(cores.length, 'these tests want two cores').toBeGreaterThan(1);
});

const create = testRuns();

const bypassbench = path.join(import.meta.dirname, '../bin/bypassbench');

function startOnOneCore(run: TestRun, ...options: string[]) {
  const command = [bypassbench, 'run', run.config, '--out', run.out, ...options];
  return execa('taskset', ['--cpu-list', String(serverCore), ...command], {
    reject: false,
    env: { TMPDIR: run.temp },
  });
}

describe('a run on two cores', () => {
  test('surveys them first, and has their distance in every measurement, with stamps and without', async () => {
    const run = create({
      workload: { ...tinyWorkload, operations: ['get'], duration_s: 0.3 },
      stages: { every: 1, duration_s: 0.3 },
      systems: [redis],
    });
    const { stderr } = await run.start();
    expect(stderr).not.toContain('failed');
    const { distances, systems } = run.manifest();
    expect(distances).toMatchObject([{ server: serverCore, client: clientCore, unknown: null }]);
    const survey = distances[0].survey!;
    expect(survey.seconds).toBe(0.3);
    expect(survey.readings).toBeGreaterThan(0);
    expect(survey.median_ns).toBeGreaterThan(0);
    expect(survey.cost_ns).toBeGreaterThan(0);
    expect(systems[0].distance_unknown).toBeNull();
    for (const measurement of ['get-c1', 'get-c1/stamped']) {
      const { cores: measured, probes } = run.slices(1, measurement);
      expect(measured).toEqual({ server: serverCore, client: clientCore });
      expect(probes.some(({ median_ns }) => median_ns !== null)).toBe(true);
      // redis-server is pinned. Where a reply took long, there was no reading.
      const seen = probes.flatMap(({ server_core }) => server_core ?? []);
      expect(new Set(seen)).toEqual(new Set([serverCore]));
    }
  });

  test('has them chosen, and says which and why', async () => {
    const { server_cores: _s, client: _c, ...rest } = redis as Record<string, unknown>;
    const chosen = { ...rest, cores: { distance: 'near' }, client: { backend: 'kernel' } };
    const command = [process.execPath, fakeFloor, '{operation}', '{value_bytes}', '{out}'];
    const run = create({
      workload: { ...tinyWorkload, operations: ['get'] },
      systems: [{ ...chosen, floor: ['alike', 'own'] }],
      floors: [
        { name: 'alike', label: 'on the cores of its system', command },
        { name: 'own', label: 'on cores of its own', command, cores: { distance: 'far' } },
      ],
    });
    const { stderr } = await run.start();
    const [, server, client] =
      /distance: near }: core (\d+) for servers and (\d+) for clients: by sysfs \w/.exec(stderr) ?? [];
    expect(run.manifest().systems).toMatchObject([
      { server_cores: [Number(server)], client_cores: [Number(client)] },
    ]);
    const farthest = /distance: far }: core (\d+) for servers and (\d+) for clients/.exec(stderr)!;
    expect(run.manifest().floors.map((floor) => floor.cores)).toEqual([
      [Number(server), Number(client)],
      [Number(farthest[1]), Number(farthest[2])],
    ]);
    expect(run.manifest().config).toMatchObject({ systems: [{ cores: { distance: 'near' } }] });
    expect(cores).toEqual(expect.arrayContaining([Number(server), Number(client)]));
    expect(server).not.toBe(client);
  });

  test('of which it may use one only has none to choose, and nothing is started', async () => {
    const run = create({ systems: [redis] });
    const { exitCode, stderr } = await startOnOneCore(run, '--set', 'systems.redis.cores.distance=near');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'no two cores that this process may use lie like that: it may use one core only',
    );
    expect(existsSync(run.out)).toBe(false);
  });
});

/** A checkout whose load generator finds what experiments-planted-load.ts says; with this seed it hangs. */
function plantedCheckout(folder: string, hangingSeed: number, nearSlices = 6): string {
  const checkout = path.join(folder, `checkout-${nearSlices}`);
  const program = path.join(checkout, 'bin', 'bypassbench');
  const planted = path.join(import.meta.dirname, 'experiments-planted-load.ts');
  mkdirSync(path.dirname(program), { recursive: true });
  writeFileSync(
    program,
    `#!/bin/sh
case "$*" in
  *--help*) echo '  --server-core <n>  --server-pid <pid>' ;;
  *) exec '${process.execPath}' '${planted}' ${hangingSeed} ${nearSlices} "$@" ;;
esac
`,
  );
  chmodSync(program, 0o755);
  return checkout;
}

describe('a run on cores that change their distance', () => {
  const plan = { trials: 2, workload: { ...tinyWorkload, operations: ['get'] } };
  /** Its system has the checkout only by the command line, as its folder is that of the run. */
  const start = (run: TestRun, hangingSeed: number, ...options: string[]) => {
    const checkout = plantedCheckout(run.folder, hangingSeed);
    return run.start('--set', `systems.redis.checkout=${checkout}`, ...options);
  };

  test('goes on behind its trials, only with those that lack some and what they are compared with', async () => {
    const near = { first: 12, enough: 12, few: 6 };
    const systems = Object.keys(near).map((name) => ({ ...redis, name, label: name }));
    const run = create({ ...plan, systems, distance: { slices: 20, extend_s: 300 } });
    const { stderr } = await run.start(
      ...Object.entries(near).flatMap(([name, slices]) => [
        '--set',
        `systems.${name}.checkout=${plantedCheckout(run.folder, 0, slices)}`,
      ]),
    );
    expect(stderr).toContain('; up to 5 min more where the cores change their distance');
    expect(stderr).toMatch(/near: few GET 12 of 20 slices; trial 3 of first and few, at most 5 min more/);
    expect(stderr).toMatch(/near: few GET 18 of 20 slices; trial 4 of first and few, at most .* more/);
    expect(run.manifest().plan).toMatchObject({
      trials: 4,
      added_trials: 2,
      distance: { slices: 20, extend_s: 300 },
      added_blocks: [1, 2].map(() => ['first', 'few'].map((subject) => ({ subject, at: {} }))),
    });
    const ran = run.trials().map(({ subject, trial, order }) => [subject, trial, order]);
    expect(ran.map(([, , order]) => order)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
    const trialsOf = (name: string) => ran.filter(([subject]) => subject === name).map(([, trial]) => trial);
    expect([trialsOf('first'), trialsOf('enough'), trialsOf('few')]).toEqual([
      [1, 2, 3, 4],
      [1, 2],
      [1, 2, 3, 4],
    ]);
    const { distance, points } = run.summary();
    expect(distance!.chosen).toBe('near');
    expect(
      points.map(({ trials, trials_planned, state, versus_first }) => [
        trials,
        trials_planned,
        state,
        versus_first?.trials,
      ]),
    ).toEqual([
      [4, 4, 'near', undefined],
      [2, 2, 'near', 2],
      [4, 4, 'near', 4],
    ]);
  });

  test('does not where there is no time', async () => {
    const run = create({ ...plan, systems: [redis], distance: { slices: 20, extend_s: 0.01 } });
    const { stderr } = await start(run, 0);
    expect(run.manifest().plan).toMatchObject({ trials: 2, added_trials: 0 });
    expect(stderr).toContain('near: redis GET 12 of 20 slices; 1 s left, and trial 3 of all would take');
  });

  test('that is interrupted in a trial that was added is one that can be reported', async () => {
    const run = create({ ...plan, systems: [redis], distance: { slices: 20, extend_s: 300 } });
    // The seed of the run and the trial.
    const subprocess = start(run, 1 + 3);
    const third = path.join(run.out, 'trials', '003-redis-t3', 'get-c1');
    await until(subprocess, () => existsSync(third));
    subprocess.kill('SIGINT');
    const { exitCode } = await subprocess;
    expect(exitCode).toBe(130);
    expect(run.manifest()).toMatchObject({ finished_at: null, plan: { trials: 3, added_trials: 1 } });
    const report = await execa(bypassbench, ['report', run.out], { reject: false });
    expect(report.stderr).toBe('');
    expect(run.summary().points).toMatchObject([{ trials: 2, trials_planned: 3 }]);
  });
});

test('where the distance cannot be measured, as there is one core only, the run goes on and says why', async () => {
  const run = create({ workload: { ...tinyWorkload, operations: ['get'] }, systems: [redis] });
  const { stderr } = await startOnOneCore(run, '--set', `systems.redis.client.core=${serverCore}`);
  expect(stderr).not.toContain('failed');
  expect(run.manifest()).toMatchObject({
    distances: [],
    systems: [{ distance_unknown: 'there is one core only' }],
  });
  expect(run.trials()).toMatchObject([{ status: 'ok' }]);
  expect(run.summary().points[0].distance_unknown).toBe('there is one core only');
});
