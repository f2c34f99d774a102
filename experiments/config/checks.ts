/**
 * What is wrong with a resolved config whose every value is right by itself: values that contradict each
 * other, and cores that this machine does not have.
 */
import { SOCKETS_BACKEND } from '../../libos/index.ts';
import { requestOperations } from '../../results/formats/index.ts';
import { softwareNames } from '../machine/machine.ts';
import { suggestion } from '../written/nearest.ts';
import type { Problem } from '../written/problems.ts';
import { repeated } from '../written/repeated.ts';
import { hostPlaceholders } from './host-placeholders.ts';
import {
  FOLDER_PLACEHOLDER,
  floorPlaceholders,
  OPTIONS_WORD,
  placeholderNames,
  systemPlaceholders,
} from './placeholders.ts';
import type { Home } from './placement.ts';
import { protocolProblems, protocolsOf } from './protocol.ts';
import type { Config, ConfiguredFloor as Floor, ConfiguredSystem as System } from './schema.ts';
import { workloadProblems } from './workload-checks.ts';

/** Name of the second measurement of the system `name`, where an experiment repeats it. */
export function repeatOf(name: string): string {
  return `${name}-again`;
}

/** Systems and floors that are each right by the schema; null in the places of the others. */
export interface RightElements {
  systems: readonly ({ system: System; home: Home } | null)[];
  floors: readonly (Floor | null)[];
}

/** Of them, whatever is wrong elsewhere, for a machine with `cores`. */
export function elementProblems({ systems, floors }: RightElements, cores: readonly number[]): Problem[] {
  const problemsAt = (list: string, index: number, problems: Problem[]): Problem[] =>
    problems.map(({ path, message }) => ({ path: [list, index, ...path], message }));
  return [
    ...systems.flatMap((one, index) =>
      one ? problemsAt('systems', index, systemProblems(one.system, one.home)) : [],
    ),
    ...floors.flatMap((one, index) => (one ? problemsAt('floors', index, floorProblems(one, cores)) : [])),
  ];
}

/** What contradicts each other between the parts of a config that is right by the schema. */
export function contradictions(config: Config): Problem[] {
  return [
    ...repeated(config.systems.map(({ name }) => name)).map(({ index, value }) => ({
      path: ['systems', index, 'name'],
      message: `'${value}' names two systems: each needs a name of its own`,
    })),
    ...config.floors.flatMap((floor, index) =>
      floorContradictions(floor, index, config).map(({ path, message }) => ({
        path: ['floors', index, ...path],
        message,
      })),
    ),
    ...repeatProblems(config),
    ...goalProblems(config),
    ...noiseGoalProblems(config),
    ...workloadProblems(config),
    ...protocolProblems(config),
    ...programProblems(config),
    ...withinProblems(config),
    ...wireProblems(config),
    ...quickProblems(config),
  ];
}

/** Systems whose addresses and devices are those of a wire. */
function wireProblems({ systems, wire }: Config): Problem[] {
  return systems.flatMap(({ name, requires }, index) => {
    const needed = requires.find((one) => 'wire' in one);
    if (needed === undefined || needed.wire === wire) return [];
    const message = `${name} goes over a wire: the experiment must say \`wire: ${needed.wire}\``;
    return [{ path: ['systems', index, 'requires'], message }];
  });
}

/** Of an experiment without a sweep; swept.ts says what is wrong in one with it. */
function withinProblems({ sweep, systems }: Config): Problem[] {
  if (sweep) return [];
  return systems.flatMap(({ within }, index) =>
    Object.keys(within).length === 0
      ? []
      : [
          {
            path: ['systems', index, 'within'],
            message: 'is of a `sweep`, which there is not: leave it out',
          },
        ],
  );
}

