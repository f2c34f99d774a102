/** Ranges of the numbers on the generator's command lines. */
import { InvalidArgumentError } from 'commander';
import { decimal, wholeNumber } from '../libos/index.ts';

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
export const RATE_OPS_MAX = 1e9;
export const perSecond = decimal(0.001, RATE_OPS_MAX);

/** Redis's limit of a bulk string (proto-max-bulk-len). */
export const valueBytes = wholeNumber(1, 512 * 1024 * 1024);
