/** Processes that are ended, with real ones. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { availableCores } from './machine.ts';
import { type RunningProcess, Supervisor } from './process.ts';

/** Starts a script of the shell that says `started` and ids of processes; these are returned. */
async function start(script: string): Promise<{ running: RunningProcess; pids: string[] }> {
  const supervisor = new Supervisor();
  onTestFinished(() => supervisor.killAll());
  const folder = supervisor.createFolder();
  const stdoutFile = path.join(folder, 'stdout');
  const running = supervisor.start({
    argv: ['sh', '-c', script],
    cores: availableCores(),
    cwd: folder,
    env: {},
    stdoutFile,
    stderrFile: path.join(folder, 'stderr'),
  });
  let said = '';
  while (!said.endsWith('\n')) {
    await sleep(5);
    said = readFileSync(stdoutFile, 'utf8');
  }
  return { running, pids: said.match(/\d+/g)! };
}

/** A process that has ended and is not yet reaped has no program any more. */
const isAlive = (pid: string): boolean => existsSync(`/proc/${pid}/exe`);

test('what does not end on SIGTERM is killed, and what it started with it', async () => {
  const script = `trap '' TERM; sleep 600 & echo "started $! $$"; while :; do sleep 1; done`;
  const { running, pids } = await start(script);
  expect(pids.map(isAlive)).toEqual([true, true]);
  expect(await running.stop(200)).toBe(false);
  expect(running.end).toBe('was ended by SIGKILL');
  // The kernel ends them one after the other.
  while (pids.some(isAlive)) await sleep(5);
});

test('what ends on SIGTERM is not killed, but what it has left running', async () => {
  const { running, pids } = await start(`trap 'exit 0' TERM; sleep 600 & echo "started $! $$"; wait`);
  expect(await running.stop(60_000)).toBe(true);
  expect(running.end).toBe('exited with code 0');
  while (pids.some(isAlive)) await sleep(5);
});
