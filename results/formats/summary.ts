/** summary.json: what a run found out, made from its raw files. */
import { z } from 'zod';
import { cost } from './cost.ts';
import {
  count,
  fileSafeName,
  microseconds,
  notNegative,
  openLoop,
  positive,
  sample,
  timestamp,
} from './fields.ts';
import { Format } from './format.ts';
import { provenances, requestOperations, roles } from './lists.ts';
import { stageNames } from './stages.ts';
import { addition, axis, measurementTarget } from './target.ts';

export const SUMMARY_FILE = 'summary.json';
const SCHEMA = 'bypassbench.summary/4';

/** Collections of garbage: how many, how long together, and the longest. */
const gc = z.strictObject({
  count,
  total_ms: notNegative,
  longest_ms: notNegative,
});

/** A ratio with its interval over trials (bootstrap.ts); no interval with fewer than 3 trials. */
const ratio = z.strictObject({
  ratio: z.number().positive(),
  interval: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  trials: positive,
  /** The smallest relative difference that could be told from none. */
  detectable: notNegative.nullable(),
});

/**
 * What one of the slowest requests waited for: the first of these that happened while it was under way
 * (summary/tail.ts).
 */
export const tailCauses = [
  'client_gc',
  'server_gc',
  'client_descheduled',
  'server_descheduled',
  'client_stalled',
  'server_stalled',
  'none_seen',
] as const;
export type TailCause = (typeof tailCauses)[number];

/** Means over the requests near a quantile; the stages add up to the latency. */
const breakdownAt = z.strictObject({
  latency_us: microseconds,
  requests: positive,
  /**
   * By the names of stages (stages/stage.ts), in their order. A remainder may be below zero by the error of
   * readings.
   */
  stages_us: z.partialRecord(z.enum(stageNames), z.number()),
  /**
   * How both_ways_between divides, by the offset of two machines' clocks: an estimate, of which each is wrong by at
   * most `bound_us` as long as the clocks run evenly. Null where nobody measured the offset.
   */
  one_way: z
    .strictObject({ request_us: z.number(), reply_us: z.number(), bound_us: microseconds })
    .nullable()
    .default(null),
});

/** What of a point is judged by itself. */
export const statistics = ['p50', 'p99', 'p999', 'throughput', 'stages'] as const;
export type Statistic = (typeof statistics)[number];

/** Whether a statistic can be believed: `invalid` backs no claim, `suspect` wants a second look. */
const verdict = z.strictObject({
  state: z.enum(['valid', 'suspect', 'invalid']),
  /** Sentences, those that make it invalid first; empty exactly when it is valid. */
  reasons: z.array(z.string()),
});

const p50Interval = z
  .strictObject({ low: microseconds, high: microseconds, confidence: z.number().min(0).max(1) })
  .nullable();
const trialP50s = z.array(z.strictObject({ trial: positive, p50_us: microseconds }));

/** Readings of the distance from `low_ns` to `high_ns`, there and back (summary/distance/states.ts). */
const distanceState = z.strictObject({
  name: z.string(),
  low_ns: notNegative,
  high_ns: notNegative,
  median_ns: notNegative,
  share: notNegative,
});

/** What a point measured while its cores were in one state of distance, or over all of the time: a mixture. */
const ofState = z.strictObject({
  /** Name of the state, or `mixture`. */
  state: z.string(),
  /** Null for the mixture. */
  low_ns: notNegative.nullable(),
  high_ns: notNegative.nullable(),
  /** Slices of time in it, and what share of the point's they are. */
  slices: count,
  share: notNegative,
  p50_us: microseconds.nullable(),
  p50_interval_us: p50Interval,
  trial_p50_us: trialP50s,
  throughput_ops: notNegative.nullable(),
  /** As the point's own, of the same state of both. */
  versus_first: ratio.nullable(),
});

