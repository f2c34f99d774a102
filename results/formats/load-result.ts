/** result.json, which `bypassbench load --out` and `bypassbench floor --out` write: what one measurement counted. */
import { z } from 'zod';
import { cost } from './cost.ts';
import {
  arrivalPattern,
  count,
  fileSafeName,
  notNegative,
  operationName,
  positive,
  sample,
  versions,
} from './fields.ts';
import { Format } from './format.ts';
import { withIdle } from './former-wait.ts';
import { idleModes, keyDistributions, protocols, requestOperations } from './lists.ts';

export const RESULT_FILE = 'result.json';
const SCHEMA = 'bypassbench.load/2';

const latencyQuantiles = z.strictObject({
  min: notNegative,
  p50: notNegative,
  p90: notNegative,
  p99: notNegative,
  p999: notNegative,
  max: notNegative,
  mean: notNegative,
});

/** Replies to one operation in the measured window. */
const operationResult = z.strictObject({
  operation: operationName,
  /** Replies to the requests of the measured window: hits + misses + errors + wrong + stale + torn. */
  requests: count,
  /** Right replies; these and only these are latency samples, but for requests that were given up. */
  hits: count,
  misses: count,
  errors: count,
  wrong: count,
  /**
   * Values that were overwritten before they were asked for, where the generator can tell. And values of the key
   * of which a part is of one write and a part of another. Older results did not look.
   */
  stale: count.default(0),
  torn: count.default(0),
  /**
   * Requests that were given up. Each is in the histogram with the time that it had waited, which is less than it
   * takes: quantiles from the shortest such time on, `at_least_ns`, are lower bounds.
   */
  unanswered: count.default(0),
  at_least_ns: notNegative.nullable().default(null),
  /** Right replies that came in the window, per second. Older results count all that were not delayed. */
  throughput_ops: notNegative,
  first_error: z.string().optional(),
  /** The generator's own view of the histogram; null when it is empty. */
  latency_ns: latencyQuantiles.nullable(),
  /** Open loop: from the actual sending on, where latency_ns and the histogram are of response times. */
  service_time_ns: latencyQuantiles.nullable().default(null),
  /** p50 of each tenth of the measured window; null where there was no sample. Older results have none. */
  slice_p50_ns: z.array(notNegative.nullable()).default([]),
  /** File name of the histogram, beside result.json. */
  histogram: fileSafeName,
});

/** What further connections carried beside the requests: one large value at a time each, in a closed loop. */
const bulk = z.strictObject({
  connections: positive,
  value_bytes: positive,
  request: z.enum(requestOperations),
  /** Bytes of values in right replies to GET, or whose SET was acknowledged, per second of `elapsed_s`. */
  bytes_per_s: notNegative,
  /** The slices of the window, and behind the last one until the last reply of bulk. */
  elapsed_s: z.number().positive(),
  /**
   * The generator's own work for it, in pieces between which it looks for replies to the requests: the share of the
   * time, the longest piece, and how long a reply that comes at any moment waits for the piece under way, on average.
   */
  generator: z.strictObject({
    share: z.number().min(0).max(1),
    longest_us: notNegative,
    mean_wait_us: notNegative,
  }),
  /** By the name of `bulk`; latencies are from the first byte sent to the last one received. */
  replies: operationResult,
});

