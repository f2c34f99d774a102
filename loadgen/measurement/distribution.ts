/** The latencies of a load as counts by value, for reports that want more of them than a few quantiles. */
import { build, decodeFromCompressedBase64, type Histogram, JsHistogram } from 'hdr-histogram-js';

export class Distribution {
  /** Ascending, in ns: the most that counts as the same. */
  readonly #values: number[] = [];
  /** Samples up to each value. */
  readonly #upTo: number[] = [];
  readonly total: number;
  /** In ns; NaN without a sample. */
  readonly mean: number;

  /**
   * @param encoded histogram of an operation, as recorder.ts encodes it
   * @param digits significant ones that are kept
   */
  constructor(encoded: string, digits: 1 | 2 | 3 = 3) {
    const histogram = withDigits(decodeFromCompressedBase64(encoded.trim(), 64, false), digits);
    if (!(histogram instanceof JsHistogram)) throw new TypeError('the histogram has no counts to read');
    let total = 0;
    let sum = 0;
    const iterator = histogram.recordedValuesIterator;
    iterator.reset();
    while (iterator.hasNext()) {
      const { valueIteratedTo, countAddedInThisIterationStep: count } = iterator.next();
      total += count;
      sum += count * histogram.medianEquivalentValue(valueIteratedTo);
      this.#values.push(histogram.highestEquivalentValue(valueIteratedTo));
      this.#upTo.push(total);
    }
    this.total = total;
    this.mean = sum / total;
  }

  get min(): number {
    return this.#values[0] ?? Number.NaN;
  }

  get max(): number {
    return this.#values.at(-1) ?? Number.NaN;
  }

  /** The smallest value up to which at least that share of the samples is, in percent. */
  at(percentile: number): number {
    const rank = Math.max(1, Math.ceil((percentile * this.total) / 100));
    const place = this.#upTo.findIndex((count) => count >= rank);
    return this.#values[place < 0 ? this.#values.length - 1 : place] ?? Number.NaN;
  }

  /** Samples that are no longer than this. */
  countUpTo(ns: number): number {
    const after = this.#values.findIndex((value) => value > ns);
    return after < 0 ? this.total : after === 0 ? 0 : this.#upTo[after - 1];
  }
}

function withDigits(histogram: Histogram, digits: 1 | 2 | 3): Histogram {
  if (digits === 3) return histogram;
  const coarse = build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3600e9,
    numberOfSignificantValueDigits: digits,
    useWebAssembly: false,
  });
  coarse.add(histogram);
  return coarse;
}