const measured = z.strictObject({
  /** The workload is the one that it really had; points are compared at the same `at`, whatever that is. */
  ...measurementTarget.shape,
  /** What of the workload its system has in its own way, such as `pipeline`. */
  own_workload: z.array(z.string()),
  /** When its first trial began; null where none did. */
  measured_at: timestamp.nullable(),
  /**
   * The state of distance in which latencies, throughput, samples and trials were counted; null where all of the time
   * was, as there is one state, or no state has enough, or none is known. All else is of the whole time.
   */
  state: z.string().nullable(),
  /** Why the distance of its cores is not known: half a sentence. Null where it is, or nothing was measured. */
  distance_unknown: z.string().nullable(),
  /** Each state, nearest first, and the mixture; empty where there are no states to tell apart. */
  by_state: z.array(ofState),
  /**
   * p50 of the requests sent right behind a reading of the distance (`early_ns` of slices.json.gz) over that of the
   * others (summary/distance/early.ts), and whether they were left out for it. Null where nothing was read.
   */
  after_probe: z
    .strictObject({
      ratio: z.number().positive(),
      interval: z.strictObject({ low: z.number(), high: z.number() }),
      left_out: z.boolean(),
    })
    .nullable(),
  /** From the histograms of all trials, merged by count; null when there is no sample at all. */
  latency_us: z
    .strictObject({
      min: microseconds,
      p50: microseconds,
      p90: microseconds,
      p95: microseconds,
      p99: microseconds,
      p999: microseconds,
      p9999: microseconds,
      max: microseconds,
      mean: microseconds,
    })
    .nullable(),
  /**
   * Interval for the p50 over trials (summary/interval.ts) with the confidence that it really has, between 0
   * and 1: with few trials 95 % cannot be had from their ranks. Null with fewer than two trials.
   */
  p50_interval_us: p50Interval,
  /** p50 of each trial that gave samples, in order of trial: the spread that the interval is made from. */
  trial_p50_us: trialP50s,
  /** The same for the p99; empty for means, which have none. */
  trial_p99_us: z.array(z.strictObject({ trial: positive, p99_us: microseconds })),
  /**
   * Its p50 over that of the first system of the group at the same target, as medians over the trials that both have;
   * null for the first itself, and without trials of both.
   */
  versus_first: ratio.nullable(),
  /** Requests per second of each trial that measured any; empty for means. */
  trial_throughput_ops: z.array(z.strictObject({ trial: positive, throughput_ops: notNegative })),
  /** All requests over all elapsed time of the measured windows; null when nothing was measured, and for means. */
  throughput_ops: notNegative.nullable(),
  /**
   * Per second of the measured windows of all trials, over all of their time (docs/measuring.md, Latencies): requests
   * that were due in them (null in a closed loop), right replies that came in them, right replies to their requests,
   * and the other replies that came. Null when nothing was measured, for means, and for open loops of older runs.
   */
  rates: z
    .strictObject({
      offered_ops: notNegative.nullable(),
      achieved_ops: notNegative,
      completed_ops: notNegative,
      misses_ops: notNegative,
      errors_ops: notNegative,
      wrong_ops: notNegative,
      stale_ops: notNegative.default(0),
      torn_ops: notNegative.default(0),
    })
    .nullable(),
  /**
   * Who did not keep up with the rate of an open loop (summary/fallen-behind.ts): the server, which answered less than
   * was offered, or the load generator, which could not send in time. Null where both did, and in a closed loop.
   */
  fell_behind: z.enum(['server', 'generator']).nullable().default(null),
  /** Of a million right replies, over all trials that say; null where none does. */
  cost: cost.nullable(),
  /** What was carried beside the requests, over all trials; null where nothing was. */
  bulk: z
    .strictObject({
      connections: positive,
      value_bytes: positive,
      request: z.enum(requestOperations),
      /** Bytes of values over all of the time, and of each trial. */
      bytes_per_s: notNegative,
      trial_bytes_per_s: z.array(z.strictObject({ trial: positive, bytes_per_s: notNegative })),
      /** The generator's own work for it (result.json): means over the time, and the longest piece of all. */
      generator: z.strictObject({
        share: z.number().min(0).max(1),
        longest_us: notNegative,
        mean_wait_us: notNegative,
      }),
    })
    .nullable()
    .default(null),
  /** Latency samples behind the percentiles, and what each of them is. */
  samples: count,
  sample,
  misses: count,
  errors: count,
  wrong: count,
  /** Values that were overwritten before they were asked for, and such as are of no one write. */
  stale: count.default(0),
  torn: count.default(0),
  /** Trials that gave samples, of `trials_planned`. */
  trials: count,
  trials_planned: positive,
  /** What took processor time from it, over all trials; null where no trial says. */
  interference: z
    .strictObject({
      steal_s: notNegative,
      throttled_s: notNegative.nullable(),
      client_involuntary_switches: count.nullable(),
      server_involuntary_switches: count.nullable(),
      client_gc: gc.nullable(),
      /** From the server's start to its end, so the same for all its measurements. */
      server_gc: gc.nullable(),
    })
    .nullable(),
  /** The slowest thousandth of each trial's requests, by what happened while each was under way (tail.ts). */
  tail: z
    .strictObject({
      requests: count,
      /** How many there were; of some the generator has kept no time. */
      expected: count,
      /** Whether the server's pauses are known. */
      server_seen: z.boolean(),
      causes: z.record(z.enum(tailCauses), count),
    })
    .nullable(),
  /** By statistic, since a check doubts some and not others; null where the statistic was not measured. */
  verdicts: z.strictObject({
    p50: verdict,
    p99: verdict.nullable(),
    p999: verdict.nullable(),
    throughput: verdict.nullable(),
    stages: verdict.nullable(),
  }),
});

