/** The stages of each stamped point in numbers, and what stamping cost. */
import { type Point, type Summary, stageNames } from '../formats/index.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { oneWaysInWords } from '../sentences/one-way.ts';
import { breakdownQuantiles } from '../summary/stages/breakdown.ts';
import { stageNamed } from '../summary/stages/stage.ts';
import { formatChange, formatCount, formatUs } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';
import { table } from './elements.ts';

export function stagesTable(summary: Summary): Html {
  const points = summary.points.filter(({ breakdown }) => breakdown?.p50 || breakdown?.p99);
  if (points.length === 0) return html``;
  return html`<details><summary>Stages in numbers</summary>
${breakdownQuantiles.map((quantile) => {
  const staged = points.flatMap((point) => {
    const at = point.breakdown?.[quantile];
    return at ? [{ point, at }] : [];
  });
  const names = stageNames.filter((name) => staged.some(({ at }) => at.stages_us[name] !== undefined));
  return html`<h3>Near the ${quantile}</h3>
${table(
  [
    { head: 'stage, µs', number: false },
    ...staged.map(({ point }) => ({ head: `${point.system} ${nameTarget(point, points)}`, number: true })),
  ],
  [
    ...names.map((name) => [
      stageNamed(name).label,
      ...staged.map(({ at }) => at.stages_us[name]?.toFixed(2) ?? '–'),
    ]),
    ['latency', ...staged.map(({ at }) => formatUs(at.latency_us))],
    ['requests near', ...staged.map(({ at }) => formatCount(at.requests))],
  ],
)}${oneWaysInWords(points, quantile).map((sentence) => html`<p class="soft">${sentence}</p>`)}`;
})}
</details>
${probeOverhead(summary.points)}`;
}

function probeOverhead(points: Point[]): Html {
  const staged = points.flatMap((point) => {
    const { breakdown, probe_overhead } = point;
    return breakdown && probe_overhead ? [{ point, breakdown, probe_overhead }] : [];
  });
  if (staged.length === 0) return html``;
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
  staged.map(({ point, breakdown, probe_overhead }) => [
    point.label,
    nameTarget(point, points),
    formatChange(probe_overhead),
    ...(['joined', 'incomplete', 'inconsistent'] as const).map((name) => formatCount(breakdown[name])),
  ]),
)}
<p class="soft">The bars of the figure and all quantiles come from measurements without stamps.</p>`;
}
