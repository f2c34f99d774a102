/** `bypassbench memtier`: memtier_benchmark's main flags, with the same meaning, for the generator of this project. */
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { build, decodeFromCompressedBase64, type Histogram, HistogramLogWriter } from 'hdr-histogram-js';
import {
  type BackendFlags,
  backendNamed,
  chooseBackend,
  decimal,
  wholeNumber,
  withBackendFlags,
} from '../../libos/index.ts';
import { idleModes } from '../../results/formats/lists.ts';
import { outstandingProblem, rateProblem } from '../../results/formats/load-checks.ts';
import { core, flagNames, perSecond, refuseProblems, seconds } from '../arguments.ts';
import { hidePassword, loginOf } from '../connections/login.ts';
import { addressOf } from '../connections/target.ts';
import { LoadError } from '../errors.ts';
import { formerIdleFlag } from '../former-flags.ts';
import { Distribution } from '../measurement/distribution.ts';
import type { LoadOptions, LoadOutcome } from '../measurement/options.ts';
import { plainLoad } from '../measurement/plain-load.ts';
import { encodeHistogram } from '../measurement/recorder.ts';
import { unansweredInWords } from '../measurement/result.ts';
import { runLoad } from '../measurement/run-load.ts';
import { withoutFlags } from '../missing-flags.ts';
import type { MemtierWorkload } from '../workload/memtier-requests.ts';
import { missingFlags } from './missing.ts';
import { jsonOf, type MemtierReport, type OperationReport, runInWords, tableOf } from './report.ts';
import {
  parseCredentials,
  parseKeyPattern,
  parsePercentiles,
  parseProtocol,
  parseRatio,
  parseRequests,
  requestsForAllKeys,
} from './words.ts';

const CLIENTS_MAX = 1_000_000;
const THREADS_MAX = 500;
const KEYS_MAX = 2 ** 32 - 1;
const VALUE_BYTES_MAX = 512 * 1024 * 1024;
const DATABASE_MAX = 2 ** 31 - 1;
/** What it calls its flags. */
const names = {
  ...flagNames,
  connections: '--clients',
  rate: '--rate-limiting (of all clients together)',
  duration: '--test-time',
};
/** Of memtier_benchmark, where neither requests nor a time is said. */
const REQUESTS = 10_000;

/** The parsed command line, as commander names the options. */
interface Flags extends BackendFlags {
  server: string;
  port: number;
  protocol: 2 | 3;
  authenticate?: { user?: string; password: string };
  selectDb: number;
  clients: number;
  threads: number;
  requests?: number | 'allkeys';
  testTime?: number;
  ratio: MemtierWorkload['ratio'];
  pipeline: number;
  rateLimiting?: number;
  dataSize: number;
  randomData: boolean;
  keyPrefix: string;
  keyMinimum: number;
  keyMaximum: number;
  keyPattern: MemtierWorkload['patterns'];
  keyStddev?: number;
  keyMedian?: number;
  keyZipfExp?: number;
  distinctClientSeed: boolean;
  randomize: boolean;
  printPercentiles: number[];
  jsonOutFile?: string;
  hdrFilePrefix?: string;
  idle?: LoadOptions['idle'];
  core?: number;
}

const HELP = `
Takes main flags of memtier_benchmark 2, each with the same meaning; what it sends and how it counts is this project's
load generator. What differs:

- With --rate-limiting requests are due by a schedule, evenly, and latencies count from when they were due: a rate that the
  server cannot keep shows. memtier_benchmark counts from the sending.
- The JSON file has no time series and no bytes.

What memtier_benchmark has and this has not says why when it is given, and what there is instead.

Exit code: 0 when all was sent and answered; 1 when not, the reason on standard error; 130 when interrupted.

Examples:
  bypassbench memtier -s db.example --ratio 1:0 --key-pattern P:P -n allkeys --key-maximum 100000    # fills the keys
  bypassbench memtier -s db.example --test-time 30 --pipeline 4 --json-out-file out.json`;

