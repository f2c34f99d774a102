/** A comparison of two runs as text for the terminal: the table of changes, and what differs in how they ran. */
import { styleText } from 'node:util';
import type { Summary } from '../formats/index.ts';
import { formatMeasure, measureHeads } from '../summary/measure.ts';
import { formatCount, formatRatioFinely, formatRunState } from '../text/format.ts';
import { paragraph, type Terminal } from '../text/terminal.ts';
import { type Column, textTable } from '../text/text-table.ts';
import type { Change, Comparison } from './changes.ts';
import type { ManifestDifference } from './manifests.ts';

export interface ComparedRun {
  dir: string;
  summary: Summary;
}

/** Left out first to last until the table fits. */
const expendable = ['trials', 'first', 'second', 'distance', 'interval'];

/** What more there is of a long value stands in manifest.json. */
const LONGEST_VALUE = 200;

/** Lines of text, ending in a newline. */
export function renderComparison(
  [first, second]: [ComparedRun, ComparedRun],
  { changes, only_first, only_second }: Comparison,
  differences: ManifestDifference[],
  { columns, color }: Terminal,
): string {
  const lines = [
    ...paragraph(nameRun(first), columns, '        ', 'First:  '),
    ...paragraph(nameRun(second), columns, '        ', 'Second: '),
    '',
    ...changeTable(changes, columns, color),
    ...only(only_first, 'first', columns),
    ...only(only_second, 'second', columns),
    '',
    ...differenceLines(differences, columns),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function nameRun({ dir, summary }: ComparedRun): string {
  return `${dir}: ${summary.title}${formatRunState(summary)}`;
}

function changeTable(changes: Change[], columns: number, color: boolean): string[] {
  if (changes.length === 0) return paragraph('No point was measured in both runs.', columns);
  const table = textTable(changes, changeColumns(changes), {
    width: columns,
    expendable,
    paint: (text, column, { differs }) =>
      color && differs && column.name === 'reading'
        ? styleText('yellow', text, { validateStream: false })
        : text,
  });
  const shown = new Set(table.shown.map(({ name }) => name));
  const notes = [
    'Values are medians over the trials of each run; ratio: second over first.',
    ...(shown.has('interval')
      ? [
          'interval: of the ratio, 95 %, by a bootstrap over the trials of each run; with fewer than 5 it is too narrow.',
        ]
      : []),
    'No difference detectable below X %: half the width of an interval that holds 1.',
    ...workloadNotes(changes),
  ];
  return [...table.lines, '', ...notes.flatMap((note) => paragraph(note, columns))];
}

/** What was asked otherwise, once, and of whom where it was not of all. */
function workloadNotes(changes: Change[]): string[] {
  const each = changes.flatMap(({ system, workload }) =>
    workload.map(({ what, first, second }) => ({ system, what: `${what} ${first} -> ${second}` })),
  );
  const systems = new Set(changes.map(({ system }) => system));
  const notes = [...Map.groupBy(each, ({ what }) => what)].map(([what, of]) => {
    const concerned = [...new Set(of.map(({ system }) => system))];
    return concerned.length === systems.size ? what : `${what} (${concerned.join(', ')})`;
  });
  if (notes.length === 0) return [];
  return [
    `Unlike workloads, so that no difference is one of the systems (first -> second): ${notes.join('; ')}.`,
  ];
}

/** What is the same for all points is left out. */
function changeColumns(changes: Change[]): Column<Change>[] {
  const column = (
    name: string,
    align: Column<Change>['align'],
    cell: Column<Change>['cell'],
    head = name,
  ): Column<Change> => ({ name, head, align, cell });
  const varies = (key: 'clients' | 'value_bytes'): boolean =>
    changes.some((change) => change[key] !== changes[0][key]);
  return [
    column('system', 'left', (change) => change.system),
    column('operation', 'left', (change) => change.operation.toUpperCase(), 'op'),
    ...(varies('clients') ? [column('clients', 'right', ({ clients }) => formatCount(clients))] : []),
    ...(varies('value_bytes')
      ? [column('value_bytes', 'right', ({ value_bytes }) => formatCount(value_bytes), 'bytes')]
      : []),
    column('measure', 'left', ({ measure }) => measureHeads[measure], ''),
    column('first', 'right', ({ first, measure }) => formatMeasure(first, measure)),
    column('second', 'right', ({ second, measure }) => formatMeasure(second, measure)),
    column('ratio', 'right', ({ ratio }) => formatRatioFinely(ratio)),
    column('interval', 'right', ({ interval }) =>
      interval ? `${formatRatioFinely(interval.low)} to ${formatRatioFinely(interval.high)}` : '–',
    ),
    ...(changes.some(({ distance }) => distance !== null)
      ? [column('distance', 'left', ({ distance }) => distance ?? '–')]
      : []),
    column('trials', 'right', ({ trials }) => trials.join(', ')),
    column('reading', 'left', ({ reading }) => reading, ''),
  ];
}

function only(names: string[], run: string, columns: number): string[] {
  return names.length === 0
    ? []
    : ['', ...paragraph(`Only in the ${run} run: ${names.join('; ')}.`, columns)];
}

function differenceLines(differences: ManifestDifference[], columns: number): string[] {
  if (differences.length === 0) {
    return paragraph(
      'The manifests differ in nothing but when the runs were, and their command lines.',
      columns,
    );
  }
  return [
    ...paragraph('What differs in the manifests (first -> second):', columns),
    ...differences.flatMap(({ path, before, after }) =>
      paragraph(`${path}: ${shorten(before)} -> ${shorten(after)}`, columns, '    ', '  '),
    ),
  ];
}

function shorten(value: string | null): string {
  if (value === null) return '(none)';
  return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)} …` : value;
}
