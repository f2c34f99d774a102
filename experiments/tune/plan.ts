/**
 * What measurement papers and the guides of those who make the parts have a machine set to, beside how it is set.
 * docs/labs.md has the sources. Pure: a machine in, settings out.
 */
import { coresOf, inRanges } from '../machine/core-list.ts';
import type { FoundIdleState, FoundMachine, FoundValue } from './found.ts';
import type { SettingName, TuneChange, TunedSetting, Wishes } from './settings.ts';

/** C1, which is left as fast as a cache miss; what is deeper takes ten times as long and more. */
const SHALLOW_US = 2;
const SIZES_KB = { '2M': 2048, '1G': 1024 * 1024 };

const NO_CPUFREQ = 'this kernel sets no frequency (no cpufreq), as in most virtual machines';
const NO_CORES =
  'nobody says which cores are measured: `server_cores` and `client_cores` of the host in the lab file, or --cores';

/** In the order in which they are shown; of `only` those alone. */
export function planOf(machine: FoundMachine, wishes: Wishes): TunedSetting[] {
  const all: TunedSetting[] = [
    governor(machine),
    turbo(machine),
    idleStates(machine),
    isolation(machine, wishes),
    interrupts(machine, wishes),
    irqbalance(machine),
    hugepages(machine, wishes),
    ofFile('thp', machine.thp, {
      wanted: 'never',
      why: 'pages that the kernel joins stop who uses them; a fork then copies 2 MB for a byte (Redis warns of it)',
      absent: 'this kernel is built without them',
    }),
    ofFile('numa-balancing', machine.numaBalancing, {
      wanted: '0',
      why: 'the kernel unmaps pages to see who uses them, and each costs a fault',
      absent: 'this kernel is built without it, or has one node',
    }),
    ...coalescing(machine),
  ];
  const { only } = wishes;
  return all.filter(({ name }) => only === null || only.includes(name));
}

type Said = Partial<Omit<TunedSetting, 'name' | 'why'>>;

function setting(name: SettingName, why: string, said: Said): TunedSetting {
  return {
    ...{ name, why, now: null, wanted: null, state: 'not_here', by_hand: null, note: null, changes: [] },
    ...said,
  };
}

/** What `changes` make of it; none are needed where all is as wanted. */
function settable(
  name: SettingName,
  why: string,
  { now, wanted, changes, by_hand }: Pick<TunedSetting, 'now' | 'wanted' | 'changes'> & { by_hand: string },
): TunedSetting {
  if (changes.length === 0) return setting(name, why, { now, wanted, state: 'as_wanted' });
  return setting(name, why, { now, wanted, state: 'differs', by_hand, changes });
}

/** Of these files those whose value is another. */
function changesTo(value: string, files: readonly FoundValue[]): TuneChange[] {
  return files
    .filter((one) => one.value !== value)
    .map((one) => ({ kind: 'file', file: one.file, was: one.value, value }));
}

function ofFile(
  name: SettingName,
  found: FoundValue | null,
  { wanted, why, absent }: { wanted: string; why: string; absent: string },
): TunedSetting {
  if (found === null) return setting(name, why, { note: absent });
  const by_hand = `echo ${wanted} >/${found.file}`;
  return settable(name, why, { now: found.value, wanted, changes: changesTo(wanted, [found]), by_hand });
}

const distinct = (values: readonly string[]): string => [...new Set(values)].join(', ');

function governor({ governors }: FoundMachine): TunedSetting {
  const why = 'a core that the kernel slows down is slow for the next request';
  if (governors.length === 0) return setting('governor', why, { note: NO_CPUFREQ });
  return settable('governor', why, {
    now: distinct(governors.map(({ value }) => value)),
    wanted: 'performance',
    changes: changesTo('performance', governors),
    by_hand: 'echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor',
  });
}

