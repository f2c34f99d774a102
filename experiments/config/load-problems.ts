/**
 * What `bypassbench load` would refuse of an experiment, at each point for each system: found before anything starts,
 * in the words that `load` has for it.
 */
import { findBackend } from '../../libos/index.ts';
import {
  type AskedLoad,
  builtInCommands,
  fillersOf,
  type LoadProblem,
  loadProblems,
  MIX,
  mostBytes,
  type OperationSteps,
  parseCommand,
  parseKeySizes,
  parseValueSizes,
  placeOf,
  reads,
  requestProblems,
  type SaidOfLoad,
  USUAL_KEY_BYTES,
} from '../../results/formats/index.ts';
import type { Problem } from '../written/problems.ts';
import { keyNames } from './key-names.ts';
import { protocolOf } from './protocol.ts';
import type { Config, ConfiguredPoint, ConfiguredSystem, WorkloadConfig } from './schema.ts';
import { stagesAt, workloadOf } from './swept.ts';

export function loadGeneratorProblems(config: Config, point: ConfiguredPoint): Problem[] {
  const systems = point.systems.filter(({ client }) => client.program === undefined);
  const found = systems.map((system) => ({ system, problems: problemsOf(config, point, system) }));
  const all = found.flatMap(({ problems }) => problems);
  return all.map(({ path, message }) => {
    const isSame = (other: Problem): boolean =>
      other.message === message && other.path.join('.') === path.join('.');
    const those = found.filter(({ problems }) => problems.some(isSame)).map(({ system }) => system.name);
    // What is wrong with some of the systems alone can be left out for them.
    const remedy = config.sweep ? '; within can leave it out for them' : '';
    const isOfAll = those.length === systems.length || path[0] === 'systems';
    return { path, message: isOfAll ? message : `${message} (${those.join(', ')}${remedy})` };
  });
}

function problemsOf(config: Config, point: ConfiguredPoint, system: ConfiguredSystem): Problem[] {
  const workload = workloadOf(point.workload, system);
  const isOfRequests = protocolOf(workload, system) === 'resp' && workload.trace === undefined;
  const problems = [
    ...(isOfRequests ? ofRequests(workload) : []),
    ...loadProblems(loadOf(config, point, system, workload), keyNames),
  ];
  return [
    ...problems.map(({ at, message }) => ({ path: pathOf(at, system, config), message })),
    ...(isOfRequests ? unfilledOperations(workload) : []),
  ];
}

/** Where it stands: at the system, where that has a workload of its own. */
function pathOf(at: SaidOfLoad, { name, workload }: ConfiguredSystem, { systems }: Config): PropertyKey[] {
  if (at === 'stamps') return ['stages'];
  const index = systems.findIndex((system) => system.name === name);
  const words = keyNames[at].split('.');
  if (words[0] === 'client') return ['systems', index, ...words];
  return Object.hasOwn(workload, words[0])
    ? ['systems', index, 'workload', ...words]
    : ['workload', ...words];
}

function loadOf(
  { stages, quick }: Config,
  { at }: ConfiguredPoint,
  system: ConfiguredSystem,
  workload: WorkloadConfig,
): AskedLoad {
  const { clients, pipeline, bulk, open_loop, value_bytes, duration_s } = workload;
  const { client } = system;
  const stamped = stagesAt(stages, at);
  const windows = [duration_s, stamped?.duration_s, quick?.workload?.duration_s, quick?.stages?.duration_s];
  const capabilities = findBackend(client.backend)?.capabilities;
  return {
    protocol: protocolOf(workload, system),
    connections: clients,
    pipeline,
    threads: 1 + (client.more_cores?.length ?? 0),
    requests: null,
    bulk: bulk && bulk.clients > 0 ? { connections: bulk.clients, valueBytes: bulk.value_bytes } : null,
    rateOps: open_loop?.rate_ops ?? null,
    arrivals: open_loop?.arrivals ?? null,
    durationS: Math.min(...windows.filter((window_s) => window_s !== undefined)),
    valueBytes: value_bytes,
    stamps: stamped !== undefined,
    // One that does not exist is another problem.
    backend: {
      name: client.backend,
      threads: capabilities?.threads ?? true,
      datagrams: capabilities?.datagrams ?? true,
    },
  };
}

/** Of the operations, one after the other. What is none is another problem. */
function ofRequests(workload: WorkloadConfig): LoadProblem[] {
  const { operations, commands, keys, key_distribution, key_bytes, value_bytes, value_sizes } = workload;
  const keySizes = parseKeySizes(String(key_bytes ?? USUAL_KEY_BYTES));
  const sizes = value_sizes === undefined ? null : parseValueSizes(value_sizes);
  if (typeof keySizes === 'string' || typeof sizes === 'string') return [];
  const fixed = sizes === null ? value_bytes : sizes.kind === 'fixed' ? sizes.bytes : null;
  return operations.flatMap((operation, index) => {
    const steps = stepsOf(operation, workload);
    const asked = {
      commands,
      fills: index === 0,
      keys,
      keyDistribution: key_distribution,
      keySizes,
      valueBytes: value_sizes === 'usr' ? null : fixed,
      valueBytesMost: sizes === null ? value_bytes : mostBytes(sizes),
    };
    return steps === null ? [] : requestProblems({ operations: steps, ...asked }, keyNames);
  });
}

/** The first operation fills the keys: the others that read what it does not fill find nothing. */
function unfilledOperations(workload: WorkloadConfig): Problem[] {
  const [first, ...others] = workload.operations.map((operation) => stepsOf(operation, workload) ?? []);
  const filled = fillersOf(first, workload.commands);
  if (!('steps' in filled)) return [];
  const places = filled.steps.map(placeOf);
  return others.flatMap((operations, index) => {
    const lacking = operations.flatMap(({ name, steps }) =>
      steps.filter((step) => reads(step) && !places.includes(placeOf(step))).map((step) => ({ name, step })),
    );
    return lacking.slice(0, 1).map(({ name, step }) => ({
      path: ['workload', 'operations', index + 1],
      message:
        `${name} reads what the first operation does not fill (${placeOf(step)}): list it first, or make an experiment ` +
        'of each',
    }));
  });
}

/** An operation, or those of the mix; null where one of them is none. */
function stepsOf(operation: string, { mix = {}, commands }: WorkloadConfig): OperationSteps[] | null {
  const known: Record<string, string> = { ...builtInCommands, ...commands };
  const names = operation === MIX ? Object.keys(mix) : [operation];
  const all = names.flatMap((name) => {
    const steps = Object.hasOwn(known, name) ? parseCommand(known[name]) : '';
    return typeof steps === 'string' ? [] : [{ name, steps }];
  });
  return all.length === names.length ? all : null;
}
