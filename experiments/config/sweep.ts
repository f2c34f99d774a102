/**
 * `sweep:` of an experiment, from what its author wrote to its points: each is the experiment with some of its scalars
 * set, as `--set` would set them. So a point is resolved and checked like an experiment of its own.
 */
import {
  type Axis,
  type AxisValue,
  axisScaleOf,
  type PointAt,
  pointName,
} from '../../results/formats/index.ts';
import { suggestion } from '../written/nearest.ts';
import { entriesOf, type Place, type Placed, type PlacedProblem, plain } from '../written/placed.ts';
import { axisName, workloadKey, workloadKeys, ZIP } from './axis-keys.ts';
import { unitOf } from './axis-unit.ts';
import type { Override } from './overrides.ts';
import { type AxisSpec, MOST_POINTS } from './sweep-schema.ts';

/** An axis as it was written. */
interface WrittenAxis extends Axis {
  place: Place;
  /** Its values, each with its place. */
  placed: Placed[];
  /** The keys that it sets. */
  paths: string[][];
}

export interface SweepPoint {
  at: PointAt;
  /** The systems that are measured there. */
  systems: string[];
  /** Whether floors are measured there: not at what only some systems have. */
  hasFloors: boolean;
  overrides: Override[];
}

export interface Sweep {
  axes: Axis[];
  points: SweepPoint[];
  problems: PlacedProblem[];
}

/** `sweep` is right by its schema; `systems` are named as their author has them. */
export function readSweep(sweep: Placed, systems: string[]): Sweep {
  const problems: PlacedProblem[] = [];
  const groups: WrittenAxis[][] = [];
  for (const [key, entry] of entriesOf(sweep)) {
    const written = key === ZIP ? [...entriesOf(entry)] : [[key, entry] as const];
    const group = written.flatMap(([name, axis]) => readAxis(name, axis, systems, problems) ?? []);
    problems.push(...unlikeLengths(group));
    if (group.length > 0) groups.push(group);
  }
  const named = withNames(groups.flat(), problems);
  const points = problems.length > 0 ? [] : pointsOf(groups, systems, sweep.place, problems);
  const axes = named.map(
    ({ name, path, values, unit, scale, systems }): Axis => ({
      name,
      path,
      values,
      unit,
      scale,
      systems,
    }),
  );
  return { axes, points, problems };
}

/** The point of an experiment without a sweep. */
export function onePoint(systems: string[]): SweepPoint {
  return { at: {}, systems, hasFloors: true, overrides: [] };
}

function readAxis(
  key: string,
  entry: Placed,
  systems: string[],
  problems: PlacedProblem[],
): WrittenAxis | null {
  const { place } = entry;
  const refuse = (message: string, where = place): null => {
    problems.push({ place: where, message });
    return null;
  };
  const spec = plain(entry) as AxisSpec;
  const on = Array.isArray(spec) ? undefined : entriesOf(entry).get('on');
  const target = targetOf(key, on && [plain(on)].flat().map(String), systems);
  if (typeof target === 'string') return refuse(target, on?.place ?? place);
  const placed = valuesOf(entry, spec);
  if (typeof placed === 'string') return refuse(placed);
  const values = placed.map(({ value }): AxisValue => (typeof value === 'number' ? value : String(value)));
  const again = values.findIndex((value, index) => values.indexOf(value) < index);
  if (again >= 0) return refuse(`has ${values[again]} twice: each value makes a point`, placed[again].place);
  const name = axisName(target.path);
  const scale = axisScaleOf(values, madeBy(spec));
  return { ...target, place, placed, name, values, unit: unitOf(name), scale };
}

/** What an axis of this name sets; a message where it is nothing. */
function targetOf(
  key: string,
  on: string[] | undefined,
  systems: string[],
): Pick<WrittenAxis, 'path' | 'paths' | 'systems'> | string {
  const inWorkload = workloadKey(key);
  if (inWorkload !== null) {
    return on
      ? `\`on\` is for keys of systems: all systems have one \`${key}\`, or one of their own (\`workload\` of a system)`
      : { path: `workload.${inWorkload}`, paths: [['workload', ...inWorkload.split('.')]], systems: null };
  }
  const [first, name, ...rest] = key.split('.');
  if (first === 'systems' && name !== undefined && rest.length > 0) {
    if (on) return `\`on\` says again what \`${key}\` says already: leave it out`;
    return ofSystems(rest, [name], key, systems);
  }
  if (on === undefined && !(SYSTEM_PARTS.includes(first) && name !== undefined)) {
    const known = workloadKeys();
    return (
      `the workload has no \`${key}\`${suggestion(key, known)}` +
      `; a key of a system is written systems.${systems[0]}.options.KEY, or with \`on: [${systems[0]}]\``
    );
  }
  return ofSystems(key.split('.'), on ?? systems, key, systems);
}

function ofSystems(
  inner: string[],
  names: string[],
  path: string,
  all: string[],
): Pick<WrittenAxis, 'path' | 'paths' | 'systems'> | string {
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) return `no system is named '${unknown}'${suggestion(unknown, all)}`;
  const systems = all.every((name) => names.includes(name)) ? null : names;
  return { path, paths: names.map((name) => ['systems', name, ...inner]), systems };
}

