/**
 * HdrHistogram's log of intervals, version 1.3: a line for each measurement of each trial, with its histogram in V2
 * compressed form. Values are nanoseconds. An interval begins with its trial, behind the measurements before it.
 */
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { Summary } from '../formats/index.ts';
import { type Run, sameTarget } from '../run/run-folder.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { type ExportedPoint, type ExportedTrial, exportedPoints } from './points.ts';

interface Interval {
  tag: string;
  /** Since the epoch. */
  start_s: number;
  length_s: number;
  max_us: number;
  histogram: string;
}

const LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"';

/** In order of time. */
export function histogramLog(runs: { run: Run; summary: Summary }[]): string {
  const intervals = runs.flatMap(({ run, summary }) => {
    const points = exportedPoints(run, summary);
    return points.flatMap((point) => point.trials.flatMap((trial) => intervalOf(points, point, trial) ?? []));
  });
  intervals.sort((a, b) => a.start_s - b.start_s);
  const base_s = Math.floor(intervals[0]?.start_s ?? 0);
  const started = new Date(base_s * 1000).toISOString();
  const head = [
    '#[Histogram log format version 1.3]',
    `#[BaseTime: ${base_s.toFixed(3)} (seconds since epoch)]`,
    `#[StartTime: ${base_s.toFixed(3)} (seconds since epoch), ${started}]`,
    '#[Values are nanoseconds, Interval_Max is in microseconds; a tag is system/operation/trial]',
    LEGEND,
  ];
  const lines = intervals.map(({ tag, start_s, length_s, max_us, histogram }) =>
    [`Tag=${tag}`, (start_s - base_s).toFixed(3), length_s.toFixed(3), max_us.toFixed(3), histogram].join(
      ',',
    ),
  );
  return [...head, ...lines].map((line) => `${line}\n`).join('');
}

function intervalOf(
  points: ExportedPoint[],
  { name, measured }: ExportedPoint,
  { trial, record, sample }: ExportedTrial,
): Interval | null {
  if (!record || !sample) return null;
  const { measurements, trial: of } = record;
  const at = measurements.findIndex(({ measurement }) => sameTarget(measurement, measured));
  const before = measurements.slice(0, at);
  const before_s = before.reduce((sum, { measurement }) => sum + measurement.elapsed_s, 0);
  const target = nameTarget(
    measured,
    points.map((point) => point.measured),
  );
  return {
    // A tag ends at a comma or a space.
    tag: `${name}/${target}/t${trial}`.replace(/[\s,]+/g, '_'),
    start_s: Date.parse(of.started_at) / 1000 + before_s,
    length_s: sample.elapsed_s,
    max_us: sample.latency_ns.maxValue / 1000,
    histogram: encodeIntoCompressedBase64(sample.latency_ns),
  };
}
