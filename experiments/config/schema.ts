/**
 * What a resolved experiment may say: every system and floor written out. The descriptions and limits here
 * are also what an editor shows; what an author may write instead is in authored.ts.
 *
 * This file says what a value may be by itself; what values must be together, and what this machine must have
 * for them, is checked in checks.ts.
 */
import { z } from 'zod';
import { backends } from '../../libos/index.ts';
import {
  type Axis,
  clientPrograms,
  figureKinds,
  idleModes,
  type LeftOut,
  type PointAt,
  protocols,
  provenances,
  roles,
} from '../../results/formats/index.ts';
import { goalSchema } from '../../results/index.ts';
import { hosts, where } from '../lab/schema.ts';
import { products } from '../machine/built.ts';
import { sweepSchema } from './sweep-schema.ts';
import { duration_s, keys, name, ownWorkload, warmup_s, workload } from './workload-schema.ts';

export const text = z.string().min(1);
const core = z.int().min(0);
/** A program and its arguments, which may be empty strings. */
export const argv = z.tuple([text], z.string());
const trials = z.int().min(1).max(1000);

/** Name of a regular expression's problem, or null when it compiles. */
function patternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

export const timeout_s = z
  .number()
  .min(0.1)
  .max(600)
  .default(10)
  .describe('The trial fails when the server is not ready after this many seconds.');

const ready = z
  .discriminatedUnion('by', [
    z
      .strictObject({ by: z.literal('json_line'), timeout_s })
      .describe(
        'The server prints {"ready":true,"address":"127.0.0.1","port":43211} on a line of its own on stdout, ' +
          'as `bypassbench serve` does. The port is taken from there.',
      ),
    z
      .strictObject({ by: z.literal('resp_ping'), timeout_s })
      .describe(
        'The server answers a RESP PING with PONG, as Redis and Valkey do once their data is loaded.',
      ),
    z
      .strictObject({ by: z.literal('tcp_connect'), timeout_s })
      .describe('The server accepts a TCP connection.'),
    z
      .strictObject({
        by: z.literal('output'),
        pattern: text
          .refine((pattern) => patternProblem(pattern) === null, {
            error: (issue) => `is not a regular expression: ${patternProblem(String(issue.input))}`,
          })
          .describe('Regular expression that a line of stdout or stderr matches once the server is ready.'),
        timeout_s,
      })
      .describe('The server says on stdout or stderr that it is ready.'),
  ])
  .describe('How to know that the server is ready for requests.');

const requires = z
  .array(
    z.union([
      z.strictObject({
        binary: text.describe('Program that must be on the PATH, or built:NAME as in start.'),
        package: text.describe('Debian package that has it.'),
      }),
      z.strictObject({
        built: z
          .enum(products)
          .describe(
            'What set-up builds where it can: redis-port, Redis on the libOS, for bypassbench serve --engine redis; ' +
              'posix-servers, the example servers that are written for Linux.',
          ),
      }),
      z.strictObject({
        wire: z.literal('veth').describe('The experiment must have this `wire`.'),
      }),
      z.strictObject({
        cores: z.int().positive().describe('So many cores that this process may use, for server and client.'),
      }),
    ]),
  )
  .default([])
  .describe('What is needed. Where something is missing, the trials fail at once and say so.');

/** How two cores may be chosen by their distance; cores.ts says which pairs each allows. */
export const coreDistances = ['near', 'far', 'siblings', 'cache', 'socket', 'other_socket'] as const;
export type CoreDistance = (typeof coreDistances)[number];

const chosenCores = z
  .strictObject({
    distance: z
      .enum(coreDistances)
      .describe(
        'near: the pair with the shortest measured way between its cores, far: with the longest, both without the ' +
          'threads of one physical core where there is another pair; siblings: two threads of one physical core; ' +
          'cache: two cores that share a cache; socket: two cores of one socket that share none; other_socket: cores ' +
          'of two sockets.',
      ),
  })
  .describe('A pair of cores is chosen before the first trial, and the run says which and why.');

/** As `bypassbench serve` and `bypassbench load` take them: --backend-option KEY=VALUE. */
const options = z.record(
  z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be the name of a backend option, such as mtu'),
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
);

