/** Whether the values of an axis lie by equal steps, by equal factors, or in no order of numbers. */
import type { AxisScale, AxisValue } from './target.ts';

/** Two values have one step and one factor, and say nothing of how others would lie. */
const FEWEST_VALUES = 3;

/**
 * Logarithmic where factors between neighbours are more alike than their differences. `by`: what the values were made
 * by, where their author says it; rounded to whole numbers, small ones would not show it.
 */
export function axisScaleOf(values: readonly AxisValue[], by?: 'factor' | 'step'): AxisScale {
  const numbers = values.filter((value) => typeof value === 'number').toSorted((a, b) => a - b);
  if (numbers.length < values.length) return 'category';
  if (numbers.length < FEWEST_VALUES || numbers[0] <= 0) return 'linear';
  if (by !== undefined) return by === 'factor' ? 'log' : 'linear';
  const steps = between(numbers);
  const factors = between(numbers.map(Math.log));
  return spread(factors) < spread(steps) ? 'log' : 'linear';
}

function between(numbers: readonly number[]): number[] {
  return numbers.slice(1).map((number, index) => number - numbers[index]);
}

/** From the least to the most over their mean, to nine digits: what is meant to be alike is not told apart. */
function spread(numbers: number[]): number {
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return Number(((Math.max(...numbers) - Math.min(...numbers)) / mean).toFixed(9));
}
