/** summary.json from a run's raw files: one point for each system or floor and each planned measurement. */

import {
  type FloorPoint,
  type Measured,
  type MeasurementTarget,
  type Point,
  type Ratio,
  type Summary,
  type SystemUnderTest,
  summaryFormat,
} from '../formats/index.ts';
import { latencyUs, medianUs, mergeHistograms, p99Us } from '../run/histogram.ts';
import { findReference, publishedUs, type Reference } from '../run/reference.ts';
import { type Recording, type Run, sameTarget } from '../run/run-folder.ts';
import { formatChange } from '../text/format.ts';
import { pairedRatio, type TrialValue } from './bootstrap.ts';
import type { LowerBound } from './checks.ts';
import { counterDoubt } from './counter.ts';
import { type Doubt, stateOf, withDoubts } from './doubt.ts';
import { summarizeInterference, summarizeTail } from './interference.ts';
import { medianInterval } from './interval.ts';
import { trialValues } from './measure.ts';
import { splits } from './split.ts';
import { summarizeStages } from './stages/summarize.ts';
import type { TrialOutcome } from './trial-outcome.ts';
import { judge } from './verdict.ts';

/**
 * Points stand in the manifest's order of systems, those of a group together, then of measurements, also where
 * nothing was measured: a system or a floor whose every trial failed must be seen to have failed.
 * `with_reference`: beside the published values that the manifest names.
 */
export function summarize(run: Run, with_reference = true): Summary {
  const { manifest } = run;
  const referenceName = with_reference ? manifest.plan.reference : null;
  const reference = referenceName === null ? null : findReference(referenceName);
  const floors = manifest.floors.flatMap(({ name, label, systems }) =>
    manifest.plan.measurements.map((target): FloorPoint => {
      const numbers = numbersOf(run, name, target);
      const verdicts = judge(manifest, plannedTrials(run, name, target), numbers, [], false);
      return { name, label, systems, ...numbers, verdicts, versus_first: null };
    }),
  );
  const byGroup = Map.groupBy(
    manifest.systems.filter(({ repeats }) => repeats === null),
    ({ group }) => group,
  );
  const measuredPoints = [...byGroup.values()].flatMap((systems) =>
    pointsOfGroup(run, systems, floors, reference),
  );
  const repeats = repeatedPoints(run, floors, measuredPoints);
  const points = measuredPoints.map((point) => {
    const doubts = [...noiseOf(point, repeats), ...counterOf(point, run)];
    return { ...point, verdicts: withDoubts(point.verdicts, doubts) };
  });
  return {
    schema: summaryFormat.schema,
    experiment: manifest.experiment,
    title: manifest.title,
    quick: manifest.quick,
    finished: manifest.finished_at !== null,
    pipeline: manifest.plan.pipeline,
    open_loop: manifest.plan.open_loop,
    reference: reference && {
      name: reference.name,
      source: reference.source,
      rounded_shares: reference.rounded_shares ?? null,
    },
    points,
    floors: floors.map((floor) => ({
      ...floor,
      versus_first: versusFirst(floor, firstBeside(floor, measuredPoints)),
    })),
    // The published shares are of a closed loop, and a response time has its wait in it.
    splits: manifest.plan.open_loop ? [] : splits(points),
    repeats,
  };
}

/** More than this that a system differs from itself, or that could not be told from none, is much. */
const MUCH_NOISE = 0.1;

/** What the repetition of a point's system says of its median, and of the rate that goes with it. */
function noiseOf(point: Point, repeats: Summary['repeats']): Doubt[] {
  const twin = repeats.find((other) => other.repeats === point.system && sameTarget(other, point));
  const itself = twin?.versus_itself;
  if (!itself) return [];
  const noisy = Math.abs(itself.ratio - 1) > MUCH_NOISE || (itself.detectable ?? 0) > MUCH_NOISE;
  if (!noisy) return [];
  const reason = `Measured twice in each block, it differs from itself: p50 ${formatChange(itself)}.`;
  return [{ state: 'suspect', about: ['p50', 'throughput'], reason }];
}

/** Stages are differences between two cores' counters. */
function counterOf({ breakdown }: Point, { calibration }: Run): Doubt[] {
  const clause = breakdown && calibration?.counter ? counterDoubt(calibration.counter) : null;
  if (!clause) return [];
  return [{ state: 'suspect', about: ['stages'], reason: `Its stages are not to be trusted: ${clause}.` }];
}

/**
 * Of systems that are compared with the first of them. The published values stand beside the first system of each role
 * and backend: there may be others, such as our own server on ordinary sockets beside the published one.
 */
function pointsOfGroup(
  run: Run,
  systems: SystemUnderTest[],
  floors: FloorPoint[],
  reference: Reference | null,
): Point[] {
  let first: Point[] = [];
  return systems.flatMap((system, index) => {
    const stands = systems.slice(0, index).every((other) => !samePlace(other, system));
    const points = pointsOf(run, system, floors, first).map((point) => ({
      ...point,
      published_us: reference && stands ? publishedUs(reference, system, point) : null,
    }));
    if (index === 0) first = points;
    return points;
  });
}

/** The points of the first system of a group: that of the last system which the floor serves, as tables have it. */
function firstBeside({ systems }: FloorPoint, points: Point[]): Point[] {
  const last = points.findLast(({ system }) => systems.includes(system));
  const ofGroup = points.filter(({ group }) => group === last?.group);
  return ofGroup.filter(({ system }) => system === ofGroup[0].system);
}

