/** What a run ought to have and has not: calibrations, stages, hosts at its end. A sentence each, with why. */
import type { MeasurementTarget, Point, StagesFile } from '../formats/index.ts';
import { type Run, sameTarget, type TrialRecord } from '../run/run-folder.ts';
import { unknownChanges } from './host-changes.ts';

/** `points`: those of systems that repeat another one too. */
export function missingOf(run: Run, points: readonly Point[]): string[] {
  const uncalibrated = run.uncalibrated.map(
    ({ backend, host, reason }) =>
      `The load generator was not calibrated over ${backend}${host === null ? '' : ` on host ${host}`}: ${reason}.`,
  );
  const others = [...uncalibrated, ...unknownChanges(run.manifest)];
  if (run.manifest.plan.stages === null) return others;
  // Points of a system that lack their stages for one reason are said once.
  const reasons = points.flatMap((point) => {
    const reason = point.breakdown?.p50 ? null : whyWithoutStages(run, point);
    return reason === null ? [] : [`The stages of ${point.label} are missing: ${reason}.`];
  });
  return [...others, ...new Set(reasons)];
}

function whyWithoutStages({ trials, manifest }: Run, point: Point): string {
  const system = manifest.systems.find(({ name }) => name === point.system);
  const silent = manifest.backends.find(
    ({ name, moments }) => !moments && (name === system?.backend || name === system?.client.backend),
  );
  if (silent) return `the backend ${silent.title} does not say when its device is entered and left`;
  if ((system?.place?.generators.length ?? 1) > 1)
    return 'stamps are of one load generator, and it has several';
  const records = trials.filter(({ trial }) => trial.subject === point.system);
  const stamped = records.flatMap((record) => stampedIn(record, point));
  if (point.samples === 0) return 'nothing was measured';
  if (stamped.length === 0) return 'none of its measurements was followed by one with stamps';
  const count = (kind: 'joined' | 'incomplete' | 'inconsistent'): number =>
    stamped.reduce((sum, stages) => sum + stages[kind], 0);
  const [joined, incomplete, inconsistent] = [count('joined'), count('incomplete'), count('inconsistent')];
  const others = `of the others ${incomplete} lack stamps and ${inconsistent} have them out of order`;
  return (
    `${joined} stamped requests are too few near the p50 (${others}); a longer stages.duration_s or a smaller ` +
    'stages.every gives more'
  );
}

function stampedIn({ measurements }: TrialRecord, target: MeasurementTarget): StagesFile[] {
  return measurements
    .filter(({ measurement }) => sameTarget(measurement, target))
    .flatMap(({ stamped }) => stamped?.stages ?? []);
}