const point = z.strictObject({
  system: fileSafeName,
  label: z.string(),
  role: z.enum(roles).nullable(),
  group: z.string(),
  backend: z.string(),
  device: z.string(),
  provenance: z.enum(provenances).nullable(),
  ...measured.shape,
  /** What the reference has for its role; null where nothing was published, or another system stands for the role. */
  published_us: microseconds.nullable(),
  /** The same of its throughput, in requests per second, and of its bandwidth. */
  published_ops: z.number().positive().nullable().default(null),
  published_gbit_per_s: z.number().positive().nullable().default(null),
  /** Where the time goes, from the stamped requests of all trials; null where nothing, or too little, was stamped. */
  breakdown: z
    .strictObject({
      p50: breakdownAt.nullable(),
      p99: breakdownAt.nullable(),
      /** Requests with all their stamps, over all trials, and those that miss some or contradict themselves. */
      joined: count,
      incomplete: count,
      inconsistent: count,
    })
    .nullable(),
  /** p50 of stamped requests over that of the measurement before, which had no stamps: what stamping costs. */
  probe_overhead: ratio.nullable(),
});

const floorPoint = z.strictObject({
  name: fileSafeName,
  label: z.string(),
  /** The systems that it is a floor of. */
  systems: z.array(fileSafeName).min(1),
  ...measured.shape,
});

/** A part of the unmodified system's latency, between 0 and 1 where the systems are in the paper's order. */
const share = z.strictObject({
  share: z.number(),
  interval: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
});

/** Whose latency is split, and by which systems of its group, named by their keys. */
const splitBy = {
  ...measurementTarget.shape,
  group: z.string(),
  unmodified: fileSafeName,
  libos_over_kernel: fileSafeName,
  bypass: fileSafeName,
};

