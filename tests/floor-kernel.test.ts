/**
 * `bypassbench floor kernel`: two real processes over loopback, what they send and leave, and what is said
 * when they cannot.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { command } from '../loadgen/floor/command.ts';
import { messageBytes } from '../loadgen/floor/messages.ts';
import { loadResultFormat } from '../results/formats/index.ts';
import { expectSlicesWithEarly } from './floor-slices.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);
const [first, second] = availableCores();
const short = ['--cores', `${first},${second}`, '--warmup-s', '0.05', '--duration-s', '0.2'];
const long = ['floor', 'kernel', ...short, '--duration-s', '60'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'floor-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function failure(...args: string[]): Promise<{ code: number; stderr: string }> {
  return run(bypassbench, ['floor', 'kernel', ...short, ...args]).then(
    () => Promise.reject(new Error('the command succeeded')),
    (error) => ({ code: error.code, stderr: error.stderr }),
  );
}

/** Command lines of the processes that a process has started, by their ids. */
function childrenOf({ pid }: ChildProcess): [string, string[]][] {
  const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return pids.map((child) => [
    child,
    readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0').slice(0, -1),
  ]);
}

interface Sides {
  server: number;
  client: number;
  port: number;
  /** Bytes of a request and of a reply, as each of them was told. */
  lengths: number[][];
}

/** Both sides of a run that goes on for long. */
async function sidesOf(child: ChildProcess): Promise<Sides> {
  for (;;) {
    const [server, client] = childrenOf(child);
    if (client?.[1][1] === 'client' && socketsOn(Number(client[1][3])) >= 2) {
      const lengths = [server![1].slice(3, 5), client[1].slice(4, 6)].map((texts) => texts.map(Number));
      return { server: Number(server![0]), client: Number(client[0]), port: Number(client[1][3]), lengths };
    }
    await sleep(5);
  }
}

/** How many sockets of this network namespace a port has, those in TIME_WAIT as well. */
function socketsOn(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/self/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => new RegExp(`^ *\\d+: (\\S+ )?[0-9A-F]{8}:${hex} `).test(line)).length;
}

