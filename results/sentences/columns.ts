/** The columns that say what the figure says, one row a point or a floor: for the terminal and for the report. */
import type { CostOfSide, Statistic, Summary } from '../formats/index.ts';
import type { Published } from '../run/reference.ts';
import { standsBeside } from '../run/run-folder.ts';
import { stateOf } from '../summary/doubt.ts';
import {
  formatCount,
  formatIntervalOfRatio,
  formatIntervalUs,
  formatRatio,
  formatSignificant,
  formatUs,
} from '../text/format.ts';
import type { Column as TextColumn } from '../text/text-table.ts';
import { FLOOR_MEANING, intervalConfidence } from './caption.ts';
import { distanceNotes } from './distance.ts';
import { MARKS_MEANING, marks } from './doubts.ts';
import { fieldAxes, valuesInWords } from './load.ts';
import { isOfMeans, type SummaryRow, summaryRows } from './rows.ts';

export interface SummaryColumn extends TextColumn<SummaryRow> {
  /** The statistic that its cells show, each with the mark of its state. */
  statistic?: Statistic;
}

const NOTHING = '–';
const COST_HEAD = 'core-s/M';

type Rates = NonNullable<SummaryRow['rates']>;

const badReplies = [
  ['misses_ops', 'misses/s'],
  ['errors_ops', 'errors/s'],
  ['wrong_ops', 'wrong/s'],
  ['stale_ops', 'stale/s'],
  ['torn_ops', 'torn/s'],
] as const;

/** The columns for a summary: what is the same for all its points, or published for none, is left out. In µs. */
export function summaryColumns(summary: Summary): SummaryColumn[] {
  const rows = summaryRows(summary);
  const varies = (key: 'clients' | 'value_bytes' | 'pipeline' | 'rate_ops'): boolean =>
    rows.some((row) => row[key] !== rows[0][key]);
  const isPublished = (key: keyof Published): boolean => rows.some((row) => row[key] !== null);
  const text = (name: string, head: string, cell: SummaryColumn['cell']): SummaryColumn => ({
    name,
    head,
    align: 'left',
    cell,
  });
  const number = (name: string, head: string, cell: SummaryColumn['cell']): SummaryColumn => ({
    name,
    head,
    align: 'right',
    cell,
  });
  const marked = (column: SummaryColumn, statistic: Statistic): SummaryColumn => {
    const markOf = (row: SummaryRow): string => marks[stateOf(row, [statistic])];
    // A blank where others have a mark keeps the digits below each other.
    const isMarked = rows.some((row) => markOf(row) !== '');
    const cell = (row: SummaryRow): string => `${column.cell(row)} ${markOf(row) || ' '}`;
    return { ...column, statistic, ...(isMarked && { cell }) };
  };
  const offered = rows.some(({ rates }) => typeof rates?.offered_ops === 'number');
  const rate = (name: string, head: string, field: keyof Rates): SummaryColumn =>
    number(name, head, ({ rates }) => formatIfAny(rates?.[field], formatCount));
  const quantile = (name: 'p50' | 'p99' | 'p999', head: string): SummaryColumn =>
    marked(
      number(name, head, (row) => formatQuantile(row, name)),
      name,
    );
  return [
    ...(isGrouped(summary) ? [text('group', 'group', (row) => row.group)] : []),
    text('system', 'system', (row) => row.system),
    text('operation', 'op', (row) => row.operation.toUpperCase()),
    ...(varies('clients') ? [number('clients', 'clients', (row) => formatCount(row.clients))] : []),
    ...(varies('value_bytes') ? [number('value_bytes', 'bytes', (row) => formatCount(row.value_bytes))] : []),
    ...(varies('pipeline') ? [number('pipeline', 'pipeline', (row) => formatCount(row.pipeline))] : []),
    ...(varies('rate_ops')
      ? [number('rate_ops', 'due/s', (row) => formatIfAny(row.rate_ops, formatCount))]
      : []),
    ...summary.axes
      .filter(({ name }) => !fieldAxes.includes(name))
      .map(({ name }) =>
        number(`at ${name}`, name, ({ at }) =>
          Object.hasOwn(at, name) ? valuesInWords([at[name]]) : NOTHING,
        ),
      ),
    quantile('p50', 'p50 µs'),
    number('interval', 'interval', (row) => formatIfAny(row.p50_interval_us, formatIntervalUs)),
    number('ratio', ratioHead(summary), (row) => ratioToFirst(rows, row) + (isUnlike(rows, row) ? ' *' : '')),
    number('ratio_interval', 'its interval', (row) =>
      formatIfAny(isComparable(rows, row) ? row.versus_first?.interval : null, formatIntervalOfRatio),
    ),
    ...(isPublished('published_us')
      ? [number('published', 'published', (row) => formatIfAny(row.published_us, formatUs))]
      : []),
    quantile('p99', 'p99'),
    quantile('p999', 'p99.9'),
    ...(offered ? [rate('offered', 'offered/s', 'offered_ops')] : []),
    marked(
      number('throughput', 'ops/s', (row) => formatIfAny(row.throughput_ops, formatCount)),
      'throughput',
    ),
    ...(isPublished('published_ops')
      ? [number('published_ops', 'published/s', (row) => formatIfAny(row.published_ops, formatCount))]
      : []),
    ...(isPublished('published_gbit_per_s')
      ? [
          number('published_gbit_per_s', 'published Gbit/s', (row) =>
            formatIfAny(row.published_gbit_per_s, formatSignificant),
          ),
        ]
      : []),
    ...(offered ? [rate('completed', 'completed/s', 'completed_ops')] : []),
    ...badReplies.flatMap(([name, head]) =>
      rows.some(({ rates }) => rates !== null && rates[name] > 0) ? [rate(name, head, name)] : [],
    ),
    ...(rows.some(({ cost }) => cost !== null)
      ? [number('cost', COST_HEAD, ({ cost }) => formatIfAny(cost, formatCoreSeconds))]
      : []),
    number('trials', 'trials', (row) => `${row.trials}/${row.trials_planned}`),
  ];
}

