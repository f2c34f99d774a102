/**
 * What ships: the command lines that the figure is made of, word by word, and a library whose every entry
 * holds.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { planAll } from '../all/plan.ts';
import { runDuration_s } from '../duration.ts';
import { ownCheckout } from '../machine/checkout.ts';
import { plain } from '../written/placed.ts';
import { authoredSchema, keysOf, librarySchema } from './authored.ts';
import { readConfig, readExperiment } from './config.ts';
import { findExperiment, mainExperiments, shippedExperiments } from './experiments.ts';
import { libraryFolder, readLibrary } from './library.ts';
import { optionWords, startWithOptions } from './placeholders.ts';
import { resolveNamed } from './resolve.ts';
import { configSchema } from './schema.ts';

const libos = 'bypassbench serve --frontend libos --backend';
const files = '--core {core} --stamps {stamps} --pauses {pauses}';

describe('redis-figure', async () => {
  const { config } = await readConfig(findExperiment('redis-figure'), [0, 1]);

  test('starts its servers as it always has', () => {
    const lines = config.systems.map((system) => [system.name, startWithOptions(system).join(' ')]);
    const kept = '--save  --appendonly no --dir {dir}';
    const port = `--engine redis -- --protected-mode no ${kept}`;
    const memif =
      '--backend-option device=memif --backend-option role=server --backend-option socket={dir}/memif.sock ' +
      '--backend-option ip=10.99.0.1/24 --bind 10.99.0.1 --port 6379';
    expect(lines).toEqual([
      ['redis', `built:redis-server --bind {host} --port {port} --protected-mode no --daemonize no ${kept}`],
      ['redis-epoll', `${libos} kernel --idle sleep --bind {host} --port 0 ${files} ${port}`],
      ['redis-kernel', `${libos} kernel --bind {host} --port 0 ${files} ${port}`],
      ['redis-uring', `${libos} uring --bind {host} --port 0 ${files} ${port}`],
      ['redis-rdma', `${libos} rdma --backend-option provider=shm --bind {host} --port 0 ${files} ${port}`],
      ['redis-dpdk', `${libos} dpdk ${memif} ${files} ${port}`],
      ['kv-sockets', 'bypassbench serve --frontend sockets --bind {host} --port 0 --pauses {pauses}'],
      ['kv-kernel', `${libos} kernel --bind {host} --port 0 ${files}`],
      ['kv-uring', `${libos} uring --bind {host} --port 0 ${files}`],
      ['kv-rdma', `${libos} rdma --backend-option provider=shm --bind {host} --port 0 ${files}`],
      ['kv-dpdk', `${libos} dpdk ${memif} ${files}`],
    ]);
  });

  test('has the clients that it always had', () => {
    const clients = config.systems.map(({ options, client }) => [
      client.backend,
      client.idle,
      client.core,
      optionWords({ ...options, ...client.options }).join(' '),
    ]);
    const memif = ['device=memif', 'role=client', 'socket={dir}/memif.sock', 'ip=10.99.0.2/24'];
    const ofGroup = [
      ['kernel', 'poll', 1, ''],
      ['kernel', 'poll', 1, ''],
      ['kernel', 'poll', 1, ''],
      ['rdma', 'poll', 1, '--backend-option provider=shm'],
      ['dpdk', 'poll', 1, memif.map((option) => `--backend-option ${option}`).join(' ')],
    ];
    const [ofEpoll] = ofGroup;
    expect(clients).toEqual([ofEpoll, ...ofGroup, ...ofGroup]);
    expect(config.systems.map(({ server_cores }) => server_cores)).toEqual(Array(11).fill([0]));
  });

  test('has two groups with the same roles, and of Redis the libOS that sleeps, too', () => {
    const roles = ['unmodified', 'libos_over_kernel', null, 'bypass', 'bypass'];
    const rolesOf = (wanted: string) =>
      config.systems.filter(({ group }) => group === wanted).map(({ role }) => role);
    expect(rolesOf('Redis')).toEqual(roles.toSpliced(1, 0, 'libos_over_epoll'));
    expect(rolesOf('kvserver')).toEqual(roles);
  });

  test('takes less than ten minutes as --quick, and less than 35 whole', async () => {
    for (const [quick, minutes] of [
      [true, 10],
      [false, 35],
    ] as const) {
      const experiment = await readExperiment('redis-figure', { quick, set: [], only: null });
      const { extend_s } = experiment.distance;
      expect(runDuration_s(experiment) + extend_s).toBeLessThan(60 * minutes);
    }
  });

  test('has the floors that it always had', () => {
    const rest =
      '--operation {operation} --value-bytes {value_bytes} --warmup-s {warmup_s} --duration-s {duration_s} ' +
      '--cores {cores} --out {out}';
    expect(config.floors.map(({ name, command, cores }) => [name, command.join(' '), cores])).toEqual([
      ['kernel-sockets', `bypassbench floor kernel ${rest}`, [0, 1]],
      ['uring-sockets', `bypassbench floor uring ${rest}`, [0, 1]],
      ['rdma-pingpong', `bypassbench floor rdma --provider shm ${rest}`, [0, 1]],
      ['dpdk-frames', `bypassbench floor dpdk ${rest}`, [0, 1]],
    ]);
  });

  test('is shorter than fifty lines', async () => {
    const text = await readFile(findExperiment('redis-figure'), 'utf8');
    expect(text.split('\n').length).toBeLessThan(50);
  });
});

test.each([...shippedExperiments()])('%s is as editors expect it', async (_name, file) => {
  expect(authoredSchema.safeParse(parse(await readFile(file, 'utf8'))).error).toBeUndefined();
});

test.each(['echo.yaml', 'floors.yaml', 'kvserver.yaml', 'redis.yaml'])(
  '%s is as editors expect it',
  async (name) => {
    const text = await readFile(path.join(libraryFolder, name), 'utf8');
    expect(librarySchema.safeParse(parse(text)).error).toBeUndefined();
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/library\.schema\.generated\.json\n/);
  },
);

describe('the library', () => {
  const library = readLibrary(null);

  test('has no problems', () => {
    expect(library.problems).toEqual([]);
  });

  test.each(['systems', 'floors'] as const)('has %s that each hold by themselves', (kind) => {
    for (const { name, parameters, body } of library[kind].values()) {
      if (parameters.size > 0) continue;
      const { root, problems } = resolveNamed(kind, { place: body.place, value: name }, library);
      expect(problems).toEqual([]);
      const { cores = [0], ...rest } = plain(root) as { cores?: number[] };
      const resolved = kind === 'floors' ? { ...rest, cores } : rest;
      expect(configSchema.shape[kind].safeParse([resolved]).error).toBeUndefined();
    }
  });
});

describe('docs/experiments.md', async () => {
  const text = await readFile(path.join(ownCheckout, 'docs', 'experiments.md'), 'utf8');
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block as string);
  const first = blocks.find((block) => block.includes('\nexperiment: ')) as string;
  const lists = blocks.filter((block) => block.startsWith('systems:\n  - '));
  const own = blocks.filter((block) => /^ {2}\w+:/m.test(block) && block !== first && !lists.includes(block));
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'docs-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function namesOf(experiment: string, library: string): Promise<string[]> {
    const file = path.join(folder, 'x.yaml');
    await writeFile(file, experiment);
    await writeFile(path.join(folder, 'systems.yaml'), library);
    const { config } = await readConfig(file, [0, 1]);
    return config.systems.map(({ name }) => name);
  }

  test('has an experiment that holds, and systems that hold in it', async () => {
    expect(await namesOf(first, '{}')).toEqual(['redis', 'kv-kernel', 'kv-dpdk']);
    const changed = first.replace(/^systems: .*\n/m, lists[0] as string);
    expect(await namesOf(changed, '{}')).toEqual(['redis', 'kv-dpdk-9k', 'kv-tcp', 'mine']);
    const byDistance = lists.find((block) => block.includes('cores: { distance: far }')) as string;
    const chosen = first.replace(/^systems: .*\n/m, byDistance);
    expect(await namesOf(chosen, '{}')).toEqual(['kv-kernel', 'kv-kernel-far']);
  });

  test('has sweeps that hold', async () => {
    const sweeps = blocks.filter((block) => block.startsWith('sweep: '));
    const file = path.join(folder, 'x.yaml');
    const points = await Promise.all(
      sweeps.map(async (sweep, index) => {
        const written = path.join(folder, `${index}.yaml`);
        await writeFile(written, `${first.replace(' value_bytes: 64,', '')}${sweep}`);
        return (await readConfig(written, [0, 1], { set: index === 0 ? [] : ['workload.value_bytes=64'] }))
          .points.length;
      }),
    );
    expect(points).toEqual([30, 6]);
    const ownWorkload = lists.find((block) => block.includes('workload: { pipeline: 16 }')) as string;
    await writeFile(file, first.replace(/^systems: .*\n/m, ownWorkload));
    const { config } = await readConfig(file, [0, 1]);
    expect(config.systems[1].workload).toEqual({ pipeline: 16 });
  });

  test("has files of one's own that hold", async () => {
    expect(own).toHaveLength(2);
    const naming = (names: string) => first.replace(/^systems: .*/m, `systems: [${names}]`);
    expect(await namesOf(naming('keydb, redis'), own[0] as string)).toEqual(['keydb', 'redis']);
    expect(await namesOf(naming('redis-4, threaded'), own[1] as string)).toEqual(['redis-4', 'threaded']);
  });

  test.each([...keysOf.systems, ...Object.keys(configSchema.shape)])('names the key %s', (key) => {
    expect(text).toMatch(new RegExp(`\\b${key}\\b`));
  });
});

