import { expect, test } from 'vitest';
import type { HostState, NicFacts, RunHost } from '../formats/index.ts';
import { manifest } from '../test-synthetic-run.ts';
import { hostTables } from './hosts.ts';

const nic: NicFacts = {
  ...{ name: 'ens1f1', driver: 'mlx5_core', driver_version: '6.1', firmware: '16.35', bus: '0000:41:00.1' },
  ...{ mtu_bytes: 1500, speed_mbit_per_s: null, queues: { combined: '8' }, rings: null },
  ...{ coalescing: { 'rx-usecs': '8' }, offloads: null, irq_cores: { 42: '0-3' } },
  unknown: { speed_mbit_per_s: 'its link is <down>', rings: 'its driver has none', offloads: 'no' },
};
const state: HostState = {
  at: '2026-01-02T03:04:05Z',
  versions: { DPDK: '22.11.9' },
  machine: manifest().machine,
  nics: [nic],
  clock: { source: 'tsc', offset_us: null, bound_us: null },
};
const host: RunHost = { name: 'server0', before: state, after: state, after_unknown: null };

test('a run that did not look has nothing to show', () => {
  expect(hostTables([]).markup).toBe('');
});

test('one machine has its clock, what changed, and its NIC with what it does not tell', () => {
  const { markup } = hostTables([{ ...host, after: { ...state, nics: [{ ...nic, mtu_bytes: 9000 }] } }]);
  expect(markup).not.toContain('<h3>Hosts</h3>');
  expect(markup).toContain('<dt>Changed during the run</dt><dd>MTU of ens1f1: 1500, then 9000</dd>');
  expect(markup).toContain(
    '<td>mlx5_core 6.1</td><td>16.35</td><td>0000:41:00.1</td><td>1500</td><td>–</td>',
  );
  expect(markup).toContain('speed (Mbit/s) (its link is &lt;down&gt;); rings (its driver has none)');
  expect(markup).toContain('<dd>42: 0-3</dd>');
});

test('several have a row each, with their clocks beside ours', () => {
  const clock = { source: 'tsc', offset_us: 121.6, bound_us: 80 };
  const lost = { ...host, name: 'client0', after: null, after_unknown: 'host client0 was lost' };
  const { markup } = hostTables([{ ...host, before: { ...state, clock } }, lost]);
  expect(markup).toContain('<td>server0</td><td>nothing</td>');
  expect(markup).toContain('<td>client0</td><td>not known: host client0 was lost</td>');
  expect(markup).toContain('tsc; +122 ± 80 µs before');
  expect(markup).toContain('<summary>Versions on server0</summary><dl><dt>DPDK</dt><dd>22.11.9</dd>');
});