/** What of a system is a mapping of scalars, and so may be an axis of all systems. */
const SYSTEM_PARTS = ['options', 'server_options', 'env', 'client'];

function madeBy(spec: AxisSpec): 'factor' | 'step' | undefined {
  if (Array.isArray(spec) || spec.values) return undefined;
  return spec.factor === undefined ? 'step' : 'factor';
}

/** The values of an axis, each where it was written; a message where there are none. */
function valuesOf(entry: Placed, spec: AxisSpec): Placed[] | string {
  if (Array.isArray(spec)) return entry.value as Placed[];
  const { values, from, to, factor, step } = spec;
  if (values) {
    const others = [from, to, factor, step].some((value) => value !== undefined);
    return others
      ? '`values` says them all: leave out from, to, factor and step'
      : elementsAt(entry, 'values');
  }
  if (from === undefined || to === undefined || (factor === undefined) === (step === undefined)) {
    return 'needs `from`, `to`, and a `factor` or a `step`: { from: 64, to: 65536, factor: 4 }; or a list of values';
  }
  if (factor !== undefined && (factor <= 1 || from <= 0))
    return '`factor` must be above 1, and `from` above 0';
  if (step !== undefined && step <= 0) return '`step` must be above 0';
  if (to < from) return `\`to\` (${to}) must be no less than \`from\` (${from})`;
  const generated = series(from, to, (value) => (factor === undefined ? value + step! : value * factor));
  if (generated === null) return `has more than ${MOST_POINTS} values: take a larger factor or step`;
  return generated.map((value) => ({ place: entry.place, value }));
}

function elementsAt(entry: Placed, key: string): Placed[] {
  return entriesOf(entry).get(key)!.value as Placed[];
}

/** Whole numbers where the first one is whole. Null for too many. */
function series(from: number, to: number, next: (value: number) => number): number[] | null {
  const numbers: number[] = [];
  // The sum of many steps is a little beside what is meant.
  for (let value = from; value <= to * (1 + 1e-9); value = next(value)) {
    if (numbers.length === MOST_POINTS) return null;
    numbers.push(Number.isInteger(from) ? Math.round(value) : Number(value.toPrecision(12)));
  }
  return numbers;
}

function unlikeLengths([first, ...others]: WrittenAxis[]): PlacedProblem[] {
  return others
    .filter(({ values }) => values.length !== first.values.length)
    .map(({ name, values, place }) => ({
      place,
      message: `has ${values.length} values where \`${first.name}\`, which goes on with \`${name}\`, has ${first.values.length}`,
    }));
}

/** Two axes of one name take their whole paths; two of one path are a problem. */
function withNames(axes: WrittenAxis[], problems: PlacedProblem[]): WrittenAxis[] {
  const taken = axes.map(({ name }) => name);
  for (const [index, axis] of axes.entries()) {
    const paths = new Set(axis.paths.map((path) => path.join('.')));
    const same = axes.slice(0, index).find((other) => other.paths.some((path) => paths.has(path.join('.'))));
    if (same)
      problems.push({ place: axis.place, message: `is the axis \`${same.path}\` once more: leave one out` });
    if (taken.filter((name) => name === axis.name).length > 1) axis.name = axis.path;
  }
  return axes;
}

interface Step {
  axis: WrittenAxis;
  index: number;
}

/** Each system at each combination of the axes that it has, each once; in the order in which values are written. */
function pointsOf(
  groups: WrittenAxis[][],
  systems: string[],
  place: Place,
  problems: PlacedProblem[],
): SweepPoint[] {
  const size = groups.reduce((product, [axis]) => product * axis.values.length, 1);
  if (size > MOST_POINTS) {
    const message = `makes ${size} points, more than ${MOST_POINTS}: leave out values, or let axes go on together (zip)`;
    problems.push({ place, message });
    return [];
  }
  const combinations = groups.reduce<Step[][]>(
    (all, group) =>
      all.flatMap((steps) =>
        group[0].values.map((_, index) => [...steps, ...group.map((axis) => ({ axis, index }))]),
      ),
    [[]],
  );
  const points = new Map<string, SweepPoint>();
  for (const steps of combinations) {
    for (const system of systems) {
      const own = steps.filter(({ axis }) => axis.systems?.includes(system) ?? true);
      const at = Object.fromEntries(own.map(({ axis, index }) => [axis.name, axis.values[index]]));
      const key = pointName(at);
      const point = points.get(key) ?? {
        at,
        systems: [],
        hasFloors: own.every(({ axis }) => axis.systems === null),
        overrides: own.flatMap(overridesOf),
      };
      if (!point.systems.includes(system)) point.systems.push(system);
      points.set(key, point);
    }
  }
  return [...points.values()];
}

function overridesOf({ axis: { paths, placed }, index }: Step): Override[] {
  const value = placed[index];
  return paths.map((path) => ({ path, value, place: value.place }));
}
