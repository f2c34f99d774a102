import { describe, expect, it } from 'vitest';
import type { HostState, NicFacts, RunHost } from '../formats/index.ts';
import { readRun } from '../run/run-folder.ts';
import { shortCaption } from '../sentences/caption.ts';
import { measured } from '../test-report.ts';
import { manifest, run, system, writeRun } from '../test-synthetic-run.ts';
import { changesInWords, changesOf, hostDoubts, settingsOf, unknownChanges } from './host-changes.ts';
import { summarize } from './summary.ts';

const nic: NicFacts = {
  ...{ name: 'ens1f1', driver: 'mlx5_core', driver_version: '6.1', firmware: '16.35', bus: '0000:41:00.1' },
  ...{ mtu_bytes: 1500, speed_mbit_per_s: 25_000, queues: { combined: '8' }, rings: { rx: '1024' } },
  ...{ coalescing: { 'rx-usecs': '8', 'adaptive-rx': 'on' }, offloads: null, irq_cores: { 42: '0-3' } },
  unknown: { offloads: 'ethtool is not installed' },
};
const { machine } = manifest();
const state = (overrides: Partial<HostState> = {}): HostState => ({
  at: '2026-01-02T03:04:05Z',
  versions: { DPDK: '22.11.9' },
  machine,
  nics: [nic],
  clock: { source: 'tsc', offset_us: 10, bound_us: 80 },
  ...overrides,
});
const host = (after: HostState | null, overrides: Partial<RunHost> = {}): RunHost => ({
  ...{ name: 'server0', before: state(), after, after_unknown: null },
  ...overrides,
});
const changedNic = {
  ...nic,
  coalescing: { 'rx-usecs': '0', 'adaptive-rx': 'on' },
  queues: { combined: '4' },
};

describe('what changed of a host', () => {
  it('is nothing where all is as it was, whatever its load, its memory and its time of day', () => {
    const later = state({
      at: '2026-01-02T04:04:05Z',
      machine: { ...machine, load_average_1m: 7, memory_bytes: 1 },
      clock: { source: 'tsc', offset_us: 5000, bound_us: 90 },
    });
    expect(changesOf(host(later))).toEqual([]);
    expect(changesOf(host(null))).toEqual([]);
  });

  it('is each setting by its name, of machine, clock and NIC', () => {
    const knobs = machine.knobs.map((knob) => (knob.name === 'turbo' ? { ...knob, value: 'on' } : knob));
    const after = state({
      machine: { ...machine, governor: 'powersave', knobs },
      clock: { source: 'hpet', offset_us: 10, bound_us: 80 },
      nics: [{ ...changedNic, irq_cores: { 42: '2' }, mtu_bytes: null }],
    });
    expect(changesOf(host(after))).toEqual([
      { setting: 'governor', before: 'unknown', after: 'powersave' },
      { setting: 'clock source', before: 'tsc', after: 'hpet' },
      { setting: 'turbo', before: 'unknown', after: 'on' },
      { setting: 'MTU of ens1f1', before: '1500', after: 'unknown' },
      { setting: 'combined queues of ens1f1', before: '8', after: '4' },
      { setting: 'rx-usecs of ens1f1', before: '8', after: '0' },
      { setting: 'cores of interrupt 42 of ens1f1', before: '0-3', after: '2' },
    ]);
  });

  it('is also an interface that is gone', () => {
    const gone = changesOf(host(state({ nics: [] })));
    expect(gone).toHaveLength(settingsOf(state()).size - settingsOf(state({ nics: [] })).size);
    expect(gone[0]).toMatchObject({ setting: 'driver of ens1f1', after: 'not there' });
    expect(changesInWords(gone)).toMatch(
      /^driver of ens1f1 was mlx5_core and is not there, .*, and \d+ more$/,
    );
  });
});

describe('a run on hosts of which one changed', () => {
  const place = { server: 'server0', generators: ['client0'] };
  const hosts = [host(state({ nics: [changedNic] })), host(state(), { name: 'client0' })];
  const changed = manifest({
    hosts,
    systems: [system('redis', { place }), system('kv-kernel', { place: { ...place, server: 'client0' } })],
  });

  it('is suspect in all statistics of what ran there, and of nothing else', () => {
    expect(hostDoubts(changed, 'redis')).toEqual([
      {
        state: 'suspect',
        about: ['p50', 'p99', 'p999', 'throughput', 'stages'],
        reason:
          'Its host server0 changed during the run: combined queues of ens1f1 was 8 and is 4, rx-usecs of ens1f1 was 8 and is 0.',
      },
    ]);
    expect(hostDoubts(changed, 'kv-kernel')).toEqual([]);
  });

  it('says so in its summary and in its caption', async () => {
    const read = await readRun(await writeRun(run({ manifest: changed, measured })));
    const summary = summarize(read);
    const states = summary.points.map(({ system: name, verdicts }) => [name, verdicts.p99?.state]);
    expect(new Set(states.map(String))).toEqual(new Set(['redis,suspect', 'kv-kernel,valid']));
    expect(shortCaption(read.manifest, summary)).toContain(
      'Changed during the run: combined queues of ens1f1 and 1 more (server0).',
    );
    // The cores of redis are of two machines: that they have no distance is no lack.
    const unknown = summary.points.map(({ system: name, distance_unknown }) => [name, distance_unknown]);
    expect(new Map(unknown as [string, unknown][])).toEqual(
      new Map([
        ['redis', null],
        ['kv-kernel', 'it was not measured'],
      ]),
    );
  });

  it('lacks what is not known of a host that is lost', () => {
    const lost = manifest({ hosts: [host(null, { after_unknown: 'host server0 was lost' })] });
    expect(unknownChanges(lost)).toEqual([
      'Whether server0 changed during the run is not known: host server0 was lost.',
    ]);
  });

  it('of this machine, where nobody named one', () => {
    const here = manifest({ hosts: [host(state({ nics: [changedNic] }), { name: 'this machine' })] });
    expect(hostDoubts(here, 'redis')[0]?.reason).toMatch(/^The machine changed during the run: /);
  });
});