/** The paper's split of a latency by differences between three systems of one group (split.ts). */
const split = z.strictObject({
  ...splitBy,
  /** Medians over the trials that all three have; a difference may be below zero. */
  unmodified_us: microseconds,
  interface_us: z.number(),
  data_path_us: z.number(),
  rest_us: microseconds,
  interface: share,
  data_path: share,
  kernel: share,
  trials: positive,
  /** The shares by the published values; null where these have no such system. */
  published: z.strictObject({ interface: z.number(), data_path: z.number(), kernel: z.number() }).nullable(),
});

/** The same in four parts: the libOS that sleeps in epoll tells what polling takes off from what the interface does. */
const pollingSplit = z.strictObject({
  ...splitBy,
  libos_over_epoll: fileSafeName,
  /** Medians over the trials that all four have; a difference may be below zero. */
  unmodified_us: microseconds,
  interface_us: z.number(),
  polling_us: z.number(),
  data_path_us: z.number(),
  rest_us: microseconds,
  interface: share,
  polling: share,
  data_path: share,
  trials: positive,
});

const summary = z.strictObject({
  schema: z.literal(SCHEMA),
  experiment: z.string(),
  title: z.string(),
  quick: z.boolean(),
  finished: z.boolean(),
  /** What a sweep varied, as in the manifest. */
  axes: z.array(axis),
  /** What was measured at another time than the rest, as in the manifest. */
  additions: z.array(addition).default([]),
  /** Requests in flight on each connection, and the loop, where no axis or system says otherwise. */
  pipeline: positive,
  open_loop: openLoop,
  /** The published values that the points are set beside; null where there are none. */
  reference: z
    .strictObject({
      name: z.string(),
      source: z.string(),
      rounded_shares: z
        .strictObject({ interface: z.number(), data_path: z.number(), kernel: z.number() })
        .nullable(),
    })
    .nullable(),
  /** Of the cores that most was measured on; null where nobody measured their distance. */
  distance: z
    .strictObject({
      cores: z.tuple([count, count]),
      /** Nearest first. */
      states: z.array(distanceState),
      /**
       * The state in which everything is compared; null where there is one only, or none has enough of every operation.
       * Then operations are compared by themselves: each point has the state that it is in.
       */
      chosen: z.string().nullable(),
      /** Half a sentence. */
      why: z.string(),
      /** States change so fast that no slice of time has one. */
      too_fast: z.boolean(),
      /**
       * Others who used the cores (summary/distance/company.ts): in which share of the slices with a state, and which
       * of the two cores were shared, and no others, in the slices that count; there null where all count. Null where
       * no core is known to have been shared.
       */
      company: z
        .strictObject({
          share: z.number().min(0).max(1),
          compared: z.enum(['neither', 'both', 'client', 'server']).nullable(),
        })
        .nullable(),
    })
    .nullable(),
  /** What was asked for and is not there, calibrations and stages, each a sentence with why. */
  missing: z.array(z.string()),
  points: z.array(point).min(1),
  floors: z.array(floorPoint),
  /** For each unmodified system, libOS over the kernel and bypass of a group, and each target. */
  splits: z.array(split),
  /** Where the group has a libOS over epoll, too. */
  polling_splits: z.array(pollingSplit).default([]),
  /** Points of systems that repeat another one, and how much they differ from it: the noise. */
  repeats: z.array(
    z.strictObject({ ...point.shape, repeats: fileSafeName, versus_itself: ratio.nullable() }),
  ),
});

/** What a run found out about one system or floor and one target. */
export type Measured = z.infer<typeof measured>;
export type FellBehind = NonNullable<Measured['fell_behind']>;
export type Verdict = z.infer<typeof verdict>;
export type Verdicts = Measured['verdicts'];
export type Point = z.infer<typeof point>;
export type Share = z.infer<typeof share>;
export type Split = z.infer<typeof split>;
export type PollingSplit = z.infer<typeof pollingSplit>;
export type Ratio = z.infer<typeof ratio>;
export type FloorPoint = z.infer<typeof floorPoint>;
export type Summary = z.infer<typeof summary>;
export const summaryFormat = new Format<Summary>(SCHEMA, summary);
