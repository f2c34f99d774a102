/** The terminal table: what the figure says, with the quantiles behind it and the reasons for doubts. */
import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';
import type { Measured, Summary } from './bundle.ts';
import { type Column, columnNotes, summaryColumns } from './columns.ts';
import { doubts } from './doubts.ts';
import { type Row, summaryRows } from './rows.ts';
import { wrapWords } from './wrap.ts';

export type TableOptions = {
  /** Width of the terminal in characters; below about 100 the columns that matter least are left out. */
  columns: number;
  /** Whether to colour the verdicts. */
  color: boolean;
  /** Whether to set the published values beside the measured ones; yes unless told otherwise. */
  reference?: boolean;
};

/** Left out first to last until the table fits. */
const expendable = ['p999', 'throughput', 'p99', 'published', 'trials', 'interval', 'ratio'];
const gap = '  ';
const verdictColours: Record<Measured['verdict'], 'green' | 'yellow' | 'red'> = {
  valid: 'green',
  suspect: 'yellow',
  invalid: 'red',
};

/** The table, notes and reasons as lines of text, ending in a newline. */
export function renderTable(summary: Summary, { columns, color, reference = true }: TableOptions): string {
  const measured = summaryRows(summary);
  const shown = fittingColumns(measured, summaryColumns(summary, reference), columns);
  const rule = '─'.repeat(tableWidth(measured, shown));
  const table = new Table({
    head: shown.map((column) => column.head),
    colAligns: shown.map((column) => column.align),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    chars: {
      ...Object.fromEntries(borders.map((border) => [border, ''])),
      middle: gap,
    },
  });
  for (const row of measured) {
    table.push(shown.map((column) => paint(printable(column.cell(row)), column, row, color)));
  }
  const [head, ...rows] = table.toString().split('\n');
  const wrap = (text: string, indent = ''): string[] =>
    wrapWords(printable(text), (line) => line.length + indent.length <= columns).map((line) => indent + line);
  const lines = [
    ...wrap(
      `${summary.title}${summary.quick ? ' (quick run)' : ''}${summary.finished ? '' : ' (unfinished run)'}`,
    ),
    '',
    head!,
    rule,
    ...rows,
    '',
    ...columnNotes(summary, shown).flatMap((note) => wrap(note)),
    ...doubts(measured).flatMap((doubt) => [
      '',
      ...wrap(`${doubt.system}, ${doubt.targets} ${doubt.verdict}:`),
      ...doubt.reasons.flatMap((reason) => wrap(reason, '  ')),
    ]),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

const borders = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
];

function fittingColumns(rows: Row[], all: Column[], columns: number): Column[] {
  let shown = all;
  for (const name of expendable) {
    if (tableWidth(rows, shown) <= columns) break;
    shown = shown.filter((column) => column.name !== name);
  }
  return shown;
}

function tableWidth(rows: Row[], shown: Column[]): number {
  const widths = shown.map((column) =>
    Math.max(column.head.length, ...rows.map((row) => column.cell(row).length)),
  );
  return widths.reduce((sum, width) => sum + width, gap.length * (shown.length - 1));
}

function paint(text: string, column: Column, row: Row, color: boolean): string {
  if (!color || column.name !== 'verdict') return text;
  return styleText(verdictColours[row.verdict], text, { validateStream: false });
}

/** Data must not steer the terminal. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ');
}
