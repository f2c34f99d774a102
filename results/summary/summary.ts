/** summary.json from a run's raw files: one point for each system or floor and each planned measurement. */

import {
  type FloorPoint,
  type Point,
  type Summary,
  type SystemUnderTest,
  summaryFormat,
  targetsOf,
} from '../formats/index.ts';
import { findReference, nothingPublished, publishedOf, type Reference } from '../run/reference.ts';
import { type Run, sameTarget, standsBeside } from '../run/run-folder.ts';
import { formatChange } from '../text/format.ts';
import { ratioWithinRun, type Times, type TrialValue } from './bootstrap.ts';
import { counterDoubt, counterIn, oneMachine } from './counter.ts';
import { byStateVersus } from './distance/by-state.ts';
import { distanceDoubts, repetitionDoubts } from './distance/distance-doubts.ts';
import { distanceOfRun, type RunDistance } from './distance/run-distance.ts';
import { type Doubt, withDoubts } from './doubt.ts';
import { hostDoubts } from './host-changes.ts';
import { generatorFloor, lowerBounds } from './lower-bounds.ts';
import { trialValues } from './measure.ts';
import { missingOf } from './missing.ts';
import { countPoint, type Numbers, numbersOf } from './numbers.ts';
import { pollingSplits, splits } from './split.ts';
import { summarizeStages } from './stages/summarize.ts';
import { judge } from './verdict.ts';

/**
 * Points stand in the manifest's order of systems, those of a group together, then of measurements, also where
 * nothing was measured: a system or a floor whose every trial failed must be seen to have failed.
 * `with_reference`: beside the published values that the manifest names.
 */
export function summarize(run: Run, with_reference = true): Summary {
  const { manifest } = run;
  const distance = distanceOfRun(run);
  const { additions } = manifest.plan;
  const referenceName = with_reference ? manifest.plan.reference : null;
  const reference = referenceName === null ? null : findReference(referenceName);
  const floors = manifest.floors.flatMap(({ name, label, systems }) =>
    targetsOf(manifest, name).map((target): FloorPoint => {
      const counted = countPoint(run, distance, name, target);
      const numbers = numbersOf(counted);
      const doubts = [...distanceDoubts(numbers, distance), ...hostDoubts(manifest, name)];
      const verdicts = judge(manifest, counted.outcomes, numbers, { bounds: [], doubts, is_staged: false });
      return { name, label, systems, ...numbers, verdicts, versus_first: null };
    }),
  );
  const byGroup = Map.groupBy(
    manifest.systems.filter(({ repeats }) => repeats === null),
    ({ group }) => group,
  );
  const measuredPoints = [...byGroup.values()].flatMap((systems) =>
    pointsOfGroup({ run, distance, floors }, systems, reference),
  );
  const repeats = repeatedPoints({ run, distance, floors }, measuredPoints);
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
    axes: manifest.plan.axes,
    additions,
    pipeline: manifest.plan.pipeline,
    open_loop: manifest.plan.open_loop,
    reference: reference && {
      name: reference.name,
      source: reference.source,
      rounded_shares:
        (points.some(({ published_us }) => published_us !== null) && reference.rounded_shares) || null,
    },
    distance: distanceIn(distance),
    missing: missingOf(run, [...measuredPoints, ...repeats]),
    points,
    floors: floors.map((floor) => ({
      ...floor,
      ...versusFirst(floor, firstBeside(floor, measuredPoints), additions),
    })),
    splits: splits(points, additions),
    polling_splits: pollingSplits(points, additions),
    repeats,
  };
}

/** What all points of a run are made from. */
interface Sources {
  run: Run;
  distance: RunDistance;
  floors: FloorPoint[];
}

