/** Processes that are ended, with real ones. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { availableCores } from './machine.ts';
import { type RunningProcess, Supervisor } from './process.ts';
import { removeLeftovers } from './runner-folder.ts';

interface Started {
  running: RunningProcess;
  supervisor: Supervisor;
  folder: string;
  pids: string[];
}

/** Starts a script of the shell that says `started` and ids of processes; these are returned. */
async function start(script: string): Promise<Started> {
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
  return { running, supervisor, folder, pids: said.match(/\d+/g)! };
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

test('what it has left in a session of its own is found and ended, and what runs is left alone', async () => {
  // A daemon, as fork(2) twice and setsid(2) make it, with a child.
  const daemon = `setsid sh -c 'sleep 600 & echo "started $! $$"; wait' &`;
  const { running, supervisor, pids } = await start(
    `${daemon} trap 'exit 0' TERM; while :; do sleep 1; done`,
  );
  expect(await supervisor.endOrphans()).toEqual([]);
  expect(pids.map(isAlive)).toEqual([true, true]);
  await running.stop(60_000);
  expect((await supervisor.endOrphans()).sort()).toEqual(
    [`sh (process ${pids[1]})`, `sleep (process ${pids[0]})`].sort(),
  );
  expect(pids.map(isAlive)).toEqual([false, false]);
  expect(await supervisor.endOrphans()).toEqual([]);
});

test('what a killed runner has left is removed by the next one, and nothing of a runner that lives', async () => {
  // A folder for temporary files that no other test cleans.
  const temp = mkdtempSync(path.join(os.tmpdir(), 'left-'));
  vi.stubEnv('TMPDIR', temp);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(temp, { recursive: true });
  });
  const { running, folder } = await start('echo started; sleep 600');
  const module = path.join(import.meta.dirname, 'process.ts');
  // The daemon closes no file and forgets its environment and its folder. What has started it stays until the daemon
  // has said something, and has left the process group by then: what is in there when its leader ends is killed.
  const program = `
    const { Supervisor } = await import(${JSON.stringify(module)});
    const supervisor = new Supervisor();
    const cwd = supervisor.createFolder();
    const [stdoutFile, stderrFile] = [cwd + '/stdout', cwd + '/stderr'];
    const shared = supervisor.createSharedFolder();
    const daemon = "setsid env -i sh -c 'cd /; echo $$; exec sleep 600 >/dev/null 2>&1' &";
    const argv = ['sh', '-c', daemon + ' until [ -s /proc/self/fd/1 ]; do sleep 0.01; done'];
    supervisor.start({ argv, cores: [${availableCores()[0]}], cwd, env: {}, stdoutFile, stderrFile });
    console.log(JSON.stringify({ cwd, shared }));
    setInterval(() => {}, 1000);`;
  const runner = execa(process.execPath, ['--input-type=module', '-e', program], { reject: false });
  const [line] = await new Promise<string[]>((resolve) =>
    runner.stdout.once('data', (data) => resolve(String(data).split('\n'))),
  );
  const { cwd, shared } = JSON.parse(line);
  const file = path.join(cwd, 'stdout');
  while (!readFileSync(file, 'utf8').endsWith('\n')) await sleep(5);
  const pid = readFileSync(file, 'utf8').trim();
  await removeLeftovers();
  expect([folder, cwd, shared].map((one) => existsSync(one))).toEqual([true, true, true]);
  runner.kill('SIGKILL');
  await runner;
  expect(isAlive(pid)).toBe(true);
  expect(await removeLeftovers()).toContain(
    `removed what a run that was killed had left: ${path.dirname(cwd)}, sleep (process ${pid})`,
  );
  expect([cwd, shared].map((one) => existsSync(one))).toEqual([false, false]);
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(folder)).toBe(true);
  await running.stop(0);
});

test('a log that gets too long keeps its beginning and its end, and says what it has lost', async () => {
  const script = `echo started; yes 'much too much to say' | head -c 30000000; echo; echo the end`;
  const { running, folder } = await start(script);
  expect(await running.ended).toBe('exited with code 0');
  const stdout = path.join(folder, 'stdout');
  expect(statSync(stdout).size).toBeLessThan(600_000);
  const log = readFileSync(stdout, 'utf8');
  expect(log).toMatch(/^started\nmuch too much to say\n/);
  expect(log).toMatch(/much too much to say\n[^\n]*\nthe end\n$/);
  const leftOut = Number(/\n\[bypassbench left out at least (\d+) bytes of this log here\]\n/.exec(log)?.[1]);
  const written = 'started\n'.length + 30_000_000 + '\nthe end\n'.length;
  const kept = statSync(stdout).size;
  // A log is cut when it is longer than 4 MiB; what is written in the moment of a cut is not counted.
  expect(leftOut).toBeGreaterThan(4 * 1024 * 1024 - kept);
  expect(leftOut).toBeLessThanOrEqual(written - 512 * 1024);
});
