/** What `bypassbench knee --json` writes: between which rates the latency of a server passes a limit. */
import { z } from 'zod';
import { count, notNegative, positive, versions } from './fields.ts';
import { Format } from './format.ts';

const SCHEMA = 'bypassbench.knee/1';

/** Why the search ended; loadgen/knee/search.ts says what each means. */
export const kneeEnds = ['found', 'generator', 'highest_passes', 'lowest_fails', 'interrupted'] as const;
export const rateVerdicts = ['passes', 'fails', 'not_offered'] as const;

const knee = z.strictObject({
  schema: z.literal(SCHEMA),
  target: z.string(),
  backend: z.string(),
  /** What of the response time stays under the limit. */
  percentile: z.number().positive().max(100),
  limit_us: z.number().positive(),
  within: z.number().positive(),
  end: z.enum(kneeEnds),
  /** The highest rate that passes, and the lowest above it that fails; null where there is none. */
  passes_ops: z.number().positive().nullable(),
  fails_ops: z.number().positive().nullable(),
  /** That the median over trials is under the limit, at a rate that passes. */
  confidence: z.number().min(0).max(1),
  /** Of all rates together. */
  trials: count,
  rates: z.array(
    z.strictObject({
      rate_ops: z.number().positive(),
      verdict: z.enum(rateVerdicts),
      /** Upper bound for the median over trials, where it passes. */
      upper_bound_us: notNegative.nullable(),
      /** Null for a trial with requests that were not answered, or not rightly. */
      trials: z.array(z.strictObject({ latency_us: notNegative.nullable(), is_generator_late: z.boolean() })),
    }),
  ),
  connections: positive,
  pipeline: positive,
  threads: positive,
  warmup_s: notNegative,
  duration_s: z.number().positive(),
  seed: z.int(),
  versions,
});
export type KneeFile = z.infer<typeof knee>;
export const kneeFormat = new Format<KneeFile>(SCHEMA, knee);
