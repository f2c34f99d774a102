/** Redis on the libOS loses no acknowledged write when it is killed, and a server that does lose some is found out. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { planRound } from '../scripts/redis-kill/plan.ts';
import { KillSeries } from '../scripts/redis-kill/series.ts';

/** Three over each backend, others each time; `npm run test:redis-kill` has hundreds. */
const ROUNDS = 8;
const SEED = Number(process.env.SEED);
const script = join(import.meta.dirname, '..', 'scripts', 'redis-kill', 'run.ts');

// What is lost once in a while is lost: no second try.
describe('a kill under load', { retry: 0 }, () => {
  test('loses no acknowledged write, over any backend', async () => {
    const { stdout, stderr, exitCode } = await execa(
      process.execPath,
      [script, '--rounds', `${ROUNDS}`, '--seed', `${SEED}`],
      { reject: false },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [kernel, uring, rdma, dpdk, all] = stdout.split('\n');
    expect(kernel).toMatch(/^kernel: 2 kills.* [\d,]{3,} acknowledged writes are there$/);
    expect(uring).toMatch(/^uring: 2 kills.* [\d,]{3,} acknowledged writes are there$/);
    expect(rdma).toMatch(/^rdma: 2 kills.* [\d,]{3,} acknowledged writes are there$/);
    expect(dpdk).toMatch(/^dpdk: 2 kills.* [\d,]{3,} acknowledged writes are there$/);
    expect(all).toMatch(new RegExp(`^${ROUNDS} kills, .* none lost \\(seed ${SEED}\\)$`));
  });
});

describe('a server whose file has lost its end', () => {
  test('is found to lack acknowledged writes, by key', async () => {
    const series = new KillSeries('kernel');
    onTestFinished(() => series.cleanUp());
    const plan = planRound(SEED, 1);
    expect(await series.start(plan)).toEqual([]);
    const log = join(series.folder, 'appendonlydir');
    const asBefore = join(series.folder, 'before');
    cpSync(log, asBefore, { recursive: true });
    await series.loadAndKill({ ...plan, moment: { during: 'writes', writes: 100, afterMs: 0 } });
    // All that was written: whichever of it is acknowledged, and wherever a rewrite has put it.
    rmSync(log, { recursive: true });
    cpSync(asBefore, log, { recursive: true });
    const faults = await series.start(plan);
    expect(faults).toContainEqual(
      expect.stringMatching(/^(SET:\d:\d|INCR:\d|RPUSH:\d|XADD:\d): .*acknowledged/),
    );
  });
});