/** What a load generator of others cannot do, or does in one way only. */
function programProblems({ systems, workload, stages, sweep }: Config): Problem[] {
  const { operations, open_loop, bulk, key_bytes, value_sizes } = workload;
  const swept = Object.keys(sweep ?? {});
  return systems.flatMap(({ client, checkout, workload: own }, index) => {
    const { program } = client;
    const key_distribution = own.key_distribution ?? workload.key_distribution;
    if (program === undefined) return [];
    if (workload.trace !== undefined) {
      const path = ['systems', index, 'client', 'program'];
      return [{ path, message: `${program} replays no trace: leave one of the two out` }];
    }
    const cannot: [boolean, string, string][] = [
      [
        client.backend !== SOCKETS_BACKEND,
        'backend',
        `reaches servers over the kernel alone: ${SOCKETS_BACKEND}`,
      ],
      [client.idle !== 'sleep', 'idle', 'sleeps while nothing comes: sleep'],
      [Object.keys(client.options).length > 0, 'options', 'takes no options of a backend: leave them out'],
      [checkout !== undefined, 'program', 'is none of a checkout: leave one of the two out'],
      [stages !== undefined, 'program', 'cannot stamp requests: leave `stages` out'],
      [open_loop !== undefined, 'program', 'has no open loop: leave `open_loop` out'],
      [!protocolsOf(workload).includes('resp'), 'program', 'sends requests of Redis: leave the protocol out'],
      [bulk !== undefined, 'program', 'carries no bulk: leave `bulk` out'],
      [
        !operations.every((name) => isOneOf(requestOperations, name)),
        'program',
        'sends get and set, and one of them at a time',
      ],
      [
        !isOneOf(['uniform', 'single'], key_distribution),
        'program',
        'draws keys uniformly, or has a single one',
      ],
      [swept.includes('key_distribution'), 'program', 'draws keys uniformly: it cannot be swept'],
      [key_bytes !== undefined, 'program', 'has keys of its own: leave `key_bytes` out'],
      [value_sizes !== undefined, 'program', 'has values of one size: leave `value_sizes` out'],
    ];
    return cannot.flatMap(([isSo, key, why]) =>
      isSo ? [{ path: ['systems', index, 'client', key], message: `${program} ${why}` }] : [],
    );
  });
}

function isOneOf(names: readonly string[], name: unknown): boolean {
  return names.some((one) => one === name);
}

function systemProblems(system: System, home: Home): Problem[] {
  const { name } = system;
  const reserved = softwareNames.includes(name)
    ? [{ path: ['name'], message: `'${name}' is taken in the manifest's list of versions: choose another` }]
    : [];
  return [...reserved, ...placeholderProblems(system, home), ...coreProblems(system, home)];
}

/** By name a goal is about systems of its experiment, and may be over one of its floors. */
function goalProblems({ goals = [], systems, floors }: Config): Problem[] {
  const names = systems.map(({ name }) => name);
  const withFloors = [...names, ...floors.map(({ name }) => name)];
  return goals.flatMap((goal, index) =>
    (['system', 'over'] as const).flatMap((side) => {
      const named = goal[side];
      const known = side === 'over' ? withFloors : names;
      if (typeof named !== 'string' || known.includes(named)) return [];
      const what = side === 'over' ? 'no system and no floor is' : 'no system is';
      return [
        { path: ['goals', index, side], message: `${what} named '${named}'${suggestion(named, known)}` },
      ];
    }),
  );
}

