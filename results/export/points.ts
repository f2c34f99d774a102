/** What is exported of a run: its systems, repetitions and floors at each point, with the trials behind them. */
import {
  type FloorPoint,
  type Measured,
  type MeasurementTarget,
  type Point,
  type Summary,
  sameAt,
  trialsOf,
} from '../formats/index.ts';
import type { Run, TrialRecord } from '../run/run-folder.ts';
import { distanceOfRun, type RunDistance } from '../summary/distance/run-distance.ts';
import { countPoint } from '../summary/numbers.ts';
import type { TrialSample } from '../summary/trial-samples.ts';

export interface ExportedTrial {
  trial: number;
  /** Null where it is not there. */
  record: TrialRecord | null;
  /** Null where the measurement gave nothing. */
  sample: TrialSample | null;
}

export interface ExportedPoint {
  kind: 'system' | 'repeat' | 'floor';
  name: string;
  /** Of a floor, which has no more than its numbers, null. */
  point: Point | null;
  label: string;
  measured: Measured;
  trials: ExportedTrial[];
}

/** In the order of the summary. */
export function exportedPoints(run: Run, { points, repeats, floors }: Summary): ExportedPoint[] {
  const distance = distanceOfRun(run);
  const ofSystem = (kind: 'system' | 'repeat', point: Point): ExportedPoint => ({
    kind,
    name: point.system,
    point,
    label: point.label,
    measured: point,
    trials: trialsOfPoint(run, distance, point.system, point),
  });
  const ofFloor = (floor: FloorPoint): ExportedPoint => ({
    kind: 'floor',
    name: floor.name,
    point: null,
    label: floor.label,
    measured: floor,
    trials: trialsOfPoint(run, distance, floor.name, floor),
  });
  return [
    ...points.map((point) => ofSystem('system', point)),
    ...repeats.map((point) => ofSystem('repeat', point)),
    ...floors.map(ofFloor),
  ];
}

function trialsOfPoint(
  run: Run,
  distance: RunDistance,
  name: string,
  target: MeasurementTarget,
): ExportedTrial[] {
  const { samples } = countPoint(run, distance, name, target);
  return trialsOf(run.manifest, name, target.at).map((trial) => ({
    trial,
    record:
      run.trials.find(
        ({ trial: one }) => one.subject === name && one.trial === trial && sameAt(one.at, target.at),
      ) ?? null,
    sample: samples.find((sample) => sample.trial === trial && sample.latency_ns.totalCount > 0) ?? null,
  }));
}
