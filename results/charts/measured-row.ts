/** A point or a floor as a row of a chart's dataset: flat, for spreadsheets too. Units stand last in names. */
import {
  type FloorPoint,
  type Measured,
  type MeasurementTarget,
  type Point,
  pointName,
} from '../formats/index.ts';
import { floorRows } from '../sentences/rows.ts';
import type { State } from '../summary/doubt.ts';

/** What a row is of. */
export interface RowTarget extends MeasurementTarget {
  /** The name of its point of a sweep, which picks the rows of a panel. */
  point: string;
}

export interface MeasuredRow extends RowTarget {
  system: string;
  label: string;
  /** The state of distance that all of it is of; null where it is of all of the time. */
  state: string | null;
  p50_us: number | null;
  p50_low_us: number | null;
  p50_high_us: number | null;
  /** Of the interval from p50_low_us to p50_high_us, between 0 and 1. */
  p50_confidence: number | null;
  p99_us: number | null;
  p999_us: number | null;
  /** Per second; what was offered is null in a closed loop, all three for means. */
  offered_ops: number | null;
  achieved_ops: number | null;
  completed_ops: number | null;
  samples: number;
  sample: Measured['sample'];
  trials: number;
  trials_planned: number;
  p50_verdict: State;
  /** Null where there is no such quantile. */
  p99_verdict: State | null;
  p999_verdict: State | null;
  /** Why the p50 is not valid, sentences one behind the other; empty when it is. */
  p50_reasons: string;
}

/** `system` is what fades it: for a floor, one of the systems that it is a floor of, or its own name. */
export function measuredRow(point: Point | (FloorPoint & { system: string })): MeasuredRow {
  const { latency_us, p50_interval_us, sample, verdicts } = point;
  const tail = sample === 'run_mean' ? null : latency_us;
  return {
    system: point.system,
    label: 'name' in point ? floorRows([point])[0].label : point.label,
    ...rowTarget(point),
    state: point.state,
    p50_us: latency_us?.p50 ?? null,
    p50_low_us: p50_interval_us?.low ?? null,
    p50_high_us: p50_interval_us?.high ?? null,
    p50_confidence: p50_interval_us?.confidence ?? null,
    p99_us: tail?.p99 ?? null,
    p999_us: tail?.p999 ?? null,
    offered_ops: point.rates?.offered_ops ?? null,
    achieved_ops: point.rates?.achieved_ops ?? null,
    completed_ops: point.rates?.completed_ops ?? null,
    samples: point.samples,
    sample,
    trials: point.trials,
    trials_planned: point.trials_planned,
    p50_verdict: verdicts.p50.state,
    p99_verdict: verdicts.p99?.state ?? null,
    p999_verdict: verdicts.p999?.state ?? null,
    p50_reasons: verdicts.p50.reasons.join(' '),
  };
}

/** Nothing of it but what it is of. */
export function rowTarget(of: MeasurementTarget): RowTarget {
  const { operation, at, clients, value_bytes, pipeline, rate_ops } = of;
  return { operation, at, clients, value_bytes, pipeline, rate_ops, point: pointName(at) };
}

/** A condition that picks the rows of a panel from a dataset of all panels. */
export function inPanel({ at }: Pick<MeasurementTarget, 'at'>): string {
  return `datum.point === ${JSON.stringify(pointName(at))}`;
}

/** The same, of one group of systems. */
export function inGroup(of: Pick<MeasurementTarget, 'at'> & { group: string }): string {
  return `${inPanel(of)} && datum.group === ${JSON.stringify(of.group)}`;
}
