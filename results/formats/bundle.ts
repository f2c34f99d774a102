/**
 * The files of a run folder, as schemas and types.
 *
 *     manifest.json            what was to be run, on which machine, with which software
 *     trials/001-redis-t1/     one start of one system: trial.json, the server's logs, and a folder for each
 *       get-c1/                measurement: the load generator's result.json, pauses.json, get.hdr, get.hgrm and logs
 *         stamped/               the one with stamps after it: the same, and stages.json.gz
 *       server.pauses.json       what kept the server from running
 *     trials/002-frames-t1/    one trial of a floor: the same without a server
 *     summary.json, figure.*, report.html     made from the above alone (see index.ts)
 *
 * Every object is strict and carries a versioned `schema` string: a field that nobody declared is an error,
 * not something silently dropped. Units stand last in names (`_us`, `_ns`, `_s`, `_bytes`, `_ops` per second).
 */
import { z } from 'zod';
import { stageOrder } from '../summary/stages/stage.ts';
import { tailCauses } from '../summary/tail.ts';

/** In the run folder: what the load generator takes itself (calibration.ts). */
export const CALIBRATION_FILE = 'calibration.json';
/** Folder, within that of a measurement, of the one with stamps that followed it. */
export const STAMPED_FOLDER = 'stamped';
/** In a measurement's folder what kept the load generator from running; in a trial's folder that of the server. */
export const PAUSES_FILE = 'pauses.json';
export const SERVER_PAUSES_FILE = 'server.pauses.json';

/** A name that is also used as part of a file name: no separators, no leading dot. */
const fileSafeName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'must be a plain name: letters, digits, dot, dash and underscore, starting with a letter or digit',
  );

const count = z.int().nonnegative();
const positive = z.int().positive();
const cores = z.array(count);
const timestamp = z.iso.datetime({ offset: true });
const operation = z.enum(['get', 'set', 'mix']);
const waitMode = z.enum(['poll', 'block']);
const arrivals = z.enum(['poisson', 'constant']);
/** The schedule that requests were due by, in requests per second of all connections together; null in a closed loop. */
const openLoopSchema = z.strictObject({ rate_ops: z.number().positive(), arrivals }).nullable().default(null);
const keyDistribution = z.enum(['uniform', 'single']);
const outcome = z.enum(['ok', 'failed']);
/**
 * What one recorded latency is: that of one round trip, or the mean of the many that a run of a program made which
 * tells no more. Quantiles of means are not those of round trips: only their middle is like them.
 */
const sample = z.enum(['round_trip', 'run_mean']);

/**
 * What lies between client and server: a device with a wire, one that the kernel or a library makes of software, or memory
 * that both processes have. Latencies of different kinds are no like for like.
 */
const provenance = z.enum(['real_device', 'software_device', 'shared_memory']);
export type Provenance = z.infer<typeof provenance>;

export const schemaVersions = {
  manifest: 'bypassbench.manifest/2',
  trial: 'bypassbench.trial/1',
  load: 'bypassbench.load/1',
  summary: 'bypassbench.summary/2',
} as const;

/** What a system is in the paper's comparison: of a role there may be several systems, of bypass one a backend. */
export const roles = ['unmodified', 'libos_over_kernel', 'bypass'] as const;
export type Role = (typeof roles)[number];

/** The commit of a checkout, null where it is no clone, and whether its files differ from it. */
const gitStateSchema = z.strictObject({ commit: z.string().nullable(), dirty: z.boolean() });

/** One system under test, as the manifest describes it. */
const systemSchema = z.strictObject({
  /** Key of the system: in folder names, in summary.json, in the reference values. */
  name: fileSafeName,
  /** What the figure writes under the bars. */
  label: z.string().min(1),
  /** The system that this one repeats, to show the noise between the same and the same; null for others. */
  repeats: fileSafeName.nullable().default(null),
  /** Null where the system has no part in the paper's split and published values. */
  role: z.enum(roles).nullable(),
  /** The family of systems that it is compared within; empty where an experiment has one family. */
  group: z.string(),
  /** How the server does its I/O, e.g. `kernel`, `rdma`, `dpdk`. */
  backend: z.string().min(1),
  /** What carries the bytes, e.g. `loopback`, `mlx5 (ConnectX-4)`, `net_memif (shared memory)`. */
  device: z.string().min(1),
  /** What kind of thing that is; null where an older run does not say. */
  provenance: provenance.nullable().default(null),
  /**
   * The checkout of this project that its server and load generator are of; null for the one that ran it all, whose
   * commit is the manifest's own.
   */
  checkout: gitStateSchema.nullable().default(null),
  /** A sentence a reader must know before comparing, or null. */
  transport_note: z.string().nullable(),
  client: z.strictObject({ wait: waitMode, backend: z.string().min(1) }),
  server_cores: cores,
  client_cores: cores,
});

