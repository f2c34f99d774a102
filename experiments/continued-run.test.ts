import { describe, expect, test } from 'vitest';
import { type Manifest, trialsOf } from '../results/formats/index.ts';
import { addedTo, type EarlierRun, resumed } from './continued-run.ts';

interface Parts {
  systems?: string[];
  /** Values of the axis `clients`; null without a sweep. */
  clients?: number[] | null;
  trials?: number;
  value_bytes?: number;
  finished_at?: string | null;
  commit?: string;
}

/** As much of a manifest as is looked at here. */
function manifest({
  systems = ['redis', 'kv'],
  clients = null,
  trials = 2,
  value_bytes = 64,
  finished_at = '2026-11-30T13:00:00Z',
  commit = 'abc',
}: Parts = {}): Manifest {
  const target = { operation: 'get', value_bytes, pipeline: 1, rate_ops: null };
  const named = systems.map((name) => ({ name, repeats: null, server_cores: [0], within: {} }));
  const axis = { name: 'clients', path: 'workload.clients', unit: null, scale: 'linear', systems: null };
  return {
    experiment: 'test',
    started_at: '2026-11-30T12:40:00Z',
    finished_at,
    config: { trials, workload: { value_bytes }, systems: named },
    plan: {
      trials,
      added_trials: 0,
      added_blocks: [],
      additions: [],
      axes: clients === null ? [] : [{ ...axis, values: clients }],
      measurements: (clients ?? [1]).map((count) => ({
        ...target,
        clients: count,
        at: clients === null ? {} : { clients: count },
      })),
    },
    machine: { cpu: 'A', load_average_1m: Math.random() },
    hosts: [],
    versions: Object.fromEntries(['node', ...systems].map((name) => [name, `${name} 1`])),
    git: { commit },
    systems: named,
    floors: [],
  } as unknown as Manifest;
}

const earlier = (parts: Parts = {}): EarlierRun => ({
  folder: 'runs/a',
  manifest: manifest(parts),
  trials: [],
  cutOff: [],
});

describe('an interrupted run', () => {
  test('goes on as it began', () => {
    const run = earlier({ finished_at: null });
    expect(resumed(run, manifest())).toBe(run.manifest);
  });

  test('does not with another configuration or other software, and says what differs', () => {
    expect(() => resumed(earlier(), manifest({ value_bytes: 65, commit: 'def' }))).toThrow(
      'the run in runs/a was made with something else: config.workload.value_bytes was 64 and is 65; ' +
        'git.commit was abc and is def. Go on with what it was made with, or name another folder',
    );
    expect(() => resumed(earlier(), manifest({ systems: ['redis', 'kv', 'third'] }))).toThrow(
      'config.systems.third was not there and is {…}; versions.third was not there and is third 1',
    );
  });
});

describe('a run that has ended', () => {
  test('gets a system beside its first one, and compares it by way of that', () => {
    const added = addedTo(earlier(), manifest({ systems: ['redis', 'third'] }));
    expect(added.finished_at).toBeNull();
    expect(added.systems.map(({ name }) => name)).toEqual(['redis', 'kv', 'third']);
    expect(['redis', 'kv', 'third'].map((name) => trialsOf(added, name, {}))).toEqual([
      [1, 2, 3, 4],
      [1, 2],
      [3, 4],
    ]);
    const places = [{ subject: 'third', at: {} }];
    expect(added.plan.additions).toEqual([
      { first_trial: 3, started_at: '2026-11-30T12:40:00Z', anchor: 'redis', places },
    ]);
  });

  test('has no anchor where its first system is left out', () => {
    const added = addedTo(earlier(), manifest({ systems: ['third'] }));
    expect(trialsOf(added, 'redis', {})).toEqual([1, 2]);
    expect(added.plan.additions).toMatchObject([{ anchor: null }]);
  });

  test('gets values of an axis, in their order, of all systems', () => {
    const added = addedTo(earlier({ clients: [1, 8] }), manifest({ clients: [4, 8, 16] }));
    expect(added.plan.axes).toMatchObject([{ values: [1, 4, 8, 16] }]);
    expect(added.plan.measurements.map(({ at }) => at.clients)).toEqual([1, 4, 8, 16]);
    for (const name of ['redis', 'kv']) {
      expect([1, 4, 8, 16].map((clients) => trialsOf(added, name, { clients }))).toEqual([
        [1, 2],
        [3, 4],
        [1, 2],
        [3, 4],
      ]);
    }
  });

  test('gets the trials that it lacks, as does what was added before', () => {
    const once = addedTo(earlier(), manifest({ systems: ['redis', 'third'] }));
    const run = { ...earlier(), manifest: { ...once, finished_at: '2026-11-30T14:00:00Z' } };
    const twice = addedTo(run, manifest({ systems: ['redis', 'kv', 'third'], trials: 3 }));
    expect(['redis', 'kv', 'third'].map((name) => trialsOf(twice, name, {}))).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 5],
      [3, 4, 5],
    ]);
    expect(twice.plan.additions).toMatchObject([{ first_trial: 3 }, { first_trial: 5, places: [] }]);
  });

  test('stays as it is where it lacks nothing', () => {
    const run = earlier();
    expect(addedTo(run, manifest({ systems: ['redis'] }))).toBe(run.manifest);
  });

  test('gets nothing that was measured another way', () => {
    expect(() => addedTo(earlier(), manifest({ value_bytes: 65, trials: 9 }))).toThrow(
      /made with something else: config\.workload\.value_bytes was 64 and is 65\./,
    );
    expect(() => addedTo(earlier(), manifest({ clients: [1] }))).toThrow(
      'the axes of the run in runs/a are none, those of the config clients: name another folder',
    );
    const lacks = 'the run in runs/a lacks trials: finish it with --resume, then add to it';
    expect(() => addedTo(earlier({ finished_at: null }), manifest())).toThrow(lacks);
    expect(() => addedTo({ ...earlier(), cutOff: ['003-kv-t2'] }, manifest())).toThrow(lacks);
  });
});
