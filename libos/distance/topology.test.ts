import { describe, expect, it } from 'vitest';
import { corePairs, coreRelation, describeRelation, type ReadSysfs } from './topology.ts';

/** What Linux shows of a machine; lists of cores are written as the kernel writes them. */
interface Machine {
  cores: number;
  siblings: (core: number) => string;
  socket: (core: number) => string;
  /** Level, type, size, and who shares it. */
  caches: [level: number, type: string, size: string | null, sharedBy: (core: number) => string][];
  /** Lists of cores; without NUMA null. */
  nodes: string[] | null;
}

/** A tree of sysfs. */
function sysfsOf({ cores, siblings, socket, caches, nodes }: Machine): ReadSysfs {
  const files = new Map<string, string>();
  for (let core = 0; core < cores; core++) {
    files.set(`cpu/cpu${core}/topology/thread_siblings_list`, siblings(core));
    files.set(`cpu/cpu${core}/topology/physical_package_id`, socket(core));
    for (const [index, [level, type, size, sharedBy]] of caches.entries()) {
      const folder = `cpu/cpu${core}/cache/index${index}`;
      files.set(`${folder}/level`, `${level}`);
      files.set(`${folder}/type`, type);
      files.set(`${folder}/shared_cpu_list`, sharedBy(core));
      if (size !== null) files.set(`${folder}/size`, size);
    }
  }
  if (nodes !== null) {
    files.set('node/online', nodes.length === 1 ? '0' : `0-${nodes.length - 1}`);
    for (const [node, list] of nodes.entries()) files.set(`node/node${node}/cpulist`, list);
  }
  return (path) => files.get(path) ?? null;
}

const itself = (core: number) => `${core}`;

/** Two virtual cores of an AMD EPYC under KVM. */
const twoCoreVm = sysfsOf({
  cores: 2,
  siblings: itself,
  socket: () => '0',
  caches: [
    [1, 'Data', '32K', itself],
    [1, 'Instruction', '32K', itself],
    [2, 'Unified', '1024K', itself],
    [3, 'Unified', '32768K', () => '0-1'],
  ],
  nodes: ['0-1'],
});

/** A Core i7-6700: four cores of two threads. */
const desktop = (() => {
  const pair = (core: number) => `${core % 4},${(core % 4) + 4}`;
  return sysfsOf({
    cores: 8,
    siblings: pair,
    socket: () => '0',
    caches: [
      [1, 'Data', '32K', pair],
      [1, 'Instruction', '32K', pair],
      [2, 'Unified', '256K', pair],
      [3, 'Unified', '8192K', () => '0-7'],
    ],
    nodes: ['0-7'],
  });
})();

/** Two Xeon E5-2660 v2. */
const twoSockets = (() => {
  const socketOf = (core: number) => Math.floor((core % 20) / 10);
  const pair = (core: number) => `${core % 20},${(core % 20) + 20}`;
  const nodes = ['0-9,20-29', '10-19,30-39'];
  return sysfsOf({
    cores: 40,
    siblings: pair,
    socket: (core) => `${socketOf(core)}`,
    caches: [
      [1, 'Data', '32K', pair],
      [1, 'Instruction', '32K', pair],
      [2, 'Unified', '256K', pair],
      [3, 'Unified', '25600K', (core) => nodes[socketOf(core)]],
    ],
    nodes,
  });
})();

/** An EPYC 7402P: 24 cores, three of which share a third-level cache. */
const manyCaches = (() => {
  const pair = (core: number) => `${core % 24},${(core % 24) + 24}`;
  const complex = (core: number) => {
    const first = 3 * Math.floor((core % 24) / 3);
    return `${first}-${first + 2},${first + 24}-${first + 26}`;
  };
  return sysfsOf({
    cores: 48,
    siblings: pair,
    socket: () => '0',
    caches: [
      [1, 'Data', '32K', pair],
      [1, 'Instruction', '32K', pair],
      [2, 'Unified', '512K', pair],
      [3, 'Unified', '16384K', complex],
    ],
    nodes: ['0-47'],
  });
})();

