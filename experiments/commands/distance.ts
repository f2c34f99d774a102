/** `bypassbench distance`: how far two cores are apart, over time. */
import cliProgress from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import {
  type CoreRelation,
  coreRelation,
  type DistanceSurvey,
  decimal,
  surveyDistance,
} from '../../libos/index.ts';
import { describeDistance, foundIn } from '../distance/found.ts';
import { ExperimentError } from '../errors.ts';
import { INTERRUPTED_EXIT_CODE, interruptible } from '../interrupt.ts';
import { availableCores } from '../machine/machine.ts';

const COLUMNS_WITHOUT_TERMINAL = 110;
const DEFAULT_SECONDS = 10;
const FEWEST_SECONDS = 0.1;
const MOST_SECONDS = 3600;

const HELP = `
A cache line is bounced between two threads, one on each core, every 10 ms. What two programs take that talk through
memory depends on it, and in a virtual machine it changes: the host moves virtual cores between parts of the processor
that share a cache and parts that do not.

The first core is kept busy all the time, as a load generator keeps its own; on the second a helper sleeps in between.
A state is a range of distances that the machine comes back to, found in the readings. How long it stays in each is
printed beside it. What sysfs says of two virtual cores need not be so.

Each reading also does a fixed piece of work on both cores. It takes one and the same time on a core that is alone, and
longer while somebody else uses the core too, such as another virtual machine on the core's other hardware thread.

Ctrl-C ends it early, and what was read until then is shown. Exit code: 0 when the distance was read, 1 when not, 130
when interrupted.

Examples:
  bypassbench distance
  bypassbench distance --cores 0,1 --seconds 60
  bypassbench distance --json | jq '.states[] | {name, median_ns, share}'
  bypassbench distance --json | jq '.work[] | {core, alone_ns, shared_share}'`;

interface Options {
  cores?: [number, number];
  seconds: number;
  json: boolean;
}

export function command(): Command {
  return new Command('distance')
    .description(
      'How long a cache line takes from one core to another and back over time, and who shares them.',
    )
    .option(
      '--cores <a,b>',
      'the busy core and the one of the helper (default: the first two of this process)',
      twoCores,
    )
    .option('--seconds <s>', 'for how long', decimal(FEWEST_SECONDS, MOST_SECONDS), DEFAULT_SECONDS)
    .option('--json', 'print readings and states as JSON', false)
    .addHelpText('after', HELP)
    .action(distance);
}

function twoCores(text: string): [number, number] {
  const [, first, second] = /^(\d+),(\d+)$/.exec(text) ?? [];
  if (second === undefined) throw new InvalidArgumentError('It must be two cores, such as 0,1.');
  return [Number(first), Number(second)];
}

async function distance({ seconds, json, ...options }: Options): Promise<void> {
  const cores = options.cores ?? firstTwo();
  const topology: CoreRelation = coreRelation(...cores);
  let interrupted = false;
  const survey = await interruptible(
    async (signal) => {
      const survey = await surveyed(cores, seconds, signal);
      interrupted = signal.aborted;
      return survey;
    },
    () => {},
  );
  if (interrupted) process.exitCode = INTERRUPTED_EXIT_CODE;
  if (!survey.median_ns.some((ns) => ns !== null)) {
    if (interrupted) return;
    throw new ExperimentError(
      'MACHINE_UNSUPPORTED',
      `core ${cores[1]} gave the helper no time in ${seconds} s: something takes all of it (see top); name another core`,
    );
  }
  const found = foundIn(survey, cores, topology);
  const columns = process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL;
  console.log(json ? JSON.stringify(found) : describeDistance(found, columns));
}

function firstTwo(): [number, number] {
  const [first, second] = availableCores();
  if (first === undefined || second === undefined) {
    throw new ExperimentError(
      'MACHINE_UNSUPPORTED',
      `this process may run on core ${first} only, and one core has no distance: see nproc and taskset -p`,
    );
  }
  return [first, second];
}

/** With a bar where standard error is a terminal. */
async function surveyed(
  cores: readonly [number, number],
  seconds: number,
  signal: AbortSignal,
): Promise<DistanceSurvey> {
  if (!process.stderr.isTTY) return surveyDistance({ cores, seconds, signal });
  const bar = new cliProgress.SingleBar({
    format: 'cores {cores} [{bar}] {value} of {total} s   {now}',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(seconds, 0, { cores: cores.join(', '), now: '' });
  const onReading = (at_s: number, median_ns: number | null) =>
    bar.update(Number(at_s.toFixed(1)), {
      now: median_ns === null ? 'no reading' : `${median_ns.toFixed(0)} ns`,
    });
  try {
    return await surveyDistance({ cores, seconds, signal, onReading });
  } finally {
    bar.stop();
  }
}
