/** A window in slices, with readings of the distance of the cores between them, against a real redis-server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { command } from '../loadgen/command.ts';
import {
  type LoadResult,
  loadResultFormat,
  type SlicesFile,
  unpackSlices,
} from '../results/formats/index.ts';
import { answer } from './answer.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { MovedServer, moveServer } from './moved-server.ts';
import { refusal } from './refusal.ts';

const cores = availableCores();
const serverCore = cores[0];
const core = cores.at(-1)!;

const redis = new LoadedRedis();
beforeAll(() => moveServer(redis.pid, serverCore));

async function load(...args: string[]): Promise<{ result: LoadResult; slices: SlicesFile }> {
  const out = redis.nextOut();
  const target = ['--target', redis.target, '--keys', '100', '--populate', '--warmup-s', '0.05'];
  await answer(command(), ...target, '--out', out, ...args);
  return {
    result: loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8')),
    slices: unpackSlices(await readFile(join(out, 'slices.json.gz'))),
  };
}

const onTwoCores = ['--core', `${core}`, '--server-core', `${serverCore}`];
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const requestsOf = ({ slices }: SlicesFile): number =>
  sum(
    slices.flatMap(({ operations }) =>
      operations.flatMap(({ early, late }) => [early.requests, late.requests]),
    ),
  );
const samplesOf = ({ slices }: SlicesFile): number =>
  sum(
    slices.flatMap(({ operations }) =>
      operations.flatMap(({ early, late }) => [...early.counts, ...late.counts]),
    ),
  );

function expectOrder({ probes, slices }: SlicesFile): void {
  expect(probes).toHaveLength(slices.length + 1);
  for (const [index, slice] of slices.entries()) {
    expect(slice.start_ns).toBeGreaterThanOrEqual(probes[index].end_ns);
    expect(slice.end_ns).toBeGreaterThan(slice.start_ns);
    expect(slice.end_ns).toBeLessThanOrEqual(probes[index + 1].start_ns);
  }
}

describe.runIf(core !== serverCore)('with the core of the server', () => {
  it.each([
    ['one connection', []],
    ['50 connections', ['--connections', '50']],
    ['a pipeline', ['--connections', '3', '--pipeline', '16']],
    ['a mix', ['--operation', 'mix']],
  ])('a closed loop stands still between slices: %s', async (_what, args) => {
    const { result, slices } = await load('--duration-s', '0.2', ...onTwoCores, ...args);
    expect(slices).toMatchObject({ cores: { client: core, server: serverCore }, unknown: null, delayed: 0 });
    // A slice is longer where replies take long: on a busy machine one of 50 connections may take the whole window.
    expect(slices.slices.length).toBeGreaterThan(0);
    expectOrder(slices);
    expect(slices.probes.some(({ median_ns }) => median_ns !== null && median_ns > 1)).toBe(true);
    expect(requestsOf(slices)).toBe(sum(result.operations.map(({ requests }) => requests)));
    expect(samplesOf(slices)).toBe(sum(result.operations.map(({ hits }) => hits)));
    const inSlices_s = sum(slices.slices.map(({ start_ns, end_ns }) => end_ns - start_ns)) / 1e9;
    expect(inSlices_s).toBeCloseTo(result.elapsed_s, 4);
  });

  it.each(['500', '20000'])('an open loop of %s a second counts what a reading delays', async (rate) => {
    const { result, slices } = await load(
      '--duration-s',
      '0.25',
      '--rate',
      rate,
      '--pipeline',
      '64',
      ...onTwoCores,
    );
    expectOrder(slices);
    expect(samplesOf(slices)).toBe(result.operations[0].hits);
    const { completed_ops } = result.rates!;
    expect(completed_ops * result.elapsed_s).toBeCloseTo(result.operations[0].hits + slices.delayed, 3);
  });

  it('knows where the server is, and sees it moved', async () => {
    const pid = ['--server-pid', `${redis.pid}`];
    // Beside busy programs one that sleeps gets its turns at once.
    const sleeping = ['--duration-s', '2', '--idle', 'sleep', '--rate', '500'];
    onTestFinished(() => moveServer(redis.pid, serverCore));
    const server = new MovedServer(redis.pid);
    const seenAt = new Set<number>();
    // Beside busy programs there may be no gap for a reading while the server is at one of them.
    for (let left = 10; seenAt.size < 2 && left > 0; left--) {
      const measuring = load(...sleeping, ...onTwoCores, ...pid);
      // From before the window until behind it.
      await server.goRound([serverCore, core], 150, measuring);
      for (const { start_ns, end_ns, server_core } of (await measuring).slices.probes) {
        const was = server.coreBetween(start_ns, end_ns);
        if (was === null || server_core === null) continue;
        expect(server_core).toBe(was);
        seenAt.add(was);
      }
    }
    expect(seenAt).toEqual(new Set([serverCore, core]));
  });
});

it('without a core of the server the window is cut all the same, and says what is not known', async () => {
  const { result, slices } = await load('--duration-s', '0.1');
  expect(slices).toMatchObject({
    cores: null,
    helper: null,
    unknown: 'no core of the server was named',
    probes: [],
  });
  expect(requestsOf(slices)).toBe(result.operations[0].requests);
});

it.each([
  [['--core', '0', '--server-core', '0'], 'server and load generator share one core'],
  [['--core', '0', '--server-core', '1023'], /core 1023/],
])('a distance that cannot be read has its reason: %s', async (args, reason) => {
  const { slices } = await load('--duration-s', '0.1', ...args);
  expect(slices.probes).toEqual([]);
  expect(slices.unknown).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
});

it('refuses --server-core without --core', async () => {
  const said = await refusal(command(), '--target', redis.target, '--server-core', '0');
  expect(said).toContain('--server-core needs --core');
});
