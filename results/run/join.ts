/**
 * Several runs as one: the union of their systems and of the points of their sweep. Each run is a time of its own
 * (`plan.additions`), so that what was measured in different runs is compared only where both runs have it.
 */
import { basename, relative, resolve } from 'node:path';
import { ResultsError } from '../errors.ts';
import {
  type Addition,
  type Axis,
  axisScaleOf,
  type LeftOut,
  type Manifest,
  type MeasurementTarget,
  pointName,
  pointsOf,
  type RunPlace,
  type SystemUnderTest,
  sameAt,
  targetsOf,
  trialsOf,
  type Within,
} from '../formats/index.ts';
import { type Run, sameTarget, type TrialRecord } from './run-folder.ts';

/**
 * Throws RUNS_NOT_JOINED where the runs asked different things, or hold the same trial. The first one names the
 * experiment and the title.
 */
export function joinRuns(runs: [Run, ...Run[]]): Run {
  const [first, ...others] = runs;
  for (const other of others) refuseUnlike(first, other);
  refuseSameTrials(runs);
  const manifests = runs.map(({ manifest }) => manifest);
  const { swept, ...parts } = joinedParts(manifests);
  const offsets = offsetsOf(manifests.map(({ plan }) => plan.trials));
  const ordered = offsetsOf(runs.map(({ trials }) => Math.max(...trials.map(({ trial }) => trial.order))));
  const trials = runs.flatMap((run, index) =>
    run.trials.map((record) => renumbered(record, offsets[index], ordered[index])),
  );
  const total = manifests.reduce((sum, { plan }) => sum + plan.trials, 0);
  const finished = manifests.map(({ finished_at }) => finished_at);
  const manifest: Manifest = {
    ...first.manifest,
    quick: manifests.some(({ quick }) => quick),
    finished_at: finished.includes(null) ? null : (finished.at(-1) ?? null),
    ...parts,
    hosts: manifests.flatMap(({ hosts }) => hosts),
    distances: manifests.flatMap(({ distances }) => distances),
    plan: {
      ...first.manifest.plan,
      trials: total,
      // None is of everything: each trial says what it is of.
      added_trials: total,
      added_blocks: manifests.flatMap(blocksOf),
      additions: additionsOf(runs, offsets),
      ...swept,
    },
  };
  return { dir: first.dir, manifest, trials, calibrations: [], uncalibrated: [] };
}

/**
 * Throws RUNS_NOT_JOINED where two are of one run, such as a folder and its copy: a trial that counts twice would make
 * intervals narrower than what was measured.
 */
export function refuseSameTrials(runs: readonly Run[]): void {
  const seen = new Map<string, Run>();
  for (const run of runs) {
    for (const { trial } of run.trials) {
      const { subject, started_at, elapsed_s } = trial;
      const key = JSON.stringify([subject, started_at, elapsed_s]);
      const other = seen.get(key);
      if (other && other !== run) {
        const what = `both hold the trial of ${subject} that started at ${started_at}`;
        throw new ResultsError('RUNS_NOT_JOINED', `${namesOf(other, run)}: ${what}; name each run once`);
      }
      seen.set(key, run);
    }
  }
}

function namesOf(...runs: [Run, Run]): string {
  return runs.map(({ dir }) => basename(resolve(dir))).join(' and ');
}

/** What manifests have together: of each name the first one's; `swept` is for the plan. */
export function joinedParts(manifests: Manifest[]): Pick<Manifest, 'systems' | 'floors' | 'versions'> & {
  swept: Pick<Manifest['plan'], 'axes' | 'measurements' | 'left_out'>;
} {
  const axes = joinedAxes(manifests);
  const systems = byName(manifests.flatMap(({ systems }) => systems));
  return {
    systems,
    floors: byName(manifests.flatMap(({ floors }) => floors)),
    versions: Object.assign({}, ...manifests.map(({ versions }) => versions).toReversed()),
    swept: {
      axes,
      measurements: joinedTargets(manifests, axes),
      left_out: joinedLeftOut(manifests, systems, axes),
    },
  };
}

