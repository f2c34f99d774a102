/** A case of the conformance suite: data and a function, which any runner can run. */
import { existsSync } from 'node:fs';
import type { Libos } from '../index.ts';
import { MOST_DATAGRAM_BYTES, type TestedBackend, World, type WorldOptions } from './world.ts';

/** How long this thread has run, as Linux tells it. */
export const SCHEDSTAT = '/proc/thread-self/schedstat';

/** What not every backend, pair of sides or machine has: null where it is there, else why it is not. */
const needs = {
  datagrams: ({ datagramBytes }) => (datagramBytes > 0 ? null : 'the backend has no datagrams'),
  'no datagrams': ({ datagramBytes }) => (datagramBytes === 0 ? null : 'the backend has datagrams'),
  'a longest datagram': ({ datagramBytes }) =>
    datagramBytes < MOST_DATAGRAM_BYTES
      ? null
      : `the backend refuses no datagram of up to ${MOST_DATAGRAM_BYTES} bytes`,
  acknowledgements({ acknowledges }) {
    if (acknowledges === undefined)
      return 'the descriptor does not say who acknowledges pushes (acknowledges)';
    return acknowledges === 'device' ? 'the device acknowledges with the hand-over' : null;
  },
  'socket options': ({ socketOptions }) =>
    socketOptions ? null : 'the backend has no options of a single stream (socketOptions of its descriptor)',
  'two processes': ({ freeze }) => (freeze === undefined ? 'both sides share one process' : null),
  schedstat: () => (existsSync(SCHEDSTAT) ? null : `Linux has no ${SCHEDSTAT} here (CONFIG_SCHED_INFO)`),
} satisfies Record<string, (backend: TestedBackend) => string | null>;

export type Need = keyof typeof needs;

/**
 * What a case is run on: two libOSes that reach each other, which no other case gets. One that needs another world
 * shuts this one down first: of two NICs that a wire joins, say, there is one pair.
 */
export interface Setting {
  world: World;
  server: Libos;
  client: Libos;
  backend: TestedBackend;
}

type RunCase = (setting: Setting) => void;

export interface ConformanceCase {
  group: string;
  name: string;
  needs: readonly Need[];
  /** It moves so much that a slow machine takes minutes. */
  isLarge: boolean;
  world: Partial<WorldOptions>;
  /** Throws what is wrong. */
  run: RunCase;
}

interface CaseParts {
  needs?: readonly Need[];
  isLarge?: boolean;
  world?: Partial<WorldOptions>;
  run: RunCase;
}

/** Of all cases of a group. */
export interface Shared {
  needs?: readonly Need[];
  world?: Partial<WorldOptions>;
}

type CasesByName = Record<string, RunCase | CaseParts>;

/** The cases of a group, by their names. */
export function group(name: string, shared: Shared, cases: CasesByName): ConformanceCase[] {
  return Object.entries(cases).map(([caseName, given]) => {
    const parts: CaseParts = typeof given === 'function' ? { run: given } : given;
    return {
      group: name,
      name: caseName,
      needs: [...(shared.needs ?? []), ...(parts.needs ?? [])],
      isLarge: parts.isLarge ?? false,
      world: { ...shared.world, ...parts.world },
      run: parts.run,
    };
  });
}

/** A case for each value. */
export function each<Value>(
  values: readonly Value[],
  make: (value: Value) => [name: string, given: RunCase | CaseParts],
): CasesByName {
  return Object.fromEntries(values.map(make));
}

/** Why it is left out for this backend; null: it is not. */
export function whyLeftOut({ group, needs: wanted }: ConformanceCase, backend: TestedBackend): string | null {
  for (const need of wanted) {
    const why = needs[need](backend);
    if (why !== null) return why;
  }
  return backend.leftOut?.[group] ?? null;
}

/**
 * Runs it in a world of its own. Throws what it throws, and LEAK when it left buffers unfreed: both sides are in
 * checked mode, and so every case is one for leaks.
 */
export function runCase({ world: options, run }: ConformanceCase, backend: TestedBackend): void {
  const world = new World(backend, options);
  const { server, client } = world;
  let isThrough = false;
  try {
    run({ world, server, client, backend });
    isThrough = true;
  } finally {
    shutDown(world, isThrough);
  }
}

/** What follows from a failure, such as buffers that were never freed, does not hide it. */
function shutDown(world: World, isThrough: boolean): void {
  try {
    world.shutdown();
  } catch (error) {
    if (isThrough) throw error;
  }
}