function turbo({ turbo: found }: FoundMachine): TunedSetting {
  const why = 'with it the frequency depends on what other cores do, and on the heat of the hour';
  if (found === null) return setting('turbo', why, { note: NO_CPUFREQ });
  return settable('turbo', why, {
    now: found.value === found.off ? 'off' : 'on',
    wanted: 'off',
    changes: changesTo(found.off, [found]),
    by_hand: `echo ${found.off} >/${found.file}`,
  });
}

function idleStates({ idleStates: found }: FoundMachine): TunedSetting {
  const why = 'who sleeps in a deep state wakes late; a core that polls is in none';
  if (found.length === 0)
    return setting('c-states', why, { note: 'this kernel chooses no idle states (no cpuidle)' });
  const deep = found.filter(({ latency_us }) => latency_us > SHALLOW_US);
  const enabled = deep.filter(({ value }) => value === '0');
  const wanted = `none that takes more than ${SHALLOW_US} us to leave`;
  const globs = new Set(deep.map(({ file }) => `/${file.replace(/\/cpu\d+\//, '/cpu*/')}`));
  return settable('c-states', why, {
    now: enabled.length === 0 ? wanted : statesInWords(enabled),
    wanted,
    changes: changesTo('1', deep),
    by_hand: `echo 1 | tee ${[...globs].join(' ')}`,
  });
}

/** "C1E (10 us), C6 (133 us)" */
function statesInWords(states: readonly FoundIdleState[]): string {
  return distinct(states.map(({ name, latency_us }) => `${name} (${latency_us} us)`));
}

/** The scheduler, the timer's tick and callbacks of RCU stay away from cores that the kernel was started with so. */
function isolation({ isolated, nohzFull, cores: all }: FoundMachine, { cores }: Wishes): TunedSetting {
  const why = 'what else runs, and the tick of the timer, interrupt who is measured';
  const shown = (list: string | null): string => (coresOf(list ?? '').length > 0 ? `${list}` : 'none');
  const now = `isolcpus ${shown(isolated)}, ${nohzFull === null ? 'no nohz_full in this kernel' : `nohz_full ${shown(nohzFull)}`}`;
  if (cores.length === 0) return setting('isolated-cores', why, { now, note: NO_CORES });
  const kept = all.filter((core) => !cores.includes(core));
  if (kept.length === 0)
    return setting('isolated-cores', why, { now, note: 'all cores are measured: none is left for the rest' });
  const list = inRanges([...cores].sort((a, b) => a - b));
  const isIsolated = cores.every((core) => coresOf(isolated ?? '').includes(core));
  // A kernel that is built without it has no such file.
  const isTickless = nohzFull === null || cores.every((core) => coresOf(nohzFull).includes(core));
  const wanted = `isolcpus ${list}${nohzFull === null ? '' : `, nohz_full ${list}`}`;
  if (isIsolated && isTickless) return setting('isolated-cores', why, { now, wanted, state: 'as_wanted' });
  const tickless = nohzFull === null ? '' : ` nohz_full=${list} rcu_nocbs=${list}`;
  return setting('isolated-cores', why, {
    now,
    wanted,
    state: 'at_boot',
    by_hand: `isolcpus=managed_irq,domain,${list}${tickless}`,
    note: cores.includes(0)
      ? 'core 0 does what no other core can (the kernel keeps its tick): measure on others'
      : null,
  });
}

function interrupts({ irqs, cores: all }: FoundMachine, { cores }: Wishes): TunedSetting {
  const why = 'an interrupt takes time from whoever runs on its core';
  const kept = all.filter((core) => !cores.includes(core));
  const concerned = irqs.filter(({ value }) => coresOf(value).some((core) => cores.includes(core)));
  if (cores.length === 0) return setting('interrupts', why, { note: NO_CORES });
  const now = `${concerned.length} of ${irqs.length} may come to cores ${inRanges([...cores].sort((a, b) => a - b))}`;
  if (kept.length === 0)
    return setting('interrupts', why, { now, note: 'all cores are measured: none is left for interrupts' });
  const list = inRanges(kept);
  return settable('interrupts', why, {
    now,
    wanted: `none: all to ${list}`,
    changes: changesTo(list, concerned),
    by_hand: `for irq in ${concerned.map(({ irq }) => irq).join(' ')}; do echo ${list} >/proc/irq/$irq/smp_affinity_list; done`,
  });
}

