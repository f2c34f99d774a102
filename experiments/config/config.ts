/**
 * Reads an experiment: syntax, command line, library, schema, then what the schema cannot say (checks.ts),
 * then --quick and --only. Nothing is started before all of it holds, and all problems are reported at once.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Axis } from '../../results/formats/index.ts';
import { ExperimentError } from '../errors.ts';
import { readLabFile } from '../lab/lab.ts';
import { withoutShortForms } from '../lab/short-forms.ts';
import { availableCores } from '../machine/machine.ts';
import {
  elementsOf,
  entriesOf,
  located,
  type Placed,
  type PlacedProblem,
  plain,
  problemLines,
  problemsInWords,
} from '../written/placed.ts';
import { schemaProblems } from '../written/problems.ts';
import { readYaml, shown, whyUnreadable } from '../written/yaml-source.ts';
import { configJsonSchema } from './authored.ts';
import { backendProblems, type LoadedModules, loadModules } from './backend-modules.ts';
import { contradictions, elementProblems, type RightElements, repeatOf } from './checks.ts';
import { inFolder } from './experiment-folder.ts';
import { findExperiment } from './experiments.ts';
import { onHosts } from './hosts.ts';
import { type Library, type LibraryEntry, readLibrary } from './library.ts';
import { loadGeneratorProblems } from './load-problems.ts';
import { applyOverrides, readOverrides, SWEEP } from './overrides.ts';
import { homesIn, inPlace } from './placement.ts';
import { placementProblems } from './placement-checks.ts';
import { quickened } from './quick.ts';
import { resolveExperiment } from './resolve.ts';
import type { ResolvedConfig } from './resolved.ts';
import {
  type Config,
  type ConfiguredExperiment,
  type ConfiguredFloor,
  type ConfiguredPoint,
  type ConfiguredSystem,
  configSchema,
  floor,
  system,
} from './schema.ts';
import { unmeasuredInWords, withSystems } from './selection.ts';
import type { SweepPoint } from './sweep.ts';
import { overPoints, pointOf, sweepContradictions, sweepOf } from './swept.ts';
import { uselessProblems } from './useless-keys.ts';
import { readWorkloadFiles, type WorkloadFiles } from './workload-files.ts';

/** Its problems stand first: the experiment is read on its hosts. */
const LAB_ORDINAL = -1;

export interface ReadOptions {
  quick: boolean;
  /** KEY=VALUE, as after --set. */
  set: readonly string[];
  /** A lab file, or the name of one that ships; absent: the hosts are those of the experiment, or this machine. */
  lab?: string | undefined;
}

/**
 * The experiment that a file, or the name of one that ships, describes. Throws CONFIG_NOT_FOUND,
 * CONFIG_INVALID, OVERRIDE_INVALID or SYSTEM_UNKNOWN. `only` holds names of systems; null means all of them.
 */
export async function readExperiment(
  file: string,
  options: ReadOptions & { only: string[] | null },
): Promise<ConfiguredExperiment> {
  const { config, axes, points, leftOut, unmeasured } = await readResolved(file, options);
  const { quick: _, ...full } = config;
  const repeatedIn = <T extends Pick<ConfiguredPoint, 'systems'>>(all: T): T => {
    const repeated = all.systems.find(({ name }) => name === config.repeat);
    return repeated ? { ...all, systems: [...all.systems, again(repeated)] } : all;
  };
  return {
    ...repeatedIn(full),
    axes: axes.map((axis) => withRepetition(axis, config.repeat)),
    points: points.map(repeatedIn),
    leftOut,
    unmeasured,
  };
}

/** An axis of some systems is one of the repetition of one of them too. */
function withRepetition(axis: Axis, repeat: string | undefined): Axis {
  return axis.systems !== null && repeat !== undefined && axis.systems.includes(repeat)
    ? { ...axis, systems: [...axis.systems, repeatOf(repeat)] }
    : axis;
}

/**
 * The config of a file for this machine, with the systems `only`, and made smaller where it is to be quick: then it has
 * no `quick` section.
 */
