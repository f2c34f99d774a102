/** A machine of files, for the tests of what reads and sets them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

const CPU = 'sys/devices/system/cpu';

/** Of four cores with frequencies, idle states, three interrupts, and huge pages; by file. */
export const metal: Readonly<Record<string, string>> = {
  [`${CPU}/online`]: '0-3',
  [`${CPU}/isolated`]: '',
  [`${CPU}/nohz_full`]: '(null)',
  [`${CPU}/intel_pstate/no_turbo`]: '0',
  ...Object.fromEntries(
    [0, 1, 2, 3].flatMap((core) => [
      [`${CPU}/cpu${core}/cpufreq/scaling_governor`, core === 3 ? 'performance' : 'powersave'],
      ...[
        ['POLL', 0],
        ['C1', 2],
        ['C1E', 10],
        ['C6', 133],
      ].flatMap(([name, latency], state) => [
        [`${CPU}/cpu${core}/cpuidle/state${state}/name`, String(name)],
        [`${CPU}/cpu${core}/cpuidle/state${state}/latency`, String(latency)],
        [`${CPU}/cpu${core}/cpuidle/state${state}/disable`, '0'],
      ]),
    ]),
  ),
  ...Object.fromEntries(
    [
      [24, '0-3'],
      [25, '2'],
      [26, '0-1'],
    ].flatMap(([irq, cores]) => [
      [`proc/irq/${irq}/smp_affinity_list`, String(cores)],
      [`proc/irq/${irq}/eth0-rx/spurious`, ''],
    ]),
  ),
  // For which nothing waits.
  'proc/irq/9/smp_affinity_list': '0-3',
  'proc/1/comm': 'systemd',
  'proc/77/comm': 'irqbalance',
  'proc/sys/kernel/numa_balancing': '1',
  'proc/sys/kernel/random/boot_id': 'first',
  'sys/kernel/mm/transparent_hugepage/enabled': 'madvise',
  'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '8',
  'sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0',
};

/** Its root; it goes with the test. */
export function makeMachine(files: Readonly<Record<string, string>> = metal): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'tune-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

export function valuesIn(
  root: string,
  files: Readonly<Record<string, string>> = metal,
): Record<string, string> {
  return Object.fromEntries(
    Object.keys(files).map((file) => [file, readFileSync(path.join(root, file), 'utf8')]),
  );
}