function noiseGoalProblems({ goals = [], repeat }: Config): Problem[] {
  return goals.flatMap(({ within_noise_of }, index) =>
    within_noise_of === undefined || within_noise_of === repeat
      ? []
      : [
          {
            path: ['goals', index, 'within_noise_of'],
            message: `'${within_noise_of}' is not measured twice: say so with \`repeat: ${within_noise_of}\``,
          },
        ],
  );
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

function quickProblems(config: Config): Problem[] {
  const { trials, workload, stages, calibration, quick } = config;
  const pairs: [PropertyKey[], number | undefined, number][] = [
    [['trials'], quick?.trials, trials],
    [['stages', 'duration_s'], quick?.stages?.duration_s, stages?.duration_s ?? 0],
    [['calibration', 'duration_s'], quick?.calibration?.duration_s, calibration?.duration_s ?? 0],
    [['workload', 'keys'], quick?.workload?.keys, workload.keys],
    [['workload', 'warmup_s'], quick?.workload?.warmup_s, workload.warmup_s],
    [['workload', 'duration_s'], quick?.workload?.duration_s, workload.duration_s],
  ];
  const larger = pairs
    .filter(([, quickValue, fullValue]) => quickValue !== undefined && quickValue > fullValue)
    .map(([path, quickValue, fullValue]) => ({
      path: ['quick', ...path],
      message: `${quickValue} is more than the ${fullValue} of the full run: --quick only makes a run smaller`,
    }));
  return [...larger, ...quickSystemProblems(config)];
}

/** `quick` keeps systems that there are, and those that a goal is about. */
function quickSystemProblems({ systems, goals = [], quick }: Config): Problem[] {
  const kept = quick?.systems;
  if (!kept) return [];
  const names = systems.map(({ name }) => name);
  const needed = goals.flatMap(({ system, over }) => [system, over]);
  const missing = names.filter((name) => needed.includes(name) && !kept.includes(name));
  return [
    ...kept.flatMap((name, index) =>
      names.includes(name)
        ? []
        : [
            {
              path: ['quick', 'systems', index],
              message: `no system is named '${name}'${suggestion(name, names)}`,
            },
          ],
    ),
    ...repeated(kept).map(({ index, value }) => ({
      path: ['quick', 'systems', index],
      message: `'${value}' is listed twice`,
    })),
    ...missing.map((name) => ({
      path: ['quick', 'systems'],
      message: `leaves out ${name}, which a goal is about: list it too`,
    })),
  ];
}

function floorContradictions(floor: Floor, index: number, config: Config): Problem[] {
  const { systems, floors, workload } = config;
  const problems: Problem[] = [];
  const systemNames = systems.map(({ name }) => name);
  if ([...systemNames, ...floors.slice(0, index).map(({ name }) => name)].includes(floor.name)) {
    problems.push({
      path: ['name'],
      message: `'${floor.name}' names a system or another floor: choose another`,
    });
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
  return problems;
}

function floorProblems(floor: Floor, cores: readonly number[]): Problem[] {
  const command = floor.command.map((text, word) => ({ path: ['command', word], text }));
  const problems = unknownPlaceholders(command, floorPlaceholders);
  for (const name of ['operation', 'out']) {
    if (!placeholderUses(command).some((use) => use.name === name)) {
      problems.push({ path: ['command'], message: `has no {${name}}: the program must get it` });
    }
  }
  const named = Array.isArray(floor.cores) ? floor.cores : [];
  const places = named.map((core, at) => ({ path: ['cores', at], core }));
  return [...problems, ...missingCores(places, cores)];
}

interface Template {
  path: PropertyKey[];
  text: string;
}

function placeholderProblems(system: System, { isPlaced }: Home): Problem[] {
  const start = system.start.map((text, index) => ({ path: ['start', index], text }));
  const env = Object.entries(system.env).map(([key, text]) => ({ path: ['env', key], text }));
  const options = [['options'], ['server_options'], ['client', 'options']].flatMap(optionsAt(system));
  const words = start.filter(({ text }) => text !== OPTIONS_WORD);
  const problems = [
    ...unknownPlaceholders([...words, ...env, ...options], [...systemPlaceholders, ...hostPlaceholders]),
    ...(isPlaced ? [] : hostlessProblems([...words, ...env, ...options])),
    ...optionsProblems(system),
  ];
  const stamped = placeholderUses(start).some(({ name }) => name === 'stamps');
  if (stamped && system.command_stats) {
    problems.push({
      path: ['command_stats'],
      message: 'a server with {stamps} reports its part by them: leave command_stats out',
    });
  }
  const toldPort = placeholderUses([...start, ...env]).some(({ name }) => name === 'port');
  if (system.ready.by !== 'json_line' && !toldPort) {
    problems.push({
      path: ['start'],
      message:
        'has no {port}, so the server cannot get its port; only with `ready: { by: json_line }` may it choose one',
    });
  }
  return problems;
}

/** The options that stand at a path of a system, as texts with their own paths. */
function optionsAt(system: System): (path: string[]) => Template[] {
  return (path) => {
    const record = path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], system);
    return Object.entries(record as Record<string, string>).map(([key, value]) => ({
      path: [...path, key],
      text: value,
    }));
  };
}

