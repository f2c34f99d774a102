/**
 * An experiment at its points: its `sweep:` is read before anything else is resolved, and what its points have in
 * common is put together when all of them are.
 */
import { type Axis, isPartOf, isWithin, type PointAt } from '../../results/formats/index.ts';
import { suggestion } from '../written/nearest.ts';
import {
  elementsOf,
  entriesOf,
  located,
  type Placed,
  type PlacedProblem,
  plain,
  withEntry,
} from '../written/placed.ts';
import { type Problem, schemaProblems } from '../written/problems.ts';
import { configJsonSchema } from './authored.ts';
import { ZIP } from './axis-keys.ts';
import { nameOf } from './overrides.ts';
import {
  type Config,
  type ConfiguredPoint,
  type ConfiguredSystem,
  configSchema,
  type WorkloadConfig,
} from './schema.ts';
import { onePoint, readSweep, type Sweep, type SweepPoint } from './sweep.ts';
import { OF_TRACE } from './workload-files.ts';

/** What an author wrote, with the sweep that is to be run, the points of that, and what a whole run varies. */
export type WrittenSweep = Sweep & { root: Placed; wholeAxes: Axis[] };

/** `quick`: with the axes of `quick` in the place of those of the same names. */
export function sweepOf(written: Placed, quick: boolean): WrittenSweep {
  const entries = entriesOf(written);
  const systems = elementsOf(entries.get('systems')).flatMap((element) => nameOf(element) ?? []);
  const whole = entries.get('sweep');
  const own = entriesOf(entries.get('quick')).get('sweep');
  const smaller = own && whole ? withAxes(whole, own) : own;
  const read = [whole, smaller].map((sweep) => (sweep ? checked(sweep, systems) : null));
  const problems = read.flatMap((sweep) => sweep?.problems ?? []);
  const wholeAxes = read[0]?.axes ?? [];
  const [sweep, placed] = quick && smaller ? [read[1], smaller] : [read[0], whole];
  if (!sweep || !placed) {
    return { root: written, axes: [], points: [onePoint(systems)], problems, wholeAxes };
  }
  problems.push(...saidTwice(written, sweep.axes), ...stagesElsewhere(written, sweep.axes));
  // Without systems there are no points, and what else is wrong is to be said all the same.
  const points = sweep.points.length > 0 ? sweep.points : [onePoint(systems)];
  return { ...sweep, points, root: withEntry(written, 'sweep', placed), problems, wholeAxes };
}

/** A sweep with these axes in the place of those of the same names; those that go on together stay together. */
function withAxes(sweep: Placed, axes: Placed): Placed {
  return [...entriesOf(axes)].reduce((result, [key, entry]) => {
    const together = key === ZIP ? entriesOf(result).get(key) : undefined;
    return withEntry(result, key, together ? withAxes(together, entry) : entry);
  }, sweep);
}

function checked(sweep: Placed, systems: string[]): Sweep {
  const data = { sweep: plain(sweep) };
  const parsed = configSchema.pick({ sweep: true }).safeParse(data);
  if (parsed.success) return readSweep(sweep, systems);
  const root = { place: sweep.place, value: new Map([['sweep', sweep]]) };
  const problems = located(root, schemaProblems(parsed.error, data, configJsonSchema()));
  return { axes: [], points: [], problems };
}

/** A key of the workload that is an axis too. */
function saidTwice(written: Placed, axes: readonly Axis[]): PlacedProblem[] {
  return axes.flatMap(({ path }) => {
    const [first, ...keys] = path.split('.');
    if (first !== 'workload') return [];
    let found: Placed | undefined = entriesOf(written).get('workload');
    for (const key of keys) found = entriesOf(found).get(key);
    return found
      ? [{ place: found.place, message: 'is an axis of `sweep`, which says its values: leave it out' }]
      : [];
  });
}

function stagesElsewhere(written: Placed, axes: readonly Axis[]): PlacedProblem[] {
  const names = axes.map(({ name }) => name);
  return [...entriesOf(entriesOf(entriesOf(written).get('stages')).get('at'))]
    .filter(([name]) => !names.includes(name))
    .map(([name, { place }]) => ({
      place,
      message: `\`sweep\` has no axis '${name}'${suggestion(name, names)}`,
    }));
}

/** Of a config at this point: what is measured there. */
export function pointOf({ workload, systems, floors }: Config, point: SweepPoint): ConfiguredPoint {
  const measured = systems.filter(
    ({ name, within }) => point.systems.includes(name) && isWithin(within, point.at),
  );
  const named = new Set(measured.flatMap(({ floor }) => floor));
  return {
    at: point.at,
    workload,
    systems: measured,
    floors: point.hasFloors ? floors.filter(({ name }) => named.has(name)) : [],
  };
}

/** The workload that a system has at a point. */
export function workloadOf(
  workload: WorkloadConfig,
  { workload: own }: Pick<ConfiguredSystem, 'workload'>,
): WorkloadConfig {
  const open_loop = workload.open_loop && { ...workload.open_loop, ...own.open_loop };
  return { ...workload, ...own, ...(open_loop && { open_loop }) } as WorkloadConfig;
}

/** What is stamped at a point; undefined for nothing. */
export function stagesAt(stages: Config['stages'], at: PointAt): Config['stages'] {
  return stages && isPartOf(stages.at ?? {}, at) ? stages : undefined;
}

