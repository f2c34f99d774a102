/** manifest.json: what was to be run, on which machine, with which software. */
import { z } from 'zod';
import { pairDistance, wantedDistance } from './distance.ts';
import {
  cores,
  count,
  fileSafeName,
  gitState,
  machine,
  notNegative,
  openLoop,
  operationName,
  positive,
  timestamp,
} from './fields.ts';
import { Format, type Upgrade } from './format.ts';
import { withIdle } from './former-wait.ts';
import { USUAL_KEY_BYTES } from './key-sizes.ts';
import {
  clientPrograms,
  figureKinds,
  idleModes,
  keyDistributions,
  protocols,
  provenances,
  type Role,
  roles,
} from './lists.ts';
import { runHost } from './run-host.ts';
import {
  addition,
  axis,
  isWithin,
  leftOut,
  type MeasurementTarget,
  measurementTarget,
  ownWorkload,
  type PointAt,
  place,
  type RunPlace,
  sameAt,
  within,
} from './target.ts';

export const MANIFEST_FILE = 'manifest.json';
/** Within a folder of a run: a folder for each host of a lab, of what was measured by each. */
export const HOSTS_FOLDER = 'hosts';
/** In `versions`, in front of the name of a trace that was replayed: the SHA-256 of its file. */
export const TRACE_VERSION = 'trace ';
const SCHEMA = 'bypassbench.manifest/5';

/** What of Redis was built, from what and how, as scripts/build-redis.mjs writes it. */
export const redisBuild = z.object({
  version: z.string(),
  source_package: z.string(),
  source_version: z.string(),
  architecture: z.string(),
  allocator: z.string(),
  compiler: z.string(),
  optimization: z.string(),
  compiler_flags: z.array(z.string()),
  linker_flags: z.array(z.string()),
  /** SHA-256 of the script that built it. */
  build_script: z.string(),
});

/** One system under test, as the manifest describes it. */
const system = z.strictObject({
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
  /** In what the load generator asks it, where that is not what the plan says. */
  protocol: z.enum(protocols).optional(),
  /** How the server does its I/O: a name of `backends`, or words. */
  backend: z.string().min(1),
  /** What carries the bytes, e.g. `loopback`, `mlx5 (ConnectX-4)`, `net_memif (shared memory)`. */
  device: z.string().min(1),
  /** What kind of thing that is; null where an older run does not say. */
  provenance: z.enum(provenances).nullable().default(null),
  /**
   * The checkout of this project that its server and load generator are of; null for the one that ran it all, whose
   * commit is the manifest's own.
   */
  checkout: gitState.nullable().default(null),
  /** Of a system that is made of a Redis that set-up built; null for others, and where an older run does not say. */
  redis_build: redisBuild.nullable().default(null),
  /** A sentence a reader must know before comparing, or null. */
  transport_note: z.string().nullable(),
  /** What of the workload is another one for this system, at each point. */
  workload: ownWorkload.default({}),
  /** At which values of a sweep's axes it is measured, where these are not all. */
  within: within.default({}),
  client: z.strictObject({
    idle: z.enum(idleModes),
    backend: z.string().min(1),
    /** Where it is not the load generator of this project. */
    program: z.enum(clientPrograms).optional(),
  }),
  server_cores: cores,
  client_cores: cores,
  /** Names of hosts; null where nobody said them, so that it runs on this machine. */
  place: z
    .strictObject({ server: z.string(), generators: z.array(z.string()).min(1) })
    .nullable()
    .default(null),
  /**
   * Why the distance of its cores is not measured: half a sentence. Null where it is, where they are cores of two
   * machines and have none, and where an older run does not say.
   */
  distance_unknown: z.string().nullable().default(null),
});