/** A service is stopped by who runs the machine: other software may rest on it. */
function irqbalance({ hasIrqbalance }: FoundMachine): TunedSetting {
  const why = 'it moves interrupts back to where they were, and while a run lasts';
  if (!hasIrqbalance)
    return setting('irqbalance', why, { now: 'not running', wanted: 'not running', state: 'as_wanted' });
  return setting('irqbalance', why, {
    ...{ now: 'running', wanted: 'not running', state: 'by_hand' },
    by_hand: 'systemctl stop irqbalance',
    note: 'neither --apply nor --restore touches a service',
  });
}

function hugepages({ hugepages: found }: FoundMachine, { hugepages: wanted }: Wishes): TunedSetting {
  const why = 'DPDK takes its memory from them; they are in one piece only early after a boot';
  const now = found.map(({ size_kb, value }) => `${value} of ${size_kb / 1024} MB`).join(', ') || null;
  if (wanted === null) {
    const note = 'nobody says how many: `hugepages` of the host in the lab file, or --hugepages';
    return setting('hugepages', why, { now, note });
  }
  const kind = found.find(({ size_kb }) => size_kb === SIZES_KB[wanted.size]);
  if (kind === undefined)
    return setting('hugepages', why, { now, note: `this kernel has none of ${wanted.size}` });
  // More than are wanted disturb nobody here, and others may want them.
  const isEnough = Number(kind.value) >= wanted.count;
  return settable('hugepages', why, {
    now,
    wanted: `${wanted.count} of ${SIZES_KB[wanted.size] / 1024} MB`,
    changes: isEnough ? [] : changesTo(String(wanted.count), [kind]),
    by_hand: `echo ${wanted.count} >/${kind.file}`,
  });
}

/**
 * Of what a NIC has: what delays the interrupt for a frame that has come. It waits for no time and for one frame: both
 * at 0 would be never (linux/ethtool.h, struct ethtool_coalesce).
 */
const immediately: Readonly<Record<string, string>> = {
  'adaptive-rx': 'off',
  'rx-usecs': '0',
  'rx-frames': '1',
};

function coalescing({ nics }: FoundMachine): TunedSetting[] {
  const why =
    'a NIC that waits for more frames before it interrupts adds that to each latency over the kernel';
  if (nics.length === 0) {
    const note = 'nobody says of which interface: `networks` of the host in the lab file, or --interface';
    return [setting('coalescing', why, { note })];
  }
  return nics.map(({ name, coalescing: found, unknown }) => {
    const had = Object.entries(immediately).filter(([key]) => found?.[key] !== undefined);
    if (found?.['rx-usecs'] === undefined) {
      const reason = unknown.coalescing ?? 'it delays none';
      return setting('coalescing', why, { note: `${name}: ${reason}` });
    }
    const differing = had.filter(([key, value]) => found[key] !== value);
    const words = (values: Iterable<readonly [string, string | undefined]>): string =>
      [...values].map(([key, value]) => `${key} ${value}`).join(' ');
    const was = Object.fromEntries(differing.map(([key]) => [key, found[key] ?? '']));
    const value = Object.fromEntries(differing);
    return settable('coalescing', why, {
      now: `${name}: ${words(had.map(([key]) => [key, found[key]]))}`,
      wanted: `${name}: ${words(had)}`,
      changes: differing.length === 0 ? [] : [{ kind: 'coalescing', interface: name, was, value }],
      by_hand: `ethtool -C ${name} ${words(differing)}`,
    });
  });
}