/** A lower bound of systems: what the same exchange takes with nothing of them but their device. */
const floorSchema = z.strictObject({
  /** Key of the floor, among those of the systems: in folder names and in summary.json. */
  name: fileSafeName,
  /** What the figure writes beside the value. */
  label: z.string().min(1),
  /** Names of the systems across whose bars it is drawn: it is measured once for all of them. */
  systems: z.array(fileSafeName).min(1),
  cores,
});

/** What is measured for each system in each trial. One point of the summary per system and target. */
const measurementTargetSchema = z.strictObject({
  operation,
  clients: positive,
  value_bytes: count,
});

export const manifestSchema = z.strictObject({
  schema: z.literal(schemaVersions.manifest),
  experiment: fileSafeName,
  title: z.string().min(1),
  quick: z.boolean(),
  /** The command line that repeats this run, one element an argument. */
  command: z.array(z.string()).min(1),
  started_at: timestamp,
  /** Null while the run is going on, and for ever if it was interrupted. */
  finished_at: timestamp.nullable(),
  /** The resolved experiment configuration, kept whole for the reader; nothing here is computed from it. */
  config: z.record(z.string(), z.unknown()),
  /** What `config` comes down to: the part that the summary, the caption and the verdicts are made from. */
  plan: z.strictObject({
    trials: positive,
    measurements: z.array(measurementTargetSchema).min(1),
    pipeline: positive,
    open_loop: openLoopSchema,
    keys: positive,
    key_distribution: keyDistribution,
    seed: z.int(),
    warmup_s: z.number().nonnegative(),
    /** A measurement ends after a time or after a number of requests; the other one is null. */
    duration_s: z.number().positive().nullable(),
    requests: positive.nullable(),
    /** Of the stamping that follows each measurement; null where nothing is stamped. */
    stages: z.strictObject({ every: positive, duration_s: z.number().positive() }).nullable().default(null),
    /** Name of the file of published values (results/run/reference/) that the run is set beside, or null. */
    reference: z.string().nullable(),
  }),
  machine: z.strictObject({
    cpu: z.string(),
    cores: positive,
    governor: z.string().nullable(),
    kernel: z.string(),
    os: z.string(),
    virtual: z.boolean(),
    hypervisor: z.string().nullable(),
    memory_bytes: positive,
    /** Processes that wanted to run, averaged over the minute before the run: other work shows in latencies. */
    load_average_1m: z.number().nonnegative(),
  }),
  /** node, bypassbench, the libraries, and for each system the first line that its version command printed. */
  versions: z.object({ node: z.string(), bypassbench: z.string() }).catchall(z.string()),
  git: gitStateSchema,
  systems: z.array(systemSchema).min(1),
  /** Runs from before there were floors have none. */
  floors: z.array(floorSchema).default([]),
});

const interferenceSchema = z.strictObject({
  /** Time that the hypervisor gave to others, by core, in steps of 10 ms. */
  steal_s: z.record(z.string(), z.number().nonnegative()),
  /** Time that a limit of the control group held its processes back; null where there is no such group. */
  throttled_s: z.number().nonnegative().nullable(),
  /** How often a thread of the server was taken off its core; null for a floor. */
  server_involuntary_switches: count.nullable(),
});

export const trialSchema = z.strictObject({
  schema: z.literal(schemaVersions.trial),
  /** Name of the system, or of the floor. */
  system: fileSafeName,
  /** 1 to the plan's number of trials. */
  trial: positive,
  /** Place in the shuffled order of the whole run, from 1. */
  order: positive,
  status: outcome,
  /** Why it failed, in a sentence; null when it did not. */
  reason: z.string().nullable(),
  /** Last lines of the log that explains the failure. */
  log_tail: z.array(z.string()).nullable(),
  started_at: timestamp,
  elapsed_s: z.number().nonnegative(),
  /** The command line of the server; for a floor, of the program that measures. */
  server_command: z.array(z.string()),
  measurements: z.array(
    z.strictObject({
      ...measurementTargetSchema.shape,
      status: outcome,
      reason: z.string().nullable(),
      /** Folder inside the trial's folder, holding result.json. */
      dir: fileSafeName,
      elapsed_s: z.number().nonnegative(),
      /** What took processor time from it; null where it failed, and in older runs. */
      interference: interferenceSchema.nullable().default(null),
    }),
  ),
});

const latencyQuantiles = z.strictObject({
  min: z.number().nonnegative(),
  p50: z.number().nonnegative(),
  p90: z.number().nonnegative(),
  p99: z.number().nonnegative(),
  p999: z.number().nonnegative(),
  max: z.number().nonnegative(),
  mean: z.number().nonnegative(),
});

