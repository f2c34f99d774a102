/** `bypassbench redis-benchmark`: redis-benchmark's flags, with the same meaning, for the generator of this project. */
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type BackendFlags,
  backendNamed,
  chooseBackend,
  wholeNumber,
  withBackendFlags,
} from '../../libos/index.ts';
import { idleModes } from '../../results/formats/lists.ts';
import { outstandingProblem } from '../../results/formats/load-checks.ts';
import { core, flagNames, refuseProblems } from '../arguments.ts';
import { hidePassword, loginCommands, loginOf, PASSWORD_VARIABLE } from '../connections/login.ts';
import { addressOf } from '../connections/target.ts';
import { LoadError } from '../errors.ts';
import { formerIdleFlag } from '../former-flags.ts';
import { Distribution } from '../measurement/distribution.ts';
import type { LoadOptions } from '../measurement/options.ts';
import { plainLoad } from '../measurement/plain-load.ts';
import { unansweredInWords } from '../measurement/result.ts';
import { runLoad } from '../measurement/run-load.ts';
import { withoutFlags } from '../missing-flags.ts';
import { holdIdle } from './idle.ts';
import { missingFlags } from './missing.ts';
import { CSV_HEADER, csvReport, longReport, quietReport, type TestReport } from './report.ts';
import { type BenchmarkTest, commandTest, requestBytes, testNames, testsOf, ValueBytes } from './suite.ts';

const CLIENTS_MAX = 1_000_000;
const PIPELINE_MAX = 1_000_000;
const REQUESTS_MAX = 1e12;
const VALUE_BYTES_MAX = 1024 ** 3;
const KEYS_MAX = 1e12;
const THREADS_MAX = 500;
const SEED_MAX = Number.MAX_SAFE_INTEGER;
const DATABASE_MAX = 2 ** 31 - 1;
/** Significant digits of a latency, as they are recorded. */
const PRECISION = 3;

/** What it calls its flags. */
const names = { ...flagNames, connections: '-c', pipeline: '-P' };

/** The parsed command line, as commander names the options. */
interface Flags extends BackendFlags {
  h: string;
  p: number;
  a?: string;
  user?: string;
  c: number;
  n: number;
  d: number;
  dbnum: number;
  r?: number;
  P: number;
  q: boolean;
  csv: boolean;
  l: boolean;
  t?: string[];
  x: boolean;
  threads: number;
  seed?: number;
  3: boolean;
  k: boolean;
  I: boolean;
  e: boolean;
  precision: 1 | 2 | 3;
  idle?: LoadOptions['idle'];
  core?: number;
}

const HELP = `
Takes the flags of redis-benchmark 7, each with the same meaning, and prints as it does; what it sends and how it counts
is this project's load generator. So it also drives a server past the kernel (--backend). What differs:

- It sends exactly -n requests; redis-benchmark sends whole pipelines.
- A latency ends when its own reply is there; redis-benchmark gives all of a pipeline that of the first.
- Replies are checked by their type, and one of another type ends the run as an error reply does.

Not there: sockets of the file system (-s), TLS, cluster mode, client tracking. Each says why when it is given.

Exit code: 0 when all was sent and answered; 1 when not, the reason on standard error; 130 when interrupted.

Examples:
  bypassbench redis-benchmark -h db.example -t set,get -n 1000000 -P 16 -q
  bypassbench redis-benchmark -r 10000 -n 10000 lpush mylist __rand_int__
  bypassbench redis-benchmark -h 10.99.0.1 -t get --backend dpdk --backend-option role=client \\
    --backend-option socket=/tmp/memif.sock --backend-option ip=10.99.0.2/24`;

