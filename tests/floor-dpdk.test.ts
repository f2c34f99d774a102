/** `bypassbench floor dpdk`: two real processes over memif, what they leave, and what it does when they cannot. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { command } from '../loadgen/floor/command.ts';
import { nativeProgram } from '../loadgen/floor/programs.ts';
import { loadResultFormat } from '../results/formats/index.ts';
import { expectSlicesWithEarly } from './floor-slices.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);
const [first, second] = availableCores();
const short = ['--cores', `${first},${second}`, '--warmup-s', '0.05', '--duration-s', '0.2'];

let folder: string;
let temp: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floor-test-'));
  temp = mkdtempSync(join(folder, 't'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is left where DPDK keeps files of running processes, of which other tests may have some. */
const foldersOfDpdk = () =>
  (existsSync('/var/run/dpdk') ? readdirSync('/var/run/dpdk') : []).filter(
    (name) => !existsSync(`/proc/${/\d+$/.exec(name)?.[0]}`),
  );

const environment = () => ({ ...process.env, TMPDIR: temp });

async function failure(...args: string[]): Promise<{ code: number; stderr: string }> {
  return run(bypassbench, ['floor', 'dpdk', ...short, ...args], { env: environment() }).then(
    () => Promise.reject(new Error('the command succeeded')),
    (error) => ({ code: error.code, stderr: error.stderr }),
  );
}

/** Ids of the processes that a process has started. */
function childrenOf({ pid }: ChildProcess): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

describe('bypassbench floor dpdk', () => {
  it.each(['get', 'set'])('measures a %s, and writes what load writes', async (operation) => {
    const out = join(folder, 'out');
    const foldersBefore = foldersOfDpdk();
    const args = [
      'floor',
      'dpdk',
      ...short,
      '--duration-s',
      '0.5',
      '--operation',
      operation,
      '--value-bytes',
      '64',
    ];
    const { stdout } = await run(bypassbench, [...args, '--out', out], { env: environment() });
    expect(stdout).toMatch(new RegExp(`^${operation}: \\d+ replies in [\\d.]+ s, .*\n {2}us: min .* max `));
    const written = [`${operation}.hdr`, `${operation}.hgrm`, 'result.json', 'slices.json.gz'];
    expect(readdirSync(out).sort()).toEqual(written.sort());
    const result = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
    expect(result).toMatchObject({
      backend: 'dpdk',
      connections: 1,
      pipeline: 1,
      value_bytes: 64,
      core: second,
    });
    expect(result.versions.dpdk).toMatch(/^\d+\.\d+/);
    expect(result.elapsed_s).toBeGreaterThan(0.1);
    const [measured] = result.operations;
    expect(measured).toMatchObject({ operation, misses: 0, errors: 0, wrong: 0 });
    expect(measured!.requests).toBeGreaterThan(0);
    // Two crossings of shared memory take longer than a cache miss or two.
    expect(measured!.latency_ns!.min).toBeGreaterThan(100);
    const histogram = decodeFromCompressedBase64(readFileSync(join(out, `${operation}.hdr`), 'utf8').trim());
    expect(histogram.totalCount).toBe(measured!.hits);
    expectSlicesWithEarly(out, [first!, second!], measured!.latency_ns!.min);
    expect(readdirSync(temp)).toEqual([]);
    expect(foldersOfDpdk().filter((name) => !foldersBefore.includes(name))).toEqual([]);
  });

  it('sends what is longer than a frame, and than the whole ring, in several', async () => {
    const bytes = 3_000_000;
    const args = [
      'floor',
      'dpdk',
      ...short,
      '--operation',
      'set',
      '--value-bytes',
      `${bytes}`,
      '--mtu',
      '1500',
    ];
    const { stdout } = await run(bypassbench, args, { env: environment() });
    const [, replies, seconds] = /^set: (\d+) replies in ([\d.]+) s/.exec(stdout)!;
    expect(Number(replies)).toBeGreaterThan(0);
    // Not 100 GB/s: the bytes really cross.
    expect((Number(replies) * bytes) / Number(seconds)).toBeLessThan(1e11);
  });

  it('says in one line what is wrong', async () => {
    const busy = await failure('--cores', `${first},999`);
    expect(busy).toEqual({
      code: 1,
      stderr:
        "bypassbench: the floor's client exited with code 1: core 999 is not one that this process may run on: " +
        'choose another (see nproc and taskset -p)\n',
    });
    expect(readdirSync(temp)).toEqual([]);
  });

  it.each([
    [['--cores', '0'], 'It must be two different cores, such as 0,1'],
    [['--cores', '1,1'], 'It must be two different cores, such as 0,1'],
    [['--operation', 'mix'], 'Allowed choices are get, set'],
    [['--mtu', '70000'], 'It must be a whole number from 576 to 9,200'],
  ])('refuses %s', async (words, message) => {
    expect(await refusal(command(), 'dpdk', ...words)).toContain(message);
  });

  it('has a folder for its socket whose path is too long', async () => {
    temp = join(folder, 'x'.repeat(100));
    const { stderr } = await run('mkdir', [temp]).then(() => failure());
    expect(stderr).toMatch(/at most 107 bytes, .* has more: set TMPDIR to a shorter folder\n$/);
  });

  it('does not crash as it ends, however slowly DPDK takes its ring down', async () => {
    const slow = join(folder, 'slow-unmap.so');
    await run('gcc', ['-shared', '-fPIC', '-o', slow, join(import.meta.dirname, 'slow-unmap.c')]);
    const program = nativeProgram('floor-dpdk');
    const common = [join(folder, 'memif.sock'), '1500', '100', '100'];
    const env = { ...process.env, RUNTIME_DIRECTORY: folder };
    const server = spawn(program, ['server', `${first}`, ...common], { env: { ...env, LD_PRELOAD: slow } });
    onTestFinished(() => void server.kill('SIGKILL'));
    const ended = once(server, 'exit');
    // It says nothing where it ends before it is ready.
    await Promise.race([once(server.stdout, 'data'), ended]);
    const window = [join(folder, 'counts'), '0.01', '0.02', `${first}`];
    await run(program, ['client', `${second}`, ...common, ...window], { env });
    expect(await ended).toEqual([0, null]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops both sides on %s, with exit code 130', async (signal) => {
    const args = ['floor', 'dpdk', ...short, '--duration-s', '60'];
    const child = spawn(bypassbench, args, { env: environment(), stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    while (childrenOf(child).length < 2) await sleep(20);
    const sides = childrenOf(child);
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    expect(code).toBe(130);
    for (const pid of sides) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
    expect(readdirSync(temp)).toEqual([]);
  });
});