/** The systems and floors of all points: as a run describes them, once. */
export function overPoints(points: readonly ConfiguredPoint[]): Pick<Config, 'systems' | 'floors'> {
  const systems = new Map<string, ConfiguredSystem>();
  for (const system of points.flatMap((point) => point.systems)) {
    const first = systems.get(system.name) ?? system;
    systems.set(system.name, {
      ...first,
      // A template may have the value in the label.
      label: first.label === system.label ? first.label : system.name,
      floor: [...new Set([...first.floor, ...system.floor])],
    });
  }
  const floors = new Map(points.flatMap((point) => point.floors).map((floor) => [floor.name, floor]));
  return { systems: [...systems.values()], floors: [...floors.values()] };
}

/** What of a system may be another at each point; a run says the rest of it once. */
const VARIABLE = ['label', 'floor', 'start', 'env', 'options', 'server_options', 'ready', 'version'];

interface SweepFacts {
  /** The experiment has floors of its own. */
  hasFloors: boolean;
  /** The command line says values of axes: then systems and floors that are measured at none of them are left out. */
  isNarrowed: boolean;
}

/** What of a whole sweep contradicts itself. */
export function sweepContradictions(
  config: Config,
  { hasFloors, isNarrowed }: SweepFacts,
  axes: readonly Axis[],
  points: readonly ConfiguredPoint[],
): Problem[] {
  return [
    ...config.systems.flatMap(({ name, workload }, index) => [
      ...ownAxes(workload, axes).map((key) => ({
        path: ['systems', index, 'workload', ...key.split('.')],
        message: `is an axis of \`sweep\`, and so the same for all systems: leave it out`,
      })),
      ...changedKeys(points.flatMap(({ systems }) => systems.filter((system) => system.name === name))).map(
        (key) => ({
          path: ['sweep'],
          message: `changes \`${key}\` of ${name}, which a run says of it once: make a system of each instead`,
        }),
      ),
    ]),
    ...config.systems.flatMap((system, index) =>
      withinProblems(system, index, axes, isNarrowed ? null : points),
    ),
    ...(hasFloors && !isNarrowed && points.every(({ floors }) => floors.length === 0)
      ? [
          {
            path: ['floors'],
            message: 'a floor is one request at a time, as no point of `sweep` is: leave it out',
          },
        ]
      : []),
  ];
}

function withinProblems(
  { name, within }: ConfiguredSystem,
  index: number,
  axes: readonly Axis[],
  points: readonly ConfiguredPoint[] | null,
): Problem[] {
  const path = ['systems', index, 'within'];
  const problems = Object.keys(within).flatMap((key): Problem[] => {
    const axis = axes.find((one) => one.name === key);
    const names = axes.map((one) => one.name);
    if (!axis)
      return [{ path: [...path, key], message: `\`sweep\` has no axis '${key}'${suggestion(key, names)}` }];
    if (axis.values.every((value) => typeof value === 'number')) return [];
    return [{ path: [...path, key], message: 'is an axis of words, which have no order: leave it out' }];
  });
  const isMeasured =
    points === null || points.some(({ systems }) => systems.some((system) => system.name === name));
  if (problems.length > 0 || isMeasured) return problems;
  return [{ path, message: `leaves ${name} no point of \`sweep\`: widen it, or leave the system out` }];
}

function ownAxes(workload: ConfiguredSystem['workload'], axes: readonly Axis[]): string[] {
  return axes.flatMap(({ path }) => {
    const [first, key, inner] = path.split('.');
    if (first !== 'workload') return [];
    const own = (workload as Record<string, unknown>)[key];
    return own === undefined ? [] : [inner === undefined ? key : `${key}.${inner}`];
  });
}

function changedKeys([first, ...others]: ConfiguredSystem[]): string[] {
  if (first === undefined) return [];
  const steady = (system: ConfiguredSystem): Record<string, unknown> => {
    const { options: _, ...client } = system.client;
    return { ...system, client };
  };
  return Object.entries(steady(first))
    .filter(([key]) => !VARIABLE.includes(key))
    .filter(([key, value]) =>
      others.some((other) => JSON.stringify(steady(other)[key]) !== JSON.stringify(value)),
    )
    .map(([key]) => key);
}

type Swept = Pick<Config, 'workload'> & { systems: readonly ConfiguredSystem[] };

/**
 * A config without the values that its sweep says, which are those of the first point, and without what follows from a
 * trace or a list of sizes.
 */
export function withoutAxes<T extends Swept>(config: T, axes: readonly Axis[]): T {
  const written = structuredClone(config);
  for (const key of impliedIn(config.workload, axes)) remove(written.workload, [key]);
  for (const { path, systems } of axes) {
    const [first, name, ...inner] = path.split('.');
    if (first === 'workload') {
      remove(written.workload, [name, ...inner]);
      continue;
    }
    const keys = first === 'systems' ? inner : path.split('.');
    for (const system of written.systems) {
      const has = first === 'systems' ? system.name === name : (systems?.includes(system.name) ?? true);
      if (has) remove(system, keys);
    }
  }
  return written;
}

function impliedIn({ trace, value_sizes }: WorkloadConfig, axes: readonly Axis[]): readonly string[] {
  if (trace !== undefined) return OF_TRACE;
  const isAxis = (key: string): boolean => axes.some(({ path }) => path === `workload.${key}`);
  if (isAxis('shape')) return ['key_bytes', 'value_sizes', 'value_bytes'];
  if (isAxis('sizes')) return ['value_sizes', 'value_bytes'];
  return value_sizes === undefined ? [] : ['value_bytes'];
}

function remove(from: object, path: readonly string[]): void {
  const [last] = path.slice(-1);
  let parent: unknown = from;
  for (const key of path.slice(0, -1)) parent = (parent as Record<string, unknown> | undefined)?.[key];
  if (typeof parent === 'object' && parent !== null) Reflect.deleteProperty(parent, last);
}
