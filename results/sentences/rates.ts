/** What an open loop asked for and what it got, in sentences; of a closed loop there are none. */
import type { Point, Summary } from '../formats/index.ts';
import { formatCount } from '../text/format.ts';
import { nameTarget } from './doubts.ts';

/** A server that gives less than this share of what was offered is beyond its capacity, or waited for. */
const MET = 0.99;

type Rates = NonNullable<Point['rates']> & { offered_ops: number };

interface Rated {
  /** The system, and the operation or place in a sweep where that is needed. */
  name: string;
  rates: Rates;
}

/** Of the points that were offered more than they achieved. */
export function unmetRates(summary: Summary): string[] {
  const unmet = rated(summary).filter(({ rates }) => rates.achieved_ops < MET * rates.offered_ops);
  if (unmet.length === 0) return [];
  const each = unmet.map(
    ({ name, rates }) => `${name} ${formatCount(rates.achieved_ops)} of ${formatCount(rates.offered_ops)}`,
  );
  return [`Achieved of what was offered, per second: ${each.join('; ')}.`];
}

/** Of all points. */
export function allRates(summary: Summary): string[] {
  const each = rated(summary).map(({ name, rates }) => {
    const { offered_ops, achieved_ops, completed_ops } = rates;
    return `${name} ${[offered_ops, achieved_ops, completed_ops].map(formatCount).join(', ')}`;
  });
  if (each.length === 0) return [];
  return [`Requests per second that were offered, achieved and completed: ${each.join('; ')}.`];
}

function rated({ points }: Summary): Rated[] {
  const isOne = points.every((point) => nameTarget(point, points) === nameTarget(points[0], points));
  return points.flatMap((point) => {
    const { rates, label } = point;
    if (rates === null || rates.offered_ops === null) return [];
    const name = isOne ? label : `${label}, ${nameTarget(point, points)}`;
    return [{ name, rates: { ...rates, offered_ops: rates.offered_ops } }];
  });
}