export function command(): Command {
  const command = withBackendFlags(
    new Command('redis-benchmark'),
    'libOS backend that reaches the server',
    false,
  )
    .description("Puts load on a server as redis-benchmark does, with redis-benchmark's flags.")
    .helpOption('--help', 'display help for command')
    .passThroughOptions()
    .argument('[command...]', 'command to send, with its arguments, in the place of the tests')
    .option('-h <hostname>', 'server: a name that has an IPv4 address, or the address', '127.0.0.1')
    .option('-p <port>', 'port of the server', wholeNumber(1, 65535), 6379)
    .option('-a <password>', `password, which each connection gives first; better in ${PASSWORD_VARIABLE}`)
    .option('--user <username>', 'user whose password that is')
    .option('-c <clients>', 'connections', wholeNumber(1, CLIENTS_MAX), 50)
    .option('-n <requests>', 'requests of each test', wholeNumber(1, REQUESTS_MAX), 100_000)
    .option('-d <size>', 'bytes of a value', wholeNumber(1, VALUE_BYTES_MAX), 3)
    .option('--dbnum <db>', 'database, which each connection selects first', wholeNumber(0, DATABASE_MAX), 0)
    .option('-3', 'replies in RESP3, which each connection asks for first (HELLO 3)', false)
    .addOption(
      new Option(
        '-k <boolean>',
        '1: connections are kept; 0: each request has a new one, whose opening is no latency',
      )
        .argParser(keepsAlive)
        .default(true, '1'),
    )
    .option(
      '-r <keyspacelen>',
      'put a random number of twelve digits, less than this, in the place of each __rand_int__; without it the requests \
of a test are all alike',
      wholeNumber(0, KEYS_MAX),
    )
    .option(
      '-P <numreq>',
      'requests sent together, whose replies are awaited together',
      wholeNumber(1, PIPELINE_MAX),
      1,
    )
    .option('-q', 'a line for each test', false)
    .option('--csv', 'a line of CSV for each test, below those of the columns', false)
    .option('-l', 'run the tests again and again', false)
    .option('-I', 'open the connections, and hold them idle until Ctrl-C', false)
    .option('-e', 'has no effect, as there: an error reply always ends the test', false)
    .option(
      '--precision <digits>',
      'significant digits of latencies, of which three are recorded',
      wholeNumber(1, PRECISION),
      PRECISION,
    )
    .option('-t <tests>', `only these tests, separated by commas: ${testNames.join(', ')}`, parseTests)
    .option('-x', 'the last argument of the command is read from standard input', false)
    .option('--threads <num>', 'threads that share the connections', wholeNumber(0, THREADS_MAX), 0)
    .option(
      '--seed <num>',
      'seed of the random numbers (default: the time)',
      wholeNumber(-SEED_MAX, SEED_MAX),
    )
    .addOption(
      new Option(
        '--idle <how>',
        'while nothing comes, spin (poll) or sleep in the kernel (sleep, as redis-benchmark does; default where what \
arrives wakes a thread, as over the kernel)',
      ).choices([...idleModes]),
    )
    .addOption(formerIdleFlag())
    .option('--core <n>', "pin the generator's thread to this core", core)
    .addHelpText('after', HELP)
    .action(run);
  return withoutFlags(command, 'redis-benchmark', missingFlags);
}

