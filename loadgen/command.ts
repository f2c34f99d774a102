/** `bypassbench load`: the load generator's command line. */
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { type BackendFlags, chooseBackend, decimal, wholeNumber, withBackendFlags } from '../libos/index.ts';
import type { ArrivalPattern } from '../results/formats/arrival-patterns.ts';
import { idleModes, isMessageProtocol, MIX, protocols, requestOperations } from '../results/formats/lists.ts';
import { THREADS_MAX } from '../results/formats/load-checks.ts';
import {
  core,
  coreList,
  flagNames,
  perSecond,
  processId,
  seconds,
  secondsOrNone,
  valueBytes,
} from './arguments.ts';
import type { BulkOptions } from './connections/bulk-streams.ts';
import { hidePassword, loginOf, PASSWORD_VARIABLE } from './connections/login.ts';
import { resolveTarget } from './connections/target.ts';
import { LoadError } from './errors.ts';
import { formerIdleFlag } from './former-flags.ts';
import { generatorPlace, partOfGenerator } from './measurement/generator-part.ts';
import { checkOptions, type GeneratorPlace, type LoadOptions } from './measurement/options.ts';
import { protocolMeanings, refuseOptionsOfResp, replyTimeoutS } from './measurement/protocol.ts';
import { createResultFolder, describeOutcome, unansweredInWords, writeResult } from './measurement/result.ts';
import { runLoad } from './measurement/run-load.ts';
import { traceOf, traceRateOps } from './measurement/trace-load.ts';
import { parseArrivals } from './workload/arrival-words.ts';
import { type NamedWorkload, type WorkloadFlags, withWorkloadFlags, workloadOf } from './workload/flags.ts';
import { weightsByName } from './workload/weights.ts';

/** What messages have in the place of keys. */
const ONE_KEY = { keys: 1, keyDistribution: 'single' } as const;
const protocolList = protocols.map((name) => `${name}, ${protocolMeanings[name]}`).join('; ');
const CONNECTIONS_MAX = 1_000_000;
const PIPELINE_MAX = 1_000_000;
const BULK_CONNECTIONS_MAX = 1000;
const BULK_BYTES = 1024 * 1024;
/** Of Redis' `databases`, an int. */
const DATABASE_MAX = 2 ** 31 - 1;
const REQUESTS_MAX = 1e12;
const STAMPS_EVERY_MAX = 1_000_000;
/** Some requests were never answered. */
const UNANSWERED_EXIT = 2;

/** The parsed command line, as commander names the options. */
export interface LoadFlags
  extends Omit<
      LoadOptions,
      | 'target'
      | 'login'
      | 'sendsLike'
      | 'replyTimeoutS'
      | 'backend'
      | 'backendOptions'
      | 'core'
      | 'thread'
      | 'threads'
      | 'cores'
      | 'durationS'
      | 'requests'
      | 'rateOps'
      | 'arrivals'
      | 'scheduleSeed'
      | 'trace'
      | 'serverStamps'
      | 'serverCore'
      | 'serverPid'
      | 'serverBusyTime'
      | 'bulk'
      | 'generator'
      | keyof NamedWorkload
    >,
    WorkloadFlags,
    BackendFlags {
  target: string;
  replyTimeoutS?: number;
  password?: string;
  user?: string;
  db: number;
  rate?: number;
  trace?: string;
  traceSpeed: number;
  arrivals?: ArrivalPattern;
  core?: number;
  threads?: number;
  cores?: number[];
  durationS?: number;
  requests?: number;
  serverStamps?: string;
  serverCore?: number;
  serverPid?: number;
  serverBusyTime?: string;
  bulkConnections?: number;
  bulkBytes?: number;
  bulkOperation?: BulkOptions['operation'];
  generator?: GeneratorPlace;
  out?: string;
}