const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('bypassbench floor kernel', () => {
  it.each(['get', 'set'])('measures a %s, and writes what load writes', async (operation) => {
    const out = join(folder, 'out');
    const args = [
      'floor',
      'kernel',
      ...short,
      '--duration-s',
      '0.5',
      '--operation',
      operation,
      '--value-bytes',
      '64',
    ];
    const { stdout } = await run(bypassbench, [...args, '--out', out]);
    expect(stdout).toMatch(new RegExp(`^${operation}: \\d+ replies in [\\d.]+ s, .*\n {2}us: min .* max `));
    const written = [`${operation}.hdr`, `${operation}.hgrm`, 'result.json', 'slices.json.gz'];
    expect(readdirSync(out).sort()).toEqual(written.sort());
    const result = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
    expect(result).toMatchObject({
      backend: 'kernel',
      connections: 1,
      pipeline: 1,
      value_bytes: 64,
      core: second,
      sample: 'round_trip',
      versions: { linux: release() },
    });
    const [measured] = result.operations;
    expect(measured).toMatchObject({ operation, misses: 0, errors: 0, wrong: 0 });
    expect(measured!.requests).toBeGreaterThan(0);
    // Four system calls take longer than a microsecond, and much less than a second.
    expect(measured!.latency_ns!.min).toBeGreaterThan(1000);
    expect(measured!.latency_ns!.min).toBeLessThan(1e9);
    const histogram = decodeFromCompressedBase64(readFileSync(join(out, `${operation}.hdr`), 'utf8').trim());
    expect(histogram.totalCount).toBe(measured!.hits);
    expectSlicesWithEarly(out, [first!, second!], measured!.latency_ns!.min);
  });

  it('measures datagrams too, up to the longest that there is', async () => {
    const out = join(folder, 'datagrams');
    const args = ['floor', 'kernel', ...short, '--datagrams', '--operation', 'echo'];
    const { stdout } = await run(bypassbench, [...args, '--value-bytes', '65507', '--out', out]);
    expect(stdout).toMatch(/^echo: [1-9]\d* replies in /);
    const result = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
    expect(result).toMatchObject({ target: 'polled UDP sockets over loopback', value_bytes: 65_507 });
    expect(result.operations[0].latency_ns?.min).toBeGreaterThan(1000);
    expect(await failure('--datagrams', '--operation', 'echo', '--value-bytes', '65508')).toEqual({
      code: 1,
      stderr:
        'bypassbench: a datagram has at most 65507 bytes, a message here has 65508: give a smaller --value-bytes\n',
    });
  });

  it('sends what is longer than its buffer, and than those of the kernel', async () => {
    const bytes = 20_000_000;
    const args = ['floor', 'kernel', ...short, '--operation', 'set', '--value-bytes', `${bytes}`];
    const { stdout } = await run(bypassbench, args);
    const [, replies, seconds] = /^set: (\d+) replies in ([\d.]+) s/.exec(stdout)!;
    expect(Number(replies)).toBeGreaterThan(0);
    // Not 100 GB/s: the bytes really cross.
    expect((Number(replies) * bytes) / Number(seconds)).toBeLessThan(1e11);
  });

  it('says in one line what is wrong', async () => {
    expect(await failure('--cores', `${first},999`)).toEqual({
      code: 1,
      stderr:
        "bypassbench: the floor's client exited with code 1: core 999 is not one that this process may run on: " +
        'choose another (see nproc and taskset -p)\n',
    });
    expect(await refusal(command(), 'kernel', ...short, '--cores', `999,${first}`)).toContain(
      "the floor's server exited with code 1: core 999 is not one that",
    );
  });

  it.each([
    [['--cores', '0'], 'It must be two different cores, such as 0,1'],
    [['--cores', '1,1'], 'It must be two different cores, such as 0,1'],
    [['--operation', 'mix'], 'Allowed choices are get, set'],
    [['--duration-s', '0.000000000001'], 'It must be a number from 0.001 to 86,400'],
  ])('refuses %s', async (words, message) => {
    expect(await refusal(command(), 'kernel', ...words)).toContain(message);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves nothing behind on %s, with exit code 130',
    async (signal) => {
      const child = spawn(bypassbench, [...long, '--operation', 'set', '--value-bytes', '77'], {
        stdio: 'ignore',
      });
      const { server, client, port, lengths } = await sidesOf(child);
      const due = messageBytes({ operation: 'set', valueBytes: 77 });
      expect(lengths).toEqual([due, due]);
      const exited = once(child, 'exit');
      child.kill(signal);
      expect((await exited)[0]).toBe(130);
      expect([server, client].filter(isThere)).toEqual([]);
      expect(socketsOn(port)).toBe(0);
    },
  );

  it.each(['server', 'client'] as const)(
    'says that the %s was killed, and ends the other side',
    async (killed) => {
      const child = spawn(bypassbench, long, { stdio: ['ignore', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      const sides = await sidesOf(child);
      const closed = once(child, 'close');
      process.kill(sides[killed], 'SIGKILL');
      expect((await closed)[0]).toBe(1);
      const consequence =
        killed === 'client'
          ? ''
          : "; the floor's client exited with code 1: the server has closed the connection";
      expect(stderr).toBe(
        `bypassbench: the floor's ${killed} was ended by SIGKILL: it said nothing${consequence}\n`,
      );
      expect([sides.server, sides.client].filter(isThere)).toEqual([]);
      expect(socketsOn(sides.port)).toBe(0);
    },
  );

  it('is not outlived by its sides when it is killed itself', async () => {
    const child = spawn(bypassbench, long, { stdio: 'ignore' });
    const { server, client } = await sidesOf(child);
    child.kill('SIGKILL');
    while ([server, client].some(isThere)) await sleep(5);
  });
});
