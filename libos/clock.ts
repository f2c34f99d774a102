/** The monotonic clock, and how often a wait reads it. */
import { performance } from 'node:perf_hooks';

/**
 * Nanoseconds since this thread started, monotonic, with a resolution of nanoseconds. Reading it allocates
 * nothing and takes half the time of a foreign call of clock_gettime; process.hrtime.bigint() makes a BigInt
 * per reading.
 */
export function nowNs(): number {
  return performance.now() * 1e6;
}

/** A tenth of what counts as a gap (pauses.ts): a reading is late by a few us only, whatever a poll takes. */
const BETWEEN_READINGS_NS = 5_000;
/** A reading takes about 40 ns: at most a fortieth of the time, with the cheapest polls of 0.1 us. */
const MAX_POLLS = 16;

/**
 * How many polls a wait makes between two readings of the clock. A poll takes from 0.1 us (a ring in shared
 * memory) to 10 us and more (four sockets on a machine with slow system calls), so a fixed count is either a
 * large share of the cheap polls or a long time of the dear ones. Here the count follows the time: each wait
 * starts with one poll, and each reading says what a poll takes now.
 */
export class ClockCadence {
  /** Polls until the clock is to be read. */
  polls = 1;
  /** In ns: the last reading. In an array, whose doubles change in place. */
  readonly #last = new Float64Array(1);

  /** A wait starts with a reading of the clock. */
  start(nowNs: number): void {
    this.#last[0] = nowNs;
    this.polls = 1;
  }

  /** The clock was read after `polls` polls. */
  read(nowNs: number): void {
    const perPollNs = (nowNs - this.#last[0]) / this.polls;
    this.#last[0] = nowNs;
    const most = Math.min(2 * this.polls, MAX_POLLS);
    this.polls =
      most * perPollNs <= BETWEEN_READINGS_NS
        ? most
        : Math.max(1, Math.floor(BETWEEN_READINGS_NS / perPollNs));
  }
}