export async function readResolved(
  file: string,
  { quick, set, lab, only = null }: ReadOptions & { only?: string[] | null },
): Promise<ResolvedConfig> {
  const found = findExperiment(file);
  const whole = await readConfig(found, availableCores(), { set, quick, lab, only });
  if (only !== null) refuseUnknown(only, whole);
  if (quick && !whole.config.quick)
    throw invalid([`--quick: ${file} has no \`quick\` section that says what a smaller run is`]);
  const resolved = quick
    ? quickened(whole, { only, saysExtension: saysExtension(set) })
    : withSystems(whole, only);
  if (resolved.config.systems.length === 0) throw invalid([unmeasuredInWords(resolved.unmeasured)]);
  return resolved;
}

/** The command line is above what a quick run is. */
function saysExtension(set: readonly string[]): boolean {
  return readOverrides(set).some(({ path: [key, inner], value }) => {
    if (key !== 'distance') return false;
    return inner === 'extend_s' || (inner === undefined && entriesOf(value).has('extend_s'));
  });
}

/** A system once more, to be held against itself; a floor is drawn across the first one only. */
function again(system: ConfiguredSystem): ConfiguredSystem {
  return { ...system, name: repeatOf(system.name), label: `${system.label}, again`, floor: [] };
}

/**
 * The whole config of a file, checked against a machine that has these `cores`. `quick`: with the sweep of that.
 * `lab`: on the hosts of that file, where the systems `only` must be able to run. Throws what readLab throws, too.
 */
export async function readConfig(
  file: string,
  cores: readonly number[],
  {
    set = [],
    quick = false,
    lab,
    only = null,
  }: Partial<ReadOptions> & { only?: readonly string[] | null } = {},
): Promise<ResolvedConfig> {
  const overrides = readOverrides(set);
  const source = readYaml(shown(file), await readConfigFile(file), 0);
  if (source.problems.length > 0) throw invalid(problemLines(source.problems));
  const library = readLibrary(path.dirname(file));
  const problems: PlacedProblem[] = [...library.problems];
  const ofLab = lab === undefined ? null : await readLabFile(lab, LAB_ORDINAL);
  const inLab = onHosts(source.root, ofLab, problems);
  const written = withoutShortForms(applyOverrides(inLab, overrides, problems));
  const { root, axes, points, wholeAxes, problems: ofSweep } = sweepOf(written, quick);
  if (ofSweep.length > 0) throw invalid(problemLines([...problems, ...ofSweep]));
  const files = await readWorkloadFiles(
    points.map(({ overrides: atPoint }) => applyOverrides(root, atPoint, [])),
    path.dirname(file),
  );
  const named = { isSwept: axes.length > 0, library, files };
  const atPoints = points.map((point) => writtenAt(root, point, named));
  const systems = atPoints.flatMap((one) => elementsOf(entriesOf(one.root).get('systems')).map(plain));
  const folder = path.dirname(path.resolve(file));
  const modules = await loadModules(systems, folder);
  const around = { cores, modules, folder, quick, only };
  const resolved = atPoints.map((one, index) => checkedPoint(one, points[index], around));
  problems.push(...resolved.flatMap((one) => one.problems));
  if (problems.length > 0) throw invalid(problemLines(problems));
  const configs = resolved.flatMap((one) => one.config ?? []);
  const sources = new Map(resolved.flatMap((one) => [...one.sources]));
  const [first] = configs as [Config];
  const measured = configs.map((one, index) => pointOf(one, points[index]));
  const useless = uselessProblems(root, { workload: first.workload, axes, points: measured });
  if (useless.length > 0) throw invalid(problemLines(useless));
  const shared = { sources, axes, wholeAxes, leftOut: null };
  if (axes.length === 0) return { ...shared, config: first, points: measured, unmeasured: [] };
  const configured = measured.filter(({ systems }) => systems.length > 0);
  const hasFloors = elementsOf(entriesOf(root).get('floors')).length > 0;
  const isNarrowed = overrides.some(({ path: [key] }) => key === SWEEP);
  const contradicting = located(
    root,
    sweepContradictions(first, { hasFloors, isNarrowed }, axes, configured),
  );
  if (contradicting.length > 0) throw invalid(problemLines(contradicting));
  const config = { ...first, ...overPoints(configured) };
  return { ...shared, config, points: configured, unmeasured: without(first, config) };
}

/** The systems of a config that another one of it has not. */
function without({ systems }: Config, kept: Config): string[] {
  const names = kept.systems.map(({ name }) => name);
  return systems.map(({ name }) => name).filter((name) => !names.includes(name));
}

