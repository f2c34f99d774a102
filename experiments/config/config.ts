/**
 * Reads an experiment's config: syntax, schema, then what the schema cannot say (values that contradict each
 * other, or this machine), then --quick and --only. Nothing is started before all of it holds, and all
 * problems are told at once.
 */
import { readFile } from 'node:fs/promises';
import { ExperimentError } from '../errors.ts';
import { availableCores, softwareNames } from '../machine/machine.ts';
import { ConfigDocument, type Problem } from './config-document.ts';
import { suggestion } from './nearest.ts';
import { type Config, configSchema, type Experiment, type Floor, type System } from './schema.ts';

/** What may stand in braces in `start`, `env` and `client.options` of a system, and in `command` of a floor. */
const systemPlaceholders = ['host', 'port', 'core', 'dir', 'stamps', 'pauses'] as const;
const floorPlaceholders = ['operation', 'value_bytes', 'warmup_s', 'duration_s', 'cores', 'out'] as const;
export type SystemValues = Record<(typeof systemPlaceholders)[number], string>;
export type FloorValues = Record<(typeof floorPlaceholders)[number], string>;

/** Lower-case words in braces; other braces, as in a JSON argument, are left alone. */
const placeholderPattern = /\{([a-z_]+)\}/g;

/** `text` with each {placeholder} replaced. */
export function fillPlaceholders(text: string, values: SystemValues | FloorValues): string {
  return text.replace(placeholderPattern, (_, name: string) => values[name as keyof typeof values]);
}

/**
 * The experiment that a file describes, or a CONFIG_NOT_FOUND, CONFIG_INVALID or SYSTEM_UNKNOWN error.
 * `only` holds names of systems; null means all of them.
 */
export async function readExperiment(
  file: string,
  options: { quick: boolean; only: string[] | null },
): Promise<Experiment> {
  const config = await readConfig(file, availableCores());
  const { quick, ...full } = config;
  const systems = select(config.systems, options.only);
  const repeated = systems.find(({ name }) => name === config.repeat);
  const experiment: Experiment = {
    ...full,
    systems: repeated ? [...systems, again(repeated)] : systems,
    floors: config.floors.filter((floor) => systems.some(({ name }) => name === floor.system)),
  };
  if (!options.quick) return experiment;
  if (!quick) throw invalid([`--quick: ${file} has no \`quick\` section that says what a smaller run is`]);
  return {
    ...experiment,
    trials: quick.trials ?? full.trials,
    stages: full.stages && { ...full.stages, ...quick.stages },
    calibration: full.calibration && { ...full.calibration, ...quick.calibration },
    workload: { ...full.workload, ...quick.workload },
  };
}

/** A system once more, to be told from itself. */
function again(system: System): System {
  return { ...system, name: repeatOf(system.name), label: `${system.label}, again` };
}

export function repeatOf(name: string): string {
  return `${name}-again`;
}

/** The whole config of a file, checked against a machine that has these `cores`. */
export async function readConfig(file: string, cores: readonly number[]): Promise<Config> {
  const document = new ConfigDocument(file, await readConfigFile(file));
  const syntax = document.syntaxProblems();
  if (syntax.length > 0) throw invalid(syntax);
  const parsed = configSchema.safeParse(document.data);
  const problems = parsed.success ? contradictions(parsed.data, cores) : document.problemsOf(parsed.error);
  if (problems.length > 0) throw invalid(document.describe(problems));
  return parsed.data!;
}

async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EISDIR' ? 'is a folder' : code === 'EACCES' ? 'is not readable' : 'does not exist';
    throw new ExperimentError(
      'CONFIG_NOT_FOUND',
      `config ${file} ${why}: name an experiment's YAML file, such as experiments/redis-figure.yaml`,
      { cause: error },
    );
  }
}

