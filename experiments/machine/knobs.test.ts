import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readKnobs } from './knobs.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'knobs-test-'));
afterAll(() => rmSync(root, { recursive: true }));

function files(contents: Record<string, string>): string {
  for (const [file, text] of Object.entries(contents)) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), `${text}\n`);
  }
  return root;
}

test('a kernel that has none of them says so of each', () => {
  const knobs = readKnobs(path.join(root, 'nothing'));
  expect(knobs.map(({ name }) => name)).toEqual([
    'governor',
    'turbo',
    'mitigations',
    'nohz_full',
    'isolcpus',
    'transparent huge pages',
    'net.core.busy_poll',
    'net.core.busy_read',
  ]);
  for (const { value, absent } of knobs) {
    expect(value).toBeNull();
    expect(absent).not.toBe('');
  }
});

test('a machine of metal is told as it was found', () => {
  const cpu = 'sys/devices/system/cpu';
  files({
    [`${cpu}/cpu0/cpufreq/scaling_governor`]: 'performance',
    [`${cpu}/cpu1/cpufreq/scaling_governor`]: 'powersave',
    [`${cpu}/intel_pstate/no_turbo`]: '1',
    [`${cpu}/vulnerabilities/meltdown`]: 'Mitigation: PTI',
    [`${cpu}/vulnerabilities/mds`]: 'Vulnerable: no microcode',
    [`${cpu}/vulnerabilities/tsa`]: 'Not affected',
    [`${cpu}/nohz_full`]: '(null)',
    [`${cpu}/isolated`]: '2-3',
    'proc/cmdline': 'quiet mitigations=auto,nosmt ro',
    'proc/sys/net/core/busy_poll': '50',
    'proc/sys/net/core/busy_read': '0',
    'sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never',
  });
  const knobs = readKnobs(root);
  expect(Object.fromEntries(knobs.map(({ name, value }) => [name, value]))).toEqual({
    governor: 'performance, powersave',
    turbo: 'off',
    mitigations: 'auto,nosmt; active: meltdown; vulnerable: mds',
    nohz_full: 'no core',
    isolcpus: '2-3',
    'transparent huge pages': 'madvise',
    'net.core.busy_poll': '50 us',
    'net.core.busy_read': 'off',
  });
  expect(knobs.every(({ absent }) => absent === null)).toBe(true);
});
