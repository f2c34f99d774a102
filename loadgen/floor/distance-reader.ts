/** Readings of the distance between a floor's cores, where the floor is measured by programs that take none. */
import { type DataPath, startDataPath } from '../../libos/index.ts';
import type { Probe, SlicesFile } from '../../results/formats/index.ts';
import { FAILURES_IN_A_ROW, helperLate } from '../measurement/distance.ts';
import { type DistancePathInfo, type DistancePathInput, monotonicNs, Wanted } from './distance-path.ts';

const READING_NUMBERS = 7;

export class DistanceReader {
  readonly #serverCore: number;
  readonly #word = new Int32Array(new SharedArrayBuffer(4));
  readonly #reading = new Float64Array(
    new SharedArrayBuffer(READING_NUMBERS * Float64Array.BYTES_PER_ELEMENT),
  );
  readonly #path: DataPath<DistancePathInfo, null>;
  readonly #probes: Probe[] = [];
  #helper: SlicesFile['helper'] = null;
  #unknown: SlicesFile['unknown'] = null;
  #failures = 0;

  /** `cores` are the server's and the client's. Without a helper there, it takes no readings and says why. */
  static async start([serverCore, clientCore]: [number, number]): Promise<DistanceReader> {
    const reader = new DistanceReader(serverCore, clientCore);
    try {
      reader.#helper = await reader.#path.ready;
    } catch (error) {
      reader.#unknown = (error as Error).message;
    }
    return reader;
  }

  private constructor(serverCore: number, clientCore: number) {
    this.#serverCore = serverCore;
    const module = new URL('./distance-path.ts', import.meta.url);
    const input = { serverCore, word: this.#word, reading: this.#reading };
    this.#path = startDataPath<DistancePathInput, DistancePathInfo, null>(module, input, clientCore);
  }

  /** What was read until now. */
  get distance(): Pick<SlicesFile, 'helper' | 'unknown' | 'probes'> {
    return { helper: this.#helper, unknown: this.#unknown, probes: this.#probes };
  }

  /** Rejects when the data path fails. */
  async read(): Promise<void> {
    if (this.#helper === null) return;
    if (this.#failures < FAILURES_IN_A_ROW) await this.#wakePath();
    else this.#reading.fill(Number.NaN).set([monotonicNs(), monotonicNs()]);
    const [start_ns, end_ns, ...ofHelper] = this.#reading;
    const [median_ns, min_ns, waited_ns] = ofHelper.map((ns) => (Number.isNaN(ns) ? null : ns));
    // Work is not told: processes of the floor end and start beside it, and would pass for others.
    const read = { median_ns, min_ns, waited_ns, client_work_ns: null, server_work_ns: null };
    // The server pins itself to its core.
    this.#probes.push({ start_ns, end_ns, ...read, server_core: null });
    this.#failures = median_ns === null ? this.#failures + 1 : 0;
    if (this.#failures === FAILURES_IN_A_ROW) this.#unknown = helperLate(this.#serverCore);
  }

  /** Ends its thread. */
  async close(): Promise<void> {
    Atomics.store(this.#word, 0, Wanted.End);
    Atomics.notify(this.#word, 0);
    await this.#path.stop();
  }

  async #wakePath(): Promise<void> {
    Atomics.store(this.#word, 0, Wanted.Reading);
    Atomics.notify(this.#word, 0);
    await Promise.race([Atomics.waitAsync(this.#word, 0, Wanted.Reading).value, this.#path.finished]);
  }
}
