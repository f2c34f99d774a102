/** `bypassbench floor rdma`: the real fi_pingpong over shm, what it leaves, and what is said when it cannot run. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { command } from '../loadgen/floor/command.ts';
import { loadResultFormat } from '../results/formats/index.ts';
import { readSlices } from './floor-slices.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);
const [first, second] = availableCores();
const short = ['--cores', `${first},${second}`, '--warmup-s', '0', '--duration-s', '0.1'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floor-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function failure(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stderr: string }> {
  return run(bypassbench, ['floor', 'rdma', ...short, ...args], { env: { ...process.env, ...env } }).then(
    () => Promise.reject(new Error('the command succeeded')),
    (error) => ({ code: error.code, stderr: error.stderr }),
  );
}

/** Ids of the processes that a process has started. */
function childrenOf({ pid }: ChildProcess): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

const sharedMemoryOf = (pid: string) => readdirSync('/dev/shm').filter((name) => name.startsWith(`${pid}:`));

/** Both sides of a run that go on for long, in shared memory. */
async function sidesOf(child: ChildProcess): Promise<string[]> {
  for (;;) {
    const sides = childrenOf(child);
    if (sides.length === 2 && sides.every((pid) => sharedMemoryOf(pid).length > 0)) return sides;
    await sleep(1);
  }
}

describe('bypassbench floor rdma', () => {
  it.each([
    ['get', 64, 'fi_pingpong over shm', [], 1e6],
    // Of another provider, on the device that it is told.
    [
      'set',
      100_000,
      'fi_pingpong over tcp;ofi_rxm (lo)',
      ['--provider', 'tcp;ofi_rxm', '--domain', 'lo'],
      1e9,
    ],
  ])(
    'measures a %s of %d bytes, and writes what load writes: %s',
    async (operation, bytes, target, device, limitNs) => {
      const out = join(folder, 'out');
      const what = ['--operation', operation, '--value-bytes', `${bytes}`, ...device];
      const args = ['floor', 'rdma', ...short, ...what, '--out', out];
      const { stdout } = await run(bypassbench, args);
      expect(stdout).toMatch(
        new RegExp(
          `^${operation}: \\d+ means of runs in \\d+\\.\\d+ s\n {2}us: min \\S+ {2}p50 \\S+ {2}max \\S+\n$`,
        ),
      );
      const written = [`${operation}.hdr`, `${operation}.hgrm`, 'result.json', 'slices.json.gz'];
      expect(readdirSync(out).sort()).toEqual(written.sort());
      const result = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
      expect(result).toMatchObject({
        target,
        backend: 'rdma',
        connections: 1,
        pipeline: 1,
        value_bytes: bytes,
        core: second,
        sample: 'run_mean',
      });
      expect(result.versions.libfabric).toMatch(/^\d+\.\d+/);
      const [measured] = result.operations;
      expect(measured).toMatchObject({ operation, misses: 0, errors: 0, wrong: 0 });
      // Two crossings take longer than a cache miss or two; of shared memory much less than a millisecond.
      expect(measured!.latency_ns!.min).toBeGreaterThan(100);
      expect(measured!.latency_ns!.min).toBeLessThan(limitNs);
      const histogram = decodeFromCompressedBase64(
        readFileSync(join(out, `${operation}.hdr`), 'utf8').trim(),
      );
      expect(histogram.totalCount).toBe(measured!.hits);
      const { slices, early_ns } = readSlices(out, [first!, second!]);
      expect(early_ns).toBe(0);
      expect(slices).toHaveLength(measured!.hits);
      // A pair of runs in each.
      for (const { operations } of slices) expect(operations[0].late.requests).toBe(1);
    },
  );

  it('says in one line what is wrong, and what to do', async () => {
    const absent = await failure(['--provider', 'nosuch']);
    expect(absent.code).toBe(1);
    expect(absent.stderr).toMatch(
      /^bypassbench: the floor's (server|client) exited with code \d+: fi_getinfo\(\): .*\(No data available\); 'bypassbench doctor' lists what libfabric finds here\n$/,
    );
    const refused = (...args: string[]) => refusal(command(), 'rdma', ...short, ...args);
    expect(await refused('--provider', 'tcp;ofi_rxm', '--domain', 'nosuch')).toMatch(
      /libfabric finds no device nosuch of the provider tcp;ofi_rxm.*: 'bypassbench doctor' lists/,
    );
    expect((await failure([], { FI_PROVIDER: 'tcp' })).stderr).toContain(
      '(No data available); FI_PROVIDER=tcp in the environment leaves out all other providers: unset it\n',
    );
    expect(await refused('--cores', `${first},999`)).toMatch(
      /the floor's client exited with code 1: taskset: .*; a core of --cores is not one that this process may run on: choose another \(see nproc and taskset -p\)\n$/,
    );
  });

  it.each([
    [['--cores', '1,1'], 'It must be two different cores, such as 0,1'],
    [['--operation', 'mix'], 'Allowed choices are get, set'],
  ])('refuses %s', async (words, message) => {
    expect(await refusal(command(), 'rdma', ...words)).toContain(message);
  });

  it('names the package that is not there', async () => {
    // What bin/bypassbench needs.
    const dir = process.env.PATH!.split(delimiter).find((one) => existsSync(join(one, 'sh')));
    symlinkSync(join(dir!, 'sh'), join(folder, 'sh'));
    const { stderr } = await failure([], { PATH: folder });
    expect(stderr).toBe(
      'bypassbench: fi_info cannot be run (spawn fi_info ENOENT): install the Debian package libfabric-bin\n',
    );
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops both sides on %s, with exit code 130', async (signal) => {
    const child = spawn(bypassbench, ['floor', 'rdma', ...short, '--duration-s', '60'], { stdio: 'ignore' });
    const sides = await sidesOf(child);
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    expect(code).toBe(130);
    for (const pid of sides) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
    expect(sides.flatMap(sharedMemoryOf)).toEqual([]);
  });

  it('leaves neither process nor shared memory when a side, or it itself, is killed', async () => {
    const args = ['floor', 'rdma', ...short, '--duration-s', '60'];
    const child = spawn(bypassbench, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const sides = await sidesOf(child);
    const closed = once(child, 'close');
    process.kill(Number(sides[1]), 'SIGKILL');
    expect((await closed)[0]).toBe(1);
    expect(stderr).toContain("the floor's client was ended by SIGKILL");
    expect(sides.flatMap(sharedMemoryOf)).toEqual([]);

    const killed = spawn(bypassbench, args, { stdio: 'ignore' });
    const orphans = await sidesOf(killed);
    killed.kill('SIGKILL');
    while (orphans.some((pid) => existsSync(`/proc/${pid}`))) await sleep(5);
    expect(orphans.flatMap(sharedMemoryOf)).toEqual([]);
  });
});
