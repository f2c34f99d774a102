/** `bypassbench claims` and `bypassbench compare` as their user calls them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, type Result } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { command as claimsCommand } from '../results/commands/claims.ts';
import { command as compareCommand } from '../results/commands/compare.ts';
import type { SystemUnderTest } from '../results/formats/index.ts';
import { manifest, run, type SyntheticRun, system, writeRun } from '../results/test-synthetic-run.ts';
import { answer } from './answer.ts';
import { help, refusal } from './refusal.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function bypassbench(...args: string[]): Promise<Result> {
  return execa(join(root, 'bin/bypassbench'), args, { reject: false, env: { COLUMNS: '' } });
}

const places: Record<string, Partial<SystemUnderTest>> = {
  redis: { role: 'unmodified' },
  'kv-epoll': { role: 'libos_over_epoll' },
  'kv-kernel': { role: 'libos_over_kernel' },
  'kv-rdma': { role: 'bypass', backend: 'rdma' },
  'kv-dpdk': { role: 'bypass', backend: 'dpdk' },
};

/** Trials whose p50 are `us`, about 1 % apart. */
function runOf(us: Record<string, number>, overrides: Partial<SyntheticRun> = {}): Promise<string> {
  return writeRun(
    run({
      manifest: manifest({ systems: Object.keys(us).map((name) => system(name, places[name])) }),
      measured: ({ name }, _target, trial) => ({
        latencies_ns: Array(3000).fill(Math.round(us[name] * 1000 * (1 + 0.002 * trial))),
      }),
      ...overrides,
    }),
  );
}

const published = { redis: 32.3, 'kv-kernel': 23.3, 'kv-rdma': 11.5, 'kv-dpdk': 11 };
const hotos19 = join(root, 'results/claims/shipped/hotos19.yaml');

describe('claims', () => {
  test("the values that were published bear out the paper's claims, exit code 0", async () => {
    const { exitCode, stdout, stderr } = await bypassbench('claims', await runOf(published), hotos19);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('SET p50: holds');
    expect(stdout).toContain('measured 0.722 [0.721 to 0.722], 5 trials: kv-kernel on loopback 23.5');
    expect(stdout).toContain('claimed at most 0.8; published 0.72');
    // What polls not was published of nobody.
    expect(stdout).toContain('6 hold, 0 fail, 2 cannot be tested here.');
    expect(stdout).not.toContain(String.fromCharCode(27));
  });

  test('what the interface takes without polling is held against the libOS that sleeps', async () => {
    const dir = await runOf({ redis: 32.3, 'kv-epoll': 31, 'kv-kernel': 23.3, 'kv-rdma': 11.5 });
    const { exitCode, stdout } = await answer(claimsCommand(), dir, hotos19);
    expect(exitCode).toBe(1);
    const words = stdout.replace(/\s+/g, ' ');
    expect(words).toMatch(/kernel-interface: .*? SET p50: holds/);
    expect(words).toMatch(/kernel-interface-without-polling: .*? SET p50: fails: the interval 0\.9/);
  });

  test('without files, all shipped ones; what they need and the run lacks is said', async () => {
    const { exitCode, stdout } = await answer(claimsCommand(), await runOf(published));
    expect(exitCode).toBe(0);
    const words = stdout.replace(/\s+/g, ' ');
    expect(words).toContain("HotOS '19");
    expect(words).toContain("SOSP '21");
    expect(words).toContain(
      'cannot be tested here: this run has no system of role libos_over_kernel in group streams',
    );
    expect(words).toContain('this run has no RELAY with at most 1 client and values of 64 bytes');
  });

  test('one that fails makes exit code 1, none that could be tested 2', async () => {
    const slow = await answer(claimsCommand(), await runOf({ ...published, 'kv-dpdk': 30 }), hotos19);
    expect(slow.exitCode).toBe(1);
    expect(slow.stdout).toContain('fails: the interval');
    const alone = await answer(claimsCommand(), await runOf({ redis: 32.3 }), hotos19);
    expect(alone.exitCode).toBe(2);
  });

  test('an invalid point backs no claim', async () => {
    const dir = await runOf(published, {
      trial: ({ name }, trial) =>
        name === 'redis' && trial === 2 ? { status: 'failed', reason: 'the server hung' } : {},
    });
    const { exitCode, stdout } = await answer(claimsCommand(), dir, hotos19);
    expect(exitCode).toBe(2);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'cannot be tested here: the p50 of redis is invalid: Trial 2 failed: the server hung',
    );
  });

  test('a fault in a claims file is one line with its place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bypassbench-claims-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'c.yaml');
    await writeFile(
      file,
      'schema: bypassbench.claims/1\npaper: { title: T, authors: [A], venue: V }\nclaims: []\n',
    );
    expect(await refusal(claimsCommand(), await runOf(published), file)).toBe(
      `bypassbench: ${file}:3:1: claims: must have at least one claim\n`,
    );
  });
});

describe('compare', () => {
  test('what changed, what could not be told, what only one has, and what differs in how they ran', async () => {
    const first = await runOf({ redis: 32, 'kv-kernel': 23 });
    const second = await runOf(
      { redis: 32, 'kv-kernel': 20, 'kv-dpdk': 3 },
      {
        manifest: manifest({
          systems: ['redis', 'kv-kernel', 'kv-dpdk'].map((name) => system(name)),
          git: { commit: 'f'.repeat(40), dirty: false },
        }),
      },
    );
    const { exitCode, stdout, stderr } = await bypassbench('compare', first, second);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /redis +SET +p50 µs +32\.2 +32\.2 +1\.00 .*no difference detectable below 0\.\d %/,
    );
    expect(stdout).toMatch(/kv-kernel +GET +p50 µs +23\.2 +20\.1 +0\.869 .*13\.1 % lower/);
    expect(stdout).toContain('Only in the second run: kv-dpdk, SET; kv-dpdk, GET.');
    expect(stdout).toContain('git.commit: 0123456789abcdef0123456789abcdef01234567 -> ffff');
    expect(stdout).not.toContain('started_at');
  });

  test('a folder that is no run is an error', async () => {
    expect(await refusal(compareCommand(), await runOf(published), 'no/such')).toBe(
      'bypassbench: no such folder: no/such; give the folder that a run wrote\n',
    );
  });
});

test.each([
  [
    'claims',
    claimsCommand,
    ['holds', 'cannot be tested here', 'Exit code', 'at_most', 'results/claims/shipped/'],
  ],
  [
    'compare',
    compareCommand,
    ['p50, p99 and throughput', 'no difference detectable', 'Exit code', 'manifests'],
  ],
])('%s --help says how to read what it prints', async (_name, command, words) => {
  const said = (await help(command())).replace(/\s+/g, ' ');
  for (const word of words) expect(said).toContain(word);
});