describe("README's table of experiments", async () => {
  const text = await readFile(path.join(ownCheckout, 'README.md'), 'utf8');
  const rows = new Map(
    [...text.matchAll(/^\| `([a-z-]+)` \| .+ \| ([\d.]+) min \| ([\d.]+) min \| .*\|$/gm)].map(
      ([, name, quick, whole]) => [name as string, { quick: Number(quick), whole: Number(whole) }],
    ),
  );

  test('has a row for each, in their order', () => {
    expect([...rows.keys()]).toEqual([...mainExperiments().keys()]);
  });

  test.each([...mainExperiments().keys()])('says how long %s takes, within a third', async (name) => {
    for (const quick of [true, false]) {
      const experiment = await readExperiment(name, { quick, set: [], only: null });
      const said = rows.get(name)?.[quick ? 'quick' : 'whole'] ?? 0;
      const estimated = runDuration_s(experiment) / 60;
      expect(said / estimated).toBeGreaterThan(2 / 3);
      expect(said / estimated).toBeLessThan(3 / 2);
    }
  });
});

describe('--set says values of each axis of what ships', async () => {
  const experiments = await Promise.all(
    [...shippedExperiments()].map(async ([name, file]) => ({
      name,
      file,
      ...(await readConfig(file, [0, 1])),
    })),
  );
  const cases = experiments.flatMap(({ name, file, axes }) => axes.map((axis) => ({ name, file, axis })));

  test.each(cases)('$name: $axis.path', async ({ file, axis }) => {
    const [first, second] = axis.values;
    const called = [axis.path.replace(/^workload\./, ''), axis.path, axis.name];
    for (const [index, key] of called.entries()) {
      const values = index === 0 ? [first, second] : [first];
      const { axes } = await readConfig(file, [0, 1], {
        set: [`sweep.${key}=${values.join()}`],
        quick: index === 2,
      });
      expect(axes.find(({ path }) => path === axis.path)?.values).toEqual(values);
    }
  });

  test('and there are some', () => {
    expect(cases.length).toBeGreaterThan(8);
  });
});

test('all experiments together take less than an hour as --quick', async () => {
  const plan = await planAll(true);
  expect(plan.filter(({ problem }) => problem !== null)).toEqual([]);
  expect(plan.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThan(3600);
});

test('a name that does not ship is told those that do', () => {
  expect(() => findExperiment('nothing')).toThrow(
    /named 'nothing'\. There are redis-figure, redis-throughput, redis-aof, /,
  );
  expect(() => findExperiment('redis-figur')).toThrow(/: did you mean 'redis-figure'\? There are /);
});
