/** What an axis of a sweep is drawn by: its unit, which its key's name says, and its scale. */
import { standardDeviation } from 'simple-statistics';
import type { AxisScale, AxisValue } from '../../results/formats/index.ts';

const UNITS_BY_SUFFIX: Record<string, string> = {
  bytes: 'bytes',
  s: 's',
  ms: 'ms',
  us: 'µs',
  ns: 'ns',
  ops: 'requests/s',
};

/** `value_bytes`: bytes; null for what counts things. */
export function unitOf(name: string): string | null {
  const [, suffix = ''] = /_([a-z]+)$/.exec(name) ?? [];
  return Object.hasOwn(UNITS_BY_SUFFIX, suffix) ? UNITS_BY_SUFFIX[suffix] : null;
}

/** Logarithmic where factors between neighbours are more alike than their differences. */
export function scaleOf(values: readonly AxisValue[]): AxisScale {
  const numbers = values.filter((value) => typeof value === 'number').toSorted((a, b) => a - b);
  if (numbers.length < values.length) return 'category';
  if (numbers.length < 3 || numbers[0] <= 0) return 'linear';
  const steps = between(numbers);
  const factors = between(numbers.map(Math.log));
  return spread(factors) < spread(steps) ? 'log' : 'linear';
}

function between(numbers: readonly number[]): number[] {
  return numbers.slice(1).map((number, index) => number - numbers[index]);
}

/** Relative to their mean, to nine digits: what is meant to be alike is not told apart. */
function spread(numbers: number[]): number {
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return Number((standardDeviation(numbers) / mean).toFixed(9));
}