function distanceIn({ pairs: [pair], chosen, why, company }: RunDistance): Summary['distance'] {
  return pair
    ? { cores: pair.cores, states: pair.states, chosen, why, too_fast: pair.tooFast !== null, company }
    : null;
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
function counterOf({ breakdown, system }: Point, run: Run): Doubt[] {
  const counter = counterIn(run, run.manifest.systems.find(({ name }) => name === system)?.place ?? null);
  const clause = breakdown && counter ? counterDoubt(counter) : null;
  if (!clause) return [];
  return [{ state: 'suspect', about: ['stages'], reason: `Its stages are not to be trusted: ${clause}.` }];
}

/**
 * Of systems that are compared with the first of them. The published values stand beside the first system of each role
 * and backend: there may be others, such as our own server on ordinary sockets beside the published one.
 */
function pointsOfGroup(sources: Sources, systems: SystemUnderTest[], reference: Reference | null): Point[] {
  const { protocol } = sources.run.manifest.plan;
  let first: Point[] = [];
  return systems.flatMap((system, index) => {
    const stands = systems.slice(0, index).every((other) => !samePlace(other, system));
    const points = pointsOf(sources, system, first).map((point) => ({
      ...point,
      ...(reference && stands
        ? publishedOf(reference, system, point, system.protocol ?? protocol)
        : nothingPublished),
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
  const isSameRole = a.role === b.role && (a.role !== 'bypass' || a.backend === b.backend);
  return isSameRole && a.protocol === b.protocol;
}

function pointsOf(sources: Sources, system: SystemUnderTest, first: Point[]): Point[] {
  const { run, distance, floors } = sources;
  const { name, label, role, group, backend, device, provenance, repeats } = system;
  const protocol = system.protocol ?? run.manifest.plan.protocol;
  return targetsOf(run.manifest, name).map((target) => {
    const counted = countPoint(run, distance, name, target);
    const numbers = numbersOf(counted);
    const { outcomes, selection } = counted;
    const bounds = [
      ...lowerBounds(floors, repeats ?? name, target, numbers.state),
      ...generatorFloor(
        run,
        {
          backend: system.client.backend,
          host: oneMachine(system.place),
          protocol,
          checkout: system.checkout,
        },
        counted,
      ),
    ];
    const stages = summarizeStages(outcomes, numbers.trial_p50_us, distance, selection);
    const doubts = [
      ...distanceDoubts(numbers, distance),
      ...stages.doubts,
      ...hostDoubts(run.manifest, name),
    ];
    const is_staged = stages.breakdown !== null;
    return {
      system: name,
      label,
      role,
      group,
      backend,
      device,
      provenance,
      ...numbers,
      ...nothingPublished,
      verdicts: judge(run.manifest, outcomes, numbers, { bounds, doubts, is_staged }),
      breakdown: stages.breakdown,
      probe_overhead: stages.probe_overhead,
      ...versusFirst(numbers, first, run.manifest.plan.additions),
    };
  });
}

function repeatedPoints(sources: Sources, points: Point[]): Summary['repeats'] {
  const { systems, plan } = sources.run.manifest;
  const times = plan.additions;
  return systems.flatMap((system) => {
    const { repeats } = system;
    if (repeats === null) return [];
    return pointsOf(sources, system, []).map((point) => {
      const itself = points.find((other) => other.system === repeats && sameTarget(other, point));
      const doubts = repetitionDoubts(system.name, point, sources.distance);
      // Of so little a difference would be one of chance.
      const versus_itself =
        itself && doubts.length === 0 ? ratioWithinRun(p50s(point), p50s(itself), times) : null;
      return { ...point, repeats, verdicts: withDoubts(point.verdicts, doubts), versus_itself };
    });
  });
}

/** Against the first system of the group at the same target, in the state of the run and in each. */
function versusFirst(
  numbers: Numbers,
  first: Point[],
  times: Times,
): Pick<Point, 'versus_first' | 'by_state'> {
  const other = first.find((candidate) => standsBeside(candidate, numbers));
  return {
    versus_first: other ? ratioWithinRun(p50s(numbers), p50s(other), times) : null,
    by_state: byStateVersus(numbers.by_state, other?.by_state ?? [], times),
  };
}

function p50s(point: Numbers): TrialValue[] {
  return trialValues(point, 'latency_p50');
}
