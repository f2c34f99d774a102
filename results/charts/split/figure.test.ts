/** The split as a figure: groups of systems one below the other, and what was published of them once. */
import { expect, test } from 'vitest';
import type { Role, SystemUnderTest } from '../../formats/index.ts';
import { drawn, texts } from '../../test-report.ts';
import { manifest, type SyntheticRun, system } from '../../test-synthetic-run.ts';

const roles: [string, Role, string][] = [
  ['sockets', 'unmodified', 'kernel'],
  ['kernel', 'libos_over_kernel', 'kernel'],
  ['rdma', 'bypass', 'rdma'],
];
const groupOf = (group: string): SystemUnderTest[] =>
  roles.map(([name, role, backend]) =>
    system(`${group.toLowerCase()}-${name}`, { label: `${group}, ${name}`, group, role, backend }),
  );
const p50_ns = new Map([
  ['sockets', 40_000],
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
