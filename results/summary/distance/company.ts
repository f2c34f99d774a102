/**
 * Whether a core has company: somebody else who uses its units, such as the other thread of the same physical core,
 * which may belong to another virtual machine. Nothing in the machine says so. But a fixed piece of work that keeps all
 * units busy takes one and the same time on a core that is alone, and more, now this and now that, with company; code
 * whose steps wait for each other takes no longer. So the readings have a sharp lowest level, and a gap above it.
 *
 * The readings are counted in bins of 1 % of their values, of which three at a time are taken together. The limit is
 * the first place that has less than a third of the most on either side of it. Without such a place there is no limit:
 * a core that is always alone, one that never is, or one whose frequency wanders.
 */

/** Of log ns. */
const BIN = 0.01;
/** What lies in the gap, as a share of the most on either side. */
const DEEP = 1 / 3;
/** Either side of the gap has so many of the readings at least. */
const FEWEST_SHARE = 0.03;
const FEWEST_READINGS = 10;

/** Work that takes longer had company; null where the readings show no such limit. */
export function companyLimit(work_ns: readonly number[]): number | null {
  const known_ns = work_ns.filter((ns) => ns > 0);
  if (known_ns.length === 0) return null;
  const fewest = Math.max(FEWEST_READINGS, FEWEST_SHARE * known_ns.length);
  const bins = known_ns.map((ns) => Math.round(Math.log(ns) / BIN));
  const first = bins.reduce((low, bin) => Math.min(low, bin));
  const last = bins.reduce((high, bin) => Math.max(high, bin));
  const counts = new Float64Array(last - first + 3);
  for (const bin of bins) counts[bin - first + 1] += 1;
  const together = counts.map((count, bin) => count + (counts[bin - 1] ?? 0) + (counts[bin + 1] ?? 0));
  let below = 0;
  for (let bin = 1; bin < counts.length - 1; bin++) {
    below += counts[bin];
    const above = known_ns.length - below;
    if (below < fewest || above < fewest) continue;
    const side = Math.min(most(together.subarray(0, bin)), most(together.subarray(bin + 1)));
    if (together[bin] < DEEP * side) return Math.exp((first + bin - 1) * BIN);
  }
  return null;
}

function most(values: Float64Array): number {
  return values.reduce((highest, value) => Math.max(highest, value), 0);
}
