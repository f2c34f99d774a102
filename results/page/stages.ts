/** The stages of each stamped point in numbers, and what stamping cost. */
import type { Point, Summary } from '../formats/index.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { formatChange } from '../sentences/noise.ts';
import { breakdownQuantiles } from '../summary/stages/breakdown.ts';
import { stageNamed, stageOrder } from '../summary/stages/stage.ts';
import { formatCount, formatUs } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';
import { table } from './elements.ts';

export function stagesTable(summary: Summary): Html {
  const points = summary.points.filter(({ breakdown }) => breakdown?.p50 || breakdown?.p99);
  if (points.length === 0) return html``;
  return html`<details><summary>Stages in numbers</summary>
${breakdownQuantiles.map((quantile) => {
  const told = points.filter(({ breakdown }) => breakdown?.[quantile]);
  const stagesOf = (point: Point) => point.breakdown![quantile]!.stages_us as Record<string, number>;
  const names = stageOrder.filter((name) => told.some((point) => stagesOf(point)[name] !== undefined));
  return html`<h3>Near the ${quantile}</h3>
${table(
  [
    { head: 'stage, µs', number: false },
    ...told.map((point) => ({ head: `${point.system} ${nameTarget(point, points)}`, number: true })),
  ],
  [
    ...names.map((name) => [
      stageNamed(name).label,
      ...told.map((point) => {
        const us = stagesOf(point)[name];
        return us === undefined ? '–' : us.toFixed(2);
      }),
    ]),
    ['latency', ...told.map((point) => formatUs(point.breakdown![quantile]!.latency_us))],
    ['requests near', ...told.map((point) => formatCount(point.breakdown![quantile]!.requests))],
  ],
)}`;
})}
</details>
${probeOverhead(summary.points)}`;
}

function probeOverhead(points: Point[]): Html {
  const told = points.filter(({ probe_overhead }) => probe_overhead);
  if (told.length === 0) return html``;
  return html`<h3>What stamping costs</h3>
${table(
  [
    { head: 'system', number: false },
    { head: 'op', number: false },
    { head: 'p50 with stamps over p50 without', number: false },
    { head: 'requests with all stamps', number: true },
    { head: 'without some', number: true },
    { head: 'out of order', number: true },
  ],
  told.map((point) => [
    point.label,
    nameTarget(point, points),
    formatChange(point.probe_overhead!),
    ...(['joined', 'incomplete', 'inconsistent'] as const).map((name) => formatCount(point.breakdown![name])),
  ]),
)}
<p class="soft">The bars of the figure and all quantiles come from measurements without stamps.</p>`;
}
