/** result.json, which `bypassbench load --out` and `bypassbench floor --out` write: what one measurement counted. */
import { z } from 'zod';
import { count, fileSafeName, notNegative, positive, sample, versions } from './fields.ts';
import { Format } from './format.ts';
import { arrivalKinds, keyDistributions, requestOperations, waitModes } from './lists.ts';

export const RESULT_FILE = 'result.json';
const SCHEMA = 'bypassbench.load/1';

const latencyQuantiles = z.strictObject({
  min: notNegative,
  p50: notNegative,
  p90: notNegative,
  p99: notNegative,
  p999: notNegative,
  max: notNegative,
  mean: notNegative,
});

const loadResult = z.strictObject({
  schema: z.literal(SCHEMA),
  target: z.string(),
  backend: z.string(),
  wait: z.enum(waitModes),
  connections: positive,
  idle_connections: count.default(0),
  pipeline: positive,
  /** Results from before there was an open loop are of closed ones. */
  loop: z.enum(['closed', 'open']).default('closed'),
  /** Requests per second that an open loop was to send, and how they were spread; null in a closed loop. */
  rate_ops: z.number().positive().nullable().default(null),
  arrivals: z.enum(arrivalKinds).nullable().default(null),
  keys: positive,
  key_distribution: z.enum(keyDistributions),
  value_bytes: count,
  seed: z.int(),
  core: count.nullable(),
  warmup_s: notNegative,
  elapsed_s: z.number().positive(),
  /** Open loop: actual minus intended time of sending, which is part of the response time. */
  schedule_lag_us: z
    .strictObject({
      p50: notNegative,
      p99: notNegative,
      max: notNegative,
    })
    .nullable()
    .default(null),
  /** Open loop: requests of the measured window that had no reply when they were given up. */
  unanswered: count.nullable().default(null),
  /**
   * Share of the generator's polls that found nothing: 0 where the generator is the limit. Null where nothing
   * polls so.
   */
  idle_polls: z.number().min(0).max(1).nullable().default(null),
  /** Share of the measured window that the generator spent on requests and replies; null where nobody looked. */
  busy_share: z.number().min(0).max(1).nullable().default(null),
  /** Results from before there were means have none. */
  sample: sample.default('round_trip'),
  versions,
  operations: z
    .array(
      z.strictObject({
        operation: z.enum(requestOperations),
        /** Replies received in the measured window: hits + misses + errors + wrong. */
        requests: count,
        /** Right replies; these and only these are latency samples. */
        hits: count,
        misses: count,
        errors: count,
        wrong: count,
        throughput_ops: notNegative,
        first_error: z.string().optional(),
        /** The generator's own view of the histogram; null when there were no hits. */
        latency_ns: latencyQuantiles.nullable(),
        /** Open loop: from the actual sending on, where latency_ns and the histogram are of response times. */
        service_time_ns: latencyQuantiles.nullable().default(null),
        /** p50 of each tenth of the measured window; null where there was no sample. Older results have none. */
        slice_p50_ns: z.array(notNegative.nullable()).default([]),
        /** File name of the histogram, beside result.json. */
        histogram: fileSafeName,
      }),
    )
    .min(1),
});
export type LoadResult = z.infer<typeof loadResult>;
export const loadResultFormat = new Format<LoadResult>(SCHEMA, loadResult);
