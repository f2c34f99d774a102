/**
 * What a calibration injects into the null server, one after the other. Both threads name an injection by its
 * index.
 */

import { mapFile } from '../../libos/index.ts';

const ORDERS_BYTES = 8;

export interface Injection {
  /** Work before each reply, in ns; null for none, and no look at the clock either. */
  delayNs: number | null;
  /** The server does nothing for this long, once a period; 0 for never. */
  pauseNs: number;
  periodNs: number;
}

export const delaysUs = [0, 5, 10, 20, 50, 100, 200] as const;
export const PAUSE_US = 5_000;
export const PAUSE_PERIOD_US = 200_000;
/** Requests with this latency or more count as delayed by a pause. */
export const DELAYED_US = PAUSE_US / 10;

const none: Injection = { delayNs: null, pauseNs: 0, periodNs: 0 };
const pauses: Injection = { ...none, pauseNs: PAUSE_US * 1000, periodNs: PAUSE_PERIOD_US * 1000 };
export const injections: readonly Injection[] = [
  none,
  ...delaysUs.map((us) => ({ ...none, delayNs: us * 1000 })),
  pauses,
  pauses,
];

/** Indices in the list. */
export const NOTHING = 0;
export const FIRST_DELAY = 1;
/** Pauses for a closed loop, and for an open one. */
export const CLOSED_PAUSES = injections.length - 2;
export const OPEN_PAUSES = injections.length - 1;

/** The client's orders to the server, in memory that both processes have: which injection, and whether it counts. */
export class Orders {
  readonly #words: Int32Array;

  /** @param file in shared memory; made where it is not there */
  constructor(file: string) {
    const { bytes } = mapFile(file, ORDERS_BYTES);
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, ORDERS_BYTES / 4);
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