export const client = z
  .strictObject({
    backend: text.meta({
      description: 'libOS backend of the load generator: one of these, or the one of the `backend_module`.',
      examples: [...backends],
    }),
    options: options
      .default({})
      .describe(
        "Options of the client's backend only, beside those of the system; the same {placeholders} as in start, with " +
          "{host} and {port} those of the ready server and {core} the client's.",
      ),
    idle: z
      .enum(idleModes)
      .default('poll')
      .describe('Whether the load generator polls or sleeps while nothing comes.'),
    program: z
      .enum(clientPrograms)
      .optional()
      .describe(
        'Another program as load generator, through `bypassbench meter`, in the place of `bypassbench load`: to hold one ' +
          'against the other.',
      ),
    core: core
      .optional()
      .describe('Core that the load generator is pinned to; must be said where `cores` is not.'),
    more_cores: z
      .array(core)
      .min(1)
      .optional()
      .describe(
        'Further cores of the load generator, with a thread each, which share connections and rate with the first one: ' +
          'then there are neither slices nor the distance of the cores.',
      ),
  })
  .describe('The load generator that measures this system.');

export const system = z
  .strictObject({
    name: name.describe('Key of the system in --only, in folder names and in summary.json.'),
    label: text.describe('What the figure writes under the bars.'),
    backend: text.describe(`How the server does its input and output: ${backends.join(', ')}.`),
    backend_module: text
      .optional()
      .describe(
        'Where a backend from outside is: the path of a module, ./ from the folder of the experiment, or a package that is ' +
          'installed there. `backend` is its name; of a server `bypassbench` the word {options} in start stands for it, too.',
      ),
    device: text.describe(
      'What carries the bytes: loopback, net_memif (shared memory), mlx5 (ConnectX-4); network: what the hosts of its `place` say.',
    ),
    provenance: z
      .enum(provenances)
      .describe(
        'What kind of device that is: with a wire, made of software (as loopback is), or memory that both processes share.',
      ),
    transport_note: text
      .nullable()
      .default(null)
      .describe('A sentence that a reader must know before comparing this system with others.'),
    checkout: text
      .optional()
      .describe(
        'Another checkout of this project, whose server and load generator this system is made of: a commit, tag or ' +
          'branch, which is checked out into .checkouts/ and set up, or a folder, written ./folder or /folder.',
      ),
    place: where
      .optional()
      .describe('The hosts that it runs on, where they are others than the `place` of the experiment says.'),
    role: z
      .enum(roles)
      .nullable()
      .default(null)
      .describe(
        "Place in the paper's split of latency: an unmodified server, one on the libOS over the kernel, or one that " +
          'bypasses the kernel; libos_over_epoll is one on the libOS over the kernel that sleeps while nothing happens.',
      ),
    serves: z
      .array(z.enum(protocols))
      .min(1)
      .default(['resp'])
      .describe('The protocols in which the load generator can ask it.'),
    group: z
      .string()
      .default('')
      .describe('Family of the system, where an experiment has several: roles are compared within a group.'),
    floor: z
      .array(name)
      .default([])
      .describe('Names of the floors that are drawn across its bars, of this file or of the library.'),
    workload: ownWorkload,
    within: z
      .record(
        z.string(),
        z.strictObject({
          at_least: z.number().optional().describe('Lower values are left out.'),
          at_most: z.number().optional().describe('Higher values are left out.'),
        }),
      )
      .default({})
      .describe(
        'Of a sweep: the values of axes at which this system is measured, such as { rate_ops: { at_most: 100000 } }; else at ' +
          'all of them.',
      ),
    requires,
    version: argv
      .optional()
      .describe('Command whose first line of output goes to the manifest as the version of this system.'),
    start: argv.describe(
      'Command line of the server, in the foreground. {host} and {port} are where it must listen (a free port), ' +
        '{core} its first core, {dir} a fresh folder, also its working folder, that is removed afterwards; its path ' +
        'is short enough for Unix sockets in it, {here} the folder of the experiment, {stamps} and {pauses} files for ' +
        '`bypassbench serve --stamps` and `--pauses`: a server that gets {stamps} has its part of the latency split ' +
        'into stages. ' +
        'A first word `bypassbench` means the command of this checkout, or of the one that `checkout` names; ' +
        '`built:NAME` means the program that its set-up built (redis-server, posix-echo-epoll), else NAME on the PATH.',
    ),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
        z.string(),
      )
      .default({})
      .describe('Environment variables added for the server; the same {placeholders} as in start.'),
    sysctl: z
      .record(
        z
          .string()
          .regex(
            /^[a-z0-9_]+(\.[a-z0-9_]+)+$/,
            'must be the name of a kernel parameter, such as net.core.busy_poll',
          ),
        z.union([z.string(), z.number()]).transform(String),
      )
      .default({})
      .describe(
        'Kernel parameters that are set for its trials and set back after each, after a crash by the next run; as root.',
      ),
    options: options
      .default({})
      .describe(
        'Options of the libOS backend, for server and client, such as mtu. The word {options} in start stands for ' +
          "the server's, as --backend-option KEY=VALUE.",
      ),
    server_options: options
      .default({})
      .describe("Options of the server's backend only, beside those for both."),
    ready,
    server_cores: z
      .array(core)
      .min(1)
      .optional()
      .describe('Cores that the server is pinned to; must be said where `cores` is not.'),
    cores: chosenCores
      .optional()
      .describe(
        "Has the server's core and the client's chosen by their distance, in the place of `server_cores` and " +
          '`client.core`.',
      ),
    client,
    command_stats: z
      .boolean()
      .default(false)
      .describe(
        'The server answers INFO commandstats, as Redis and Valkey do: how long it says that commands take is shown ' +
          'apart from the rest of its part, where it has no stamps.',
      ),
    share_cores: z
      .boolean()
      .default(false)
      .describe('Allows server and client the same core, where neither has it to itself.'),
  })
  .describe('A system under test: how to start it, how to know that it is ready, which client measures it.');

