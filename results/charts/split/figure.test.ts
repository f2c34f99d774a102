/** The split as a figure: groups of systems one below the other, and what was published of them once. */
import { describe, expect, test } from 'vitest';
import type { Role, SystemUnderTest } from '../../formats/index.ts';
import { drawn, texts } from '../../test-report.ts';
import { manifest, type SyntheticRun, system } from '../../test-synthetic-run.ts';
import type { SplitPiece } from './rows.ts';

const roles: [string, Role, string][] = [
  ['sockets', 'unmodified', 'kernel'],
  ['epoll', 'libos_over_epoll', 'kernel'],
  ['kernel', 'libos_over_kernel', 'kernel'],
  ['rdma', 'bypass', 'rdma'],
];
const groupOf = (group: string, of = roles.filter(([name]) => name !== 'epoll')): SystemUnderTest[] =>
  of.map(([name, role, backend]) =>
    system(`${group.toLowerCase()}-${name}`, { label: `${group}, ${name}`, group, role, backend }),
  );
const p50_ns = new Map([
  ['sockets', 40_000],
  ['epoll', 34_000],
  ['kernel', 16_000],
  ['rdma', 4_000],
]);
const measured: SyntheticRun['measured'] = ({ name }) => ({
  latencies_ns: Array(3000).fill(p50_ns.get(name.split('-')[1])),
});

test('groups stand one below the other, and what was published below them once', async () => {
  const systems = [...groupOf('Redis'), ...groupOf('Other')];
  const { svg } = await drawn('split', { manifest: manifest({ systems }), measured });
  const all = texts(svg);
  const rows = all.filter((text) => text.includes('→') || text.startsWith('published'));
  expect(rows).toEqual([
    'Redis, SET: sockets → rdma',
    'Other, SET: sockets → rdma',
    'Redis, GET: sockets → rdma',
    'Other, GET: sockets → rdma',
    'published',
  ]);
  expect(all).toContain('24.0 µs, 60 %');
});

test('a split whose parts are not all above zero is not drawn, and the caption says so', async () => {
  const systems = groupOf('Redis');
  const slowKernel: SyntheticRun['measured'] = (subject, target, trial) =>
    subject.name === 'redis-kernel' && target.operation === 'get'
      ? { latencies_ns: Array(3000).fill(50_000) }
      : measured(subject, target, trial);
  const { svg } = await drawn('split', { manifest: manifest({ systems }), measured: slowKernel });
  const rows = texts(svg).filter((text) => text.includes('→'));
  expect(rows).toEqual(['Redis, SET: sockets → rdma']);
  expect(texts(svg).join(' ')).toContain('Not drawn, as a part of it is below zero: GET.');
});

describe('in four parts', () => {
  const ofFour = {
    manifest: manifest({ systems: [...groupOf('Redis', roles), ...groupOf('Other')] }),
    measured,
  };

  test('of the groups that have the libOS that sleeps, beside the three, which stay', async () => {
    const { spec, svg } = await drawn<{ datasets: { parts: SplitPiece[] } }>('polling', ofFour);
    const all = texts(svg);
    expect(all.filter((text) => text.includes('→') || text.startsWith('published'))).toEqual([
      'Redis, SET: sockets → rdma',
      'Redis, GET: sockets → rdma',
    ]);
    const parts = spec.datasets.parts.map(({ us, share }) => [us, share]);
    const us = (value: number) => expect.closeTo(value, 1);
    const share = (value: number) => expect.closeTo(value, 2);
    const ofOne = [
      [us(6), share(0.15)],
      [us(18), share(0.45)],
      [us(12), share(0.3)],
      [us(4), share(0.1)],
    ];
    expect(parts).toEqual([...ofOne, ...ofOne]);
    const three = texts((await drawn('split', ofFour)).svg);
    expect(three.filter((text) => text === '24.0 µs, 60 %')).toHaveLength(4);
  });

  test('nothing where no group has it', async () => {
    const { report } = await drawn('split', { manifest: manifest({ systems: groupOf('Redis') }), measured });
    expect(await report.chart('polling')).toBeNull();
  });

  test('a part below zero lies left of zero, and the caption says what that is', async () => {
    const slow: SyntheticRun['measured'] = (subject, target, trial) =>
      subject.name === 'redis-epoll'
        ? { latencies_ns: Array(3000).fill(44_000) }
        : measured(subject, target, trial);
    const { spec, svg } = await drawn<{ datasets: { parts: SplitPiece[] } }>('polling', {
      ...ofFour,
      measured: slow,
    });
    const [ofInterface, polling, dataPath, rest] = spec.datasets.parts;
    const close = (value: number) => expect.closeTo(value, 2);
    expect(ofInterface).toMatchObject({ from: close(-0.1), to: 0 });
    expect(polling).toMatchObject({ from: 0, to: close(0.7) });
    expect(dataPath).toMatchObject({ from: close(0.7), to: close(1) });
    expect(rest).toMatchObject({ from: close(1), to: close(1.1) });
    expect(texts(svg).join(' ')).toContain('Left of zero: what takes less than nothing');
  });
});