function isGrouped({ points }: Summary): boolean {
  return points.some(({ group }) => group !== points[0].group);
}

function ratioHead(summary: Summary): string {
  return `× ${isGrouped(summary) ? 'first' : summary.points[0].system}`;
}

/** What the heads of the columns mean, a sentence each. */
export function columnNotes(summary: Summary, columns: SummaryColumn[]): string[] {
  const shown = new Set(columns.map((column) => column.name));
  const notes = ['Latencies in µs, from the histograms of all trials merged by count.'];
  notes.push(...distanceNotes(summary));
  const confidence = intervalConfidence(summary.points);
  if (confidence && shown.has('interval')) {
    notes.push(`interval: for the p50, over the trials, ${confidence} confidence.`);
  }
  if (shown.has('ratio')) {
    const of = isGrouped(summary) ? 'the first system of its group' : summary.points[0].system;
    notes.push(
      `${ratioHead(summary)}: p50 over that of ${of}, as medians over the trials of both, with its interval ` +
        '(nominally 95 %); none where either is invalid.',
    );
  }
  if (shown.has('offered')) {
    notes.push(
      'ops/s: right replies that came in the window, whenever they were due; offered/s: requests due in it.',
    );
  }
  if (shown.has('cost')) {
    notes.push(`${COST_HEAD}: core-seconds of server + client for a million right replies.`);
  }
  const own = new Map(
    summaryRows(summary).flatMap((row) =>
      row.own_workload.length > 0 ? [[row.system, row.own_workload] as const] : [],
    ),
  );
  if (shown.has('ratio') && own.size > 0) {
    const whose = [...own].map(([system, keys]) => `${system} (${keys.join(', ')})`);
    notes.push(`*: of unlike workloads, as ${whose.join(', ')} has some of it in its own way.`);
  }
  if ([...shown].some((name) => name.startsWith('published')) && summary.reference)
    notes.push(`published: ${summary.reference.name}.`);
  const shownStatistics = columns.flatMap(({ statistic }) => statistic ?? []);
  if (summaryRows(summary).some((row) => stateOf(row, shownStatistics) !== 'valid')) {
    notes.push(`${MARKS_MEANING}.`);
  }
  if (summary.floors.length > 0) notes.push(`(floor): ${FLOOR_MEANING}.`);
  const ofMeans = new Set(summary.floors.filter(isOfMeans).map(({ name }) => name));
  if (ofMeans.size > 0) {
    notes.push(
      `${[...ofMeans].join(', ')}: each sample is the mean of a run of many exchanges, so there is no tail to show.`,
    );
  }
  return notes;
}

/** Quantiles of means say nothing of those of single exchanges, but for the middle one. */
export function formatQuantile(row: SummaryRow, name: keyof NonNullable<SummaryRow['latency_us']>): string {
  const isKnown = !isOfMeans(row) || name === 'p50' || name === 'mean';
  return formatIfAny(isKnown ? row.latency_us?.[name] : null, formatUs);
}

/**
 * p50 over that of the first system of its group: the ratio that the summary has, and that verdicts and
 * claims go by.
 */
function ratioToFirst(rows: SummaryRow[], row: SummaryRow): string {
  if (!isComparable(rows, row)) return NOTHING;
  return row.system === firstOf(rows, row)?.system
    ? formatRatio(1)
    : formatIfAny(row.versus_first?.ratio, formatRatio);
}

/** Whether the row and the first system of its group at the same target both back a claim about the p50. */
function isComparable(rows: SummaryRow[], row: SummaryRow): boolean {
  return [firstOf(rows, row), row].every((one) => one?.latency_us && stateOf(one, ['p50']) !== 'invalid');
}

function firstOf(rows: SummaryRow[], row: SummaryRow): SummaryRow | undefined {
  const ofGroup = rows.filter((other) => other.group === row.group);
  return ofGroup.find((other) => other.system === ofGroup[0].system && standsBeside(other, row));
}

/** Whether a ratio is of two workloads. */
function isUnlike(rows: SummaryRow[], row: SummaryRow): boolean {
  const first = firstOf(rows, row);
  if (!isComparable(rows, row) || first === undefined || first.system === row.system) return false;
  return first.own_workload.length > 0 || row.own_workload.length > 0;
}

/** "24.1 + 41.0"; a side that is not known is a dash. */
function formatCoreSeconds({ server, client }: NonNullable<SummaryRow['cost']>): string {
  return [server, client].map((side) => formatIfAny(side, coreSeconds)).join(' + ');
}

function coreSeconds({ user_s, system_s }: CostOfSide): string {
  return formatSignificant(user_s + system_s);
}

function formatIfAny<T>(value: T | null | undefined, format: (value: T) => string): string {
  return value === null || value === undefined ? NOTHING : format(value);
}