export const floor = z
  .strictObject({
    name: name.describe('Key of the floor in folder names and in summary.json.'),
    label: text.describe('What the figure writes beside the value.'),
    requires,
    command: argv.describe(
      'Command line that measures one {operation}, one request in flight, and writes what `bypassbench load --out` ' +
        'writes into the folder {out}. It gets {value_bytes}, {warmup_s}, {duration_s} and its {cores}, separated ' +
        'by commas. A first word `bypassbench` means this checkout.',
    ),
    cores: z
      .union([z.array(core).min(1), chosenCores])
      .describe('Cores that it may use, or how two are chosen.'),
  })
  .describe(
    'What the same exchange takes with nothing of the system but its device: the bound below which no bar of the ' +
      'systems that name it can be. Measured once per trial, like a system, and drawn as a line across their bars.',
  );

const extend_s = z
  .number()
  .min(0)
  .max(86_400)
  .describe('Seconds that trials may go on beyond those planned, until they have; 0: not at all.');

const quick = z
  .strictObject({
    systems: z
      .array(name)
      .min(1)
      .optional()
      .describe('Names of the systems that are measured; the others are left out.'),
    trials: trials.optional(),
    sweep: sweepSchema
      .optional()
      .describe('Other values of axes; an axis that is not named here keeps its own.'),
    stages: z.strictObject({ duration_s: duration_s.optional() }).optional(),
    calibration: z.strictObject({ duration_s: z.number().min(0.1).max(60).optional() }).optional(),
    distance: z
      .strictObject({ extend_s: extend_s.optional() })
      .optional()
      .describe('Without it trials do not go on beyond those planned.'),
    workload: z
      .strictObject({
        keys: keys.optional(),
        warmup_s: warmup_s.optional(),
        duration_s: duration_s.optional(),
      })
      .optional(),
  })
  .describe('What --quick makes smaller.');

