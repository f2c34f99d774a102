/**
 * Where the time goes, on real servers: stages add up, on every backend; stamps are those of the load that is
 * measured; a load without stamps leaves none. What asserts how long something takes is in
 * timing/stages.timing.test.ts.
 */
import { closeSync, cpSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Backend } from '../libos/index.ts';
import { hasRing } from '../libos/uring/test-traits.ts';
import { hasLink } from '../libos/xdp/test-rights.ts';
import { loadResultFormat, STAGES_FILE, unpackStages } from '../results/formats/index.ts';
import type { StagedRequests } from '../results/summary/stages/join.ts';
import { splitStages } from '../results/summary/stages/stage.ts';
import { joinStampsOf, writeStages } from '../results/summary/stages/stages-file.ts';
import {
  bypassbench,
  ENOUGH,
  medians,
  readPauses,
  StampedLoads,
  type StampedServer,
} from './stamped-loads.ts';

const loads = new StampedLoads();
const { folder } = loads;
afterEach(() => loads.stopServers());
afterAll(() => loads.remove());

/** Where nothing hangs on it: a server that spins takes a core from the load that it waits for. */
const asleep = { idle: 'sleep' } as const;

/** Else its own tests say what is lacking. */
const isHere: Record<Backend, boolean> = { uring: hasRing(), xdp: hasLink };

const manyHere: readonly Backend[] = ['kernel', 'rdma', 'dpdk'];

describe.for<Backend>(['kernel', 'uring', 'rdma', 'dpdk', 'xdp'])('over %s', (backend) => {
  test.runIf(isHere[backend] ?? true)(
    'nearly every request has all its stamps, in order, and they add up to what was measured',
    async () => {
      const server = await loads.serveOver(backend, asleep);
      const options = loads.clientOptions(backend);
      const joined = await joinStampsOf(await loads.stamped(`${backend}-out`, server, ...ENOUGH, ...options));
      expectStages(joined);

      // Several connections with several requests outstanding are joined as well. Over the others: in the long test.
      if (!manyHere.includes(backend)) return;
      const several = ['--connections', '5', '--pipeline', '4'];
      const out = await loads.stamped(`${backend}-several`, server, ...ENOUGH, ...options, ...several);
      const { requests, incomplete, inconsistent } = await joinStampsOf(out);
      expect(requests.length).toBeGreaterThan(500);
      expect(incomplete + inconsistent).toBeLessThan(0.01 * requests.length + 20);
    },
  );
});

function expectStages(joined: StagedRequests): void {
  expect(joined.stages).toEqual(splitStages);
  expect(joined.requests.length).toBeGreaterThan(500);
  expect(joined.incomplete + joined.inconsistent).toBeLessThan(0.01 * joined.requests.length + 5);
  for (const { latency_ns, stages_ns } of joined.requests) {
    const staged_ns = stages_ns.reduce((sum, ns) => sum + ns);
    // Between the two lie the generator's readings of its clock: a pause may fall there, but not before the stamps.
    expect(staged_ns).toBeGreaterThan(0);
    expect(staged_ns - latency_ns).toBeLessThan(1000);
  }
  const { rest: _, ...stages } = medians(joined);
  expect(Object.keys(stages)).toEqual(splitStages.map(({ name }) => name));
  expect(stages.server_application).toBeGreaterThan(0);
}

test('a load without stamps leaves none, and a server that is not asked says only that it polls in vain', async () => {
  const server = await loads.serve('quiet', 0, 'kernel');
  // It has little to do, and is a thread of this process, which has others.
  const ofServer = ['--server-pid', String(process.pid), '--server-busy-time', server.stamps];
  const out = await loads.load('quiet-out', server, '--rate', '200', '--duration-s', '0.4', ...ofServer);
  await expect(joinStampsOf(out)).rejects.toMatchObject({ code: 'RUN_FILE_MISSING' });
  const ring = readFileSync(server.stamps);
  expect(ring.subarray(0, 8).toString('latin1')).toBe('BBSTAMP1');
  expect(ring.readDoubleLE(16)).toBe(0);
  const { cost } = loadResultFormat.read(readFileSync(path.join(out, 'result.json'), 'utf8'));
  const { user_s, system_s, vain_s } = cost!.server!;
  expect(vain_s).toBeGreaterThan(0.5 * Math.min(0.4, user_s + system_s));
  expect(vain_s).toBeLessThanOrEqual(user_s + system_s);
});

