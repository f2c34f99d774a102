/** The options of the backend uring: strings by name, as typed after -o, to what the backend works with. */
import type { BackendOption } from '../backend-descriptor.ts';
import { type BackendOptions, OptionReader } from '../backend-options.ts';

export interface UringOptions {
  /** The kernel's thread that takes what is submitted; null: the ring is entered. */
  sqpoll: { idleMs: number; core: number | null } | null;
  /** How long a wait polls the queues of network cards; 0: not. */
  napiBusyPollUs: number;
  /** From so many bytes on a push is sent without a copy; 0: never. */
  zeroCopyBytes: number;
}

const SQPOLL_IDLE_MS = 1000;
const CORES = 4096;

export const uringOptions: Readonly<Record<string, BackendOption>> = {
  sqpoll: {
    help: 'yes: a thread of the kernel takes what is submitted (IORING_SETUP_SQPOLL), and wants a core of its own',
    default: 'no',
  },
  sqpoll_core: { help: 'the core of that thread; without it the scheduler chooses', default: null },
  sqpoll_idle_ms: {
    help: 'after so long without anything to take it sleeps',
    default: `${SQPOLL_IDLE_MS}`,
    unit: 'ms',
  },
  napi_busy_poll_us: {
    help: "a wait polls the queues of network cards for so long (NAPI busy polling); 0: not, as a card's interrupts do",
    default: '0',
    unit: 'us',
  },
  zero_copy_bytes: {
    help: 'from so many bytes on a push is sent without a copy (IORING_OP_SEND_ZC); 0: never',
    default: '0',
    unit: 'bytes',
  },
};

const names = Object.fromEntries(Object.keys(uringOptions).map((name) => [name, ['any'] as const]));

/** Throws INVALID_ARGUMENT naming the option, what it may be, and what to type. */
export function parseUringOptions(given: BackendOptions): UringOptions {
  const options = new OptionReader('uring', given);
  options.checkNames(names, 'sqpoll', 'any');
  const polls = options.choice('sqpoll', ['yes', 'no'], 'no') === 'yes';
  for (const name of ['sqpoll_core', 'sqpoll_idle_ms']) {
    if (!polls && options.has(name))
      options.refuse(name, 'it goes with sqpoll=yes: give that too, or leave it out');
  }
  const idleMs = options.integer('sqpoll_idle_ms', 1, 60_000, SQPOLL_IDLE_MS);
  const core = options.integer('sqpoll_core', 0, CORES, -1);
  return {
    sqpoll: polls ? { idleMs, core: core < 0 ? null : core } : null,
    napiBusyPollUs: options.integer('napi_busy_poll_us', 0, 1_000_000, 0),
    zeroCopyBytes: options.integer('zero_copy_bytes', 0, 2 ** 30, 0),
  };
}
