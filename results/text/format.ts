/** How numbers are written for people: the same in the figure, the table and the report. */
import type { Ratio } from '../formats/index.ts';

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** "1,000,000". */
export function formatCount(value: number): string {
  return grouped.format(value);
}

const exact = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6 });

/** Any number, such as the value of an axis: "1,500", "0.99". */
export function formatNumber(value: number): string {
  return exact.format(value);
}

/** Microseconds to three significant digits, which is what the histograms resolve: "32.3", "1.52", "1,250". */
export function formatUs(us: number): string {
  return formatSignificant(us);
}

/** Three significant digits, but no more than two behind the point: "0.05", "1.52", "32.3", "1,250". */
export function formatSignificant(value: number): string {
  if (value >= 99.95) return formatCount(value);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/** An interval in microseconds, both ends: "31.9 to 32.4". */
export function formatIntervalUs({ low, high }: { low: number; high: number }): string {
  return `${formatUs(low)} to ${formatUs(high)}`;
}

/** Its interval, both ends: "0.30 to 0.32". */
export function formatIntervalOfRatio({ low, high }: { low: number; high: number }): string {
  return `${formatRatio(low)} to ${formatRatio(high)}`;
}

/** A distance, there and back, by the readings that it has: "104 to 126 ns"; of a mixture, "all distances". */
export function formatDistance({
  low_ns,
  high_ns,
}: {
  low_ns: number | null;
  high_ns: number | null;
}): string {
  if (low_ns === null || high_ns === null) return 'all distances';
  const [low, high] = [low_ns, high_ns].map((ns) => formatCount(Math.round(ns)));
  return low === high ? `${low} ns` : `${low} to ${high} ns`;
}

/** A ratio to a reference, with two significant digits at least: "2.00", "0.31", "0.048", "0.00021". */
export function formatRatio(ratio: number): string {
  return ratio === 0 || ratio >= 0.095 ? ratio.toFixed(2) : String(Number(ratio.toPrecision(2)));
}

/** A ratio that decides something, to three significant digits: "12.3", "1.02", "0.724", "0.000213". */
export function formatRatioFinely(ratio: number): string {
  if (ratio >= 99.95) return formatCount(ratio);
  if (ratio >= 9.995) return ratio.toFixed(1);
  if (ratio >= 0.9995 || ratio === 0) return ratio.toFixed(2);
  // Below a millionth with a power of ten.
  return ratio >= 0.0995 ? ratio.toFixed(3) : ratio.toPrecision(3);
}

/** What must be known of a run wherever its title stands: " (quick run)", " (unfinished run)", or nothing. */
export function formatRunState({ quick, finished }: { quick: boolean; finished: boolean }): string {
  return `${quick ? ' (quick run)' : ''}${finished ? '' : ' (unfinished run)'}`;
}

/** A share: "93.8 %", "75 %"; of many times the whole "1,250 %". */
export function formatPercent(share: number): string {
  const percent = 100 * share;
  return `${percent >= 1000 ? formatCount(percent) : Number(percent.toFixed(1))} %`;
}

/** "+12.3 % [+8.1 to +15 %]", and what that is worth. */
export function formatChange({ ratio, interval, detectable }: Ratio): string {
  if (!interval) return `${signed(ratio - 1)} % (no interval: fewer than 3 trials)`;
  const range = `${signed(ratio - 1)} % [${signed(interval.low - 1)} to ${signed(interval.high - 1)} %]`;
  const differs = interval.low > 1 || interval.high < 1;
  if (differs || detectable === null) return range;
  return `${range}: no difference detectable below ${formatPercent(detectable)}`;
}

function signed(share: number): string {
  const percent = Number((Math.abs(share) * 100).toFixed(1));
  return `${share < 0 && percent > 0 ? '−' : '+'}${percent}`;
}