export const configSchema = z.strictObject({
  experiment: name.describe('Names the run folder, and the experiment in summary.json.'),
  title: text.describe('Title of the figure.'),
  trials: trials.describe('How often each system is started and measured.'),
  order: z
    .enum(['shuffled', 'listed'])
    .default('shuffled')
    .describe(
      'Trials run in blocks that hold each system once; each block is shuffled, or in the order listed.',
    ),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1)
    .describe('Seed of the order and, with the trial, of the keys drawn.'),
  wire: z
    .enum(['veth'])
    .optional()
    .describe(
      'Servers and clients are in network namespaces of their own, joined by a pair of devices, wire0 at either end; ' +
        '{host} is then 10.77.0.1, and the client has 10.77.0.2. Takes root. Without it servers listen on loopback.',
    ),
  hosts: hosts
    .optional()
    .describe('The machines that systems run on, as in a lab file, whose hosts take their place (--lab).'),
  place: where
    .optional()
    .describe('The hosts of all systems that do not say their own; without it this machine.'),
  workload: workload.describe('What the load generator does.'),
  sweep: sweepSchema.optional(),
  systems: z.array(system).min(1).describe('The systems under test.'),
  floors: z.array(floor).default([]).describe('Lower bounds measured beside the systems.'),
  stages: z
    .strictObject({
      every: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(8)
        .describe('Requests are stamped in one window of some milliseconds of so many; 1 stamps all.'),
      duration_s: duration_s.describe('Seconds of stamping, behind each measurement.'),
      at: z
        .record(z.string(), z.union([z.string(), z.number()]))
        .optional()
        .describe(
          'Of a sweep: the values of axes where it is done, such as { clients: 1 }; else at all its points.',
        ),
    })
    .optional()
    .describe(
      'Split latencies into stages: after each measurement, and apart from it, requests are stamped on their way.',
    ),
  calibration: z
    .strictObject({ duration_s: z.number().min(0.1).max(60).describe('Seconds of each of its ten steps.') })
    .optional()
    .describe(
      'Before the first trial the load generator is held against a server in its own process whose time is known: its ' +
        'floor and its error.',
    ),
  distance: z
    .strictObject({
      slices: z
        .int()
        .min(1)
        .max(10_000)
        .default(20)
        .describe('Slices of one distance that each system and floor must have of each operation.'),
      extend_s: extend_s.default(300),
    })
    .prefault({})
    .describe(
      'On a machine whose cores change their distance, systems are compared at one distance: trials of those that lack ' +
        'some, and of what they are compared with, go on until there is enough of it.',
    ),
  repeat: name
    .optional()
    .describe(
      'Name of a system that is measured a second time in each block: how far the two differ is the noise of this ' +
        'machine, below which no difference shows.',
    ),
  reference: z
    .enum(['hotos19', 'sosp21', 'none'])
    .default('none')
    .describe('Published values that are marked in the figure, at the systems of their roles.'),
  figure: z
    .enum(figureKinds)
    .optional()
    .describe(
      'What the figure shows; bandwidth is of a sweep of sizes. Else it is latency; of a sweep of rates, latency ' +
        'over what was achieved.',
    ),
  goals: z
    .array(goalSchema)
    .optional()
    .describe('What the run is to show, for `bypassbench goals`: ratios of its systems, also to its floors.'),
  quick: quick.optional(),
});

export type Config = z.infer<typeof configSchema>;
export type WorkloadConfig = Config['workload'];
/** Their cores are named, or still to be chosen. */
export type ConfiguredSystem = Config['systems'][number];
export type ConfiguredFloor = Config['floors'][number];

/** A place in a sweep, the workload there, and what is measured with it. Without a sweep there is one, `{}`. */
interface PointOf<S, F> {
  at: PointAt;
  workload: WorkloadConfig;
  systems: S[];
  floors: F[];
}
export type ConfiguredPoint = PointOf<ConfiguredSystem, ConfiguredFloor>;
export type SweptPoint = PointOf<System, Floor>;

interface Swept<P> {
  /** What its sweep varies. */
  axes: Axis[];
  /** In the order in which they are written. */
  points: P[];
  /** What --quick leaves out of the whole experiment; null where that is nothing. */
  leftOut: LeftOut | null;
  /** Systems that are measured at none of the values of axes that --set says. */
  unmeasured: readonly string[];
}

/**
 * A config with --quick and --only applied. Outside of its points, what a sweep varies is as at the first of them that
 * has it.
 */
export type ConfiguredExperiment = Omit<Config, 'quick'> & Swept<ConfiguredPoint>;

export type System = Omit<ConfiguredSystem, 'server_cores' | 'client'> & {
  server_cores: number[];
  client: ConfiguredSystem['client'] & { core: number };
};
export type Floor = Omit<ConfiguredFloor, 'cores'> & { cores: number[] };

/** The same on the cores that it has here: exactly what is run, and what the manifest records. */
export type Experiment = Omit<Config, 'quick' | 'systems' | 'floors'> & {
  systems: System[];
  floors: Floor[];
} & Swept<SweptPoint>;