/** What one of them leaves out and none of them has. */
function joinedLeftOut(
  manifests: Manifest[],
  measured: readonly SystemUnderTest[],
  axes: readonly Axis[],
): LeftOut | null {
  const all = manifests.flatMap(({ plan }) => plan.left_out ?? []);
  const names = measured.map(({ name }) => name);
  const systems = new Set(all.flatMap((one) => one.systems).filter((name) => !names.includes(name)));
  const left = Map.groupBy(
    all.flatMap((one) => one.axes),
    ({ name }) => name,
  );
  const values = [...left].map(([name, of]) => {
    const there = axes.find((axis) => axis.name === name)?.values ?? [];
    const lacking = of.flatMap((one) => one.values).filter((value) => !there.includes(value));
    return { name, values: [...new Set(lacking)] };
  });
  const lacking = values.filter((axis) => axis.values.length > 0);
  return systems.size === 0 && lacking.length === 0 ? null : { systems: [...systems], axes: lacking };
}

/** The same run, with the folders of its trials as seen from another folder, for links. */
export function seenFrom(run: Run, folder: string): Run {
  const way = relative(resolve(folder), resolve(run.dir));
  if (way === '') return run;
  const place = (inside: string): string => `${way}/${inside}`;
  const trials = run.trials.map((record) => ({
    ...record,
    folder: place(record.folder),
    measurements: record.measurements.map((of) => ({ ...of, folder: place(of.folder) })),
  }));
  return { ...run, trials };
}

const asked = ['keys', 'key_distribution', 'key_bytes', 'mix', 'trace'] as const;
/** What makes systems of one name the same. */
const defining = ['repeats', 'role', 'group', 'backend', 'device', 'client', 'workload', 'checkout'] as const;

