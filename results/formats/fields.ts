/** Kinds of fields that several formats have. */
import { z } from 'zod';
import {
  type ArrivalPattern,
  BURST_MS_RANGE,
  burstTimes,
  PARETO_SHAPE_RANGE,
  plainPatterns,
} from './arrival-patterns.ts';
import { operationNamePattern } from './lists.ts';

/** A name that is also used as part of a file name: no separators, no leading dot. */
export const fileSafeName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'must be a plain name: letters, digits, dot, dash and underscore, starting with a letter or digit',
  );
/** What a request or a measurement asks: `get`, `set`, the name of a command; of several together `mix`. */
export const operationName = z
  .string()
  .regex(
    operationNamePattern,
    'must be the name of an operation: lower-case letters, digits and dashes, starting with a letter',
  );
export const count = z.int().nonnegative();
export const positive = z.int().positive();
export const notNegative = z.number().nonnegative();
export const microseconds = notNegative;
export const cores = z.array(count);
export const timestamp = z.iso.datetime({ offset: true });
export const outcome = z.enum(['ok', 'failed']);
/** node, and whatever else took part, by name. */
export const versions = z.object({ node: z.string() }).catchall(z.string());

/**
 * What one recorded latency is: that of one round trip, or the mean of the many that a run of a program made which
 * reports no more. Quantiles of means are not those of round trips: only their middle is like them.
 */
export const sample = z.enum(['round_trip', 'run_mean']);

const burstMs = z.number().min(BURST_MS_RANGE[0]).max(BURST_MS_RANGE[1]);

/** How the requests of an open loop are spread; also what an experiment may say. */
export const arrivalPattern: z.ZodType<ArrivalPattern, ArrivalPattern> = z.union([
  z.enum(plainPatterns),
  z.discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('onoff'),
        on_ms: burstMs.describe('Length of a burst, in which requests come as independent users send.'),
        off_ms: burstMs.describe('Time between two bursts, in which none come.'),
        times: z.enum(burstTimes).describe('Whether both are so long always, or on average (exponential).'),
      })
      .describe('Bursts; the rate is the mean of bursts and pauses.'),
    z
      .strictObject({
        kind: z.literal('pareto'),
        shape: z
          .number()
          .min(PARETO_SHAPE_RANGE[0])
          .max(PARETO_SHAPE_RANGE[1])
          .describe("Index of the gaps' tail: below 2 their variance is infinite."),
      })
      .describe('Heavy-tailed gaps.'),
  ]),
]);

/**
 * The schedule of requests, in requests per second of all connections together; null in a closed loop. Where a trace
 * says when they are due there is no pattern, and the rate is the mean.
 */
export const openLoop = z
  .strictObject({ rate_ops: z.number().positive(), arrivals: arrivalPattern.nullable() })
  .nullable()
  .default(null);

/** The commit of a checkout, null where it is no clone, and whether its files differ from it. */
export const gitState = z.strictObject({ commit: z.string().nullable(), dirty: z.boolean() });

/** A setting of the kernel as a run found it; `absent` says why there is no value. */
const knob = z.strictObject({
  name: z.string(),
  value: z.string().nullable(),
  absent: z.string().nullable(),
});

/** What a run was made on. */
export const machine = z.strictObject({
  cpu: z.string(),
  cores: positive,
  governor: z.string().nullable(),
  kernel: z.string(),
  os: z.string(),
  virtual: z.boolean(),
  hypervisor: z.string().nullable(),
  memory_bytes: positive,
  /** Processes that wanted to run, averaged over the minute before the run: other work shows in latencies. */
  load_average_1m: notNegative,
  /** What could be tuned for latency and was left as it came; empty where an older run did not look. */
  knobs: z.array(knob).default([]),
});
