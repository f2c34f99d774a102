import { describe, expect, it } from 'vitest';
import type { NicFacts } from '../../results/formats/index.ts';
import { readMachine } from './found.ts';
import { planOf } from './plan.ts';
import type { SettingName, TunedSetting, Wishes } from './settings.ts';
import { makeMachine, metal } from './test-machine.ts';

const nothing: Wishes = { cores: [], interfaces: [], hugepages: null, only: null };

async function plan(
  wishes: Partial<Wishes>,
  files: Readonly<Record<string, string>> = metal,
): Promise<TunedSetting[]> {
  return planOf(await readMachine([], makeMachine(files)), { ...nothing, ...wishes });
}

async function one(name: SettingName, wishes: Partial<Wishes> = {}, files = metal): Promise<TunedSetting> {
  const found = (await plan({ ...wishes, only: [name] }, files))[0];
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const filesOf = ({ changes }: TunedSetting): string[] =>
  changes.map((change) => (change.kind === 'file' ? `${change.file}: ${change.was} -> ${change.value}` : ''));

describe('a machine of metal', () => {
  it('gets the governor on each core that has another one', async () => {
    const governor = await one('governor');
    expect(governor).toMatchObject({
      now: 'powersave, performance',
      wanted: 'performance',
      state: 'differs',
    });
    expect(filesOf(governor)).toEqual(
      [0, 1, 2].map(
        (core) => `sys/devices/system/cpu/cpu${core}/cpufreq/scaling_governor: powersave -> performance`,
      ),
    );
  });

  it('has turbo off, by the switch that it has', async () => {
    expect(filesOf(await one('turbo'))).toEqual(['sys/devices/system/cpu/intel_pstate/no_turbo: 0 -> 1']);
    const { 'sys/devices/system/cpu/intel_pstate/no_turbo': _, ...others } = metal;
    const amd = { ...others, 'sys/devices/system/cpu/cpufreq/boost': '1' };
    expect(filesOf(await one('turbo', {}, amd))).toEqual(['sys/devices/system/cpu/cpufreq/boost: 1 -> 0']);
  });

  it('leaves C1 and disables what is deeper', async () => {
    const states = await one('c-states');
    expect(states.now).toBe('C1E (10 us), C6 (133 us)');
    expect(states.changes).toHaveLength(8);
    expect(states.by_hand).toBe(
      'echo 1 | tee /sys/devices/system/cpu/cpu*/cpuidle/state2/disable /sys/devices/system/cpu/cpu*/cpuidle/state3/disable',
    );
  });

  it('keeps interrupts from the cores that are measured, and touches none that is elsewhere or unused', async () => {
    const interrupts = await one('interrupts', { cores: [2, 3] });
    expect(interrupts).toMatchObject({ now: '2 of 3 may come to cores 2-3', wanted: 'none: all to 0-1' });
    expect(filesOf(interrupts)).toEqual([
      'proc/irq/24/smp_affinity_list: 0-3 -> 0-1',
      'proc/irq/25/smp_affinity_list: 2 -> 0-1',
    ]);
    expect(interrupts.by_hand).toBe('for irq in 24 25; do echo 0-1 >/proc/irq/$irq/smp_affinity_list; done');
  });

  it.each(['interrupts', 'isolated-cores'] as const)('%s: says what is missing', async (name) => {
    expect(await one(name)).toMatchObject({ state: 'not_here', note: expect.stringContaining('--cores') });
    const all = await one(name, { cores: [0, 1, 2, 3] });
    expect(all).toMatchObject({ state: 'not_here', note: expect.stringContaining('all cores are measured') });
  });

  it('says the words of the kernel command line for isolated cores', async () => {
    const boot = await one('isolated-cores', { cores: [3, 2] });
    expect(boot).toMatchObject({ state: 'at_boot', now: 'isolcpus none, nohz_full none', changes: [] });
    expect(boot.by_hand).toBe('isolcpus=managed_irq,domain,2-3 nohz_full=2-3 rcu_nocbs=2-3');
    expect((await one('isolated-cores', { cores: [0, 2] })).note).toContain('core 0');
    const cpu = 'sys/devices/system/cpu';
    const booted = { ...metal, [`${cpu}/isolated`]: '2-3', [`${cpu}/nohz_full`]: '1-3' };
    expect((await one('isolated-cores', { cores: [2] }, booted)).state).toBe('as_wanted');
    const { [`${cpu}/nohz_full`]: _, ...ticking } = metal;
    expect((await one('isolated-cores', { cores: [2] }, ticking)).by_hand).toBe(
      'isolcpus=managed_irq,domain,2',
    );
  });

  it('has a running irqbalance stopped by hand', async () => {
    expect(await one('irqbalance')).toMatchObject({ state: 'by_hand', by_hand: 'systemctl stop irqbalance' });
    const { 'proc/77/comm': _, ...without } = metal;
    expect((await one('irqbalance', {}, without)).state).toBe('as_wanted');
  });

  it('gets as many huge pages as are wanted, and keeps those that are more', async () => {
    const folder = 'sys/kernel/mm/hugepages';
    expect(filesOf(await one('hugepages', { hugepages: { size: '2M', count: 512 } }))).toEqual([
      `${folder}/hugepages-2048kB/nr_hugepages: 8 -> 512`,
    ]);
    expect(filesOf(await one('hugepages', { hugepages: { size: '1G', count: 2 } }))).toEqual([
      `${folder}/hugepages-1048576kB/nr_hugepages: 0 -> 2`,
    ]);
    expect((await one('hugepages', { hugepages: { size: '2M', count: 4 } })).state).toBe('as_wanted');
    expect((await one('hugepages')).note).toContain('--hugepages');
  });

  it('has a NIC interrupt at once, where it delays', async () => {
    const machine = await readMachine([], makeMachine());
    const nic: NicFacts = {
      ...{
        name: 'ens1',
        driver: 'mlx5_core',
        driver_version: null,
        firmware: null,
        bus: null,
        mtu_bytes: 1500,
      },
      ...{
        speed_mbit_per_s: null,
        queues: null,
        rings: null,
        coalescing: null,
        offloads: null,
        irq_cores: null,
      },
      unknown: { coalescing: 'its driver does not tell (Operation not supported)' },
    };
    const of = (coalescing: Record<string, string> | null) =>
      planOf({ ...machine, nics: [{ ...nic, coalescing }] }, { ...nothing, only: ['coalescing'] })[0];
    expect(of({ 'adaptive-rx': 'on', 'rx-usecs': '8', 'tx-usecs': '16' })).toMatchObject({
      ...{
        now: 'ens1: adaptive-rx on rx-usecs 8',
        wanted: 'ens1: adaptive-rx off rx-usecs 0',
        state: 'differs',
      },
      by_hand: 'ethtool -C ens1 adaptive-rx off rx-usecs 0',
      changes: [{ interface: 'ens1', was: { 'adaptive-rx': 'on', 'rx-usecs': '8' } }],
    });
    expect(of({ 'rx-usecs': '8', 'rx-frames': '0' })?.by_hand).toBe('ethtool -C ens1 rx-usecs 0 rx-frames 1');
    expect(of({ 'rx-frames': '0' })).toMatchObject({ state: 'not_here', changes: [] });
    expect(of({ 'rx-usecs': '0' })).toMatchObject({ state: 'as_wanted', changes: [] });
    const untold = 'ens1: its driver does not tell (Operation not supported)';
    expect(of(null)).toMatchObject({ state: 'not_here', note: untold, changes: [] });
  });
});

it('a machine that has none of it says so of each, and sets nothing', async () => {
  const settings = await plan({ cores: [1], hugepages: { size: '2M', count: 1 } }, {});
  expect(settings.flatMap(({ changes }) => changes)).toEqual([]);
  for (const { name, state, note } of settings) {
    if (name !== 'irqbalance') expect([name, state, note]).toEqual([name, 'not_here', expect.any(String)]);
  }
});