/** A virtual arm64 machine whose kernel shows neither caches nor nodes. */
const bare = sysfsOf({ cores: 4, siblings: itself, socket: () => '-1', caches: [], nodes: null });

describe('the relation of two cores', () => {
  it.each([
    ['a virtual machine of two cores', twoCoreVm, 0, 1, 'one cache', 'L3 of 32 MiB', 'same'],
    ['one core', twoCoreVm, 1, 1, 'one core', 'L1 of 32 KiB', 'same'],
    ['threads of a core', desktop, 1, 5, 'siblings', 'L1 of 32 KiB', 'same'],
    ['cores of a desktop', desktop, 1, 6, 'one cache', 'L3 of 8 MiB', 'same'],
    ['two cores of one socket of two', twoSockets, 0, 9, 'one cache', 'L3 of 25 MiB', 'same'],
    ['threads of one of two sockets', twoSockets, 19, 39, 'siblings', 'L1 of 32 KiB', 'same'],
    ['sockets', twoSockets, 9, 10, 'two sockets', null, 'different'],
    ['cores below one of many caches', manyCaches, 3, 29, 'one cache', 'L3 of 16 MiB', 'same'],
    ['cores below two caches', manyCaches, 2, 3, 'one socket', null, 'same'],
    ['cores of which nothing is known', bare, 0, 3, 'one socket', null, 'unknown'],
  ] as const)('is known for %s', (_, sysfs, first, second, relation, shared_cache, numa) => {
    const expected = { relation, shared_cache, numa };
    expect(coreRelation(first, second, sysfs)).toEqual(expected);
    expect(coreRelation(second, first, sysfs)).toEqual(expected);
  });

  it.each([
    ['36608K', 'L3 of 35.75 MiB'],
    ['1008K', 'L3 of 1008 KiB'],
    ['0K', 'L3'],
    [null, 'L3'],
  ])('names a cache of %s as %s', (size, name) => {
    const sysfs = sysfsOf({
      cores: 2,
      siblings: itself,
      socket: () => '0',
      caches: [[3, 'Unified', size, () => '0-1']],
      nodes: ['0-1'],
    });
    expect(coreRelation(0, 1, sysfs).shared_cache).toBe(name);
  });

  it('is not known of a core that is not there', () => {
    expect(() => coreRelation(0, 2, twoCoreVm)).toThrow('core 2 is not there, or not online');
  });

  it.each([
    [twoCoreVm, 0, 1, 'by sysfs they share L3 of 32 MiB'],
    [desktop, 0, 4, 'by sysfs siblings, they share L1 of 32 KiB'],
    [twoSockets, 0, 10, 'by sysfs two sockets, no cache is shared'],
  ] as const)('is said in a few words', (sysfs, first, second, words) => {
    expect(describeRelation(coreRelation(first, second, sysfs))).toBe(words);
  });

  it('is read from this machine', () => {
    expect(coreRelation(0, 0)).toMatchObject({ relation: 'one core' });
  });
});

describe('the pairs of cores', () => {
  const all = (count: number) => Array.from({ length: count }, (_, core) => core);
  const found = (cores: number[], sysfs: ReadSysfs) =>
    corePairs(cores, sysfs).map(({ relation, cores }) => `${relation}: ${cores}`);

  it('are one for each relation, the nearest first', () => {
    expect(found(all(2), twoCoreVm)).toEqual(['one cache: 0,1']);
    expect(found(all(8), desktop)).toEqual(['siblings: 0,4', 'one cache: 0,1']);
    expect(found(all(40), twoSockets)).toEqual(['siblings: 0,20', 'one cache: 0,1', 'two sockets: 0,10']);
    expect(found(all(48), manyCaches)).toEqual(['siblings: 0,24', 'one cache: 0,1', 'one socket: 0,3']);
  });

  it('are of the cores that are named only', () => {
    expect(found([9, 10, 11], twoSockets)).toEqual(['one cache: 10,11', 'two sockets: 9,10']);
    expect(found([3], twoSockets)).toEqual([]);
  });
});
