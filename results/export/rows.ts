/** The tidy table of a run: a row for each point and statistic, and for each of its trials. */
import { basename, resolve } from 'node:path';
import type { Measured, Summary } from '../formats/index.ts';
import { type Run, sameTarget } from '../run/run-folder.ts';
import { arrivalsOf } from '../sentences/load.ts';
import { MIXTURE } from '../summary/distance/by-state.ts';
import { summarize } from '../summary/summary.ts';
import { axisColumn, type ExportRow } from './columns.ts';
import { type ExportedPoint, type ExportedTrial, exportedPoints } from './points.ts';
import { type StatisticValue, statisticsOfPoint, statisticsOfTrial } from './statistics.ts';

/** Each has every column of columns.ts, and one for each axis that its point has. */
export function exportRows(run: Run): ExportRow[] {
  const summary = summarize(run);
  return exportedPoints(run, summary).flatMap((exported) => {
    const shared = {
      ...ofRun(run),
      ...ofSubject(exported),
      ...ofAxes(exported.measured),
      ...ofWorkload(run, exported),
    };
    const ofPoint = statisticsOfPoint(
      exported.measured,
      exported.trials.flatMap(({ sample }) => sample ?? []),
    ).map((statistic) => ({
      level: 'point',
      ...shared,
      measured_at: exported.measured.measured_at,
      ...NO_TRIAL,
      ...ofStatistic(statistic),
      ...countsOf(exported.measured),
      ...distanceOf(summary, exported.measured),
    }));
    const ofTrials = exported.trials.flatMap((trial) => trialRows(exported, trial, shared));
    return [...ofPoint, ...ofTrials.map((row) => ({ ...row, ...distanceOf(summary, exported.measured) }))];
  });
}

const NO_TRIAL = { trial: null, order: null, status: null };
const NO_VALUE: StatisticValue = {
  statistic: '',
  value: null,
  unit: '1',
  low: null,
  high: null,
  confidence: null,
  verdict: null,
  reasons: [],
};

function ofRun({ dir, manifest }: Run): ExportRow {
  const { experiment, quick, finished_at } = manifest;
  return { run: basename(resolve(dir)), experiment, quick, finished: finished_at !== null };
}

function ofSubject({ kind, name, label, point }: ExportedPoint): ExportRow {
  return {
    kind,
    system: name,
    label,
    group: point?.group || null,
    role: point?.role ?? null,
    backend: point?.backend ?? null,
    device: point?.device ?? null,
    provenance: point?.provenance ?? null,
  };
}

/** Axes that the point does not have are left out. */
function ofAxes({ at }: Measured): ExportRow {
  return Object.fromEntries(Object.entries(at).map(([name, value]) => [axisColumn({ name }), value]));
}

function ofWorkload({ manifest: { plan, systems } }: Run, { name, measured }: ExportedPoint): ExportRow {
  const system = systems.find((one) => one.name === name);
  const { operation, clients, value_bytes, pipeline, rate_ops, own_workload, bulk } = measured;
  const weights = operation === 'mix' && plan.mix ? Object.entries(plan.mix) : [];
  return {
    operation,
    clients,
    value_bytes,
    pipeline,
    loop: rate_ops === null ? 'closed' : 'open',
    offered_ops: rate_ops,
    arrivals: rate_ops === null ? null : arrivalsOf(plan),
    mix: weights.map(([of, weight]) => `${of}:${weight}`).join(' ') || null,
    keys: plan.trace ? null : (system?.workload.keys ?? plan.keys),
    key_distribution: plan.trace ? null : (system?.workload.key_distribution ?? plan.key_distribution),
    key_bytes: plan.trace ? null : plan.key_bytes,
    bulk_streams: bulk?.connections ?? null,
    bulk_value_bytes: bulk?.value_bytes ?? null,
    bulk_operation: bulk?.request ?? null,
    idle: system?.client.idle ?? null,
    client_backend: system?.client.backend ?? null,
    own_workload: own_workload.join(' ') || null,
    warmup_s: plan.warmup_s,
    duration_s: plan.duration_s,
  };
}

function trialRows({ measured }: ExportedPoint, exported: ExportedTrial, shared: ExportRow): ExportRow[] {
  const { trial, record, sample } = exported;
  const measurement = record?.measurements.find((one) => sameTarget(one.measurement, measured))?.measurement;
  const failed = record !== null && (record.trial.status === 'failed' || measurement?.status === 'failed');
  const status = record === null ? 'absent' : failed ? 'failed' : 'ok';
  const reason = measurement?.reason ?? record?.trial.reason ?? null;
  const values = sample ? statisticsOfTrial(measured, sample) : [NO_VALUE];
  return values.map((statistic) => ({
    level: 'trial',
    ...shared,
    measured_at: record?.trial.started_at ?? null,
    trial,
    order: record?.trial.order ?? null,
    status,
    ...ofStatistic(statistic),
    reasons: reason,
    samples: sample?.latency_ns.totalCount ?? 0,
    trials: 1,
    trials_planned: 1,
    misses: null,
    errors: null,
    wrong: null,
    stale: null,
    torn: null,
  }));
}

function ofStatistic({ statistic, reasons, unit, ...value }: StatisticValue): ExportRow {
  return {
    statistic: statistic || null,
    unit: statistic === '' ? null : unit,
    ...value,
    reasons: reasons.join(' ') || null,
  };
}

function countsOf(measured: Measured): ExportRow {
  const { samples, trials, trials_planned, misses, errors, wrong, stale, torn } = measured;
  return { samples, trials, trials_planned, misses, errors, wrong, stale, torn };
}

/** Null where the distance is not known; of a run with one state only, that one. */
function distanceOf({ distance }: Summary, { state, by_state, distance_unknown }: Measured): ExportRow {
  const none = { distance: null, distance_low_ns: null, distance_high_ns: null, distance_share: null };
  if (!distance || distance_unknown !== null) return none;
  if (by_state.length === 0) {
    const [only, ...others] = distance.states;
    if (others.length > 0) return none;
    return {
      distance: only.name,
      distance_low_ns: only.low_ns,
      distance_high_ns: only.high_ns,
      distance_share: only.share,
    };
  }
  const of = by_state.find((one) => one.state === (state ?? MIXTURE));
  return {
    distance: state ?? MIXTURE,
    distance_low_ns: of?.low_ns ?? null,
    distance_high_ns: of?.high_ns ?? null,
    distance_share: of?.share ?? null,
  };
}