/** In the paper's comparison. */
function samePlace(a: SystemUnderTest, b: SystemUnderTest): boolean {
  return a.role === b.role && (a.role !== 'bypass' || a.backend === b.backend);
}

function pointsOf(run: Run, system: SystemUnderTest, floors: FloorPoint[], first: Point[]): Point[] {
  const { name, label, role, group, backend, device, provenance, repeats } = system;
  return run.manifest.plan.measurements.map((target) => {
    const bounds = [
      ...lowerBounds(floors, repeats ?? name, target),
      ...generatorFloor(run, system.client.backend),
    ];
    const outcomes = plannedTrials(run, name, target);
    const numbers = numbersOf(run, name, target);
    const stages = summarizeStages(outcomes, numbers.trial_p50_us);
    const verdicts = judge(run.manifest, outcomes, numbers, bounds, stages.breakdown !== null);
    return {
      system: name,
      label,
      role,
      group,
      backend,
      device,
      provenance,
      ...numbers,
      published_us: null,
      verdicts,
      ...stages,
      versus_first: versusFirst(numbers, first),
    };
  });
}

function repeatedPoints(run: Run, floors: FloorPoint[], points: Point[]): Summary['repeats'] {
  return run.manifest.systems.flatMap((system) => {
    const { repeats } = system;
    if (repeats === null) return [];
    return pointsOf(run, system, floors, []).map((point) => {
      const itself = points.find((other) => other.system === repeats && sameTarget(other, point));
      return { ...point, repeats, versus_itself: itself ? pairedRatio(p50s(point), p50s(itself)) : null };
    });
  });
}

function versusFirst(numbers: Numbers, first: Point[]): Ratio | null {
  const other = first.find((candidate) => sameTarget(candidate, numbers));
  return other ? pairedRatio(p50s(numbers), p50s(other)) : null;
}

function p50s(point: Numbers): TrialValue[] {
  return trialValues(point, 'latency_p50');
}

/** What a floor took in its fastest trial is what can be had. A floor that backs no claim bounds nothing. */
function lowerBounds(floors: FloorPoint[], system: string, target: MeasurementTarget): LowerBound[] {
  return floors.flatMap((floor) => {
    const bounds =
      floor.systems.includes(system) && sameTarget(floor, target) && stateOf(floor, ['p50']) !== 'invalid';
    const trials_us = floor.trial_p50_us.map(({ p50_us }) => p50_us);
    return bounds && trials_us.length > 0
      ? [{ name: `its floor ${floor.label}`, p50_us: Math.min(...trials_us) }]
      : [];
  });
}

/** With a server that takes no time, over the same backend. */
function generatorFloor({ calibration, manifest }: Run, backend: string): LowerBound[] {
  const { clients, value_bytes } = manifest.plan.measurements[0];
  const alike = calibration?.backend === backend && clients === 1 && value_bytes === calibration.value_bytes;
  return alike ? [{ name: "the load generator's own floor", p50_us: calibration.floor_us.p50 }] : [];
}

/** What was measured of a point, before it is judged. */
type Numbers = Omit<Measured, 'verdicts' | 'versus_first'>;

/** `name` is that of a system or a floor. */
function numbersOf(run: Run, name: string, target: MeasurementTarget): Numbers {
  const outcomes = plannedTrials(run, name, target);
  const recorded = outcomes.flatMap(({ trial, measurement }) =>
    measurement?.recording ? [{ trial, ...measurement.recording }] : [],
  );
  const merged = mergeHistograms(recorded.map((recording) => recording.latency_ns));
  const latency_us = latencyUs(merged);
  return {
    operation: target.operation,
    clients: target.clients,
    value_bytes: target.value_bytes,
    latency_us,
    ...overTrials(recorded, latency_us),
    samples: merged.totalCount,
    misses: countReplies(recorded, 'misses'),
    errors: countReplies(recorded, 'errors'),
    wrong: countReplies(recorded, 'wrong'),
    trials_planned: run.manifest.plan.trials,
    interference: summarizeInterference(outcomes),
    tail: summarizeTail(outcomes),
  };
}

type TrialRecording = Recording & { trial: number };

function overTrials(
  recorded: TrialRecording[],
  latency_us: Measured['latency_us'],
): Pick<
  Measured,
  | 'p50_interval_us'
  | 'trial_p50_us'
  | 'trial_p99_us'
  | 'trial_throughput_ops'
  | 'throughput_ops'
  | 'sample'
  | 'trials'
> {
  const sampled = recorded.filter((recording) => recording.latency_ns.totalCount > 0);
  const trial_p50_us = sampled.map(({ trial, latency_ns }) => ({ trial, p50_us: medianUs(latency_ns) }));
  const interval = medianInterval(trial_p50_us.map((trial) => trial.p50_us));
  const ofMeans = recorded.some((recording) => recording.result.sample === 'run_mean');
  return {
    // The merged p50 weighs trials by their requests, the ranks do not: keep it inside its own interval.
    p50_interval_us:
      interval && latency_us
        ? {
            low: Math.min(interval.low, latency_us.p50),
            high: Math.max(interval.high, latency_us.p50),
            confidence: interval.confidence,
          }
        : null,
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
    sample: ofMeans ? 'run_mean' : 'round_trip',
    trials: trial_p50_us.length,
  };
}

/** Trial 1 to the planned number, with what is there of each. */
function plannedTrials(run: Run, name: string, target: MeasurementTarget): TrialOutcome[] {
  return Array.from({ length: run.manifest.plan.trials }, (_, index) => {
    const record = run.trials.find(({ trial }) => trial.subject === name && trial.trial === index + 1);
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