export function command(): Command {
  const command = withBackendFlags(new Command('memtier'), 'libOS backend that reaches the server', false)
    .description("Puts load on a server as memtier_benchmark does, with main flags of memtier_benchmark's.")
    .helpOption('--help', 'display help for command')
    .option('-s, --server <addr>', 'server: a name that has an IPv4 address, or the address', 'localhost')
    .option('-p, --port <port>', 'port of the server', wholeNumber(1, 65535), 6379)
    .addOption(
      new Option(
        '-P, --protocol <name>',
        'redis or resp2; resp3, which each connection asks for first (HELLO 3)',
      )
        .argParser(parseProtocol)
        .default(2, 'redis'),
    )
    .option('-4, --ipv4', 'IPv4, which is all that there is', true)
    .option(
      '-a, --authenticate <credentials>',
      'password, or user:password, which each connection gives first',
      parseCredentials,
    )
    .option(
      '--select-db <db>',
      'database, which each connection selects first',
      wholeNumber(0, DATABASE_MAX),
      0,
    )
    .option('-c, --clients <number>', 'clients of each thread', wholeNumber(1, CLIENTS_MAX), 50)
    .option('-t, --threads <number>', 'threads', wholeNumber(1, THREADS_MAX), 4)
    .option(
      '-n, --requests <number>',
      `requests of each client, or allkeys (default: ${REQUESTS}, unless --test-time is given)`,
      parseRequests,
    )
    .option('--test-time <secs>', 'run for so long, in the place of --requests', seconds)
    .option('--ratio <sets:gets>', 'so many SETs, then so many GETs', parseRatio, { sets: 1, gets: 10 })
    .option('--pipeline <number>', 'requests of a client at a time', wholeNumber(1, CLIENTS_MAX), 1)
    .option('--rate-limiting <number>', 'requests per second of each client', perSecond)
    .option('-d, --data-size <size>', 'bytes of a value', wholeNumber(1, VALUE_BYTES_MAX), 32)
    .option('-R, --random-data', "random values, in the place of x's", false)
    .option('--key-prefix <prefix>', 'what keys begin with', 'memtier-')
    .option('--key-minimum <number>', 'number of the first key', wholeNumber(0, KEYS_MAX), 0)
    .option('--key-maximum <number>', 'number of the last key', wholeNumber(0, KEYS_MAX), 10_000_000)
    .option(
      '--key-pattern <set:get>',
      'R: uniformly random, G: Gaussian, Z: Zipf, S: one after the other, P: so through a part of its own',
      parseKeyPattern,
      { set: 'R', get: 'R' },
    )
    .option(
      '--key-stddev <number>',
      'of Gaussian keys (default: a sixth of the range)',
      decimal(0.001, KEYS_MAX),
    )
    .option('--key-median <number>', 'of Gaussian keys (default: the middle)', decimal(0, KEYS_MAX))
    .option('--key-zipf-exp <number>', 'exponent of Zipf (default: 1)', decimal(0, 5))
    .option('--distinct-client-seed', 'each client draws keys of its own; else all draw the same', false)
    .option('--randomize', 'seed by the time, in the place of one that is always the same', false)
    .option('--print-percentiles <list>', 'of latencies', parsePercentiles, [50, 99, 99.9])
    .option('--hide-histogram', 'print no histogram, which is never printed here', true)
    .option('--json-out-file <file>', 'write the results there as JSON')
    .option(
      '--hdr-file-prefix <file>',
      'write PREFIX_FULL_RUN_1 and PREFIX_SET_command_run_1 and the like, as .txt (percentiles) and .hgrm (histogram log)',
    )
    .addOption(
      new Option(
        '--idle <how>',
        'while nothing comes, spin (poll) or sleep in the kernel (sleep, default where what arrives wakes a thread, as \
over it)',
      ).choices([...idleModes]),
    )
    .addOption(formerIdleFlag())
    .option('--core <n>', "pin the generator's thread to this core", core)
    .addHelpText('after', HELP)
    .action(run);
  return withoutFlags(command, 'memtier_benchmark', missingFlags);
}

async function run(flags: Flags): Promise<void> {
  hidePassword(flags.authenticate?.password, 'bypassbench memtier');
  const options = await loadOptions(flags);
  const outcome = await runLoad(options);
  if (outcome === null) {
    process.exitCode = 130;
    return;
  }
  const endMs = Date.now();
  const startMs = endMs - outcome.elapsed_s * 1000;
  const histograms = histogramsOf(outcome);
  const report: MemtierReport = {
    threads: flags.threads,
    connectionsPerThread: flags.clients,
    requestsPerClient: requestsPerClient(flags),
    testTimeS: flags.testTime ?? null,
    elapsedS: outcome.elapsed_s,
    percentiles: flags.printPercentiles,
    operations: reportsOf(outcome, histograms.FULL),
  };
  console.log(`${runInWords(report)}\n\n${tableOf(report)}`);
  if (flags.jsonOutFile !== undefined)
    await writeFile(flags.jsonOutFile, jsonOf(report, configuration(flags)));
  if (flags.hdrFilePrefix !== undefined)
    await writeHistograms(flags.hdrFilePrefix, histograms, { startMs, endMs });
  const errors = outcome.operations.reduce((sum, { errors, wrong }) => sum + errors + wrong, 0);
  const problem =
    unansweredInWords(outcome) ??
    (errors > 0 ? `${errors} replies were errors, or of another type: ${firstError(outcome)}` : null);
  if (problem !== null) {
    console.error(`bypassbench: ${problem}`);
    process.exitCode = 1;
  }
}