/** A backend of the libOS that servers or load generators of the run go over. */
const backend = z.strictObject({
  name: z.string().min(1),
  /** What captions call it. */
  title: z.string().min(1),
  /** Of the libOS' interface to backends that it was written for. */
  api_version: positive,
  /** It says when its device is entered and left: latencies over it can have stages. */
  moments: z.boolean(),
  /** Of one from outside; null for those of this project, whose commit is the run's. */
  module: z
    .strictObject({
      /** Of its package; null where it is in none. */
      package: z.string().min(1).nullable(),
      version: z.string().min(1).nullable(),
      /** Over the files that it was loaded from, and those that it says it has beside them. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      files: positive,
    })
    .nullable(),
  /** Of what it stands on, by name. */
  versions: z.record(z.string(), z.string()),
});

/** A lower bound of systems: what the same exchange takes with nothing of them but their device. */
const floor = z.strictObject({
  /** Key of the floor, among those of the systems: in folder names and in summary.json. */
  name: fileSafeName,
  /** What the figure writes beside the value. */
  label: z.string().min(1),
  /** Names of the systems across whose bars it is drawn: it is measured once for all of them. */
  systems: z.array(fileSafeName).min(1),
  cores,
});

const manifest = z.strictObject({
  schema: z.literal(SCHEMA),
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
    /** Trials of each system and floor, `added_trials` included. */
    trials: positive,
    /** The last so many were not planned: they were added for want of slices of one distance. */
    added_trials: count.default(0),
    /** Of each added trial, what it is of and at which points; of everything where an older run does not say. */
    added_blocks: z.array(z.array(place).min(1)).default([]),
    /** What was measured at another time than the rest (`run --add`), in trials that are among those added. */
    additions: z.array(addition).default([]),
    /** Null where an older run did not look at the distance of its cores. */
    distance: wantedDistance.nullable().default(null),
    /** What a sweep varies; nothing where there is none. */
    axes: z.array(axis).default([]),
    /** What a quick run does not measure of the whole experiment; null where that is nothing. */
    left_out: leftOut.nullable().default(null),
    /** At each point of a sweep, with the workload that it has for all systems that have no own one. */
    measurements: z.array(measurementTarget).min(1),
    /** What the load generator exchanges with the systems; in older runs, requests of Redis. */
    protocol: z.enum(protocols).default('resp'),
    /** Weights of the operations of a mix; null where none is measured. */
    mix: z.record(operationName, z.number().positive()).nullable().default(null),
    /** Words for the variants of the workload that were measured, by name; none in most runs. */
    variants: z.record(z.string(), z.string()).default({}),
    /** This and what follows is so where no axis says otherwise. */
    pipeline: positive,
    open_loop: openLoop,
    /** The trace that is replayed, so many times as fast; its keys are no others. Null where none is. */
    trace: z.strictObject({ file: z.string(), speed: z.number().positive() }).nullable().default(null),
    keys: positive,
    key_distribution: z.enum(keyDistributions),
    /** Length of each key, or the words for lengths that differ: those of the flag. */
    key_bytes: z.string().default(String(USUAL_KEY_BYTES)),
    seed: z.int(),
    warmup_s: notNegative,
    /** A measurement ends after a time or after a number of requests; the other one is null. */
    duration_s: z.number().positive().nullable(),
    requests: positive.nullable(),
    /** Of the stamping that follows each measurement; null where nothing is stamped. */
    stages: z.strictObject({ every: positive, duration_s: z.number().positive() }).nullable().default(null),
    /** What the figure shows; null where the run's axes say it. */
    figure: z.enum(figureKinds).nullable().default(null),
    /** Name of the file of published values (results/run/reference/) that the run is set beside, or null. */
    reference: z.string().nullable(),
  }),
  /** Of the first system's server. */
  machine,
  /** Those that it ran on, servers' and generators'; empty where an older run did not look. */
  hosts: z.array(runHost).default([]),
  /** Of each two cores that something ran on; empty where an older run did not look. */
  distances: z.array(pairDistance).default([]),
  /**
   * node, bypassbench, the libraries, for each system the first line that its version command printed, and traces.
   */
  versions: z.object({ node: z.string(), bypassbench: z.string() }).catchall(z.string()),
  git: gitState,
  systems: z.array(system).min(1),
  /** Older runs do not say. */
  backends: z.array(backend).default([]),
  /** Runs from before there were floors have none. */
  floors: z.array(floor).default([]),
});

export type Manifest = z.infer<typeof manifest>;
export type RunBackend = Manifest['backends'][number];
export type RedisBuild = z.infer<typeof redisBuild>;
export type SystemUnderTest = z.infer<typeof system>;

/** Numbers of the trials that a run has of a system or floor at a point. */
export function trialsOf({ plan }: Pick<Manifest, 'plan'>, subject: string, at: PointAt): number[] {
  const planned = plan.trials - plan.added_trials;
  const isHere = (one: RunPlace): boolean => one.subject === subject && sameAt(one.at, at);
  const isNew = plan.additions.some(({ places }) => places.some(isHere));
  return Array.from({ length: plan.trials }, (_, index) => index + 1).filter(
    (trial) => plan.added_blocks[trial - planned - 1]?.some(isHere) ?? !isNew,
  );
}

type Planned = Pick<Manifest, 'plan' | 'systems' | 'floors'>;

/**
 * What is measured of a system or floor, with the workload that it has. A system's own axis is one of that system
 * alone; floors are one request at a time, and measured where the workload is.
 */
export function targetsOf({ plan, systems, floors }: Planned, subject: string): MeasurementTarget[] {
  const { rate_ops, clients, pipeline, value_bytes } =
    systems.find(({ name }) => name === subject)?.workload ?? {};
  const served = floors.find(({ name }) => name === subject)?.systems;
  const measured = systems.filter(({ name }) => served?.includes(name) ?? name === subject);
  const isMeasured = (target: MeasurementTarget): boolean =>
    plan.axes.every(
      ({ name, systems }) => (systems?.includes(subject) ?? true) === Object.hasOwn(target.at, name),
    ) &&
    (!served || isOneAtATime(target)) &&
    (measured.length === 0 || measured.some(({ within }) => isWithin(within, target.at)));
  const hasTrials = ({ at }: MeasurementTarget): boolean => trialsOf({ plan }, subject, at).length > 0;
  return plan.measurements
    .filter((target) => isMeasured(target) && hasTrials(target))
    .map((target) => ({
      ...target,
      clients: clients ?? target.clients,
      pipeline: pipeline ?? target.pipeline,
      value_bytes: value_bytes ?? target.value_bytes,
      rate_ops: rate_ops ?? target.rate_ops,
    }));
}

