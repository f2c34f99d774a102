/**
 * Where the threads of one load meet, so that they begin together: each waits until all are there, and gets the time
 * that the last one named.
 */

/** Places in the words: how many are there, and how often all were. */
const [ARRIVED, ROUND] = [0, 1];
/** How often a waiting thread looks whether it is to stop. */
const LOOK_MS = 20;

/** What threads share of it. */
export interface MeetingMemory {
  words: Int32Array;
  timeNs: Float64Array;
  threads: number;
}

export function createMeeting(threads: number): MeetingMemory {
  return {
    words: new Int32Array(new SharedArrayBuffer(8)),
    timeNs: new Float64Array(new SharedArrayBuffer(8)),
    threads,
  };
}

export class Meeting {
  readonly #memory: MeetingMemory;
  readonly #stopRequested: () => boolean;

  constructor(memory: MeetingMemory, stopRequested: () => boolean) {
    this.#memory = memory;
    this.#stopRequested = stopRequested;
  }

  /**
   * Waits for the others. Returns what the last one gave as `nowNs`, by a clock that all have; its own where it was
   * asked to stop meanwhile.
   */
  meet(nowNs: number): number {
    const { words, timeNs, threads } = this.#memory;
    const round = Atomics.load(words, ROUND);
    if (Atomics.add(words, ARRIVED, 1) + 1 === threads) {
      timeNs[0] = nowNs;
      Atomics.store(words, ARRIVED, 0);
      Atomics.store(words, ROUND, round + 1);
      Atomics.notify(words, ROUND);
      return nowNs;
    }
    while (Atomics.load(words, ROUND) === round) {
      if (this.#stopRequested()) return nowNs;
      Atomics.wait(words, ROUND, round, LOOK_MS);
    }
    return timeNs[0];
  }
}
