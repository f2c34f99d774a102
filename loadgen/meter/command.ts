/** `bypassbench meter`: another program as load generator, whose results are written as those of `bypassbench load`. */
import { Command, Option } from 'commander';
import { SOCKETS_BACKEND, wholeNumber } from '../../libos/index.ts';
import { core, seconds, secondsOrNone, valueBytes } from '../arguments.ts';
import type { Login } from '../connections/login.ts';
import { resolveTarget } from '../connections/target.ts';
import type { LoadOptions } from '../measurement/options.ts';
import { plainLoad } from '../measurement/plain-load.ts';
import { createResultFolder, describeOutcome, writeResult } from '../measurement/result.ts';
import { runLoad } from '../measurement/run-load.ts';
import { type MeterOptions, measureWithRedisBenchmark } from './redis-benchmark.ts';

/** Of redis-benchmark's own numbers, which are ints. */
const INT_MAX = 2 ** 31 - 1;
const KEY_DISTRIBUTIONS = ['uniform', 'single'] as const;

interface Flags extends Omit<MeterOptions, 'host' | 'port' | 'core' | 'serverCore'> {
  target: string;
  keyDistribution: (typeof KEY_DISTRIBUTIONS)[number];
  core?: number;
  serverCore?: number;
  populate: boolean;
  seed: number;
  out?: string;
}

export function command(): Command {
  return new Command('meter')
    .description('Measures with another load generator, and writes its results as those of bypassbench load.')
    .addCommand(redisBenchmark());
}

function redisBenchmark(): Command {
  return new Command('redis-benchmark')
    .description(
      `Runs redis-benchmark against a Redis-compatible server over the kernel, several times half a second. Each run is a \
slice of the measured window, as long as redis-benchmark itself says. Before each and behind the last one nothing is in \
flight, and the distance of the two cores is read.

Latencies are redis-benchmark's: as many as it prints a distribution of, each up to the next time that it prints, and in \
a pipeline those of its first reply. Its keys are drawn anew each time, by no seed.

Exit code: 0 when it was measured; 1 when it could not be; 130 when interrupted.`,
    )
    .requiredOption('--target <host:port>', 'the server: a name that has an IPv4 address, or the address')
    .addOption(new Option('--operation <name>', 'operation to send').choices(['get', 'set']).default('get'))
    .option('--connections <n>', 'connections (-c)', wholeNumber(1, 100_000), 1)
    .option('--pipeline <n>', 'requests sent together (-P)', wholeNumber(1, 100_000), 1)
    .option('--keys <n>', 'size of the key space (-r)', wholeNumber(1, INT_MAX), 1_000_000)
    .addOption(
      new Option('--key-distribution <name>', 'how keys are drawn')
        .choices([...KEY_DISTRIBUTIONS])
        .default('uniform'),
    )
    .option('--value-bytes <n>', 'length of each value (-d)', valueBytes, 64)
    .option('--warmup-s <seconds>', 'runs before the measured window', secondsOrNone, 1)
    .option('--duration-s <seconds>', 'length of the runs in the measured window, together', seconds, 5)
    .option('--core <n>', 'pin redis-benchmark to this core', core)
    .option('--server-core <n>', 'core of a server on this machine; needs --core', core)
    .option('--populate', 'set every key first, with the load generator of this project', false)
    .option('--seed <n>', 'seed of the values that --populate sets', wholeNumber(0, INT_MAX), 1)
    .option(
      '--out <dir>',
      "write result.json, slices.json.gz, OP.hdr and OP.hgrm there, as 'bypassbench load' does",
    )
    .addHelpText('after', EXAMPLE)
    .action(measure);
}

const EXAMPLE = `
To put load on a server by redis-benchmark's own flags, with the load generator of this project, see 'bypassbench
redis-benchmark'.

Example:
  bypassbench meter redis-benchmark --target 127.0.0.1:6379 --populate --connections 50 --pipeline 32 --core 1`;

async function measure(flags: Flags): Promise<void> {
  const { out, target, keyDistribution, populate, ...rest } = flags;
  const endpoint = await resolveTarget(target, '--target');
  const keys = keyDistribution === 'single' ? 1 : flags.keys;
  if (out !== undefined) await createResultFolder(out);
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGTERM', stop).once('SIGINT', stop);
  if (populate && !(await fill(flags, endpoint, keys))) {
    process.exitCode = 130;
    return;
  }
  const outcome = await measureWithRedisBenchmark(
    {
      ...rest,
      host: endpoint.address,
      port: endpoint.port,
      keys,
      core: flags.core ?? null,
      serverCore: flags.serverCore ?? null,
    },
    stopping.signal,
  );
  process.off('SIGTERM', stop).off('SIGINT', stop);
  if (outcome === null) {
    process.exitCode = 130;
    return;
  }
  const setup = {
    target,
    backend: SOCKETS_BACKEND,
    protocol: 'resp' as const,
    // It sleeps in epoll_wait.
    idle: 'sleep' as const,
    connections: flags.connections,
    idleConnections: 0,
    pipeline: flags.pipeline,
    rateOps: null,
    arrivals: null,
    trace: null,
    keys: flags.keys,
    keyDistribution,
    mix: null,
    valueBytes: flags.valueBytes,
    seed: flags.seed,
    core: flags.core ?? null,
    warmupS: flags.warmupS,
    versions: outcome.versions,
  };
  if (out !== undefined) await writeResult(out, setup, outcome);
  console.log(describeOutcome(outcome));
}

const NO_LOGIN: Login = { user: null, password: null, database: 0, version: 2 };

/** Sets all keys; false when it was interrupted. */
async function fill(
  { valueBytes: bytes, seed, core: pinned }: Flags,
  target: LoadOptions['target'],
  keys: number,
): Promise<boolean> {
  const plain = plainLoad({
    target,
    login: NO_LOGIN,
    backend: SOCKETS_BACKEND,
    backendOptions: {},
    idle: 'poll',
    core: pinned ?? null,
    connections: 1,
    threads: 1,
    pipeline: 1,
    requests: 1,
    durationS: null,
    rateOps: null,
    seed,
    sendsLike: null,
  });
  return (await runLoad({ ...plain, keys, valueBytes: bytes, populate: true })) !== null;
}
