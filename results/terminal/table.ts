/** The terminal table: what the figure says, with the quantiles behind it and the reasons for doubts. */
import { styleText } from 'node:util';
import type { Summary } from '../formats/index.ts';
import { columnNotes, summaryColumns } from '../sentences/columns.ts';
import { areSaidByKind, doubtKinds, doubts } from '../sentences/doubts.ts';
import { summaryRows } from '../sentences/rows.ts';
import { stateOf } from '../summary/doubt.ts';
import { formatRunState } from '../text/format.ts';
import { paragraph, type Terminal } from '../text/terminal.ts';
import { textTable } from '../text/text-table.ts';

/** Left out first to last until the table fits. */
const expendable = [
  'ratio_interval',
  'cost',
  'completed',
  'offered',
  'p999',
  'throughput',
  'torn_ops',
  'stale_ops',
  'wrong_ops',
  'misses_ops',
  'errors_ops',
  'p99',
  'published',
  'trials',
  'interval',
  'ratio',
];
const colours = { suspect: 'yellow', invalid: 'red' } as const;

/**
 * The table, notes and reasons as lines of text, ending in a newline. Below about 100 columns of text some
 * are left out.
 */
export function renderTable(summary: Summary, { columns, color }: Terminal): string {
  const measured = summaryRows(summary);
  const all = summaryColumns(summary);
  const table = textTable(measured, all, {
    width: columns,
    expendable,
    paint: (text, { name }, row) => {
      const statistic = all.find((column) => column.name === name)?.statistic;
      const state = statistic ? stateOf(row, [statistic]) : 'valid';
      return color && state !== 'valid' ? styleText(colours[state], text, { validateStream: false }) : text;
    },
  });
  const lines = [
    ...paragraph(`${summary.title}${formatRunState(summary)}`, columns),
    '',
    ...table.lines,
    '',
    ...columnNotes(summary, table.shown).flatMap((note) => paragraph(note, columns)),
    ...shownDoubts(summary).flatMap(({ heading, reasons }) => [
      '',
      ...paragraph(heading, columns),
      ...reasons.flatMap((reason) => paragraph(reason, columns, '  ')),
    ]),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** Those of each point; of many the kinds that there are: summary.json has those of each point. */
function shownDoubts(summary: Summary): { heading: string; reasons: string[] }[] {
  const measured = summaryRows(summary);
  const found = doubts(measured);
  if (areSaidByKind(summary, found)) {
    return doubtKinds(measured).map(({ heading, reason }) => ({ heading, reasons: [reason] }));
  }
  return found.map(({ system, targets, about, state, reasons }) => ({
    heading: `${system}, ${targets}: ${about} ${state}`,
    reasons,
  }));
}