export function command(): Command {
  return withBackendFlags(withWorkloadFlags(new Command('load')), 'libOS backend that reaches the server')
    .description(
      `Puts load on a server and measures the latency of every request. The server is one that is compatible with Redis, \
or, with --protocol, one of messages: bypassbench echo, sink and relay, and their like.

Closed loop (without --rate): each connection keeps --pipeline requests outstanding and sends the next one when a \
reply comes. This shows how long a request takes and how many requests the server can answer. While the server \
stalls, nothing is sent: only the few outstanding requests see the stall.

Open loop (with --rate): requests are due by a schedule that does not depend on replies, like those of independent \
users. Latency is the response time: it starts when a request was intended to be sent, so waiting counts (no \
coordinated omission). The service time, which starts when the request was sent, is reported beside it. A due request \
goes to the next connection with fewer than --pipeline outstanding, and otherwise waits its turn. When --rate is \
more than the server can answer, response times only grow with --duration-s.

What is sent is --operation, a --mix of several, or a --trace. Other commands than GET and SET are defined with --command.

Every reply is checked. A value says which key, and which write to it, it is of; fill the keys with --populate first, and \
keep the --seed where something else has filled them. So a value is found to be wrong (of another key, seed or length), torn \
(of two writes) or stale (overwritten before it was asked for). A message must come back as it was sent. Wrong, torn and \
stale values, errors and misses are counted apart, with rates of their own, and are no latency samples.

A request of the measured window that has no reply after --reply-timeout-s is given up with its connection, counted, \
and in the latencies with the time that it had waited: quantiles from there on are "at least". In the warm-up it ends \
the load.

Exit code: 0 when every request of the measured window was answered, whatever the replies were; 2 when some never \
were: what was measured is printed and written; 1 when the load could not be carried out; 130 when interrupted.`,
    )
    .requiredOption('--target <host:port>', 'the server: a name that has an IPv4 address, or the address')
    .option(
      '--password <text>',
      `password of the server, which each connection gives first (AUTH); better in ${PASSWORD_VARIABLE}, where no list \
of processes shows it`,
    )
    .option('--user <name>', 'user whose password that is (default: the default user)')
    .option('--db <n>', 'database, which each connection selects first', wholeNumber(0, DATABASE_MAX), 0)
    .addOption(
      new Option('--protocol <name>', `what is exchanged: ${protocolList}`)
        .choices([...protocols])
        .default('resp'),
    )
    .option('--connections <n>', 'connections', wholeNumber(1, CONNECTIONS_MAX), 1)
    .option(
      '--idle-connections <n>',
      'further connections that send nothing',
      wholeNumber(0, CONNECTIONS_MAX),
      0,
    )
    .option(
      '--pipeline <n>',
      'outstanding requests per connection; with --rate, the most',
      wholeNumber(1, PIPELINE_MAX),
      1,
    )
    .option(
      '--trace <file>',
      "open loop: replay a trace, with its times, operations, keys and sizes (see 'bypassbench trace'); plain, gzip or zstd",
    )
    .option(
      '--trace-speed <factor>',
      'with --trace: so many times as fast as it was recorded',
      decimal(1e-6, 1e6),
      1,
    )
    .option(
      '--bulk-connections <n>',
      'further connections that carry large values beside the requests, one at a time each, in a closed loop',
      wholeNumber(1, BULK_CONNECTIONS_MAX),
    )
    .option('--bulk-bytes <n>', 'length of each of these values (default: 1048576)', valueBytes)
    .addOption(
      new Option('--bulk-operation <name>', 'whether they are read or written (default: get)').choices([
        ...requestOperations,
      ]),
    )
    .option('--rate <ops>', 'open loop: requests per second', perSecond)
    .option(
      '--arrivals <pattern>',
      `with --rate: evenly spaced (constant), with the gaps of independent users (poisson, the default), in bursts \
(onoff:on_ms=10,off_ms=90,times=fixed or exponential), or with heavy-tailed gaps (pareto:shape=1.5); --rate is the mean`,
      parseArrivals,
    )
    .option(
      '--warmup-s <seconds>',
      'time before the measured window; up to 3 s more, until code is compiled',
      secondsOrNone,
      1,
    )
    .option(
      '--duration-s <seconds>',
      'length of the measured window (default: 5, unless --requests is given)',
      seconds,
    )
    .option(
      '--requests <n>',
      'measure this many requests instead of --duration-s',
      wholeNumber(1, REQUESTS_MAX),
    )
    .addOption(
      new Option('--idle <how>', 'while nothing comes, spin (poll) or sleep in the kernel (sleep)')
        .choices([...idleModes])
        .default('poll'),
    )
    .addOption(formerIdleFlag())
    .option('--core <n>', "pin the generator's thread to this core", core)
    .option(
      '--threads <n>',
      'generator threads (default: one, or one for each of --cores): connections and rate are divided among them',
      wholeNumber(1, THREADS_MAX),
    )
    .option('--cores <list>', 'pin the threads to these cores, such as 1,2,3', coreList)
    .option(
      '--generator <i/n>',
      `one of several load generators of a server, all with the same flags: it does its part of connections and rate, says on \
standard output when it is ready, and begins to measure at the moment that a line of standard input says, in ns of the time of \
day (date +%s%N); the first one populates`,
      generatorPlace,
    )
    .option('--populate', 'write all that is read, of every key, before the warm-up', false)
    .option(
      '--reply-timeout-s <seconds>',
      'give up a request after this long without a reply (default: 10; of datagrams 1)',
      seconds,
    )
    .option(
      '--stamps-every <n>',
      'stamp the stages of requests in every n-th window of time (1: all, 0: none); needs --out',
      wholeNumber(0, STAMPS_EVERY_MAX),
      0,
    )
    .option(
      '--server-stamps <file>',
      'stamp file of a server on this machine (serve --stamps): it stamps the same windows',
    )
    .option(
      '--server-core <n>',
      'core of a server on this machine: the distance of the two cores is read between slices of the window, for which \
nothing is sent; needs --core',
      core,
    )
    .option(
      '--server-pid <n>',
      'process of a server on this machine: what it and those that it has started cost; with --server-core, also \
whether it is on that core',
      processId,
    )
    .option(
      '--server-busy-time <file>',
      'stamp file of a server on this machine (serve --stamps), in which it also says how long it had something to do: \
of what it costs, that which polls in vain; needs --server-pid',
    )
    .option(
      '--out <dir>',
      'folder for result.json, slices.json.gz, pauses.json, stamps, and per operation OP.hdr (mergeable) and OP.hgrm (us)',
    )
    .addHelpText('after', EXAMPLES)
    .action(load);
}

