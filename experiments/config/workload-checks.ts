/** What is wrong with a workload whose every value is right by itself. */
import { MIX, meanBytes, parseValueSizes, requestOperations } from '../../results/formats/index.ts';
import { suggestion } from '../written/nearest.ts';
import type { Problem } from '../written/problems.ts';
import { repeated } from '../written/repeated.ts';
import { operationsOf } from './protocol.ts';
import type { Config } from './schema.ts';

export function workloadProblems(config: Config): Problem[] {
  const { operations } = config.workload;
  return [
    ...repeated(operations).map(({ index, value }) => ({
      path: ['workload', 'operations', index],
      message: `'${value}' is listed twice`,
    })),
    ...sizeProblems(config),
    ...operationProblems(config),
    ...mixProblems(config),
    ...arrivalProblems(config),
  ];
}

/** Variants of which none is measured, names of commands that are taken, and two ways to say how long values are. */
function sizeProblems({ workload }: Config): Problem[] {
  const { commands, variant, variants = {}, value_bytes, value_sizes } = workload;
  const names = Object.keys(variants);
  const taken: string[] = [...requestOperations, MIX];
  const sizes = value_sizes === undefined ? null : parseValueSizes(value_sizes);
  return [
    ...Object.keys(commands)
      .filter((name) => taken.includes(name))
      .map((name) => ({
        path: ['workload', 'commands', name],
        message: `'${name}' is an operation already: choose another name`,
      })),
    ...(variant === undefined && names.length > 0
      ? [
          {
            path: ['workload', 'variants'],
            message: 'none of them is measured: say which, with `variant` or as an axis',
          },
        ]
      : []),
    ...(sizes !== null && typeof sizes !== 'string' && Math.max(1, meanBytes(sizes)) !== value_bytes
      ? [{ path: ['workload', 'value_bytes'], message: '`value_sizes` says the sizes: leave it out' }]
      : []),
  ];
}

/** Names of what no request is. */
function operationProblems({ workload }: Config): Problem[] {
  const { operations, mix, commands, trace } = workload;
  if (trace !== undefined) return [];
  const named = [
    ...operations.map((name, index) => ({ name, path: ['operations', index] })),
    ...Object.keys(mix ?? {}).map((name) => ({ name, path: ['mix', name] })),
  ];
  return named.flatMap(({ name, path }) => {
    const others = path[0] === 'operations' ? [MIX] : [];
    const known: string[] = [...operationsOf(workload), ...Object.keys(commands), ...others];
    if (known.includes(name)) return [];
    const message = `there is no operation '${name}'${suggestion(name, known)}`;
    return [{ path: ['workload', ...path], message }];
  });
}

/** An open loop without a pattern, which that of a trace alone is. */
function arrivalProblems({ workload: { open_loop, trace } }: Config): Problem[] {
  if (open_loop === undefined || open_loop.arrivals !== null || trace !== undefined) return [];
  const path = ['workload', 'open_loop', 'arrivals'];
  return [{ path, message: 'must be a pattern: leave it out, or name one' }];
}

function mixProblems({ workload: { operations, mix, open_loop }, systems }: Config): Problem[] {
  const listed = operations.indexOf(MIX);
  const path = ['workload', 'operations'];
  return [
    ...(mix && listed < 0
      ? [{ path, message: 'list no mix, whose weights `mix` says: add it, or leave the weights out' }]
      : []),
    ...(mix && Object.keys(mix).length === 0
      ? [{ path: ['workload', 'mix'], message: 'has no operation: give one its weight, or leave it out' }]
      : []),
    ...(!mix && listed >= 0
      ? [{ path: [...path, listed], message: 'needs its weights: mix: { get: 95, set: 5 }, in the workload' }]
      : []),
    ...systems.flatMap(({ workload }, index) =>
      workload.open_loop && !open_loop
        ? [
            {
              path: ['systems', index, 'workload', 'open_loop'],
              message: 'the workload is a closed loop, which has no rate: give it open_loop too',
            },
          ]
        : [],
    ),
  ];
}