describe('of one server over the kernel', () => {
  let server: StampedServer;
  let out: string;
  let openLoop: string;
  let withoutServer: string;
  beforeAll(async () => {
    server = await loads.serve('one', 0, 'kernel', asleep);
    openLoop = await loads.stamped('open-out', server, ...ENOUGH, '--rate', '5000', '--arrivals', 'poisson');
    withoutServer = await loads.load('alone-out', server, ...ENOUGH, '--stamps-every', '1');
    out = await loads.stamped('one-out', server, ...ENOUGH);
    // Only when it ends does a server know how fast its counter runs.
    await server.stop();
  });

  test('a server on another machine has a counter of its own: what lies between is one stage', async () => {
    const near = await joinStampsOf(out);
    const elsewhere = path.join(folder, 'far-out');
    cpSync(out, elsewhere, { recursive: true });
    const file = readFileSync(server.stamps);
    file.fill(7, 64, 80);
    writeFileSync(path.join(elsewhere, 'server.stamps'), file);
    const far = await joinStampsOf(elsewhere);
    const names = far.stages.map(({ name }) => name);
    expect(names).toContain('both_ways_between');
    expect(names).not.toContain('request_between');
    // Request by request, whatever the machine did meanwhile: the two counters are one, read at different rates.
    const inApplication = ({ stages, requests }: StagedRequests): Map<number, number> => {
      const at = stages.findIndex(({ name }) => name === 'server_application');
      return new Map(requests.map(({ sent_ns, stages_ns }) => [sent_ns, stages_ns[at]]));
    };
    const nearNs = inApplication(near);
    const both = [...inApplication(far)].filter(([sent_ns]) => nearNs.has(sent_ns));
    // Over loopback a server may have the request before the client's send returns. Where that leaves no time for
    // both ways between, the request is counted as inconsistent: of how many depends on what else the machine does.
    expect(both.length + far.inconsistent).toBeGreaterThan(0.9 * near.requests.length);
    expect(both.length).toBeGreaterThan(0.5 * near.requests.length);
    for (const [sent_ns, ns] of both) expect(ns / nearNs.get(sent_ns)!).toBeCloseTo(1, 3);
  });

  test('in an open loop the wait behind the schedule is the first stage', async () => {
    const { stages, requests } = await joinStampsOf(openLoop);
    expect(stages[0].name).toBe('client_schedule');
    expect(requests.length).toBeGreaterThan(500);
    expect(requests.every(({ stages_ns }) => stages_ns[0] >= 0)).toBe(true);
    expect(requests.some(({ stages_ns }) => stages_ns[0] > 0)).toBe(true);
  });

  test('a server without stamps is one block', async () => {
    const { stages, requests } = await joinStampsOf(withoutServer);
    const block = medians({ stages, requests, incomplete: 0, inconsistent: 0 });
    expect(Object.keys(block)).not.toContain('server_application');
    expect(block.server_and_kernel).toBeGreaterThan(0);
  });

  test('a run folder keeps the stages, not the stamps', async () => {
    const { stdout } = await execa(bypassbench, ['stages', out]);
    expect(stdout).toMatch(/^\d+ requests with all their stamps, /);
    expect(stdout).toMatch(/server: application .*%.*\n[\s\S]*latency .* 100 % /);
    await writeStages(out, 0.5, null);
    const { clocks, joined, latency_ns } = unpackStages(readFileSync(path.join(out, STAGES_FILE)));
    expect(clocks).toBe('one');
    expect(latency_ns.length).toBeLessThanOrEqual(5000);
    expect(latency_ns.length).toBeGreaterThan(0.4 * Math.min(5000, joined));
    await expect(joinStampsOf(out)).rejects.toMatchObject({ code: 'RUN_FILE_MISSING' });
  });
});

test('a load that dies leaves a server stamping, and the next one does not take its stamps for its own', async () => {
  const server = await loads.serve('left', 0, 'kernel', asleep);
  const dying = execa(
    bypassbench,
    [
      'load',
      '--target',
      server.target,
      '--keys',
      '1000',
      '--populate',
      '--warmup-s',
      '0',
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
  const stamps = openSync(server.stamps, 'r');
  onTestFinished(() => closeSync(stamps));
  // The ring itself is long.
  const head = Buffer.alloc(24);
  const written = () => {
    readSync(stamps, head, 0, head.length, 0);
    return head.readDoubleLE(16);
  };
  while (written() < 1000) await sleep(10);
  dying.kill('SIGKILL');
  await dying;
  const joined = await joinStampsOf(await loads.stamped('left-next', server, ...ENOUGH));
  expect(joined.requests.length).toBeGreaterThan(500);
  expect(joined.inconsistent).toBeLessThan(0.01 * joined.requests.length);
  const after = written();
  await loads.load('left-last', server, ...ENOUGH);
  expect(written()).toBe(after);
});

test('what kept the server from running is written when it stops, by the clock of the load generator', async () => {
  const begun_ns = Number(process.hrtime.bigint());
  const server = await loads.serve('paused', 0, 'kernel');
  const out = await loads.load('paused-out', server, '--duration-s', '0.5');
  await server.stop();
  const ended_ns = Number(process.hrtime.bigint());
  const ofServer = readPauses(server.pauses);
  const { window, slow_requests } = readPauses(path.join(out, 'pauses.json'));
  expect(window!.end_ns - window!.start_ns).toBeGreaterThan(0.49e9);
  const early = slow_requests!.requests.filter(([sent_ns]) => sent_ns < window!.start_ns);
  expect(early).toEqual([]);
  expect(window!.start_ns).toBeGreaterThan(begun_ns);
  expect(window!.end_ns).toBeLessThan(ended_ns);
  // Its code is compiled while it runs, which makes both.
  const seen = [...ofServer.gaps, ...ofServer.gc];
  expect(seen).not.toEqual([]);
  expect(seen.filter(({ start_ns }) => start_ns < begun_ns || start_ns > ended_ns)).toEqual([]);
});
