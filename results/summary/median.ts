/**
 * The median, for resamples: they are drawn ten thousand times, and of few values. These are sorted in one place that
 * stays, which is several times as fast as the library's selection in a copy. Many are left to the library.
 */
import { median as medianOfMany } from 'simple-statistics';

const FEW = 32;
const sorted = new Float64Array(FEW);

/** Of an even number of values the mean of the two in the middle. Throws for none, as the library does. */
export function median(values: readonly number[]): number {
  const count = values.length;
  if (count === 0 || count > FEW) return medianOfMany(values as number[]);
  for (let from = 0; from < count; from++) {
    const value = values[from];
    let to = from;
    for (; to > 0 && sorted[to - 1] > value; to--) sorted[to] = sorted[to - 1];
    sorted[to] = value;
  }
  const upper = sorted[count >> 1];
  if (count % 2 === 1) return upper;
  const lower = sorted[(count >> 1) - 1];
  // As the library: what rounds otherwise would be another interval than before.
  return lower + 0.5 * (upper - lower);
}
