/**
 * Where the time goes, on real servers: stages add up, on every backend; a server that is slower by a known time shows it
 * in the stage of its application, by that time, and nowhere else; stamps cost nothing where they are off.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { parseServeOptions } from '../kvserver/options.ts';
import type { Endpoint } from '../libos/index.ts';
import { type Backend, type BackendOptions, startDataPath } from '../libos/index.ts';
import { type Pauses, pausesFormat, STAGES_FILE, unpackStages } from '../results/formats/index.ts';
import { breakdownAt } from '../results/summary/stages/breakdown.ts';
import type { StagedRequests } from '../results/summary/stages/join.ts';
import { splitStages } from '../results/summary/stages/stage.ts';
import { joinStampsOf, writeStages } from '../results/summary/stages/stages-file.ts';
import type { SlowServeOptions } from './stages-slow-server.ts';

const bypassbench = path.join(import.meta.dirname, '..', 'bin', 'bypassbench');
const folder = mkdtempSync(path.join('/dev/shm', 'stages-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Server {
  target: string;
  stamps: string;
  pauses: string;
}

/** Serves on a data path of this process, each request taking so much longer. */
async function serve(
  name: string,
  extraUs: number,
  backend: Backend,
  backendOption: BackendOptions = {},
): Promise<Server> {
  const stamps = path.join(folder, `${name}.stamps`);
  const pauses = path.join(folder, `${name}.pauses.json`);
  const bind = backend === 'dpdk' ? '10.99.0.1' : '127.0.0.1';
  const options: SlowServeOptions = {
    ...parseServeOptions({
      frontend: 'libos',
      backend,
      backendOption,
      bind,
      port: backend === 'dpdk' ? '6379' : '0',
      core: '0',
      maxClients: '100',
      requirepass: '',
      clientOutputBufferLimit: '0 0 0',
      stamps,
      pauses,
    }),
    extraUs,
  };
  const url = new URL('./stages-slow-server.ts', import.meta.url);
  const server = startDataPath<SlowServeOptions, Endpoint, void>(url, options, options.core);
  stops.push(() => server.stop());
  const { port } = await server.ready;
  return { target: `${bind}:${port}`, stamps, pauses };
}

async function load(name: string, server: Server, ...options: string[]): Promise<string> {
  const out = path.join(folder, name);
  const core = String(os.availableParallelism() - 1);
  const given = [
    '--target',
    server.target,
    '--keys',
    '1000',
    '--populate',
    '--core',
    core,
    '--warmup-s',
    '0.3',
  ];
  await execa(bypassbench, ['load', ...given, '--duration-s', '0.7', '--out', out, ...options]);
  return out;
}

function stamped(name: string, server: Server, ...options: string[]): Promise<string> {
  return load(name, server, '--stamps-every', '1', '--server-stamps', server.stamps, ...options);
}

function readPauses(file: string): Pauses {
  return pausesFormat.read(readFileSync(file, 'utf8'));
}

function medians(joined: StagedRequests): Record<string, number> {
  return breakdownAt(joined.requests, joined.stages, 'p50', null)!.stages_us;
}

const overMemif = (role: string): BackendOptions => ({
  device: 'memif',
  role,
  socket: path.join(folder, 'memif.sock'),
  ip: role === 'server' ? '10.99.0.1/24' : '10.99.0.2/24',
});
const clientOptions = (backend: Backend): string[] =>
  backend === 'dpdk'
    ? [
        '--backend',
        backend,
        ...Object.entries(overMemif('client')).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
      ]
    : ['--backend', backend];

