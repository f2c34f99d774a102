import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { appliedAt, applySettings, restoreSettings } from './apply.ts';
import { readMachine } from './found.ts';
import { planOf } from './plan.ts';
import { lockRecord } from './record.ts';
import type { TuneOutcome, Wishes } from './settings.ts';
import { makeMachine, metal, valuesIn } from './test-machine.ts';

const wishes: Wishes = { cores: [2, 3], interfaces: [], hugepages: { size: '2M', count: 64 }, only: null };
const RECORD = 'run/bypassbench/tune.json';

async function apply(root: string, more: Partial<Wishes> = {}): Promise<TuneOutcome[]> {
  return applySettings(planOf(await readMachine([], root), { ...wishes, ...more }), root);
}

describe('what is set', () => {
  it('is as wanted after that, and as before after it is set back', async () => {
    const root = makeMachine();
    const outcomes = await apply(root);
    expect(outcomes.map(({ name, done, failed }) => [name, done, failed])).toEqual([
      ['governor', 3, []],
      ['turbo', 1, []],
      ['c-states', 8, []],
      ['interrupts', 2, []],
      ['hugepages', 1, []],
      ['thp', 1, []],
      ['numa-balancing', 1, []],
    ]);
    const after = planOf(await readMachine([], root), wishes);
    expect(after.filter(({ state }) => state === 'differs')).toEqual([]);
    expect(appliedAt(root)).not.toBeNull();
    await restoreSettings(null, root);
    expect(valuesIn(root)).toEqual(metal);
    expect(existsSync(path.join(root, RECORD))).toBe(false);
    await expect(restoreSettings(null, root)).rejects.toMatchObject({ code: 'TUNE_NOT_APPLIED' });
  });

  it('but for what cannot be is told, and tried again when it is set back', async () => {
    const root = makeMachine();
    const plan = planOf(await readMachine([], root), { ...wishes, only: ['interrupts', 'thp'] });
    // An interrupt that goes away between the look and the setting, as one that cannot be moved.
    const gone = path.join(root, 'proc/irq/24/smp_affinity_list');
    rmSync(gone);
    expect(await applySettings(plan, root)).toEqual([
      {
        name: 'interrupts',
        done: 1,
        failed: ['/proc/irq/24/smp_affinity_list cannot be set to 0-1 (ENOENT)'],
      },
      { name: 'thp', done: 1, failed: [] },
    ]);
    const [, interrupts] = await restoreSettings(null, root);
    expect(interrupts?.failed).toHaveLength(1);
    // What is set back is no longer in the record.
    const left = JSON.parse(readFileSync(path.join(root, RECORD), 'utf8'));
    expect(left.changes.map(({ change }: { change: { file: string } }) => change.file)).toEqual([
      'proc/irq/24/smp_affinity_list',
    ]);
    writeFileSync(gone, '0-1');
    await restoreSettings(null, root);
    expect(valuesIn(root)).toEqual(metal);
  });

  it('is undone by a boot, after which nothing is set back', async () => {
    const root = makeMachine();
    await apply(root);
    const values = valuesIn(root);
    const boot = { 'proc/sys/kernel/random/boot_id': 'second' };
    for (const [file, text] of Object.entries(boot)) writeFileSync(path.join(root, file), text);
    expect(appliedAt(root)).toBeNull();
    await expect(restoreSettings(null, root)).rejects.toThrow('the last boot, which has undone it');
    expect(valuesIn(root)).toEqual({ ...values, ...boot });
    expect(existsSync(path.join(root, RECORD))).toBe(false);
  });

  it('is written down before it is set: without a place for that nothing is', async () => {
    const root = makeMachine();
    mkdirSync(path.join(root, 'run'), { recursive: true });
    writeFileSync(path.join(root, 'run/bypassbench'), 'a file');
    await expect(apply(root)).rejects.toThrow();
    expect(valuesIn(root)).toEqual(metal);
  });

  it('is set by one at a time', async () => {
    const root = makeMachine();
    const lock = lockRecord(root);
    await expect(apply(root)).rejects.toMatchObject({ code: 'TUNE_AT_WORK' });
    await expect(restoreSettings(null, root)).rejects.toMatchObject({ code: 'TUNE_AT_WORK' });
    expect(valuesIn(root)).toEqual(metal);
    lock.release();
    expect((await apply(root)).flatMap(({ failed }) => failed)).toEqual([]);
  });

  it.each(['', '{', '[]', '{"schema":"bypassbench.tune/2"}'])(
    'is not touched where what it was cannot be read: %s',
    async (text) => {
      const root = makeMachine({ ...metal, [RECORD]: text });
      await expect(apply(root)).rejects.toMatchObject({ code: 'TUNE_RECORD_DAMAGED' });
      await expect(restoreSettings(null, root)).rejects.toThrow('/run/bypassbench/tune.json');
      expect(valuesIn(root)).toEqual(metal);
    },
  );
});