interface ResolvedPoint {
  /** Null where there are problems. */
  config: Config | null;
  sources: ReadonlyMap<string, readonly LibraryEntry[]>;
  problems: PlacedProblem[];
}

/** With all that its names stand for, and not checked. */
interface WrittenPoint extends Omit<ResolvedPoint, 'config'> {
  root: Placed;
}

/** What names in a config stand for. */
interface Named {
  isSwept: boolean;
  library: Library;
  files: WorkloadFiles;
}

function writtenAt(written: Placed, point: SweepPoint, { isSwept, library, files }: Named): WrittenPoint {
  const problems: PlacedProblem[] = [];
  const here = applyOverrides(written, point.overrides, problems);
  const { root, problems: unresolved, sources } = resolveExperiment(here, library, files, isSwept);
  return { root, sources, problems: [...problems, ...unresolved] };
}

/** What a config is checked against, and its folder. */
interface Surroundings {
  cores: readonly number[];
  modules: LoadedModules;
  folder: string;
  quick: boolean;
  /** The systems that are asked for; null: all, or those of `quick`. */
  only: readonly string[] | null;
}

function checkedPoint(
  { root, sources, problems: found }: WrittenPoint,
  point: SweepPoint,
  { cores, modules, folder, quick, only }: Surroundings,
): ResolvedPoint {
  const problems = [...found];
  const data = plain(root);
  const parsed = configSchema.safeParse(data);
  const wrong = parsed.success ? [] : schemaProblems(parsed.error, data, configJsonSchema());
  // Systems that could not be resolved are reported already, and missing here.
  const isResolved = problems.length === 0;
  problems.push(...located(root, wrong).filter(({ place }) => isResolved || place.path !== 'systems'));
  problems.push(...located(root, elementProblems(rightElements(data, cores), cores)));
  if (parsed.success && isResolved) {
    const measured = pointOf(parsed.data, point);
    const kept = (quick ? parsed.data.quick?.systems : undefined) ?? null;
    problems.push(...located(root, placementProblems(parsed.data, measured, { cores, only: only ?? kept })));
    problems.push(...located(root, backendProblems(parsed.data, modules)));
    problems.push(...located(root, contradictions(parsed.data)));
    problems.push(...located(root, loadGeneratorProblems(parsed.data, measured)));
  }
  const config = parsed.success && problems.length === 0 ? inPlace(inFolder(parsed.data, folder)) : null;
  return { config, sources, problems };
}

function rightElements(data: unknown, cores: readonly number[]): RightElements {
  const { systems, floors } = (data ?? {}) as { systems?: unknown; floors?: unknown };
  const right = <T>(schema: { safeParse(value: unknown): { data?: T } }, list: unknown): (T | null)[] =>
    Array.isArray(list) ? list.map((element) => schema.safeParse(element).data ?? null) : [];
  const homeOf = homesIn(data, cores);
  const homes = right(system, systems).map((one) => one && { system: one, home: homeOf(one) });
  const isElsewhere = ({ name }: ConfiguredFloor): boolean => {
    const serving = homes.filter((one) => one?.system.floor.includes(name));
    return serving.length > 0 && serving.every((one) => !one?.home.isHere);
  };
  // A floor is measured on this machine, and left out where its systems are not.
  const measured = right(floor, floors).map((one) => (one && isElsewhere(one) ? null : one));
  return { systems: homes, floors: measured };
}

async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = whyUnreadable(error as NodeJS.ErrnoException);
    throw new ExperimentError(
      'CONFIG_NOT_FOUND',
      `config ${file} ${why}: name an experiment's YAML file, or one of \`bypassbench list\``,
      { cause: error },
    );
  }
}

function invalid(lines: string[]): ExperimentError {
  return new ExperimentError('CONFIG_INVALID', problemsInWords('the config', lines));
}

function refuseUnknown(
  only: readonly string[],
  { config: { systems }, unmeasured }: Pick<ResolvedConfig, 'config' | 'unmeasured'>,
): void {
  const names = [...systems.map(({ name }) => name), ...unmeasured];
  const unknown = only.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new ExperimentError(
    'SYSTEM_UNKNOWN',
    `--only: no system is named '${unknown}' in this config; its systems are ${names.join(', ')}`,
  );
}
