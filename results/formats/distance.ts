/** Of manifest.json: how far apart the cores of a run were before its first trial. */
import { z } from 'zod';
import { count, notNegative, positive } from './fields.ts';

/** How two cores lie to each other, by the kernel's topology. */
export const coreRelations = ['one core', 'siblings', 'one cache', 'one socket', 'two sockets'] as const;

/** One of the distances that two cores were found to have: readings from `low_ns` to `high_ns`, there and back. */
export const distanceState = z.strictObject({
  name: z.string().min(1),
  low_ns: notNegative,
  high_ns: notNegative,
  median_ns: notNegative,
  /** Of the readings. */
  share: notNegative,
});

/** Readings of the distance for `seconds`, while nothing else was measured. */
const survey = z.strictObject({
  seconds: notNegative,
  /** How the helper on the server's core was scheduled. */
  helper: z.enum(['real_time', 'ordinary']),
  readings: count,
  /** Readings that failed, as the helper did not get its core in time. */
  lost: count,
  /** There and back; null where no reading succeeded. */
  median_ns: notNegative.nullable(),
  states: z.array(distanceState),
  /** Median time from the call to the helper's arrival on its core; null where no reading succeeded. */
  waited_ns: notNegative.nullable(),
  /** Processor time that a reading takes of the server's core, the helper's waking and sleeping included; the mean. */
  cost_ns: notNegative.nullable(),
});

/** Two cores that a server, or a floor's second side, and what measured it ran on. */
export const pairDistance = z.strictObject({
  client: count,
  server: count,
  /** Null where the kernel does not say. */
  relation: z.enum(coreRelations).nullable(),
  /** The nearest cache that both use, such as `L3 of 4 MiB`; null where they share none. */
  shared_cache: z.string().nullable(),
  numa: z.enum(['same', 'different', 'unknown']),
  survey: survey.nullable(),
  /** Why there is no survey: half a sentence. */
  unknown: z.string().nullable(),
});
export type PairDistance = z.infer<typeof pairDistance>;

/** Slices of one distance that are wanted of each system and operation, and for how long trials may go on for them. */
export const wantedDistance = z.strictObject({ slices: positive, extend_s: notNegative });
