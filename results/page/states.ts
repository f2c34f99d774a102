/** What each point measured at each distance of the cores, and what reading the distance cost. */
import type { Measured, Summary } from '../formats/index.ts';
import { comparedIn } from '../sentences/distance.ts';
import { listed, nameTarget } from '../sentences/doubts.ts';
import { type SummaryRow, summaryRows } from '../sentences/rows.ts';
import { formatCount, formatDistance, formatIntervalUs, formatRatio, formatUs } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';
import { foldedTable } from './elements.ts';

type OfState = Measured['by_state'][number];

/** Nothing where there is one state, or none is known. */
export function byDistance(summary: Summary): Html {
  const rows = summaryRows(summary).filter(({ by_state }) => by_state.length > 0);
  if (rows.length === 0) return html``;
  const names = [...new Set(rows.flatMap(({ by_state }) => by_state.map(({ state }) => state)))];
  const { why } = summary.distance!;
  return html`<h3 id="states">By distance of the cores</h3>
${foldedTable(
  [
    { head: 'system', number: false },
    { head: 'op', number: false },
    ...names.flatMap((name) => [
      { head: `${name} p50`, number: true },
      { head: 'interval', number: true },
      { head: '× first', number: true },
      { head: 'slices', number: true },
    ]),
  ],
  rows.map((row) => [
    row.system,
    nameTarget(row, rows),
    ...names.flatMap((name) => cellsOf(row.by_state.find(({ state }) => state === name))),
  ]),
  'points',
)}
<p class="soft">In µs. ${statesOf(rows[0])}. All else on this page is ${comparedInWords(summary)}: ${why}.</p>
${costOf(rows)}`;
}

/** "near", "near for SET and of the mixture for GET" */
function comparedInWords(summary: Summary): string {
  const parts = comparedIn(summary).map(({ state, operations }) => {
    const name = state?.name ?? 'of the mixture';
    return operations ? `${name} for ${listed(operations)}` : name;
  });
  return listed(parts);
}

function cellsOf(of: OfState | undefined): string[] {
  if (!of) return ['–', '–', '–', '–'];
  const { p50_us, p50_interval_us, versus_first, slices } = of;
  return [
    p50_us === null ? '–' : formatUs(p50_us),
    p50_interval_us === null ? '–' : formatIntervalUs(p50_interval_us),
    versus_first === null ? '–' : formatRatio(versus_first.ratio),
    formatCount(slices),
  ];
}

/** "near: 104 to 126 ns; far: 409 to 535 ns; mixture: all distances" */
function statesOf({ by_state }: SummaryRow): string {
  return by_state.map((one) => `${one.state}: ${formatDistance(one)}`).join('; ');
}

function costOf(all: SummaryRow[]): Html {
  const rows = all.filter(({ after_probe }) => after_probe !== null);
  if (rows.length === 0) return html``;
  const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`;
  return html`<h3>Requests right behind a reading of the distance</h3>
${foldedTable(
  [
    { head: 'system', number: false },
    { head: 'op', number: false },
    { head: 'p50 differs by', number: true },
    { head: '95 % interval', number: true },
    { head: 'they are', number: false },
  ],
  rows.map((row) => {
    const { ratio, interval, left_out } = row.after_probe!;
    return [
      row.system,
      nameTarget(row, rows),
      percent(ratio),
      `${percent(interval.low)} to ${percent(interval.high)}`,
      left_out ? 'left out' : 'counted',
    ];
  }),
  'points',
)}
<p class="soft">From those of the same slice that were sent later; a bootstrap over slices. Left out from a difference of 2 % on.</p>`;
}