describe.each<Backend>(['kernel', 'rdma', 'dpdk'])('over %s', (backend) => {
  test('nearly every request has all its stamps, in order, and they add up to what was measured', async () => {
    const server = await serve(backend, 0, backend, backend === 'dpdk' ? overMemif('server') : {});
    const joined = await joinStampsOf(await stamped(`${backend}-out`, server, ...clientOptions(backend)));
    expect(joined.stages).toEqual(splitStages);
    expect(joined.requests.length).toBeGreaterThan(50);
    expect(joined.incomplete + joined.inconsistent).toBeLessThan(0.01 * joined.requests.length + 5);
    for (const { latency_ns, stages_ns } of joined.requests) {
      const staged_ns = stages_ns.reduce((sum, ns) => sum + ns);
      // Between the two lie the generator's readings of its clock: a pause may fall there, but not before the stamps.
      expect(staged_ns).toBeGreaterThan(0);
      expect(staged_ns - latency_ns).toBeLessThan(1000);
    }
    const { stdout } = await execa(bypassbench, ['stages', path.join(folder, `${backend}-out`)]);
    expect(stdout).toMatch(/^\d+ requests with all their stamps, /);
    expect(stdout).toMatch(/server: application .*%.*\n[\s\S]*latency .* 100 % /);
    const { rest, ...stages } = medians(joined);
    expect(Object.keys(stages)).toEqual(splitStages.map(({ name }) => name));
    expect(stages.server_application).toBeGreaterThan(0);
    expect(rest).toBeLessThan(3);
  });

  // With several connections the device sends for others before a push has ended.
  test.each([
    ['1', '4'],
    ['5', '1'],
    ['5', '4'],
  ])('%s connections with %s requests outstanding are joined as well', async (connections, pipeline) => {
    const server = await serve('many', 0, backend, backend === 'dpdk' ? overMemif('server') : {});
    const given = [...clientOptions(backend), '--connections', connections, '--pipeline', pipeline];
    const joined = await joinStampsOf(await stamped('many-out', server, ...given));
    expect(joined.requests.length).toBeGreaterThan(50);
    expect(joined.incomplete + joined.inconsistent).toBeLessThan(0.01 * joined.requests.length + 20);
  });
});

test('20 us of work more for each request show in the stage of the application, and in no other', {
  retry: 2,
}, async () => {
  // On one server after the other, twice each: this machine's speed changes.
  const found: Record<string, number>[] = [];
  for (const [round, extraUs] of [0, 20, 0, 20].entries()) {
    const server = await serve(`slow-${round}`, extraUs, 'kernel');
    found.push(medians(await joinStampsOf(await stamped(`slow-${round}-out`, server))));
    await stops.pop()!();
  }
  const differences = (name: string): number =>
    Math.min(found[1][name], found[3][name]) - Math.min(found[0][name], found[2][name]);
  expect(differences('server_application')).toBeGreaterThan(19);
  expect(differences('server_application')).toBeLessThan(23);
  for (const { name } of splitStages) {
    if (name !== 'server_application') expect(Math.abs(differences(name)), name).toBeLessThan(3);
  }
});

test('a load without stamps leaves none, and a server that is not asked writes none', async () => {
  const server = await serve('quiet', 0, 'kernel');
  const out = await load('quiet-out', server);
  await expect(joinStampsOf(out)).rejects.toMatchObject({ code: 'RUN_FILE_MISSING' });
  const ring = readFileSync(server.stamps);
  expect(ring.subarray(0, 8).toString('latin1')).toBe('BBSTAMP1');
  expect(ring.readDoubleLE(16)).toBe(0);
});

test('a server on another machine has a counter of its own: what lies between is one stage', async () => {
  const server = await serve('far', 0, 'kernel');
  const out = await stamped('far-out', server);
  const near = medians(await joinStampsOf(out));
  // Only when it ends does a server know how fast its counter runs.
  await stops.pop()!();
  const file = readFileSync(server.stamps);
  file.fill(7, 64, 80);
  writeFileSync(path.join(out, 'server.stamps'), file);
  const far = medians(await joinStampsOf(out));
  expect(far.server_application! / near.server_application!).toBeCloseTo(1, 1);
  expect(far).toHaveProperty('both_ways_between');
  expect(far).not.toHaveProperty('request_between');
});

test('in an open loop the wait behind the schedule is the first stage', async () => {
  const server = await serve('open', 0, 'kernel');
  const out = await stamped('open-out', server, '--rate', '5000', '--arrivals', 'poisson');
  const { stages, requests } = await joinStampsOf(out);
  expect(stages[0].name).toBe('client_schedule');
  expect(requests.length).toBeGreaterThan(100);
  expect(requests.every(({ stages_ns }) => stages_ns[0] >= 0)).toBe(true);
});

test('a run folder keeps the stages, not the stamps; a server without stamps is one block', async () => {
  const server = await serve('other', 0, 'kernel');
  const out = await stamped('other-out', server);
  const split = medians(await joinStampsOf(out));
  await writeStages(out, 0.5);
  const { clocks, joined, latency_ns } = unpackStages(readFileSync(path.join(out, STAGES_FILE)));
  expect(clocks).toBe('one');
  expect(latency_ns.length).toBeLessThanOrEqual(5000);
  expect(latency_ns.length).toBeGreaterThan(0.4 * Math.min(5000, joined));
  await expect(joinStampsOf(out)).rejects.toMatchObject({ code: 'RUN_FILE_MISSING' });

  const alone = await load('alone-out', server, '--stamps-every', '1');
  const { stages, requests } = await joinStampsOf(alone);
  const block = medians({ stages, requests, incomplete: 0, inconsistent: 0 });
  expect(Object.keys(block)).not.toContain('server_application');
  expect(block.server_and_kernel).toBeGreaterThan(split.server_application!);
});

