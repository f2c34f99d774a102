/** How the way between two machines divides, as far as their clocks tell: a sentence for each point near a quantile. */
import type { Point } from '../formats/index.ts';
import type { BreakdownQuantile } from '../summary/stages/breakdown.ts';
import { formatUs } from '../text/format.ts';
import { nameTarget } from './doubts.ts';

export function oneWaysInWords(points: Point[], quantile: BreakdownQuantile): string[] {
  return points.flatMap((point) => {
    const { one_way, stages_us } = point.breakdown?.[quantile] ?? {};
    if (!one_way || stages_us?.both_ways_between === undefined) return [];
    const { request_us, reply_us, bound_us } = one_way;
    const of = `${point.label} ${nameTarget(point, points)}: `;
    if (bound_us >= Math.min(request_us, reply_us)) {
      const both_us = formatUs(stages_us.both_ways_between);
      return [
        `${of}how the ${both_us} µs on the way divide is not known: the two machines' clocks are known to ± ${formatUs(bound_us)} µs.`,
      ];
    }
    return [
      `${of}an estimate of the way there is ${formatUs(request_us)} µs, and of the way back ${formatUs(reply_us)} µs, each ` +
        `± ${formatUs(bound_us)} µs, by the offset of the two machines' clocks before and after.`,
    ];
  });
}