const loadResult = z.strictObject({
  schema: z.literal(SCHEMA),
  target: z.string(),
  backend: z.string(),
  idle: z.enum(idleModes),
  /** Results from before there were others are of requests of Redis. */
  protocol: z.enum(protocols).default('resp'),
  connections: positive,
  idle_connections: count.default(0),
  pipeline: positive,
  /** Results from before there was an open loop are of closed ones. */
  loop: z.enum(['closed', 'open']).default('closed'),
  /** Requests per second that an open loop was to send, and how they were spread; null in a closed loop. */
  rate_ops: z.number().positive().nullable().default(null),
  arrivals: arrivalPattern.nullable().default(null),
  /** The trace that was replayed, its requests and its length as recorded; null where none was. */
  trace: z
    .strictObject({
      file: z.string(),
      speed: z.number().positive(),
      requests: positive,
      span_s: z.number().positive(),
    })
    .nullable()
    .default(null),
  keys: positive,
  key_distribution: z.enum(keyDistributions),
  /** Of zipf and latest, and of hotspot; else null. */
  zipf_exponent: notNegative.nullable().default(null),
  hotspot: z.strictObject({ keys: notNegative, requests: notNegative }).nullable().default(null),
  /**
   * The mean, where they differ; `key_sizes` then says how, in the words of the flag. Null of what is not sent by the
   * workload, and in older results, where they are of 16 bytes.
   */
  key_bytes: count.nullable().default(null),
  key_sizes: z.string().nullable().default(null),
  /** By operation, those that are not built in. */
  commands: z.record(operationName, z.string()).default({}),
  /** Weights of the operations of a mix; null where one was sent alone, and in older results. */
  mix: z.record(operationName, notNegative).nullable().default(null),
  /** The mean, where they differ; `value_sizes` then says how, in the words of the flag. */
  value_bytes: count,
  value_sizes: z.string().nullable().default(null),
  seed: z.int(),
  core: count.nullable(),
  warmup_s: notNegative,
  /**
   * Rehearsals beside the warm-up, until the generator's code was compiled; 0 without a warm-up and of a trace. Null of
   * other programs, and in older results.
   */
  rehearsals_s: notNegative.nullable().default(null),
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
  /**
   * Open loop: how much later than possible requests were sent: when they had been due, and there had been room for
   * them in a window (loadgen/loops/own-lag.ts). That is the generator's own part of the lag; the rest, in which there
   * was no room, is the server's. Null in a closed loop, and in older results.
   */
  own_lag_us: z
    .strictObject({
      p50: notNegative,
      p90: notNegative,
      p99: notNegative,
      p999: notNegative,
      max: notNegative,
    })
    .nullable()
    .default(null),
  /** Open loop: requests that were sent more than 100 us later than possible. Null as before. */
  sent_late: count.nullable().default(null),
  /**
   * Of several generator threads what each did; null of one. What could not be merged of them (slices, distances,
   * stamps, pauses) is in no file.
   */
  threads: z
    .array(
      z.strictObject({
        /** The core that it was pinned to, or null. */
        core: count.nullable(),
        connections: positive,
        /** Its part of the rates. */
        offered_ops: notNegative.nullable(),
        achieved_ops: notNegative,
        busy_share: z.number().min(0).max(1).nullable(),
        schedule_lag_p99_us: notNegative.nullable(),
        sent_late: count.nullable(),
        /** Whether it sent 99 of 100 requests in time, wherever there was room for them; null in a closed loop. */
        kept_schedule: z.boolean().nullable(),
      }),
    )
    .nullable()
    .default(null),
  /**
   * Of one of several load generators of a server: which one it is, and when it measured, by its machine's time of day
   * in us since 1970 (CLOCK_REALTIME, as it was when the start was told). Null of one alone, of several together, and
   * in older results.
   */
  generator: z
    .strictObject({
      /** From 1. */
      place: positive,
      of: positive,
      /** What they do together. */
      whole: z.strictObject({
        connections: positive,
        bulk_connections: count,
        rate_ops: z.number().positive().nullable(),
      }),
      /** When it was told to begin its measured window, when it really did, and when that ended. */
      told_us: notNegative,
      began_us: notNegative,
      ended_us: notNegative,
      /** Right replies of each slice of the window, by operation; of several threads those of all. */
      received: z.array(
        z.strictObject({
          start_us: notNegative,
          end_us: notNegative,
          operations: z.record(operationName, count),
        }),
      ),
    })
    .nullable()
    .default(null),
  /**
   * Requests of the measured window that had no reply when they were given up. Null in older results of closed loops.
   */
  unanswered: count.nullable().default(null),
  /**
   * By all operations together, per second of the measured window. Null in older results, and where a program measured
   * that counts no more than round trips.
   */
  rates: z
    .strictObject({
      window_s: z.number().positive(),
      /** Requests that were due in the window; null in a closed loop, which sends when it has a reply. */
      offered_ops: notNegative.nullable(),
      /** Right replies that came in the window, whenever they were due. */
      achieved_ops: notNegative,
      /** Right replies to the requests of the window, over the time until the last of them: `elapsed_s`. */
      completed_ops: notNegative,
      /** Other replies that came in the window. */
      misses_ops: notNegative,
      errors_ops: notNegative,
      wrong_ops: notNegative,
      stale_ops: notNegative.default(0),
      torn_ops: notNegative.default(0),
    })
    .nullable()
    .default(null),
  /**
   * Share of the generator's polls that found nothing: 0 where the generator is the limit. Null where nothing
   * polls so.
   */
  idle_polls: z.number().min(0).max(1).nullable().default(null),
  /** Share of the measured window that the generator spent on requests and replies; null where nobody looked. */
  busy_share: z.number().min(0).max(1).nullable().default(null),
  /** Results from before there were means have none. */
  sample: sample.default('round_trip'),
  /** Over the measured window; null where nobody looked. */
  cost: cost.nullable().default(null),
  /**
   * What the generator's backend had counted when the window closed, by name, since it was made; of several threads the
   * sums. Empty where it counts nothing, as over the kernel, and in older results.
   */
  counters: z.record(z.string(), z.number()).default({}),
  versions,
  /** Null where there was none. It is in no other number. */
  bulk: bulk.nullable().default(null),
  /** In the order in which stamps number them. */
  operations: z.array(operationResult).min(1),
});
export type LoadResult = z.infer<typeof loadResult>;
export const loadResultFormat = new Format<LoadResult>(SCHEMA, loadResult, {
  older: { 'bypassbench.load/1': withIdle },
});
