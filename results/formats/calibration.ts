/**
 * calibration.json, which `bypassbench calibrate --out` writes: what the load generator takes itself, and how right it
 * is about a server whose time is known.
 */
import { z } from 'zod';
import { count, microseconds, notNegative, positive, versions } from './fields.ts';
import { Format } from './format.ts';

/**
 * In the folder given to --out. A run folder has one for each backend that its load generators use, below
 * CALIBRATION_FOLDER; older ones have one of the kernel backend beside the manifest.
 */
export const CALIBRATION_FILE = 'calibration.json';
export const CALIBRATION_FOLDER = 'calibration';
/** In its place where it could not be made. */
export const UNCALIBRATED_FILE = 'uncalibrated.json';
const SCHEMA = 'bypassbench.calibration/1';

/** What was measured beside what arithmetic says. */
const compared = z.strictObject({ seen: notNegative, expected: notNegative });

const calibration = z.strictObject({
  schema: z.literal(SCHEMA),
  backend: z.string().min(1),
  value_bytes: positive,
  /** The generator's core, and that of the server that it was held against. */
  core: count,
  server_core: count,
  /** Whether the two cores' counters are one clock; null in older files. */
  counter: z
    .strictObject({
      missing_flags: z.array(z.string()),
      offset_ns: z.number().nullable(),
      bound_ns: notNegative.nullable(),
    })
    .nullable()
    .default(null),
  /** Measured time of each step. */
  duration_s: z.number().positive(),
  /** Latency with a server that takes no time. */
  floor_us: z.strictObject({ p50: microseconds.positive(), p99: microseconds.positive() }),
  /** The server worked before each reply. */
  delays: z
    .array(
      z.strictObject({
        asked_us: microseconds,
        /** Median of what the server really made, by its own clock. */
        injected_us: microseconds,
        /** Samples behind the p50. */
        requests: count,
        p50_us: microseconds,
        /** p50_us less the floor's: below 0 where the injected one is lost in the floor's own spread. */
        measured_us: z.number(),
        /** measured_us less injected_us. */
        error_us: z.number(),
        /** Of injected_us; null where no delay was asked for. */
        error_percent: z.number().nullable(),
      }),
    )
    .min(1),
  /**
   * The parts in which floor and delays were measured, in turns: the delay that was asked for, null for the floor; the
   * distance of the cores before and after it, null where it is unknown; and its p50. Older files have none.
   */
  slices: z
    .array(
      z.strictObject({
        asked_us: microseconds.nullable(),
        before_ns: notNegative.nullable(),
        after_ns: notNegative.nullable(),
        p50_us: microseconds,
      }),
    )
    .default([]),
  /** The server did nothing for `pause_us`, every `period_us`. */
  pauses: z
    .array(
      z.strictObject({
        loop: z.enum(['closed', 'open']),
        /** Requests per second of the open loop, evenly spread; null in a closed one. */
        rate_ops: z.number().positive().nullable(),
        pause_us: microseconds.positive(),
        period_us: microseconds.positive(),
        /** Pauses that the server made. */
        pauses: count,
        requests: count,
        /** A request that took this long or longer counts as delayed. */
        delayed_from_us: microseconds,
        delayed: compared,
        p999_us: compared,
        max_us: compared,
      }),
    )
    .min(1),
  versions,
});
export type Calibration = z.infer<typeof calibration>;
export const calibrationFormat = new Format<Calibration>(SCHEMA, calibration);

const UNCALIBRATED = 'bypassbench.uncalibrated/1';
const uncalibrated = z.strictObject({
  schema: z.literal(UNCALIBRATED),
  backend: z.string().min(1),
  /** Half a sentence. */
  reason: z.string().min(1),
});
export type Uncalibrated = z.infer<typeof uncalibrated>;
export const uncalibratedFormat = new Format<Uncalibrated>(UNCALIBRATED, uncalibrated);