const EXAMPLES = `
docs/load-generator.md says what each number means, and how right the generator is.

Examples:
  bypassbench load --target 127.0.0.1:6379 --populate --mix get=95,set=5 --connections 50 --core 1
  bypassbench load --target 127.0.0.1:6379 --populate --rate 20000 --connections 50 --core 1 --out /tmp/load
  bypassbench load --target 127.0.0.1:6379 --populate --operation read --command 'read=HGETALL {key} -> fields:10' \\
    --command 'fill=HSET {key} {fields:10} -> integer' --value-bytes 100
  bypassbench load --target 127.0.0.1:7000 --protocol echo --value-bytes 64     # beside: bypassbench echo --port 7000
  bypassbench load --target 127.0.0.1:6379 --trace requests.trace.gz --populate --connections 50`;

/** The options of a load that `command` was given; `names`: what it calls its flags. Throws INVALID_OPTION. */
export async function optionsOf(flags: LoadFlags, command: Command, names = flagNames): Promise<LoadOptions> {
  const { protocol } = flags;
  const given = Object.keys(flags).filter((name) => command.getOptionValueSource(name) === 'cli');
  refuseOptionsOfResp(protocol, given);
  const {
    out: _out,
    backendOption: _options,
    backendModule: _module,
    rate = null,
    user,
    password,
    db,
    ...others
  } = flags;
  const { bulkConnections, bulkBytes, bulkOperation, generator, ...rest } = others;
  hidePassword(password, `bypassbench ${command.name()}`);
  const trace = await traceOf(flags, given);
  const cores = coresOf(flags);
  const threads = flags.threads ?? Math.max(1, cores.length);
  sayFewCores(threads, cores);
  const whole: LoadOptions = {
    ...rest,
    ...(await workloadOf(
      { ...flags, ...((isMessageProtocol(protocol) || trace !== null) && ONE_KEY) },
      flags.populate,
    )),
    ...(trace !== null && { valueBytes: trace.survey.meanValueBytes }),
    replyTimeoutS: flags.replyTimeoutS ?? replyTimeoutS(protocol),
    target: await resolveTarget(flags.target, '--target'),
    sendsLike: null,
    login: isMessageProtocol(protocol)
      ? null
      : loginOf({ user, password, database: db }, process.env, {
          user: '--user',
          password: '--password',
        }),
    ...(await chooseBackend(flags)),
    bulk: bulkOf({ bulkConnections, bulkBytes, bulkOperation }),
    rateOps: trace === null ? rate : traceRateOps(trace),
    trace,
    scheduleSeed: flags.seed,
    arrivals: flags.arrivals ?? (rate === null ? null : 'poisson'),
    core: cores.length === 1 ? cores[0] : null,
    thread: 0,
    threads,
    cores,
    durationS: flags.durationS ?? (flags.requests === undefined && trace === null ? 5 : null),
    requests: flags.requests ?? null,
    serverStamps: flags.serverStamps ?? null,
    serverCore: flags.serverCore ?? null,
    serverPid: flags.serverPid ?? null,
    serverBusyTime: flags.serverBusyTime ?? null,
    generator: null,
  };
  return checkOptions(generator === undefined ? whole : partOfGenerator(whole, generator), names);
}

