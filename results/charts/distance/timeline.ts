/**
 * A run as one line of time: its measurements one behind the other, what lies between them left out. On it, each
 * reading of the distance with its state, and each slice with the p50 of its requests.
 */
import type { SlicesFile, Summary } from '../../formats/index.ts';
import { type Run, sameTarget } from '../../run/run-folder.ts';
import { medianNs } from '../../summary/distance/point-slices.ts';
import { pairOf, type RunDistance, sliceStates } from '../../summary/distance/run-distance.ts';
import { distanceOf } from '../../summary/distance/slice-states.ts';
import { type DistanceState, stateAt } from '../../summary/distance/states.ts';
import { type RowTarget, rowTarget } from '../measured-row.ts';

/** What stands for the state of a reading in none, and of one while the server was on another core than its own. */
const NO_STATE = 'none';
const ELSEWHERE = 'elsewhere';

/** A row of the chart's dataset `measurements`, in the order in which they ran. */
export interface MeasurementRow extends RowTarget {
  /** Counted from 1; what its readings and slices are joined to it by. */
  measurement: number;
  /** A system or a floor. */
  subject: string;
  trial: number;
}

/** A row of the dataset `readings`. */
export interface ReadingRow {
  measurement: number;
  /** Seconds of measurement since the first one began. */
  at_s: number;
  distance_ns: number;
  state: string;
}

/** A row of the dataset `slices`. */
export interface SliceRow {
  measurement: number;
  at_s: number;
  /** Of the right replies that count for the point. */
  p50_us: number;
  requests: number;
  /** A state, or `mixed` or `unknown`. */
  state: string;
}

/** A piece of the line: a trial, or slices one behind the other that are in one state. */
export interface Stretch {
  from_s: number;
  to_s: number;
}

export interface Timeline {
  measurements: MeasurementRow[];
  readings: ReadingRow[];
  slices: SliceRow[];
  trials: (Stretch & { trial: number })[];
  spells: (Stretch & { state: string })[];
  duration_s: number;
}

export function timelineOf(run: Run, distance: RunDistance, summary: Summary): Timeline {
  const timeline: Timeline = {
    measurements: [],
    readings: [],
    slices: [],
    trials: [],
    spells: [],
    duration_s: 0,
  };
  for (const { trial, measurements } of run.trials) {
    const from_s = timeline.duration_s;
    for (const { measurement, recording } of measurements) {
      const file = recording?.slices;
      if (!file || file.slices.length === 0) continue;
      const { subject, trial: number } = trial;
      const of = {
        measurement: timeline.measurements.length + 1,
        subject,
        trial: number,
        ...rowTarget(measurement),
      };
      append(timeline, of, file, distance, leavesOutEarly(summary, of));
    }
    const to_s = timeline.duration_s;
    if (to_s > from_s) timeline.trials.push({ trial: trial.trial, from_s, to_s });
  }
  return timeline;
}

/** Whether the point's numbers are without the requests right behind a reading. */
function leavesOutEarly({ points, floors, repeats }: Summary, of: MeasurementRow): boolean {
  const named = [
    ...floors.filter(({ name }) => name === of.subject),
    ...[...points, ...repeats].filter(({ system }) => system === of.subject),
  ];
  return named.find((point) => sameTarget(point, of))?.after_probe?.left_out ?? false;
}

/** Adds what one measurement has, behind all others. */
function append(
  timeline: Timeline,
  of: MeasurementRow,
  file: SlicesFile,
  distance: RunDistance,
  withoutEarly: boolean,
): void {
  const { probes, slices } = file;
  const first_ns = probes[0]?.start_ns ?? slices[0].start_ns;
  const before_s = timeline.duration_s;
  const at = (ns: number): number => Number((before_s + (ns - first_ns) / 1e9).toFixed(3));
  const { measurement } = of;
  timeline.measurements.push(of);
  const ofPair = pairOf(distance, file)?.states ?? [];
  for (const probe of probes) {
    if (probe.median_ns === null) continue;
    const state = stateOfReading(ofPair, distanceOf(probe, file.cores));
    const distance_ns = Number(probe.median_ns.toFixed(1));
    timeline.readings.push({ measurement, at_s: at(probe.start_ns), distance_ns, state });
  }
  const states = sliceStates(distance, file);
  const spells: Timeline['spells'] = [];
  for (const [index, { start_ns, end_ns, operations }] of slices.entries()) {
    const there = states[index];
    const state = typeof there === 'string' ? there : there.name;
    const parts = operations.flatMap(({ early, late }) => (withoutEarly ? [late] : [early, late]));
    const p50_ns = medianNs(parts);
    if (p50_ns !== null) {
      const requests = parts.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0);
      const at_s = at((start_ns + end_ns) / 2);
      timeline.slices.push({ measurement, at_s, p50_us: p50_ns / 1000, requests, state });
    }
    const spell = spells.at(-1);
    if (spell?.state === state) spell.to_s = at(end_ns);
    else spells.push({ state, from_s: at(start_ns), to_s: at(end_ns) });
  }
  timeline.spells.push(...spells);
  timeline.duration_s = at(probes.at(-1)?.end_ns ?? slices.at(-1)!.end_ns);
}

/** `distance_ns`: null while the server was on another core. */
function stateOfReading(states: readonly DistanceState[], distance_ns: number | null): string {
  if (distance_ns === null) return ELSEWHERE;
  return stateAt(states, distance_ns)?.name ?? NO_STATE;
}
