/** What was measured, in numbers: the table of the points, whether to believe them, their quantiles and spread. */
import type { Summary } from '../formats/index.ts';
import { columnNotes, formatQuantile, summaryColumns } from '../sentences/columns.ts';
import { areSaidByKind, doubtKinds, doubts, nameTarget } from '../sentences/doubts.ts';
import { type SummaryRow, summaryRows } from '../sentences/rows.ts';
import { stateOf } from '../summary/doubt.ts';
import { formatCount, formatPercent, formatUs } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';
import { foldedTable, table } from './elements.ts';

export function numbers(summary: Summary): Html {
  const columns = summaryColumns(summary);
  const published = columns.some(({ name }) => name.startsWith('published')) ? summary.reference : null;
  return html`${table(
    columns.map((column) => ({ head: column.head, number: column.align === 'right' })),
    summaryRows(summary).map((row) =>
      columns.map((column) => {
        const text = column.cell(row);
        const state = column.statistic ? stateOf(row, [column.statistic]) : 'valid';
        return state === 'valid'
          ? text
          : html`<span class="verdict ${state}" title="${state}">${text}</span>`;
      }),
    ),
  )}
<p class="soft">${columnNotes(summary, columns).join(' ')}</p>
${published ? html`<p class="soft">${published.name}: ${published.source}.</p>` : ''}`;
}

export function validity(summary: Summary): Html {
  const rows = summaryRows(summary);
  const found = doubts(rows);
  if (found.length === 0) {
    return html`<p>Every statistic of every point is valid: all trials ran, no reply was wrong, an error or a miss, the samples suffice,
and no check found anything in the way.</p>`;
  }
  return html`<p>Each statistic has a verdict of its own. One that is invalid (✗) backs no claim, and a bar of it is drawn hollow; one
that is suspect (?) wants a second look. What is not named here is valid.</p>
${
  areSaidByKind(summary, found)
    ? kindsOf(rows)
    : found.map(
        (
          doubt,
        ) => html`<p>${doubt.label}, ${doubt.targets}: ${doubt.about} <span class="verdict ${doubt.state}">${doubt.state}</span></p>
<ul>${doubt.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
`,
      )
}`;
}

/** Of many points. */
function kindsOf(rows: SummaryRow[]): Html {
  return html`${doubtKinds(rows).map(
    ({ heading, state, reason }) => html`<p><span class="verdict ${state}">${heading}</span></p>
<ul><li>${reason}</li></ul>
`,
  )}<p class="soft">Of each kind one reason stands here; summary.json has those of each point.</p>`;
}

export function quantiles(summary: Summary): Html {
  const names = [
    ['p50', 'p50'],
    ['p90', 'p90'],
    ['p99', 'p99'],
    ['p999', 'p99.9'],
    ['max', 'max'],
    ['mean', 'mean'],
  ] as const;
  const counts = ['samples', 'misses', 'errors', 'wrong', 'stale', 'torn'] as const;
  const rows = summaryRows(summary);
  return html`${foldedTable(
    [
      ...rowHeads,
      ...names.map(([, head]) => ({ head: `${head} µs`, number: true })),
      ...counts.map((head) => ({ head, number: true })),
    ],
    rows.map((row) => [
      ...rowCells(row, rows),
      ...names.map(([name]) => formatQuantile(row, name)),
      ...counts.map((name) => formatCount(row[name])),
    ]),
    'points',
  )}
<p class="soft">Quantiles of the histograms of all trials merged by count, within 0.1 %. Only right replies are samples.</p>`;
}

export function spread(summary: Summary): Html {
  const rows = summaryRows(summary);
  const planned = rows.map((row) => row.trials_planned);
  // Blocks that were added may lack a system, so that its last trial has a number beyond how many it has.
  const measured = rows.flatMap((row) => row.trial_p50_us.map(({ trial }) => trial));
  const numbers = Array.from({ length: Math.max(...planned, ...measured) }, (_, index) => index + 1);
  return html`<h3>Spread between trials</h3>
${foldedTable(
  [
    ...rowHeads,
    ...numbers.map((trial) => ({ head: `trial ${trial}`, number: true })),
    { head: 'spread', number: true },
  ],
  rows.map((row) => {
    const values = row.trial_p50_us.map((trial) => trial.p50_us);
    const relative = Math.max(...values) / Math.min(...values) - 1;
    return [
      ...rowCells(row, rows),
      ...numbers.map((number) => {
        const trial = row.trial_p50_us.find((one) => one.trial === number);
        return trial ? formatUs(trial.p50_us) : '–';
      }),
      values.length > 1 ? formatPercent(relative) : '–',
    ];
  }),
  'points',
)}
<p class="soft">p50 of each trial in µs; spread: by how much the largest exceeds the smallest.</p>`;
}

const rowHeads = [
  { head: 'system', number: false },
  { head: 'op', number: false },
];

function rowCells(row: SummaryRow, rows: SummaryRow[]): string[] {
  return [row.label, nameTarget(row, rows)];
}