/** Throws INVALID_OPTION for flags that contradict each other. */
async function loadOptions(flags: Flags): Promise<LoadOptions> {
  const refuse = (message: string): never => {
    throw new LoadError('INVALID_OPTION', message);
  };
  const { keyMinimum, keyMaximum, keyPattern: patterns, testTime, requests } = flags;
  const connections = flags.clients * flags.threads;
  if (keyMinimum > keyMaximum) refuse(`--key-minimum ${keyMinimum} is more than --key-maximum ${keyMaximum}`);
  if (testTime !== undefined && requests !== undefined) refuse('give either --requests or --test-time');
  if (patterns.set === 'P' && keyMaximum - keyMinimum + 1 < connections) {
    refuse(
      `--key-pattern P:P: ${connections} clients cannot each have a part of ${keyMaximum - keyMinimum + 1} keys`,
    );
  }
  const isZipf = patterns.set === 'Z' || patterns.get === 'Z';
  if (isZipf && keyMinimum > 1)
    refuse('--key-pattern Z begins with the likeliest key, 1: leave --key-minimum out');
  if (isZipf && keyMaximum < 1)
    refuse('--key-pattern Z begins with key 1: give a --key-maximum of 1 or more');
  if (!isZipf && flags.keyZipfExp !== undefined)
    refuse('--key-zipf-exp is of --key-pattern Z:Z: give that too');
  const chosen = await chooseBackend(flags);
  const { threads, wakes } = backendNamed(chosen.backend).capabilities;
  if (!threads && flags.threads > 1) {
    refuse(`--backend ${chosen.backend} has one device, for one thread: give --threads 1`);
  }
  const gaussian = patterns.set === 'G' || patterns.get === 'G';
  if (!gaussian && (flags.keyStddev !== undefined || flags.keyMedian !== undefined)) {
    refuse('--key-stddev and --key-median are of Gaussian keys: give --key-pattern G:G too');
  }
  if (flags.keyMedian !== undefined && (flags.keyMedian < keyMinimum || flags.keyMedian > keyMaximum)) {
    refuse(`--key-median ${flags.keyMedian} is not between --key-minimum and --key-maximum`);
  }
  const perClient = requestsPerClient(flags);
  const rateOps = flags.rateLimiting === undefined ? null : flags.rateLimiting * connections;
  const load = puttingLoad(flags, chosen.backend, rateOps);
  const seed = flags.randomize ? Date.now() : 0;
  return plainLoad({
    ...load,
    target: { address: await addressOf(flags.server, '--server'), port: flags.port },
    login: loginOf(
      { ...flags.authenticate, database: flags.selectDb, version: flags.protocol },
      process.env,
      { user: '--authenticate', password: '--authenticate USER:PASSWORD' },
    ),
    ...chosen,
    idle: flags.idle ?? (wakes ? 'sleep' : 'poll'),
    core: flags.core ?? null,
    requests: perClient === null ? null : perClient * connections,
    seed,
    sendsLike: {
      program: 'memtier_benchmark',
      ratio: flags.ratio,
      patterns,
      keyMinimum,
      keyMaximum,
      keyStddev: flags.keyStddev ?? null,
      keyMedian: flags.keyMedian ?? null,
      keyZipfExponent: flags.keyZipfExp ?? 1,
      keyPrefix: flags.keyPrefix,
      version: flags.protocol,
      dataBytes: flags.dataSize,
      randomData: flags.randomData,
      seed,
      distinctClientSeed: flags.distinctClientSeed,
      // In an open loop the schedule says how many there are.
      requestsPerClient: rateOps === null ? perClient : null,
    },
  });
}

/** Throws INVALID_OPTION for more than can be sent, or be under way. */
function puttingLoad(
  { clients, threads, pipeline, testTime }: Flags,
  name: string,
  rateOps: number | null,
): Pick<LoadOptions, 'connections' | 'threads' | 'pipeline' | 'durationS' | 'rateOps'> {
  const load = { connections: clients * threads, threads, pipeline, durationS: testTime ?? null, rateOps };
  const backend = { name, ...backendNamed(name).capabilities };
  const rated = { ...load, arrivals: 'constant' as const, backend };
  refuseProblems([outstandingProblem(load, names), rateProblem(rated, names)], names);
  return load;
}

