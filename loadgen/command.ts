/** `bypassbench load`: the load generator's command line. */
import { Command, Option } from 'commander';
import {
  type BackendOptions,
  backends,
  finishedOrSignalled,
  startDataPath,
  withBackendOption,
} from '../libos/index.ts';
import {
  type ArrivalKind,
  arrivalKinds,
  keyDistributions,
  operations,
  waitModes,
} from '../results/formats/lists.ts';
import { atLeast, integer, perSecond, seconds, share } from './arguments.ts';
import { LoadError } from './errors.ts';
import type { GeneratorInput } from './measurement/measuring.ts';
import { checkOptions, type LoadOptions, type LoadOutcome, parseTarget } from './measurement/options.ts';
import { phaseNames } from './measurement/phases.ts';
import { createResultFolder, describeOutcome, writeResult } from './measurement/result.ts';
import { showProgress } from './progress-bar.ts';

/** The parsed command line, as commander names the options. */
interface Flags
  extends Omit<
    LoadOptions,
    'target' | 'backendOptions' | 'core' | 'durationS' | 'requests' | 'rateOps' | 'arrivals' | 'serverStamps'
  > {
  target: string;
  rate?: number;
  arrivals?: ArrivalKind;
  backendOption?: BackendOptions;
  core?: number;
  durationS?: number;
  requests?: number;
  serverStamps?: string;
  out?: string;
}

export function command(): Command {
  return new Command('load')
    .description(
      `Puts load on a Redis-compatible server and measures every request's latency.

Closed loop, unless --rate is given: each connection keeps --pipeline requests outstanding and sends the next one when \
a reply comes. It asks how long a request takes, and how many the server can answer. While the server stalls nothing \
is sent, so that a stall is seen by the few requests that are outstanding only.

Open loop, with --rate: requests are due by a schedule, whatever replies do, as those of independent users are. Latency \
is the response time, from the time at which a request was intended to be sent, so that what had to wait counts with \
its waiting (no coordinated omission); the service time, from the actual sending, is told beside it. A request that is \
due goes to the next connection that has fewer than --pipeline outstanding and otherwise waits its turn. Above what the \
server can answer, response times grow with --duration-s and say nothing else.

Every reply is checked: keys hold a value that follows from the key and the seed, so fill them with --populate
first. A wrong value, an error or a miss is counted as such and is no latency sample.

Exit code: 0 when the load was carried out, whatever the replies were; 1 when it could not be; 130 when interrupted.`,
    )
    .requiredOption('--target <ipv4:port>', 'the server')
    .addOption(
      new Option('--backend <name>', 'libOS backend to reach it by').choices([...backends]).default('kernel'),
    )
    .option(
      '-o, --backend-option <key=value>',
      'tell the backend about its device; can be given many times',
      withBackendOption,
    )
    .addOption(new Option('--operation <name>', 'what to ask').choices([...operations]).default('get'))
    .option('--get-share <share>', 'share of GETs in a mix, 0 to 1', share, 0.5)
    .option('--connections <n>', 'connections', atLeast(1), 1)
    .option('--idle-connections <n>', 'connections opened beside these that send nothing', atLeast(0), 0)
    .option('--pipeline <n>', 'requests outstanding per connection; with --rate, at most', atLeast(1), 1)
    .option('--rate <ops>', 'open loop: send so many requests per second', perSecond)
    .addOption(
      new Option(
        '--arrivals <kind>',
        'with --rate: evenly spread, or with the gaps of independent users (default: poisson)',
      ).choices([...arrivalKinds]),
    )
    .option('--keys <n>', 'size of the key space', atLeast(1), 1_000_000)
    .addOption(
      new Option('--key-distribution <name>', 'how keys are drawn')
        .choices([...keyDistributions])
        .default('uniform'),
    )
    .option('--value-bytes <n>', 'length of each value', atLeast(1), 64)
    .option('--warmup-s <seconds>', 'time before the measured window', seconds, 1)
    .option(
      '--duration-s <seconds>',
      'length of the measured window (default: 5, unless --requests is given)',
      seconds,
    )
    .option('--requests <n>', 'measure this many requests instead of a time', atLeast(1))
    .option('--seed <n>', 'seed of the key sequence and the values', integer, 1)
    .addOption(
      new Option('--wait <how>', 'spin while waiting, or sleep in the kernel')
        .choices([...waitModes])
        .default('poll'),
    )
    .option('--core <n>', "pin the generator's thread to this core", atLeast(0))
    .option('--populate', 'set every key before the warm-up', false)
    .option('--reply-timeout-s <seconds>', 'give up when no reply comes for so long', seconds, 10)
    .option(
      '--stamps-every <n>',
      'stamp the stages of requests in one window of time of so many (1: all, 0: none); wants --out',
      atLeast(0),
      0,
    )
    .option(
      '--server-stamps <file>',
      'file that a server on this machine was started with (serve --stamps): it stamps in the same windows',
    )
    .option(
      '--out <dir>',
      'write result.json, pauses.json, stamps, and per operation OP.hdr (mergeable) and OP.hgrm (microseconds) there',
    )
    .action(load);
}

async function load(flags: Flags): Promise<void> {
  const { out, backendOption = {}, rate = null, ...rest } = flags;
  const options = checkOptions({
    ...rest,
    target: parseTarget(flags.target),
    backendOptions: backendOption,
    rateOps: rate,
    arrivals: flags.arrivals ?? (rate === null ? null : 'poisson'),
    core: flags.core ?? null,
    durationS: flags.durationS ?? (flags.requests === undefined ? 5 : null),
    requests: flags.requests ?? null,
    serverStamps: flags.serverStamps ?? null,
  });
  if (options.stampsEvery > 0 && out === undefined) {
    throw new LoadError('INVALID_OPTION', '--stamps-every wants --out DIR, for the stamps');
  }
  // Now, not after the measurement, is the time to find that there is nowhere to write to.
  if (out !== undefined) await createResultFolder(out);
  const outcome = await generate(options);
  if (outcome === null) {
    process.exitCode = 130;
    return;
  }
  if (out !== undefined) await writeResult(out, { ...options, target: flags.target, versions: {} }, outcome);
  console.log(describeOutcome(outcome));
}

/** Runs the generator on its thread. Returns null when a signal ended it. */
async function generate(options: LoadOptions): Promise<LoadOutcome | null> {
  const progress = new Float64Array(new SharedArrayBuffer(24));
  const input: GeneratorInput = { options, progress };
  const dataPath = startDataPath<GeneratorInput, null, LoadOutcome | null>(
    new URL('./measurement/generator.ts', import.meta.url),
    input,
    options.core,
  );
  const bar = showProgress(progress, phaseNames);
  try {
    return await finishedOrSignalled(dataPath);
  } finally {
    bar?.stop();
  }
}
