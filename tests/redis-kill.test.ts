/** Redis on the libOS loses no acknowledged write when it is killed, and a server that does lose some is found out. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { planRound } from '../scripts/redis-kill/plan.ts';
import { KillSeries } from '../scripts/redis-kill/series.ts';

/** Over one backend of each kind, others each time; `npm run test:redis-kill` has hundreds, over all of them. */
const BACKENDS = ['kernel', 'rdma', 'dpdk'];
const ROUNDS_EACH = 2;
const SEED = Number(process.env.SEED);
const script = join(import.meta.dirname, '..', 'scripts', 'redis-kill', 'run.ts');

// What is lost once in a while is lost: no second try.
describe('a kill under load', { retry: 0 }, () => {
  test.for(BACKENDS)('loses no acknowledged write, over %s', async (backend) => {
    const words = ['--rounds', `${ROUNDS_EACH}`, '--backend', backend, '--seed', `${SEED}`];
    const { stdout, stderr, exitCode } = await execa(process.execPath, [script, ...words], { reject: false });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [one, all] = stdout.split('\n');
    expect(one).toMatch(new RegExp(`^${backend}: 2 kills.* [\\d,]{3,} acknowledged writes are there$`));
    expect(all).toMatch(new RegExp(`^${ROUNDS_EACH} kills, .* none lost \\(seed ${SEED}\\)$`));
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