/** result.json, which `bypassbench load --out` writes. */
export const loadResultSchema = z.strictObject({
  schema: z.literal(schemaVersions.load),
  target: z.string(),
  backend: z.string(),
  wait: waitMode,
  connections: positive,
  idle_connections: count.default(0),
  pipeline: positive,
  /** Results from before there was an open loop are of closed ones. */
  loop: z.enum(['closed', 'open']).default('closed'),
  /** Requests per second that an open loop was to send, and how they were spread; null in a closed loop. */
  rate_ops: z.number().positive().nullable().default(null),
  arrivals: arrivals.nullable().default(null),
  keys: positive,
  key_distribution: keyDistribution,
  value_bytes: count,
  seed: z.int(),
  core: count.nullable(),
  warmup_s: z.number().nonnegative(),
  elapsed_s: z.number().positive(),
  /** Open loop: actual minus intended time of sending, which is part of the response time. */
  schedule_lag_us: z
    .strictObject({
      p50: z.number().nonnegative(),
      p99: z.number().nonnegative(),
      max: z.number().nonnegative(),
    })
    .nullable()
    .default(null),
  /** Open loop: requests of the measured window that had no reply when they were given up. */
  unanswered: count.nullable().default(null),
  /** Share of the generator's polls that found nothing: 0 where the generator is the limit. Null where nothing polls so. */
  idle_polls: z.number().min(0).max(1).nullable().default(null),
  /** Share of the measured window that the generator spent on requests and replies; null where nobody looked. */
  busy_share: z.number().min(0).max(1).nullable().default(null),
  /** Results from before there were means have none. */
  sample: sample.default('round_trip'),
  versions: z.object({ node: z.string() }).catchall(z.string()),
  operations: z
    .array(
      z.strictObject({
        operation: z.enum(['get', 'set']),
        /** Replies received in the measured window: hits + misses + errors + wrong. */
        requests: count,
        /** Right replies; these and only these are latency samples. */
        hits: count,
        misses: count,
        errors: count,
        wrong: count,
        throughput_ops: z.number().nonnegative(),
        first_error: z.string().optional(),
        /** The generator's own view of the histogram; null when there were no hits. */
        latency_ns: latencyQuantiles.nullable(),
        /** Open loop: from the actual sending on, where latency_ns and the histogram are of response times. */
        service_time_ns: latencyQuantiles.nullable().default(null),
        /** p50 of each tenth of the measured window; null where there was no sample. Older results have none. */
        slice_p50_ns: z.array(z.number().nonnegative().nullable()).default([]),
        /** File name of the histogram, beside result.json. */
        histogram: fileSafeName,
      }),
    )
    .min(1),
});

const microseconds = z.number().nonnegative();

/** Collections of garbage: how many, how long together, and the longest. */
const gcSchema = z.strictObject({
  count,
  total_ms: z.number().nonnegative(),
  longest_ms: z.number().nonnegative(),
});

/** A ratio with its interval over trials (bootstrap.ts); no interval with fewer than 3 trials. */
const ratioSchema = z.strictObject({
  ratio: z.number().positive(),
  interval: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  trials: positive,
  /** The smallest relative difference that could be told from none. */
  detectable: z.number().nonnegative().nullable(),
});

/** Means over the requests near a quantile; the stages add up to the latency. */
const breakdownAtSchema = z.strictObject({
  latency_us: microseconds,
  requests: positive,
  /** By the names of stages (stages/stage.ts), in their order. A remainder may be below zero by the error of readings. */
  stages_us: z.partialRecord(z.enum(stageOrder as [string, ...string[]]), z.number()),
});

