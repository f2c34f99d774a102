/** `bypassbench knee`: the highest rate whose latency stays under a limit. */
import { Command } from 'commander';
import { decimal, wholeNumber } from '../../libos/index.ts';
import { peakRateOps } from '../../results/formats/arrival-patterns.ts';
import { mostRateOps } from '../../results/formats/load-checks.ts';
import { flagNames, perSecond, seconds } from '../arguments.ts';
import { type LoadFlags, command as loadCommand, optionsOf } from '../command.ts';
import { LoadError } from '../errors.ts';
import type { LoadOptions } from '../measurement/options.ts';
import { describeKnee, describeRate } from './report.ts';
import { findKnee, type Knee, type KneeOptions } from './search.ts';
import { runTrial } from './trial.ts';

/** Of `load`: what a trial has no use for, or what the search chooses. */
const NOT_OF_TRIALS = [
  'rate',
  'trace',
  'traceSpeed',
  'requests',
  'durationS',
  'stampsEvery',
  'serverStamps',
  'serverCore',
  'serverPid',
  'serverBusyTime',
  'generator',
  'out',
];
/** A load has the rate of its trial. */
const names = { ...flagNames, rate: '--start-rate' };
const TRIALS_MAX = 1000;
const US_MAX = 1e9;

interface Flags extends LoadFlags {
  limitUs: number;
  percentile: number;
  within: number;
  trials: number;
  startRate: number;
  lowestRate: number;
  highestRate?: number;
  durationS: number;
  json?: string;
}

export function command(): Command {
  const knee = new Command('knee')
    .description(
      `Finds the highest rate at which a percentile of the response time stays under a limit, in an open loop.

Each rate is measured in several trials, each a load of its own. It passes when an upper bound for the median of the \
percentile over trials is under the limit, with at least 95 % confidence where there are five trials or more: of so many \
trials so many must be under the limit (order statistics; docs/load-generator.md). The rate is doubled until one fails, \
and then halved between the highest that passes and the lowest that does not, until they are --within of each other. \
What is printed is that interval.

A rate that fails by what the load generator sent late although there was room for it is no failure of the server: it is \
told apart. What waits for room in a window waits for the server.

Flags as of 'bypassbench load'. Give --connections and --pipeline enough for what waits: a request that finds no room \
waits, and that is part of its response time. With --populate the keys are filled before the first trial.

Exit code: 0 when the search ended, whatever it found; 1 when a load could not be carried out; 130 when interrupted.`,
    )
    .requiredOption('--limit-us <us>', 'limit of the percentile, in microseconds', decimal(0.1, US_MAX))
    .option('--percentile <p>', 'percentile of the response time', decimal(1, 99.999), 99)
    .option('--within <percent>', 'how near to each other the two rates end', decimal(0.1, 100), 5)
    .option('--trials <n>', 'trials of a rate', wholeNumber(1, TRIALS_MAX), 5)
    .option('--start-rate <ops>', 'rate of the first trial', perSecond, 1000)
    .option('--lowest-rate <ops>', 'rate below which the search ends', perSecond, 10)
    .option(
      '--highest-rate <ops>',
      'rate above which the search ends (default: what no thread can send on any machine)',
      perSecond,
    )
    .option('--duration-s <seconds>', 'length of the measured window of a trial', seconds, 2)
    .option('--json <file>', 'write all of it there');
  for (const option of loadCommand().options) {
    if (!NOT_OF_TRIALS.includes(option.attributeName())) knee.addOption(option);
  }
  return knee.addHelpText('after', EXAMPLES).action(run);
}

const EXAMPLES = `
Examples:
  bypassbench knee --target 127.0.0.1:6379 --limit-us 500 --connections 50 --pipeline 16 --populate --core 1
  bypassbench knee --target 127.0.0.1:7000 --protocol echo --limit-us 50 --percentile 99.9 --json knee.json`;

async function run(flags: Flags, command: Command): Promise<void> {
  // With a rate, so that all that contradicts it is found before the first trial.
  const load = await optionsOf({ ...flags, rate: flags.startRate, stampsEvery: 0 }, command, names);
  const search = searchOf(flags, load);
  const { percentile } = flags;
  let trial = 0;
  const measure = (rateOps: number) => {
    trial++;
    const populate = load.populate && trial === 1;
    return runTrial(
      { ...load, rateOps, populate, scheduleSeed: load.seed + trial },
      { percentile, limitUs: search.limitUs },
    );
  };
  const knee = await findKnee(search, measure, (rate) =>
    console.error(describeRate(rate, percentile, search.limitUs)),
  );
  if (flags.json !== undefined) await write(flags.json, flags, load, knee);
  console.log(describeKnee(knee, search, percentile));
  if (knee.end === 'interrupted') process.exitCode = 130;
}

/** Throws INVALID_OPTION. */
function searchOf(
  { limitUs, within, trials, startRate, lowestRate, highestRate: said }: Flags,
  { threads, arrivals }: LoadOptions,
): KneeOptions {
  const mostOps = Math.floor(mostRateOps(threads) / peakRateOps(arrivals ?? 'poisson', 1));
  const highestRate = said ?? mostOps;
  if (highestRate > mostOps) {
    throw new LoadError(
      'INVALID_OPTION',
      `--highest-rate ${highestRate} is more than so many threads send on any machine (${threads}), with these arrivals: ` +
        `give at most ${mostOps}, or more --threads`,
    );
  }
  if (lowestRate > startRate || startRate > highestRate) {
    throw new LoadError(
      'INVALID_OPTION',
      `--start-rate ${startRate} must lie between --lowest-rate ${lowestRate} and --highest-rate ${highestRate}`,
    );
  }
  return {
    limitUs,
    within: within / 100,
    trials,
    startOps: startRate,
    lowestOps: lowestRate,
    highestOps: highestRate,
  };
}

async function write(file: string, flags: Flags, load: LoadOptions, knee: Knee): Promise<void> {
  // What checks files is loaded when there is something to write, as for the result of a load.
  const { kneeFormat, replaceFile } = await import('../../results/formats/index.ts');
  const content = kneeFormat.write({
    schema: kneeFormat.schema,
    target: flags.target,
    backend: load.backend,
    percentile: flags.percentile,
    limit_us: flags.limitUs,
    within: flags.within / 100,
    end: knee.end,
    passes_ops: knee.passesOps,
    fails_ops: knee.failsOps,
    confidence: knee.confidence,
    trials: knee.rates.reduce((sum, { trials }) => sum + trials.length, 0),
    rates: knee.rates.map(({ rateOps, verdict, upperBoundUs, trials }) => ({
      rate_ops: rateOps,
      verdict,
      upper_bound_us: upperBoundUs,
      trials: trials.map(({ latencyUs, isGeneratorLate }) => ({
        latency_us: Number.isFinite(latencyUs) ? latencyUs : null,
        is_generator_late: isGeneratorLate,
      })),
    })),
    connections: load.connections,
    pipeline: load.pipeline,
    threads: load.threads,
    warmup_s: load.warmupS,
    duration_s: flags.durationS,
    seed: load.seed,
    versions: { node: process.versions.node },
  });
  await replaceFile(file, content);
}