/** Whether its next request is sent when the last one is answered, and no other is in flight. */
export function isOneAtATime({
  clients,
  pipeline,
  rate_ops,
  bulk_clients,
}: Pick<MeasurementTarget, 'clients' | 'pipeline' | 'rate_ops' | 'bulk_clients'>): boolean {
  return clients === 1 && pipeline === 1 && rate_ops === null && bulk_clients === undefined;
}

/** The points of a run, or of one of its systems or floors: each once, in the order of the plan. */
export function pointsOf(targets: readonly MeasurementTarget[]): PointAt[] {
  return targets
    .map(({ at }) => at)
    .filter((at, index, all) => all.findIndex((other) => sameAt(other, at)) === index);
}

/** Name of a trial's folder, under trials/. `point`: number of its point in the plan, from 1; null without a sweep. */
export function trialFolderName(subject: string, point: number | null, trial: number, order: number): string {
  return `${String(order).padStart(3, '0')}-${subject}${point === null ? '' : `-p${point}`}-t${trial}`;
}

/** Version 1 knew systems by their names alone. */
const ROLES_BY_NAME: Record<string, Role> = {
  redis: 'unmodified',
  'kv-sockets': 'unmodified',
  'kv-kernel': 'libos_over_kernel',
  'kv-rdma': 'bypass',
  'kv-dpdk': 'bypass',
};

/** What of it was another way; the schema of today judges the rest. */
const version1 = z.looseObject({
  config: z
    .looseObject({ outputs: z.looseObject({ reference: z.boolean().optional() }).optional() })
    .optional(),
  plan: z.looseObject({}),
  systems: z.array(z.looseObject({ name: z.string() })),
  floors: z.array(z.looseObject({ system: z.string() })).default([]),
});

/**
 * What version 1 left to names becomes fields. A damaged manifest is returned as it is. Version 1 set every run beside
 * the published values of HotOS'19 unless its configuration said otherwise.
 */
const upgradeFrom1: Upgrade = (older) => {
  const parsed = version1.safeParse(older);
  if (!parsed.success) return older;
  const { config, plan, systems, floors, ...same } = parsed.data;
  return {
    ...same,
    config,
    plan: { ...plan, reference: config?.outputs?.reference === false ? null : 'hotos19' },
    systems: systems.map((system) => ({
      ...system,
      role: Object.hasOwn(ROLES_BY_NAME, system.name) ? ROLES_BY_NAME[system.name] : null,
      group: '',
    })),
    floors: floors.map(({ system, ...floor }) => ({ ...floor, systems: [system] })),
  };
};

const version2 = z.looseObject({
  plan: z.looseObject({
    measurements: z.array(z.looseObject({})),
    pipeline: z.unknown(),
    open_loop: z.looseObject({ rate_ops: z.unknown() }).nullable().default(null),
    added_blocks: z.array(z.array(z.string())).default([]),
  }),
});

/** Version 2 had no sweeps: everything was at one point. */
const upgradeFrom2: Upgrade = (older) => {
  const parsed = version2.safeParse(older);
  if (!parsed.success) return older;
  const { plan } = parsed.data;
  const { measurements, pipeline, open_loop, added_blocks } = plan;
  return {
    ...parsed.data,
    plan: {
      ...plan,
      measurements: measurements.map((target) => ({
        ...target,
        at: {},
        pipeline,
        rate_ops: open_loop?.rate_ops ?? null,
      })),
      added_blocks: added_blocks.map((subjects) => subjects.map((subject) => ({ subject, at: {} }))),
    },
  };
};

const ofClient = z.looseObject({ client: z.looseObject({}).optional() });
const version3 = z.looseObject({
  systems: z.array(ofClient),
  config: z.looseObject({ systems: z.array(ofClient).optional() }).optional(),
});

/** Version 3 had `wait` of a client, which is `idle` now; so in the configuration, by which a run goes on. */
const upgradeFrom3: Upgrade = (older) => {
  const parsed = version3.safeParse(older);
  if (!parsed.success) return older;
  const withIdles = (systems: z.infer<typeof ofClient>[]): z.infer<typeof ofClient>[] =>
    systems.map(({ client, ...system }) => (client ? { ...system, client: withIdle(client) } : system));
  const { systems, config, ...same } = parsed.data;
  return {
    ...same,
    systems: withIdles(systems),
    ...(config && { config: { ...config, ...(config.systems && { systems: withIdles(config.systems) }) } }),
  };
};

export const manifestFormat = new Format<Manifest>(SCHEMA, manifest, {
  older: {
    'bypassbench.manifest/1': (older) => upgradeFrom3(upgradeFrom2(upgradeFrom1(older))),
    'bypassbench.manifest/2': (older) => upgradeFrom3(upgradeFrom2(older)),
    'bypassbench.manifest/3': upgradeFrom3,
    // It had no hosts, which is said by its having none.
    'bypassbench.manifest/4': (older) => older,
  },
});
