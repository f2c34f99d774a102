/** A run that is interrupted leaves no process, no temporary file, and a manifest without an end. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { redis, system, TestRun, tinyWorkload } from './experiments-campaign.ts';

const stubborn = system(
  'stubborn',
  ['sh', '-c', `trap '' TERM; echo deaf; while :; do sleep 1; done`, '{port}'],
  {
    ready: { by: 'output', pattern: 'never', timeout_s: 60 },
  },
);

interface StartedRun {
  run: TestRun;
  subprocess: ReturnType<TestRun['start']>;
  pids: number[];
}

/** Starts a run, waits until `file` of its first trial says `text` and so many `processes` run, and finds those. */
async function startUntil(
  declared: object,
  file: string,
  text: string,
  processes: number,
): Promise<StartedRun> {
  const run = new TestRun({ systems: [declared], workload: { ...tinyWorkload, duration_s: 600 } });
  mkdirSync(run.temp);
  const subprocess = run.start();
  onTestFinished(async () => {
    subprocess.kill('SIGKILL');
    await subprocess;
    rmSync(run.folder, { recursive: true, force: true });
  });
  for (let attempt = 0; attempt < 6000; attempt++) {
    if (existsSync(path.join(run.out, 'trials')) && trialFileSays(run, file, text)) {
      const pids = childrenOf(subprocess.pid!);
      if (pids.length === processes) return { run, subprocess, pids };
    }
    await sleep(10);
  }
  throw new Error(`${file} did not say '${text}' with ${processes} processes running within 60 s`);
}

function trialFileSays(run: TestRun, file: string, text: string): boolean {
  const written = path.join(run.trialFolders()[0] ?? '', file);
  return existsSync(written) && readFileSync(written, 'utf8').includes(text);
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

const inMeasurement = () => startUntil(redis, 'runner.log', 'ready at', 2);
const withStubbornServer = () => startUntil(stubborn, 'server.stdout.log', 'deaf', 1);

/** A process that has ended and is not yet reaped has no program any more. */
const alive = (pids: number[]): number[] => pids.filter((pid) => existsSync(`/proc/${pid}/exe`));

/** Of what was killed by who does not wait for it: the kernel ends one after the other, when each has its turn. */
async function untilGone(pids: number[]): Promise<void> {
  while (alive(pids).length > 0) await sleep(5);
}

test.each<NodeJS.Signals[]>([
  // What arrives twice within the time of a key press is one; two of the same would be one for the kernel, too.
  ['SIGINT', 'SIGTERM'],
  ['SIGTERM'],
  ['SIGHUP'],
])('%s in a measurement', async (...signals) => {
  const { run, subprocess, pids } = await inMeasurement();
  for (const signal of signals) process.kill(subprocess.pid!, signal);
  // The measurement would take ten minutes.
  const { exitCode, stderr } = await subprocess;
  expect(exitCode).toBe(130);
  expect(stderr).toContain('interrupted; what was measured is in');
  expect(alive(pids)).toEqual([]);
  expect(readdirSync(run.temp)).toEqual([]);
  expect(run.manifest().finished_at).toBeNull();
  expect(run.trials()).toMatchObject([{ status: 'failed', reason: 'the run was interrupted' }]);
  expect(existsSync(`${run.out}/summary.json`)).toBe(false);
});

test('a server that does not end on SIGTERM is killed after two seconds', async () => {
  const { run, subprocess, pids } = await withStubbornServer();
  const sent = performance.now();
  process.kill(subprocess.pid!, 'SIGINT');
  expect((await subprocess).exitCode).toBe(130);
  expect(performance.now() - sent).toBeGreaterThan(1900);
  expect(trialFileSays(run, 'runner.log', 'still there 2 s after SIGTERM')).toBe(true);
  expect(alive(pids)).toEqual([]);
});

test('a second Ctrl-C kills at once', async () => {
  // Two seconds after the first, that one kills: a test that comes later itself has seen nothing.
  for (let tries = 1; ; tries++) {
    const tookMs = await interruptTwice();
    if (tookMs < 1800) return;
    expect(tries, `the machine took ${Math.round(tookMs)} ms for 400`).toBeLessThan(10);
    console.log(`a second Ctrl-C came after ${Math.round(tookMs)} ms, too late to tell: once more`);
  }
});

/**
 * Returns after which time the second interrupt was sent; the run has ended then, and ended at once where it
 * is below 2 s.
 */
async function interruptTwice(): Promise<number> {
  const { run, subprocess, pids } = await withStubbornServer();
  const firstMs = performance.now();
  process.kill(subprocess.pid!, 'SIGINT');
  await new Promise<void>((resolve) => {
    subprocess.stderr!.on('data', (said) => {
      if (String(said).includes('once more')) resolve();
    });
  });
  await sleep(400);
  process.kill(subprocess.pid!, 'SIGINT');
  const tookMs = performance.now() - firstMs;
  const { exitCode } = await subprocess;
  const endedMs = performance.now() - firstMs;
  expect(exitCode).toBe(130);
  await untilGone(pids);
  expect(readdirSync(run.temp)).toEqual([]);
  // Where all of it took less than the two seconds, only the second interrupt can have killed.
  if (endedMs < 1800) expect(trialFileSays(run, 'runner.log', 'still there')).toBe(false);
  return endedMs < 1800 ? tookMs : endedMs;
}

test('even a killed runner leaves no process', async () => {
  const { subprocess, pids } = await inMeasurement();
  subprocess.kill('SIGKILL');
  await subprocess;
  // Long before the measurement would have ended.
  await untilGone(pids);
});
