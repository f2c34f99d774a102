/**
 * How two cores lie to each other, as the kernel shows it in sysfs: threads of one core, a shared cache, sockets,
 * memory. In a virtual machine that is what the hypervisor says, and need not be so.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LibosError } from '../errors.ts';

/** From near to far: hardware threads of one core, cores below one cache, cores of one socket. */
const relations = ['one core', 'siblings', 'one cache', 'one socket', 'two sockets'] as const;

export interface CoreRelation {
  relation: (typeof relations)[number];
  /** The nearest one that both load data through, such as 'L3 of 32 MiB'; null where sysfs shows none. */
  shared_cache: string | null;
  /** Whether one memory is the nearest to both. */
  numa: 'same' | 'different' | 'unknown';
}

export interface CorePair extends CoreRelation {
  cores: [number, number];
}

/** The text of a file below /sys/devices/system, or null where it is not there. */
export type ReadSysfs = (path: string) => string | null;

interface Cache {
  level: number;
  size: string | null;
  sharedBy: string;
}

interface CorePlace {
  core: number;
  siblings: string;
  socket: string | null;
  /** From the nearest on, without those of instructions. */
  caches: Cache[];
  node: number | null;
}

/** Throws INVALID_ARGUMENT for a core that is not there, or not online. */
export function coreRelation(first: number, second: number, read: ReadSysfs = readSysfs): CoreRelation {
  return relationOf(placeOf(first, read), placeOf(second, read));
}

/**
 * A pair for each way that two of these cores lie to each other, the nearest first; of alike ones the first. Throws
 * INVALID_ARGUMENT for a core that is not there, or not online.
 */
export function corePairs(cores: readonly number[], read: ReadSysfs = readSysfs): CorePair[] {
  const places = cores.map((core) => placeOf(core, read));
  const pairs = new Map<string, CorePair>();
  for (const [index, first] of places.entries()) {
    for (const second of places.slice(index + 1)) {
      const found = relationOf(first, second);
      const kind = Object.values(found).join();
      if (!pairs.has(kind)) pairs.set(kind, { cores: [first.core, second.core], ...found });
    }
  }
  const farness = ({ relation, numa }: CorePair) =>
    2 * relations.indexOf(relation) + (numa === 'different' ? 1 : 0);
  return [...pairs.values()].sort((a, b) => farness(a) - farness(b));
}

/** In a few words. */
export function describeRelation({ relation, shared_cache }: CoreRelation): string {
  const cache = shared_cache === null ? 'no cache is shared' : `they share ${shared_cache}`;
  return `by sysfs ${relation === 'one cache' ? cache : `${relation}, ${cache}`}`;
}

function relationOf(first: CorePlace, second: CorePlace): CoreRelation {
  const cache = first.caches.find(({ sharedBy }) => lists(sharedBy, second.core));
  return {
    relation: relationBy(first, second, cache !== undefined),
    shared_cache: cache === undefined ? null : nameOf(cache),
    numa:
      first.node === null || second.node === null
        ? 'unknown'
        : first.node === second.node
          ? 'same'
          : 'different',
  };
}

function relationBy(first: CorePlace, second: CorePlace, shareCache: boolean): CoreRelation['relation'] {
  if (first.core === second.core) return 'one core';
  if (lists(first.siblings, second.core)) return 'siblings';
  if (shareCache) return 'one cache';
  return first.socket === second.socket ? 'one socket' : 'two sockets';
}

function placeOf(core: number, read: ReadSysfs): CorePlace {
  const folder = `cpu/cpu${core}`;
  const siblings = read(`${folder}/topology/thread_siblings_list`);
  if (siblings === null) {
    const detail = `core ${core} is not there, or not online: see nproc and lscpu`;
    throw new LibosError('INVALID_ARGUMENT', 'topology', -1, detail);
  }
  const socket = read(`${folder}/topology/physical_package_id`);
  return { core, siblings, socket, caches: cachesOf(folder, read), node: nodeOf(core, read) };
}

function cachesOf(folder: string, read: ReadSysfs): Cache[] {
  const caches: Cache[] = [];
  for (let index = 0; ; index++) {
    const cache = `${folder}/cache/index${index}`;
    const level = read(`${cache}/level`);
    if (level === null) break;
    const sharedBy = read(`${cache}/shared_cpu_list`);
    if (sharedBy === null || read(`${cache}/type`) === 'Instruction') continue;
    caches.push({ level: Number(level), size: read(`${cache}/size`), sharedBy });
  }
  return caches.sort((a, b) => a.level - b.level);
}

/** A kernel without NUMA shows no nodes. */
function nodeOf(core: number, read: ReadSysfs): number | null {
  const nodes = coresOf(read('node/online') ?? '');
  return nodes.find((node) => lists(read(`node/node${node}/cpulist`) ?? '', core)) ?? null;
}

/** sysfs writes sizes as `32768K`. */
function nameOf({ level, size }: Cache): string {
  const kib = Number(/^(\d+)K$/.exec(size ?? '')?.[1] ?? 0);
  if (kib === 0) return `L${level}`;
  const mib = kib / 1024;
  return `L${level} of ${mib < 1 ? `${kib} KiB` : `${Number(mib.toFixed(2))} MiB`}`;
}

/** Of a list as the kernel writes it: `0-3,6`. */
function coresOf(list: string): number[] {
  return list
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
    });
}

function lists(list: string, core: number): boolean {
  return coresOf(list).includes(core);
}

function readSysfs(path: string): string | null {
  try {
    return readFileSync(join('/sys/devices/system', path), 'utf8').trim();
  } catch {
    return null;
  }
}
