/** What a calibration injects into the null server, one after the other; both threads know it by its place in the list. */

export interface Injection {
  /** Work before each reply, in ns; null for none and no look at the clock either. */
  delayNs: number | null;
  /** The server does nothing for so long, and again a period after the begin of the last time; 0 for never. */
  pauseNs: number;
  periodNs: number;
}

export const delaysUs = [0, 5, 10, 20, 50, 100, 200] as const;
export const PAUSE_US = 5_000;
export const PAUSE_PERIOD_US = 200_000;
/** Latencies from here on count as those of requests that a pause delayed. */
export const DELAYED_US = PAUSE_US / 10;

const none: Injection = { delayNs: null, pauseNs: 0, periodNs: 0 };
const pauses: Injection = { ...none, pauseNs: PAUSE_US * 1000, periodNs: PAUSE_PERIOD_US * 1000 };
export const injections: readonly Injection[] = [
  none,
  ...delaysUs.map((us) => ({ ...none, delayNs: us * 1000 })),
  pauses,
  pauses,
];

/** Places in the list. */
export const NOTHING = 0;
export const FIRST_DELAY = 1;
/** Of a closed loop, and of an open one. */
export const CLOSED_PAUSES = injections.length - 2;
export const OPEN_PAUSES = injections.length - 1;

/** What the client writes for the server: which injection, and whether what is done counts. */
export class Orders {
  readonly #words: Int32Array;

  /** @param words two, in shared memory */
  constructor(words: Int32Array) {
    this.#words = words;
  }

  give(injection: number, counts: boolean): void {
    Atomics.store(this.#words, 1, counts ? 1 : 0);
    Atomics.store(this.#words, 0, injection);
  }

  get injection(): number {
    return Atomics.load(this.#words, 0);
  }

  get counts(): boolean {
    return Atomics.load(this.#words, 1) !== 0;
  }
}
