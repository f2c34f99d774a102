/**
 * calibration.json, which `bypassbench calibrate --out` writes: what the load generator takes itself, and how right it
 * is about a server whose time is known. Like the files of a run folder (bundle.ts): strict, versioned, units last.
 */
import { z } from 'zod';

const count = z.int().nonnegative();
const microseconds = z.number().nonnegative();
/** What was measured beside what arithmetic says. */
const compared = z.strictObject({ seen: z.number().nonnegative(), expected: z.number().nonnegative() });

export const calibrationSchema = z.strictObject({
  schema: z.literal('bypassbench.calibration/1'),
  backend: z.string().min(1),
  value_bytes: z.int().positive(),
  /** Of the generator, and of the server that it was held against. */
  core: count,
  server_core: count,
  /** Whether the two cores' counters are one clock; null in older files. */
  counter: z
    .strictObject({
      missing_flags: z.array(z.string()),
      offset_ns: z.number().nullable(),
      bound_ns: z.number().nonnegative().nullable(),
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
        /** Of injected_us; null where nothing was asked for. */
        error_percent: z.number().nullable(),
      }),
    )
    .min(1),
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
        /** Requests that took so long or longer count as delayed. */
        delayed_from_us: microseconds,
        delayed: compared,
        p999_us: compared,
        max_us: compared,
      }),
    )
    .min(1),
  versions: z.object({ node: z.string() }).catchall(z.string()),
});

export type Calibration = z.infer<typeof calibrationSchema>;