async function load(flags: LoadFlags, command: Command): Promise<void> {
  const { out } = flags;
  const options = await optionsOf(flags, command);
  if (options.stampsEvery > 0 && out === undefined) {
    throw new LoadError('INVALID_OPTION', '--stamps-every needs --out DIR, where the stamps go');
  }
  // A folder that cannot be made is better found before the measurement than after it.
  if (out !== undefined) await createResultFolder(out);
  const outcome = await runLoad(options);
  if (outcome === null) {
    process.exitCode = 130;
    return;
  }
  if (out !== undefined)
    await writeResult(
      out,
      {
        ...options,
        target: flags.target,
        rateOps: options.rateOps && options.rateOps / (options.generator?.of ?? 1),
        mix: options.operation === MIX ? weightsByName(options.mix) : null,
        versions: {},
      },
      outcome,
    );
  console.log(describeOutcome(outcome));
  const unanswered = unansweredInWords(outcome);
  if (unanswered !== null) {
    console.error(
      `bypassbench: ${unanswered}: the latencies are lower bounds; see the server's log, or offer it less`,
    );
    process.exitCode = UNANSWERED_EXIT;
  }
}

/** The cores of all threads; none where they are not pinned. Throws INVALID_OPTION. */
function coresOf({ core, cores, threads }: LoadFlags): number[] {
  if (core !== undefined && (cores !== undefined || (threads ?? 1) > 1)) {
    throw new LoadError('INVALID_OPTION', '--core is of one thread: name the cores of several with --cores');
  }
  if (cores !== undefined && threads !== undefined && cores.length > threads) {
    const more = `--cores names ${cores.length} cores for --threads ${threads}`;
    throw new LoadError('INVALID_OPTION', `${more}: give as many threads, or fewer cores`);
  }
  return cores ?? (core === undefined ? [] : [core]);
}

/** Polling threads that share a core take it from each other. */
function sayFewCores(threads: number, cores: readonly number[]): void {
  const here = cores.length === 0 ? availableParallelism() : cores.length;
  if (threads > 1 && threads > here) {
    console.error(
      `bypassbench: ${threads} threads share ${here} ${here === 1 ? 'core' : 'cores'}: their latencies include the time ` +
        'for which they wait for each other',
    );
  }
}

/** Throws INVALID_OPTION for what says of bulk how, but not that there is some. */
function bulkOf({
  bulkConnections: connections,
  bulkBytes: valueBytes,
  bulkOperation: operation,
}: Pick<LoadFlags, 'bulkConnections' | 'bulkBytes' | 'bulkOperation'>): BulkOptions | null {
  if (connections !== undefined) {
    return { connections, valueBytes: valueBytes ?? BULK_BYTES, operation: operation ?? 'get' };
  }
  const given =
    valueBytes !== undefined ? '--bulk-bytes' : operation !== undefined ? '--bulk-operation' : null;
  if (given === null) return null;
  throw new LoadError(
    'INVALID_OPTION',
    `${given} says how bulk is carried: give --bulk-connections too, or leave both out`,
  );
}