function invalid(lines: string[]): ExperimentError {
  const message =
    lines.length === 1 ? lines[0] : `the config has ${lines.length} problems:\n  ${lines.join('\n  ')}`;
  return new ExperimentError('CONFIG_INVALID', message);
}

function select(systems: System[], only: string[] | null): System[] {
  if (only === null) return systems;
  const names = systems.map(({ name }) => name);
  for (const name of only) {
    if (!names.includes(name)) {
      throw new ExperimentError(
        'SYSTEM_UNKNOWN',
        `--only: no system is named '${name}' in this config; its systems are ${names.join(', ')}`,
      );
    }
  }
  return systems.filter(({ name }) => only.includes(name));
}

/** What is wrong with a config whose every value is right by itself. */
function contradictions(config: Config, cores: readonly number[]): Problem[] {
  return [
    ...repeated(config.systems.map(({ name }) => name)).map(({ index, value }) => ({
      path: ['systems', index, 'name'],
      message: `'${value}' names two systems: each needs a name of its own`,
    })),
    ...config.floors.flatMap((floor, index) =>
      floorProblems(floor, index, config, cores).map(({ path, message }) => ({
        path: ['floors', index, ...path],
        message,
      })),
    ),
    ...config.systems.flatMap(({ name }, index) =>
      softwareNames.includes(name)
        ? [
            {
              path: ['systems', index, 'name'],
              message: `'${name}' is taken in the manifest's list of versions: choose another`,
            },
          ]
        : [],
    ),
    ...repeatProblems(config),
    ...repeated(config.workload.operations).map(({ index, value }) => ({
      path: ['workload', 'operations', index],
      message: `'${value}' is listed twice`,
    })),
    ...quickProblems(config),
    ...config.systems.flatMap((system, index) =>
      [...placeholderProblems(system), ...coreProblems(system, cores)].map(({ path, message }) => ({
        path: ['systems', index, ...path],
        message,
      })),
    ),
  ];
}

function repeatProblems({ repeat, systems, floors }: Config): Problem[] {
  if (repeat === undefined) return [];
  const names = systems.map(({ name }) => name);
  if (!names.includes(repeat)) {
    return [{ path: ['repeat'], message: `no system is named '${repeat}'${suggestion(repeat, names)}` }];
  }
  if (![...names, ...floors.map(({ name }) => name)].includes(repeatOf(repeat))) return [];
  return [
    { path: ['repeat'], message: `'${repeatOf(repeat)}' is the name of its repetition: rename the other` },
  ];
}

function repeated<T>(values: readonly T[]): { index: number; value: T }[] {
  return values
    .map((value, index) => ({ index, value }))
    .filter(({ index, value }) => values.indexOf(value) < index);
}

function quickProblems({ trials, workload, stages, calibration, quick }: Config): Problem[] {
  const pairs: [PropertyKey[], number | undefined, number][] = [
    [['trials'], quick?.trials, trials],
    [['stages', 'duration_s'], quick?.stages?.duration_s, stages?.duration_s ?? 0],
    [['calibration', 'duration_s'], quick?.calibration?.duration_s, calibration?.duration_s ?? 0],
    [['workload', 'keys'], quick?.workload?.keys, workload.keys],
    [['workload', 'warmup_s'], quick?.workload?.warmup_s, workload.warmup_s],
    [['workload', 'duration_s'], quick?.workload?.duration_s, workload.duration_s],
  ];
  return pairs
    .filter(([, quickValue, fullValue]) => quickValue !== undefined && quickValue > fullValue)
    .map(([path, quickValue, fullValue]) => ({
      path: ['quick', ...path],
      message: `${quickValue} is more than the ${fullValue} of the full run: --quick only makes a run smaller`,
    }));
}