function refuseUnlike(first: Run, other: Run): void {
  const [a, b] = [first.manifest, other.manifest];
  const refuse = (what: string): never => {
    throw new ResultsError(
      'RUNS_NOT_JOINED',
      `${namesOf(first, other)} cannot be joined: ${what}; report each by itself, or say 'bypassbench compare'`,
    );
  };
  for (const key of asked) if (!same(a.plan[key], b.plan[key])) refuse(`their ${key} differ`);
  const axesOf = ({ plan }: Manifest): string[] =>
    plan.axes.map(({ name, path }) => `${name} (${path})`).toSorted();
  if (!same(axesOf(a), axesOf(b)))
    refuse(`they vary other axes, ${axesOf(a).join(', ') || 'none'} and ${axesOf(b).join(', ') || 'none'}`);
  for (const system of a.systems) {
    const twin = b.systems.find(({ name }) => name === system.name);
    const differing = twin && defining.find((key) => !same(system[key], twin[key]));
    if (differing) refuse(`${system.name} is another system in each, by its ${differing}`);
  }
  const operationsOf = ({ plan }: Manifest): string[] =>
    [...new Set(plan.measurements.map(({ operation }) => operation))].toSorted();
  if (!same(operationsOf(a), operationsOf(b))) refuse('they measure other operations');
  for (const target of a.plan.measurements) {
    const twin = b.plan.measurements.find((one) => sameTarget(one, target));
    if (twin && !same({ ...target, at: null }, { ...twin, at: null })) {
      refuse(
        `the workloads differ ${pointName(target.at) ? `at ${pointName(target.at)}` : `of ${target.operation}`}`,
      );
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Where each begins when they stand one behind the other. */
function offsetsOf(lengths: number[]): number[] {
  return lengths.map((_, index) => lengths.slice(0, index).reduce((sum, length) => sum + length, 0));
}

function renumbered(record: TrialRecord, trials: number, order: number): TrialRecord {
  const { trial } = record;
  return { ...record, trial: { ...trial, trial: trial.trial + trials, order: trial.order + order } };
}

/** Of each name the first; a floor serves the systems that any of them does. */
function byName<T extends SystemUnderTest | Manifest['floors'][number]>(all: T[]): T[] {
  return [...Map.groupBy(all, ({ name }) => name).values()].map((of) => {
    const [one] = of as [T, ...T[]];
    if (!('systems' in one))
      return { ...one, within: widest(of.map((other) => ('within' in other ? other.within : {}))) };
    return {
      ...one,
      systems: [...new Set(of.flatMap((other) => ('systems' in other ? other.systems : [])))],
    };
  });
}

/** The values at which any of them is measured. */
function widest(all: Within[]): Within {
  const names = Object.keys(all[0]).filter((name) => all.every((one) => name in one));
  return Object.fromEntries(
    names.map((name) => {
      const lows = all.flatMap((one) => one[name].at_least ?? []);
      const highs = all.flatMap((one) => one[name].at_most ?? []);
      return [
        name,
        {
          ...(lows.length === all.length && { at_least: Math.min(...lows) }),
          ...(highs.length === all.length && { at_most: Math.max(...highs) }),
        },
      ];
    }),
  );
}

function joinedAxes(manifests: Manifest[]): Axis[] {
  const all = Map.groupBy(
    manifests.flatMap(({ plan }) => plan.axes),
    ({ name }) => name,
  );
  return [...all.values()].map((of) => {
    const [axis] = of as [Axis, ...Axis[]];
    const values = [...new Set(of.flatMap((one) => one.values))];
    const systems = of.some((one) => one.systems === null)
      ? null
      : [...new Set(of.flatMap((one) => one.systems ?? []))];
    const inOrder = (a: Axis['values'][number], b: Axis['values'][number]): number => Number(a) - Number(b);
    // The values of one of them may be too few to show how all of them lie.
    const shown = axisScaleOf(values);
    const scale = shown === 'linear' && of.some((one) => one.scale === 'log') ? 'log' : shown;
    const isOrdered = scale !== 'category';
    return { ...axis, systems, scale, values: isOrdered ? values.toSorted(inOrder) : values };
  });
}

/** Each once, in the order of the axes' values. */
function joinedTargets(manifests: Manifest[], axes: Axis[]): MeasurementTarget[] {
  const all = manifests.flatMap(({ plan }) => plan.measurements);
  const once = all.filter((target, index) => all.findIndex((other) => sameTarget(other, target)) === index);
  const placeOf = ({ at }: MeasurementTarget, { name, values }: Axis): number =>
    Object.hasOwn(at, name) ? values.indexOf(at[name] as Axis['values'][number]) : -1;
  return once.toSorted((a, b) => {
    const differing = axes.find((axis) => placeOf(a, axis) !== placeOf(b, axis));
    return differing ? placeOf(a, differing) - placeOf(b, differing) : 0;
  });
}

/** Each system and floor of a manifest at each of its points. */
export function placesOf(manifest: Manifest): RunPlace[] {
  return [...manifest.systems, ...manifest.floors].flatMap(({ name: subject }) =>
    pointsOf(targetsOf(manifest, subject)).map((at) => ({ subject, at })),
  );
}

/** Of each trial of a run, what it is of. */
function blocksOf(manifest: Manifest): RunPlace[][] {
  const places = placesOf(manifest).map((place) => ({
    place,
    trials: new Set(trialsOf(manifest, place.subject, place.at)),
  }));
  return Array.from({ length: manifest.plan.trials }, (_, index) =>
    places.filter(({ trials }) => trials.has(index + 1)).map(({ place }) => place),
  );
}

/** Each further run is one; so is what was added to a run itself. */
function additionsOf(runs: Run[], offsets: number[]): Addition[] {
  return runs.flatMap(({ manifest }, index): Addition[] => {
    const { plan, started_at, systems } = manifest;
    const offset = offsets[index];
    const own = plan.additions.map((one) => ({ ...one, first_trial: one.first_trial + offset }));
    if (index === 0) return own;
    const before = runs.slice(0, index).flatMap((run) => placesOf(run.manifest));
    const had = (place: RunPlace): boolean =>
      before.some((other) => other.subject === place.subject && sameAt(other.at, place.at));
    const places = placesOf(manifest);
    const again = places.filter(had).map(({ subject }) => subject);
    const anchor = systems.find(({ name }) => again.includes(name))?.name ?? null;
    const added = {
      first_trial: offset + 1,
      started_at,
      anchor,
      places: places.filter((place) => !had(place)),
    };
    return [added, ...own];
  });
}