describe('what a loop does is no gap', () => {
  /** Share of the load's window in which one that lost its core to nobody did not look at the clock for longer than it should. */
  function stoodShare(out: string, ofServer: Pauses | null): number {
    const { window, gaps } = readPauses(path.join(out, 'pauses.json'));
    const { start_ns: from_ns, end_ns } = window!;
    const inWindow = [...gaps, ...(ofServer?.gaps ?? [])].filter(
      ({ start_ns, involuntary_switches }) =>
        start_ns > from_ns && start_ns < end_ns && involuntary_switches === 0,
    );
    return inWindow.reduce((sum, { duration_ns }) => sum + duration_ns, 0) / (end_ns - from_ns);
  }

  test('many connections make long turns', { retry: 2 }, async () => {
    const server = await serve('crowded', 0, 'kernel');
    const out = await load('crowded-out', server, '--connections', '50');
    await stops.pop()!();
    expect(stoodShare(out, readPauses(server.pauses))).toBeLessThan(0.2);
    const { busy_share } = JSON.parse(readFileSync(path.join(out, 'result.json'), 'utf8'));
    expect(busy_share).toBeGreaterThan(0.02);
    expect(busy_share).toBeLessThanOrEqual(1);
  });

  test('a client asks four sockets in vain', { retry: 2 }, async () => {
    const server = await serve('four', 200, 'kernel');
    const out = await load('four-out', server, '--connections', '4');
    expect(stoodShare(out, null)).toBeLessThan(0.15);
  });

  test('long values are written, sent and read', { retry: 2 }, async () => {
    const server = await serve('long', 0, 'kernel');
    const given = ['--value-bytes', '64000', '--operation', 'set', '--keys', '10'];
    const out = await load('long-out', server, ...given);
    await stops.pop()!();
    expect(stoodShare(out, readPauses(server.pauses))).toBeLessThan(0.06);
  });
});

test('a load that dies leaves a server stamping, and the next one does not take its stamps for its own', async () => {
  const server = await serve('left', 0, 'kernel');
  const dying = execa(
    bypassbench,
    [
      'load',
      '--target',
      server.target,
      '--keys',
      '1000',
      '--populate',
      '--duration-s',
      '60',
      '--stamps-every',
      '1',
      '--server-stamps',
      server.stamps,
      '--out',
      path.join(folder, 'left-out'),
    ],
    { reject: false },
  );
  const written = () => readFileSync(server.stamps).readDoubleLE(16);
  for (let tries = 0; written() < 1000 && tries < 1200; tries++) await sleep(50);
  expect(written()).toBeGreaterThanOrEqual(1000);
  dying.kill('SIGKILL');
  await dying;
  const joined = await joinStampsOf(await stamped('left-next', server));
  expect(joined.requests.length).toBeGreaterThan(50);
  expect(joined.inconsistent).toBeLessThan(0.01 * joined.requests.length);
  const after = written();
  await load('left-last', server);
  expect(written()).toBe(after);
});

test('what kept the server from running is written when it stops, by the clock of the load generator', async () => {
  const begun_ns = Number(process.hrtime.bigint());
  const server = await serve('paused', 0, 'kernel');
  const out = await load('paused-out', server);
  await stops.pop()!();
  const ended_ns = Number(process.hrtime.bigint());
  const ofServer = readPauses(server.pauses);
  const { window, slow_requests } = readPauses(path.join(out, 'pauses.json'));
  expect(window!.end_ns - window!.start_ns).toBeGreaterThan(0.69e9);
  expect(slow_requests!.requests.every(([sent_ns]) => sent_ns >= window!.start_ns)).toBe(true);
  expect(window!.start_ns).toBeGreaterThan(begun_ns);
  expect(window!.end_ns).toBeLessThan(ended_ns);
  // Each side's code is compiled while it runs, which makes both.
  const seen = [...ofServer.gaps, ...ofServer.gc];
  expect(seen).not.toEqual([]);
  expect(seen.filter(({ start_ns }) => start_ns < begun_ns || start_ns > ended_ns)).toEqual([]);
  expect(slow_requests!.requests).not.toEqual([]);
});
