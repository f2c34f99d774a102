/**
 * What the house knows of backends stands in their descriptors: no other list of their names is anywhere. Wherever a
 * source says the name of one, it is here with its reason.
 */
import { expect, test } from 'vitest';
import { knownBackends } from '../libos/backends.ts';
import { backends } from '../libos/index.ts';
import { filesBelow, isTest, parts, read, withoutComments } from './source-tree.ts';

const descriptors = knownBackends();
const anyName = backends.join('|');
/** A whole text. */
const literal = new RegExp(`(['"\`])(${anyName})\\1`, 'g');
/** A key of a mapping. */
const key = new RegExp(`[{,(]\\s*(${anyName})\\??:\\s`, 'g');
const ownFolder = new RegExp(`^libos/(${anyName})/`);

/** The names that a file may say, and why. */
const reasons: Record<string, [names: string[], reason: string]> = {
  'loadgen/floor/command.ts': [
    ['dpdk', 'kernel', 'rdma', 'uring', 'xdp'],
    'a floor is a program of the load generator, each made for the device of one backend',
  ],
  'results/page/runs.ts': [['kernel'], 'head of a column: the version of Linux'],
  'scripts/bench/impaired-tcp.ts': [['dpdk', 'kernel'], "our TCP beside Linux' over one path"],
  'scripts/bench/posted-receives.ts': [['rdma'], 'what it measures is there over RDMA alone'],
  'scripts/bench/raw-frames.ts': [['dpdk'], 'a folder'],
  'scripts/bench/timed-stream.ts': [['kernel'], 'its TCP runs while its end sleeps; ours runs in who polls'],
  'scripts/redis-kill/series.ts': [['rdma'], 'shared memory that a killed process leaves'],
  'scripts/guest/host.ts': [['rdma'], 'a program of iproute2'],
  'scripts/guest/kernel.ts': [['kernel'], "a folder of Linux' modules"],
  'scripts/guest/locked-memory.ts': [['rdma'], 'the virtual machine has an RDMA device'],
  'scripts/guest/pci.ts': [['dpdk'], 'the virtual machine has NICs'],
  'scripts/guest/soft-roce.ts': [['rdma'], 'the virtual machine has an RDMA device'],
};

const sources = parts
  .flatMap((part) => filesBelow(part, /\.(ts|mjs)$/))
  .filter((file) => !isTest(file) && !ownFolder.test(file));

const distinct = (names: Iterable<string>): string[] => [...new Set(names)].sort();

test('no source says the name of a backend but those that must', () => {
  expect(sources.length).toBeGreaterThan(300);
  const saying = sources.flatMap((file) => {
    const names = distinct([...withoutComments(read(file)).matchAll(literal)].map(([, , name]) => name));
    return names.length === 0 ? [] : [[file, names] as const];
  });
  expect(Object.fromEntries(saying)).toEqual(
    Object.fromEntries(Object.entries(reasons).map(([file, [names]]) => [file, names])),
  );
});

test('no mapping has them as its keys', () => {
  const mapping = sources.filter((file) => {
    const names = distinct([...withoutComments(read(file)).matchAll(key)].map(([, name]) => name));
    return names.length > 1;
  });
  expect(mapping).toEqual([]);
});

test('it would find a list, and a mapping', () => {
  const list = "const all = ['kernel', 'rdma', \"dpdk\"];";
  expect(distinct([...list.matchAll(literal)].map(([, , name]) => name))).toEqual(['dpdk', 'kernel', 'rdma']);
  const mapping = '{ kernel: a, rdma: b }';
  expect(distinct([...mapping.matchAll(key)].map(([, name]) => name))).toEqual(['kernel', 'rdma']);
});

test.each(descriptors)('the options of $name are those that its page describes', ({ name, options }) => {
  const described = Object.keys(options);
  if (described.length === 0) return;
  const page = read(`docs/${name}.md`);
  const [, table = ''] = /\| option \| meaning \| default \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  const documented = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, option]) => option);
  expect(documented.sort()).toEqual(described.sort());
});