/** Null for a run of some time. */
function requestsPerClient({ requests, testTime, ...flags }: Flags): number | null {
  if (requests === 'allkeys') {
    const { keyMinimum, keyMaximum, keyPattern: patterns, clients, threads } = flags;
    return requestsForAllKeys({ keyMinimum, keyMaximum, patterns }, clients * threads);
  }
  return requests ?? (testTime === undefined ? REQUESTS : null);
}

const labels: Record<string, { name: string; file: string }> = {
  set: { name: 'Sets', file: 'SET' },
  get: { name: 'Gets', file: 'GET' },
};

/** By the name in files: of each operation, and FULL of all together. */
function histogramsOf({ operations }: LoadOutcome): Record<string, Histogram> {
  const histograms: Record<string, Histogram> = {};
  const all = build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3600e9,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  for (const { operation, encoded } of operations) {
    const histogram = decodeFromCompressedBase64(encoded.trim(), 64, false);
    all.add(histogram);
    histograms[labels[operation].file] = histogram;
  }
  return { FULL: all, ...histograms };
}

function reportsOf({ operations }: LoadOutcome, all: Histogram): OperationReport[] {
  const reports = operations.map(({ operation, requests, hits, misses, encoded }) => ({
    name: labels[operation].name,
    requests,
    hits,
    misses,
    latencies: new Distribution(encoded),
  }));
  const reads = reports.filter(({ name }) => name === 'Gets');
  const sum = (of: OperationReport[], key: 'requests' | 'hits' | 'misses'): number =>
    of.reduce((total, one) => total + one[key], 0);
  return [
    ...reports.sort((one, other) => (one.name > other.name ? -1 : 1)),
    {
      name: 'Totals',
      requests: sum(reports, 'requests'),
      hits: sum(reads, 'hits'),
      misses: sum(reads, 'misses'),
      latencies: new Distribution(encodeHistogram(all)),
    },
  ];
}

/** Names and formats of memtier_benchmark: percentiles in .txt, in ms; HdrHistogram's log in .hgrm. */
async function writeHistograms(
  prefix: string,
  histograms: Record<string, Histogram>,
  { startMs, endMs }: { startMs: number; endMs: number },
): Promise<void> {
  for (const [name, histogram] of Object.entries(histograms)) {
    if (histogram.totalCount === 0) continue;
    const file = name === 'FULL' ? `${prefix}_FULL_RUN_1` : `${prefix}_${name}_command_run_1`;
    await writeFile(`${file}.txt`, histogram.outputPercentileDistribution(10, 1e6));
    let log = '';
    const writer = new HistogramLogWriter((text) => {
      log += text;
    });
    writer.outputLogFormatVersion();
    writer.outputStartTime(startMs);
    writer.outputLegend();
    histogram.startTimeStampMsec = startMs;
    histogram.endTimeStampMsec = endMs;
    writer.outputIntervalHistogram(histogram, startMs / 1000, endMs / 1000, 1e6);
    await writeFile(`${file}.hgrm`, log);
  }
}

function firstError({ operations }: LoadOutcome): string {
  return operations.find(({ first_error }) => first_error !== undefined)?.first_error ?? 'of another type';
}

/** As memtier_benchmark names them; no password is among them. */
function configuration(flags: Flags): Record<string, string | number> {
  const { ratio, keyPattern } = flags;
  return {
    server: flags.server,
    port: flags.port,
    requests: requestsPerClient(flags) ?? 0,
    rate_limit: flags.rateLimiting ?? 0,
    clients: flags.clients,
    threads: flags.threads,
    test_time: flags.testTime ?? 0,
    ratio: `${ratio.sets}:${ratio.gets}`,
    pipeline: flags.pipeline,
    data_size: flags.dataSize,
    random_data: String(flags.randomData),
    key_prefix: flags.keyPrefix,
    key_minimum: flags.keyMinimum,
    key_maximum: flags.keyMaximum,
    key_pattern: `${keyPattern.set}:${keyPattern.get}`,
    key_stddev: flags.keyStddev ?? 0,
    key_median: flags.keyMedian ?? 0,
    key_zipf_exp: flags.keyZipfExp ?? 1,
    'select-db': flags.selectDb,
  };
}
