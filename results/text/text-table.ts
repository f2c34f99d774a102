/** Tables of text that fit the terminal by leaving out the columns that matter least. */
import Table from 'cli-table3';
import { printable } from './terminal.ts';

export interface Column<Row> {
  name: string;
  head: string;
  align: 'left' | 'right';
  cell: (row: Row) => string;
}

export interface TextTable<Row> {
  lines: string[];
  shown: Column<Row>[];
}

const GAP = '  ';

const borders = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
];

/**
 * Head, rule and rows as lines, and the columns that are left. `expendable` names those that are left out, first to
 * last, until the table fits `width`; `paint` may colour a cell's text, which does not change its width.
 */
export function textTable<Row>(
  rows: Row[],
  all: Column<Row>[],
  options: {
    width: number;
    expendable: string[];
    paint: (text: string, column: Column<Row>, row: Row) => string;
  },
): TextTable<Row> {
  const shown = fittingColumns(rows, all, options.expendable, options.width);
  const table = new Table({
    head: shown.map((column) => column.head),
    colAligns: shown.map((column) => column.align),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    chars: {
      ...Object.fromEntries(borders.map((border) => [border, ''])),
      middle: GAP,
    },
  });
  for (const row of rows) {
    table.push(shown.map((column) => options.paint(printable(column.cell(row)), column, row)));
  }
  const [head, ...body] = table.toString().split('\n');
  return { lines: [head!, '─'.repeat(tableWidth(rows, shown)), ...body], shown };
}

function fittingColumns<Row>(
  rows: Row[],
  all: Column<Row>[],
  expendable: string[],
  width: number,
): Column<Row>[] {
  let shown = all;
  for (const name of expendable) {
    if (tableWidth(rows, shown) <= width) break;
    shown = shown.filter((column) => column.name !== name);
  }
  return shown;
}

function tableWidth<Row>(rows: Row[], shown: Column<Row>[]): number {
  const widths = shown.map((column) =>
    Math.max(column.head.length, ...rows.map((row) => column.cell(row).length)),
  );
  return widths.reduce((sum, width) => sum + width, GAP.length * (shown.length - 1));
}
