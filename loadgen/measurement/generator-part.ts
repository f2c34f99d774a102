/** What one of several load generators does of a load that is said of all of them together (--generator). */
import { InvalidArgumentError } from 'commander';
import { THREADS_MAX } from '../../results/formats/load-checks.ts';
import type { BulkOptions } from '../connections/bulk-streams.ts';
import type { GeneratorOfSeveral, GeneratorPlace, LoadOptions } from './options.ts';

/** `2/3`. */
export function generatorPlace(text: string): GeneratorPlace {
  const [, place, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (place === undefined || of === undefined || place < 1 || place > of || of > THREADS_MAX) {
    throw new InvalidArgumentError(
      `It must say which one it is of how many, such as 2/3; there are ${THREADS_MAX} at most.`,
    );
  }
  return { place, of };
}

/**
 * Its part: of connections as of threads. The schedule of an open loop stays whole: each sends every n-th of its
 * requests. The first generator fills the keys.
 */
export function partOfGenerator(load: LoadOptions, { place, of }: GeneratorPlace): LoadOptions {
  const share = (count: number): number => shareOf(count, place - 1, of);
  const isDealt = load.rateOps !== null;
  return {
    ...load,
    connections: share(load.connections),
    idleConnections: share(load.idleConnections),
    requests: load.requests === null || isDealt ? load.requests : share(load.requests),
    generator: { place, of, whole: wholeOf(load) },
    populate: load.populate && place === 1,
    bulk: load.bulk && bulkPart(load.bulk, share(load.bulk.connections)),
  };
}

function wholeOf({ connections, bulk, rateOps }: LoadOptions): GeneratorOfSeveral['whole'] {
  return { connections, bulk_connections: bulk?.connections ?? 0, rate_ops: rateOps };
}

function bulkPart(bulk: BulkOptions, connections: number): BulkOptions | null {
  return connections === 0 ? null : { ...bulk, connections };
}

/** Of so many things; the first parts have one more where it must be. */
export function shareOf(count: number, part: number, parts: number): number {
  return Math.floor(count / parts) + (part < count % parts ? 1 : 0);
}