async function run(words: string[], flags: Flags): Promise<void> {
  hidePassword(flags.a, 'bypassbench redis-benchmark');
  const { csv, l: loops } = flags;
  const version = flags[3] ? 3 : 2;
  const login = loginOf(
    { user: flags.user, password: flags.a, database: flags.dbnum, version },
    process.env,
    { user: '--user', password: '-a' },
  );
  const chosen = await chooseBackend(flags);
  const { threads, wakes } = backendNamed(chosen.backend).capabilities;
  if (flags.threads > 1 && !threads) {
    refuse(`--threads with --backend ${chosen.backend}: a process has one device, for one thread`);
  }
  checkFlags(words, flags, loginCommands(login).length > 0);
  const reach = {
    target: { address: await addressOf(flags.h, '-h'), port: flags.p },
    login,
    ...chosen,
    core: flags.core ?? null,
    connections: flags.c,
  };
  if (flags.I) return holdIdle(reach);
  const command = flags.x ? [...words, await readStandardInput()] : words;
  if (csv) console.log(CSV_HEADER);
  const values = new ValueBytes();
  const seed = flags.seed ?? Date.now();
  do {
    const tests =
      command.length > 0
        ? [commandTest(command)]
        : testsOf(values.next(flags.d), flags.r !== undefined, flags.t ?? null);
    for (const test of tests) {
      const options = plainLoad({
        ...reach,
        idle: flags.idle ?? (wakes ? 'sleep' : 'poll'),
        threads: Math.max(1, flags.threads),
        pipeline: flags.P,
        requests: flags.n,
        durationS: null,
        rateOps: null,
        seed,
        sendsLike: {
          program: 'redis-benchmark',
          keepsAlive: flags.k,
          bytes: requestBytes(test),
          randomBelow: flags.r ?? null,
          reply: test.reply,
          version,
          seed,
        },
      });
      if (!(await runTest(test, options, flags))) return;
    }
    if (!csv && command.length === 0) console.log();
  } while (loops);
}

/** Throws INVALID_OPTION for flags that contradict each other, and warns of what has no effect, or another one. */
function checkFlags(words: readonly string[], flags: Flags, logsIn: boolean): void {
  if (flags.x && words.length === 0) refuse('-x reads the last argument of a command: name the command');
  if (flags.threads > Math.min(flags.c, flags.n)) {
    const scarce = flags.threads > flags.c ? `-c ${flags.c}` : `-n ${flags.n}`;
    refuse(`--threads ${flags.threads} are more than ${scarce}: give fewer of them`);
  }
  if (!flags.k && logsIn) {
    refuse(
      '-k 0 with -a, --dbnum or -3: connections are opened while others are measured, and log in at the start alone; ' +
        'leave one of them out',
    );
  }
  refuseProblems([outstandingProblem({ connections: flags.c, pipeline: flags.P }, names)], names);
  const warn = (what: string): void => console.error(`WARNING: ${what}`);
  if (!flags.k) warn('each request has a connection of its own: ports may run out (net.ipv4.tcp_tw_reuse)');
  if (flags.e) warn('-e option has no effect. An error reply always ends the test.');
  if (words.length > 0 && flags.t) warn('Option -t is ignored.');
}

function refuse(message: string): never {
  throw new LoadError('INVALID_OPTION', message);
}

/** Runs a test and prints it; false where it is the last one. */
async function runTest(test: BenchmarkTest, options: LoadOptions, flags: Flags): Promise<boolean> {
  const outcome = await runLoad(options);
  if (outcome === null) {
    process.exitCode = 130;
    return false;
  }
  const unanswered = unansweredInWords(outcome);
  if (unanswered !== null) throw new LoadError('REPLY_TIMEOUT', `${test.title}: ${unanswered}`);
  const [{ requests, encoded }] = outcome.operations;
  const report: TestReport = {
    title: test.title,
    requests,
    elapsedS: outcome.elapsed_s,
    clients: flags.c,
    payloadBytes: test.names.length === 0 ? requestBytes(test).length : flags.d,
    threads: flags.threads,
    keepsAlive: flags.k,
    latencies: new Distribution(encoded, flags.precision),
  };
  console.log(flags.csv ? csvReport(report) : flags.q ? quietReport(report) : longReport(report));
  return true;
}

function keepsAlive(text: string): boolean {
  if (text === '0' || text === '1') return text === '1';
  throw new InvalidArgumentError('It must be 1 or 0.');
}

/** Names of tests in lower case. */
function parseTests(text: string): string[] {
  const names = text.toLowerCase().split(',');
  const unknown = names.find((name) => !testNames.includes(name));
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`There is no test '${unknown}'. There is ${testNames.join(', ')}.`);
}

async function readStandardInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('latin1');
}
