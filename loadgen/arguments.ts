/** What the generator's command lines share: ranges of numbers, and flags that cannot be. */
import { InvalidArgumentError } from 'commander';
import { decimal, wholeNumber } from '../libos/index.ts';
import { RATE_OPS_RANGE } from '../results/formats/arrival-patterns.ts';
import type { LoadNames, LoadProblem } from '../results/formats/load-checks.ts';
import { VALUE_BYTES_MAX } from '../results/formats/value-sizes.ts';
import { LoadError } from './errors.ts';

const SECONDS_MAX = 86_400;
/** Shorter times are below what the machine can time. */
const SECONDS_MIN = 0.001;

/** Linux's largest number of a core (CPU_SETSIZE of the libOS) and of a process (PID_MAX_LIMIT). */
export const core = wholeNumber(0, 1023);
export const processId = wholeNumber(1, 4_194_304);

/** Several cores, each once: '1,2,3'. */
export function coreList(text: string): number[] {
  const cores = text.split(',').map(core);
  const twice = cores.find((one, index) => cores.indexOf(one) < index);
  if (twice !== undefined) {
    throw new InvalidArgumentError(
      `Core ${twice} is there twice: two threads on one core wait for each other.`,
    );
  }
  return cores;
}

/** Of a time that may be left out. */
export const secondsOrNone = decimal(0, SECONDS_MAX);
export const seconds = decimal(SECONDS_MIN, SECONDS_MAX);

/** Requests a second. */
export const perSecond = decimal(...RATE_OPS_RANGE);

export const valueBytes = wholeNumber(1, VALUE_BYTES_MAX);

/** What `bypassbench load` calls what is said of a load. */
export const flagNames: LoadNames = {
  protocol: '--protocol',
  keys: '--keys',
  key_bytes: '--key-bytes',
  key_distribution: '--key-distribution',
  zipf_exponent: '--zipf-exponent',
  hotspot: '--hotspot',
  value_bytes: '--value-bytes',
  commands: '--command',
  connections: '--connections',
  pipeline: '--pipeline',
  threads: '--threads',
  requests: '--requests',
  bulk_connections: '--bulk-connections',
  bulk_bytes: '--bulk-bytes',
  rate: '--rate',
  arrivals: '--arrivals',
  trace_speed: '--trace-speed',
  duration: '--duration-s',
  stamps: '--stamps-every',
  backend: '--backend',
};

/** Throws INVALID_OPTION with the first of them. `names`: what the command calls its flags. */
export function refuseProblems(problems: readonly (LoadProblem | null)[], names = flagNames): void {
  const first = problems.find((problem) => problem !== null);
  if (first) throw new LoadError('INVALID_OPTION', `${names[first.at]}: ${first.message}`);
}