const measuredSchema = z.strictObject({
  ...measurementTargetSchema.shape,
  /** From the histograms of all trials, merged by count; null when there is no sample at all. */
  latency_us: z
    .strictObject({
      p50: microseconds,
      p90: microseconds,
      p99: microseconds,
      p999: microseconds,
      max: microseconds,
      mean: microseconds,
    })
    .nullable(),
  /** Interval for the p50 over trials (see interval.ts); null with fewer than two trials. */
  p50_ci95_us: z.tuple([microseconds, microseconds]).nullable(),
  /**
   * The confidence that the interval really has: with few trials 95 % cannot be had from their ranks.
   * Between 0 and 1; null when there is no interval.
   */
  p50_ci_confidence: z.number().min(0).max(1).nullable(),
  /** p50 of each trial that gave samples, in order of trial: the spread that the interval is made from. */
  trial_p50_us: z.array(z.strictObject({ trial: positive, p50_us: microseconds })),
  /** The same for the p99; empty for means, which have none. */
  trial_p99_us: z.array(z.strictObject({ trial: positive, p99_us: microseconds })),
  /** Requests per second of each trial that measured any; empty for means. */
  trial_throughput_ops: z.array(
    z.strictObject({ trial: positive, throughput_ops: z.number().nonnegative() }),
  ),
  /** All requests over all elapsed time of the measured windows; null when nothing was measured, and for means. */
  throughput_ops: z.number().nonnegative().nullable(),
  /** Latency samples behind the percentiles, and what each of them is. */
  samples: count,
  sample,
  misses: count,
  errors: count,
  wrong: count,
  /** Trials that gave samples, of `trials_planned`. */
  trials: count,
  trials_planned: positive,
  /** What took processor time from it, over all trials; null where no trial tells. */
  interference: z
    .strictObject({
      steal_s: z.number().nonnegative(),
      throttled_s: z.number().nonnegative().nullable(),
      client_involuntary_switches: count.nullable(),
      server_involuntary_switches: count.nullable(),
      client_gc: gcSchema.nullable(),
      /** From the server's start to its end, so the same for all its measurements. */
      server_gc: gcSchema.nullable(),
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
  verdict: z.enum(['valid', 'suspect', 'invalid']),
  /** Sentences; empty exactly when the verdict is valid. */
  reasons: z.array(z.string()),
});

const pointSchema = z.strictObject({
  system: fileSafeName,
  label: z.string(),
  backend: z.string(),
  device: z.string(),
  provenance: provenance.nullable(),
  ...measuredSchema.shape,
  /** Where the time goes, from the stamped requests of all trials; null where nothing, or too little, was stamped. */
  breakdown: z
    .strictObject({
      p50: breakdownAtSchema.nullable(),
      p99: breakdownAtSchema.nullable(),
      /** Requests with all their stamps, over all trials, and those that miss some or contradict themselves. */
      joined: count,
      incomplete: count,
      inconsistent: count,
    })
    .nullable(),
  /** p50 of stamped requests over that of the measurement before, which had no stamps: what stamping costs. */
  probe_overhead: ratioSchema.nullable(),
  /** p50 over that of the first system at the same target; null for the first itself, and without trials of both. */
  versus_first: ratioSchema.nullable(),
});

const floorPointSchema = z.strictObject({
  name: fileSafeName,
  label: z.string(),
  /** The systems that it is a floor of. */
  systems: z.array(fileSafeName).min(1),
  ...measuredSchema.shape,
});

/** A part of the unmodified system's latency, between 0 and 1 where the systems are in the paper's order. */
const shareSchema = z.strictObject({
  share: z.number(),
  interval: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
});

/** The paper's split of a latency by differences between three systems (split.ts), named by their keys. */
const splitSchema = z.strictObject({
  ...measurementTargetSchema.shape,
  unmodified: fileSafeName,
  libos_over_kernel: fileSafeName,
  bypass: fileSafeName,
  /** Medians over the trials that all three have; a difference may be below zero. */
  unmodified_us: microseconds,
  interface_us: z.number(),
  data_path_us: z.number(),
  rest_us: microseconds,
  interface: shareSchema,
  data_path: shareSchema,
  kernel: shareSchema,
  trials: positive,
  /** The shares by the published values; null where these have no such system. */
  published: z.strictObject({ interface: z.number(), data_path: z.number(), kernel: z.number() }).nullable(),
});

export const summarySchema = z.strictObject({
  schema: z.literal(schemaVersions.summary),
  experiment: z.string(),
  title: z.string(),
  quick: z.boolean(),
  finished: z.boolean(),
  /** Requests in flight on each connection. */
  pipeline: positive,
  open_loop: openLoopSchema,
  points: z.array(pointSchema).min(1),
  floors: z.array(floorPointSchema),
  /** For each unmodified system, each way past the kernel and each target. */
  splits: z.array(splitSchema),
  /** Points of systems that repeat another one, and how much they differ from it: the noise. */
  repeats: z.array(
    z.strictObject({ ...pointSchema.shape, repeats: fileSafeName, versus_itself: ratioSchema.nullable() }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type SystemUnderTest = z.infer<typeof systemSchema>;
export type MeasurementTarget = z.infer<typeof measurementTargetSchema>;
export type Interference = z.infer<typeof interferenceSchema>;
export type Trial = z.infer<typeof trialSchema>;
export type LoadResult = z.infer<typeof loadResultSchema>;
/** What a run found out about one system or floor and one target. */
export type Measured = z.infer<typeof measuredSchema>;
export type Point = z.infer<typeof pointSchema>;
export type Share = z.infer<typeof shareSchema>;
export type Split = z.infer<typeof splitSchema>;
export type Ratio = z.infer<typeof ratioSchema>;
export type FloorPoint = z.infer<typeof floorPointSchema>;
export type Summary = z.infer<typeof summarySchema>;
