/** The columns that say what the figure says, one row a point: for the terminal and for the report. */
import type { Point, Summary } from './bundle.ts';
import { intervalConfidence } from './caption.ts';
import { formatCount, formatIntervalUs, formatRatio, formatUs } from './format.ts';
import { referenceName, referenceUs } from './reference.ts';

export type Column = {
  name: string;
  head: string;
  align: 'left' | 'right';
  cell: (point: Point) => string;
};

const nothing = '–';

/** The columns for a summary: what is the same for all its points, or published for none, is left out. In µs. */
export function summaryColumns(summary: Summary, reference: boolean): Column[] {
  const { points } = summary;
  const first = points[0]!.system;
  const varies = (key: 'clients' | 'value_bytes'): boolean =>
    points.some((point) => point[key] !== points[0]![key]);
  const published = reference && points.some((point) => referenceUs(point) !== null);
  const text = (name: string, head: string, cell: Column['cell']): Column => ({
    name,
    head,
    align: 'left',
    cell,
  });
  const number = (name: string, head: string, cell: Column['cell']): Column => ({
    name,
    head,
    align: 'right',
    cell,
  });
  const quantile = (name: 'p50' | 'p99' | 'p999', head: string): Column =>
    number(name, head, (point) => formatIfAny(point.latency_us?.[name], formatUs));
  return [
    text('system', 'system', (point) => point.system),
    text('operation', 'op', (point) => point.operation.toUpperCase()),
    ...(varies('clients') ? [number('clients', 'clients', (point) => formatCount(point.clients))] : []),
    ...(varies('value_bytes')
      ? [number('value_bytes', 'bytes', (point) => formatCount(point.value_bytes))]
      : []),
    quantile('p50', 'p50 µs'),
    number('interval', 'interval', (point) => formatIfAny(point.p50_ci95_us, formatIntervalUs)),
    number('ratio', `× ${first}`, (point) => formatIfAny(ratioToFirst(points, point), formatRatio)),
    ...(published
      ? [number('published', 'published', (point) => formatIfAny(referenceUs(point), formatUs))]
      : []),
    quantile('p99', 'p99'),
    quantile('p999', 'p99.9'),
    number('throughput', 'ops/s', (point) => formatIfAny(point.throughput_ops, formatCount)),
    number('trials', 'trials', (point) => `${point.trials}/${point.trials_planned}`),
    text('verdict', 'verdict', (point) => point.verdict),
  ];
}

/** What the heads of the columns mean, a sentence each. */
export function columnNotes(summary: Summary, columns: Column[]): string[] {
  const shown = new Set(columns.map((column) => column.name));
  const notes = ['Latencies in µs, from the histograms of all trials merged by count.'];
  const confidence = intervalConfidence(summary.points);
  if (confidence && shown.has('interval')) {
    notes.push(`interval: for the p50, over the trials, ${confidence} confidence.`);
  }
  if (shown.has('ratio')) {
    const first = summary.points[0]!.system;
    notes.push(`× ${first}: p50 over that of ${first}; none where either point is invalid.`);
  }
  if (shown.has('published')) notes.push(`published: ${referenceName}.`);
  return notes;
}

/** p50 over that of the first system at the same target; null where one of them backs no claim. */
function ratioToFirst(points: Point[], point: Point): number | null {
  const first = points.find(
    (other) =>
      other.system === points[0]!.system &&
      other.operation === point.operation &&
      other.clients === point.clients &&
      other.value_bytes === point.value_bytes,
  );
  if (!first?.latency_us || !point.latency_us) return null;
  if (first.verdict === 'invalid' || point.verdict === 'invalid') return null;
  return point.latency_us.p50 / first.latency_us.p50;
}

function formatIfAny<T>(value: T | null | undefined, format: (value: T) => string): string {
  return value === null || value === undefined ? nothing : format(value);
}