function floorProblems(floor: Floor, index: number, config: Config, cores: readonly number[]): Problem[] {
  const { systems, floors, workload } = config;
  const problems: Problem[] = [];
  const systemNames = systems.map(({ name }) => name);
  if ([...systemNames, ...floors.slice(0, index).map(({ name }) => name)].includes(floor.name)) {
    problems.push({
      path: ['name'],
      message: `'${floor.name}' names a system or another floor: choose another`,
    });
  }
  if (!systemNames.includes(floor.system)) {
    const message = `no system is named '${floor.system}'${suggestion(floor.system, systemNames)}`;
    problems.push({ path: ['system'], message });
  }
  if (workload.clients > 1 || workload.pipeline > 1) {
    const message =
      'a floor is one request at a time, which bars of `clients` or `pipeline` above 1 are not: leave the floor out';
    problems.push({ path: [], message });
  }
  if (workload.open_loop) {
    const message =
      'a floor sends when it has a reply, which the bars of an open loop are not: leave the floor out';
    problems.push({ path: [], message });
  }
  const command = floor.command.map((text, word) => ({ path: ['command', word], text }));
  problems.push(...unknownPlaceholders(command, floorPlaceholders));
  for (const name of ['operation', 'out']) {
    if (!placeholderUses(command).some((use) => use.name === name)) {
      problems.push({ path: ['command'], message: `has no {${name}}: the program must be told` });
    }
  }
  const places = floor.cores.map((core, at) => ({ path: ['cores', at], core }));
  return [...problems, ...missingCores(places, cores)];
}

interface Template {
  path: PropertyKey[];
  text: string;
}

function placeholderProblems(system: System): Problem[] {
  const start = system.start.map((text, index) => ({ path: ['start', index], text }));
  const env = Object.entries(system.env).map(([key, text]) => ({ path: ['env', key], text }));
  const options = Object.entries(system.client.options).map(([key, text]) => ({
    path: ['client', 'options', key],
    text,
  }));
  const problems = unknownPlaceholders([...start, ...env, ...options], systemPlaceholders);
  const stamped = placeholderUses(start).some(({ name }) => name === 'stamps');
  if (stamped && system.command_stats) {
    problems.push({
      path: ['command_stats'],
      message: 'a server with {stamps} tells its part by them: leave command_stats out',
    });
  }
  const toldPort = placeholderUses([...start, ...env]).some(({ name }) => name === 'port');
  if (system.ready.by !== 'json_line' && !toldPort) {
    problems.push({
      path: ['start'],
      message:
        'has no {port}, so the server cannot be told its port; only with `ready: { by: json_line }` may it choose one',
    });
  }
  return problems;
}

function placeholderUses(templates: Template[]): { path: PropertyKey[]; name: string }[] {
  return templates.flatMap(({ path, text }) =>
    [...text.matchAll(placeholderPattern)].map((match) => ({ path, name: match[1] })),
  );
}

function unknownPlaceholders(templates: Template[], allowed: readonly string[]): Problem[] {
  return placeholderUses(templates)
    .filter(({ name }) => !allowed.includes(name))
    .map(({ path, name }) => ({
      path,
      message: `unknown placeholder {${name}}${suggestion(name, allowed)}`,
    }));
}

function coreProblems(system: System, available: readonly number[]): Problem[] {
  const places = [
    ...system.server_cores.map((core, index) => ({ path: ['server_cores', index], core })),
    { path: ['client', 'core'], core: system.client.core },
  ];
  const problems = missingCores(places, available);
  if (!system.share_cores && system.server_cores.includes(system.client.core)) {
    problems.push({
      path: ['client', 'core'],
      message:
        `core ${system.client.core} is the server's too, so they would wait for each other: ` +
        'choose another, or allow it with `share_cores: true`',
    });
  }
  return problems;
}

interface Place {
  path: PropertyKey[];
  core: number;
}

function missingCores(places: Place[], available: readonly number[]): Problem[] {
  return places
    .filter(({ core }) => !available.includes(core))
    .map(({ path, core }) => ({
      path,
      message: `core ${core} is not there: this process may use ${available.length === 1 ? 'core' : 'cores'} ${available.join(', ')}`,
    }));
}