/** Options of a server whose command line has no room for them would be lost. */
function optionsProblems({ start, options, server_options }: System): Problem[] {
  if (start.includes(OPTIONS_WORD)) return [];
  return Object.entries({ options, server_options })
    .filter(([, given]) => Object.keys(given).length > 0)
    .map(([key]) => ({
      path: [key],
      message: `the server cannot get them: no word of \`start\` is ${OPTIONS_WORD}`,
    }));
}

function placeholderUses(templates: Template[]): { path: PropertyKey[]; name: string }[] {
  return templates.flatMap(({ path, text }) => placeholderNames(text).map((name) => ({ path, name })));
}

function unknownPlaceholders(templates: Template[], own: readonly string[]): Problem[] {
  const allowed = [...own, FOLDER_PLACEHOLDER];
  return placeholderUses(templates)
    .filter(({ name }) => !allowed.includes(name))
    .map(({ path, name }) => ({
      path,
      message: `unknown placeholder {${name}}${suggestion(name, allowed)}`,
    }));
}

/** What hosts have, in a system that says none. */
function hostlessProblems(templates: Template[]): Problem[] {
  return placeholderUses(templates)
    .filter(({ name }) => isOneOf(hostPlaceholders, name))
    .map(({ path, name }) => ({
      path,
      message: `{${name}} is of a host on a network, and no \`place\` says which: say one, or name a lab file with --lab`,
    }));
}

function coreProblems(system: System, home: Home): Problem[] {
  const { server_cores, client, cores, share_cores, requires } = system;
  const isWholeHere = home.server !== null && home.client !== null;
  const available = home.server?.length ?? 0;
  // Then it is not run here, and says so.
  if (isWholeHere && requires.some((needed) => 'cores' in needed && needed.cores > available)) return [];
  if (cores) {
    if (client.more_cores) {
      const path = ['client', 'more_cores'];
      return [{ path, message: 'chosen cores are one for each side: name them, or leave this out' }];
    }
    if (server_cores === undefined && client.core === undefined) return [];
    const message = '`server_cores` or `client.core` names the cores already: leave them out, or this';
    return [{ path: ['cores'], message }];
  }
  const ofServer = (server_cores ?? []).map((core, index) => ({ path: ['server_cores', index], core }));
  const ofClient = [
    ...(client.core === undefined ? [] : [{ path: ['client', 'core'], core: client.core }]),
    ...(client.more_cores ?? []).map((core, index) => ({ path: ['client', 'more_cores', index], core })),
  ];
  const problems = [
    ...(home.server ? missingCores(ofServer, home.server) : []),
    ...(home.client ? missingCores(ofClient, home.client) : []),
    ...threadProblems(system, isWholeHere),
  ];
  const otherwise = 'or `cores` must say how a pair is chosen';
  if (server_cores === undefined && home.server) {
    problems.push({ path: ['server_cores'], message: `is missing: it must be a list, ${otherwise}` });
  }
  if (client.core === undefined) {
    if (!home.client) return problems;
    problems.push({ path: ['client', 'core'], message: `is missing: it must be a number, ${otherwise}` });
  } else if (isWholeHere && !share_cores && server_cores?.includes(client.core)) {
    problems.push({
      path: ['client', 'core'],
      message:
        `core ${client.core} is the server's too, so they would wait for each other: ` +
        'choose another, or allow it with `share_cores: true`',
    });
  }
  return problems;
}

/** What a load generator of several threads cannot be. */
function threadProblems(
  { client, server_cores = [], share_cores }: System,
  isBesideServer: boolean,
): Problem[] {
  const { more_cores, program } = client;
  if (!more_cores) return [];
  const path = ['client', 'more_cores'];
  const taken = [client.core, ...(share_cores || !isBesideServer ? [] : server_cores)];
  const again = more_cores.findIndex((core, index) =>
    [...taken, ...more_cores.slice(0, index)].includes(core),
  );
  return [
    ...(again < 0
      ? []
      : [{ path: [...path, again], message: `core ${more_cores[again]} has another thread already` }]),
    ...(program ? [{ path, message: `is for \`bypassbench load\`, not for ${program}: leave it out` }] : []),
  ];
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
