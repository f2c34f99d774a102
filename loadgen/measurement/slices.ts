/**
 * A measured window, cut into slices of time. Between two slices nothing is in flight, and the distance of the cores is
 * read: latencies are kept by slice, so that they can be compared at the same distance (docs/measuring.md).
 *
 *     reading | slice ........... last reply | reading | slice ...
 *             start  early_ns                end
 */
import type { PauseLog } from '../../libos/index.ts';
import type { Slice, SlicesFile } from '../../results/formats/index.ts';
import type { Distance } from './distance.ts';
import type { Tally } from './tally.ts';

/** Long beside a reading, short beside the time for which two cores keep their distance. */
export const SLICE_NS = 75e6;
/** A reading leaves the caches of both cores with other things in them. */
const EARLY_NS = 2e6;

/** The content of slices.json.gz without the name of its format. */
export type SlicesContent = Omit<SlicesFile, 'schema'>;

/** Places in the array of times. */
const START = 0;
const EARLY_END = 1;
const END = 2;
/** Time within the slices that are over. */
const MEASURED = 3;

export class Slices {
  readonly #tallies: readonly Tally[];
  readonly #distance: Distance;
  readonly #pauses: PauseLog;
  readonly #lengthNs: number;
  readonly #slices: Slice[] = [];
  /** In ns by this thread's clock. */
  readonly #times = new Float64Array(4);

  constructor(tallies: readonly Tally[], distance: Distance, pauses: PauseLog, lengthNs: number) {
    this.#tallies = tallies;
    this.#distance = distance;
    this.#pauses = pauses;
    this.#lengthNs = lengthNs;
  }

  /** Starts a slice, after a reading. */
  begin(nowNs: number): void {
    this.#times[START] = nowNs;
    this.#times[EARLY_END] = nowNs + EARLY_NS;
    this.#times[END] = nowNs + this.#lengthNs;
  }

  /** Whether a request of the slice that is going on was sent before the effect of the reading is over. */
  isEarly(sentNs: number): boolean {
    return sentNs < this.#times[EARLY_END];
  }

  isOver(nowNs: number): boolean {
    return nowNs >= this.#times[END];
  }

  /** When the slice that is going on is over. */
  get endNs(): number {
    return this.#times[END];
  }

  /** Time within slices, up to now: standing still is no part of it. */
  measuredNs(nowNs: number): number {
    return this.#times[MEASURED] + nowNs - this.#times[START];
  }

  /** Ends the slice, with its last reply. `done` is its place in the window, 0 to 1. */
  end(lastNs: number, done: number): void {
    const startNs = this.#times[START];
    this.#times[MEASURED] += lastNs - startNs;
    const operations = this.#tallies.map((tally) => tally.closeSlice(done));
    this.#slices.push({
      start_ns: Math.round(this.#pauses.monotonicNs(startNs)),
      end_ns: Math.round(this.#pauses.monotonicNs(lastNs)),
      operations: operations.filter(
        ({ early, late, received }) => early.requests + late.requests + (received ?? 0) > 0,
      ),
    });
    // From now to the next begin no time is measured.
    this.#times[START] = lastNs;
  }

  /** Time within all slices, once the last is over. */
  get elapsedNs(): number {
    return this.#times[MEASURED];
  }

  content(delayed: number): SlicesContent {
    const { cores, helper, unknown, probes } = this.#distance;
    return { cores, helper, unknown, early_ns: EARLY_NS, probes, slices: this.#slices, delayed };
  }
}
