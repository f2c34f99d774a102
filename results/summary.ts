/** summary.json from a run's raw files: one point for each system or floor and each planned measurement. */
import {
  type Measured,
  type MeasurementTarget,
  type Summary,
  schemaVersions,
  summarySchema,
} from './bundle.ts';
import { latencyUs, medianUs, mergeHistograms, p99Us } from './histogram.ts';
import { medianInterval } from './interval.ts';
import { type Recording, type Run, sameTarget } from './run-folder.ts';
import { judge, type TrialOutcome } from './verdict.ts';

/**
 * Points stand in the manifest's order of systems, then of measurements, also where nothing was measured:
 * a system or a floor whose every trial failed must be seen to have failed.
 */
export function summarize(run: Run): Summary {
  const { manifest } = run;
  return summarySchema.parse({
    schema: schemaVersions.summary,
    experiment: manifest.experiment,
    title: manifest.title,
    quick: manifest.quick,
    finished: manifest.finished_at !== null,
    pipeline: manifest.plan.pipeline,
    points: manifest.systems.flatMap(({ name, label, backend, device }) =>
      manifest.plan.measurements.map((target) => ({
        system: name,
        label,
        backend,
        device,
        ...measured(run, name, target),
      })),
    ),
    floors: manifest.floors.flatMap(({ name, label, system }) =>
      manifest.plan.measurements.map((target) => ({ name, label, system, ...measured(run, name, target) })),
    ),
  } satisfies Summary);
}

/** `name` is that of a system or a floor. */
function measured(run: Run, name: string, target: MeasurementTarget): Measured {
  const outcomes = plannedTrials(run, name, target);
  const recorded = outcomes.flatMap(({ trial, measurement }) =>
    measurement?.recording ? [{ trial, ...measurement.recording }] : [],
  );
  const merged = mergeHistograms(recorded.map((recording) => recording.latency_ns));
  const latency_us = latencyUs(merged);
  const sampled = recorded.filter((recording) => recording.latency_ns.totalCount > 0);
  const trial_p50_us = sampled.map(({ trial, latency_ns }) => ({ trial, p50_us: medianUs(latency_ns) }));
  const interval = medianInterval(trial_p50_us.map((trial) => trial.p50_us));
  const ofMeans = recorded.some((recording) => recording.result.sample === 'run_mean');
  return {
    operation: target.operation,
    clients: target.clients,
    value_bytes: target.value_bytes,
    latency_us,
    // The merged p50 weighs trials by their requests, the ranks do not: keep it inside its own interval.
    p50_ci95_us:
      interval && latency_us
        ? [Math.min(interval.low, latency_us.p50), Math.max(interval.high, latency_us.p50)]
        : null,
    p50_ci_confidence: interval?.confidence ?? null,
    trial_p50_us,
    trial_p99_us: ofMeans
      ? []
      : sampled.map(({ trial, latency_ns }) => ({ trial, p99_us: p99Us(latency_ns) })),
    trial_throughput_ops: ofMeans
      ? []
      : recorded.map((recording) => ({
          trial: recording.trial,
          throughput_ops: throughput([recording])!,
        })),
    throughput_ops: ofMeans ? null : throughput(recorded),
    samples: merged.totalCount,
    sample: ofMeans ? 'run_mean' : 'round_trip',
    misses: countReplies(recorded, 'misses'),
    errors: countReplies(recorded, 'errors'),
    wrong: countReplies(recorded, 'wrong'),
    trials: trial_p50_us.length,
    trials_planned: run.manifest.plan.trials,
    ...judge(run.manifest, outcomes, merged.totalCount),
  };
}

/** Trial 1 to the planned number, with what is there of each. */
function plannedTrials(run: Run, name: string, target: MeasurementTarget): TrialOutcome[] {
  return Array.from({ length: run.manifest.plan.trials }, (_, index) => {
    const record = run.trials.find(({ trial }) => trial.system === name && trial.trial === index + 1);
    const measurement = record?.measurements.find((other) => sameTarget(other.measurement, target));
    return { trial: index + 1, record: record ?? null, measurement: measurement ?? null };
  });
}

type ReplyCount = 'requests' | 'misses' | 'errors' | 'wrong';

function countReplies(recordings: Recording[], kind: ReplyCount): number {
  return recordings
    .flatMap((recording) => recording.result.operations)
    .reduce((sum, operation) => sum + operation[kind], 0);
}

/** Requests per second: all replies of all trials over the sum of the trials' measured windows. */
function throughput(recordings: Recording[]): number | null {
  if (recordings.length === 0) return null;
  const elapsed_s = recordings.reduce((sum, recording) => sum + recording.result.elapsed_s, 0);
  return Math.round(countReplies(recordings, 'requests') / elapsed_s);
}
