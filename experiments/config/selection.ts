/** A config with some of its systems only, and with what of the rest is theirs. */
import type { Axis } from '../../results/formats/index.ts';
import { listed } from '../../results/index.ts';
import type { ResolvedConfig } from './resolved.ts';
import type { ConfiguredPoint } from './schema.ts';
import type { AxisSpec } from './sweep-schema.ts';

/** Null for all of them. Points, floors and axes that none of them has are gone, and so is a repetition. */
export function withSystems(resolved: ResolvedConfig, names: readonly string[] | null): ResolvedConfig {
  if (names === null) return resolved;
  const { config, axes, points, unmeasured } = resolved;
  const narrowed = <T extends Pick<ConfiguredPoint, 'systems' | 'floors'>>(all: T): T => {
    const systems = all.systems.filter(({ name }) => names.includes(name));
    const named = new Set(systems.flatMap(({ floor }) => floor));
    return { ...all, systems, floors: all.floors.filter(({ name }) => named.has(name)) };
  };
  const { repeat, sweep, ...rest } = config;
  return {
    ...resolved,
    config: narrowed({
      ...rest,
      ...(repeat !== undefined && names.includes(repeat) && { repeat }),
      ...(sweep && { sweep: writtenFor(sweep, names) }),
    }),
    axes: axes.flatMap((axis) => ofSystems(axis, names)),
    points: points.map(narrowed).filter(({ systems }) => systems.length > 0),
    unmeasured: unmeasured.filter((name) => names.includes(name)),
  };
}

/** Of systems that are measured at none of the values of axes that --set says. */
export function unmeasuredInWords(names: readonly string[]): string {
  const are = names.length === 1 ? 'is' : 'are';
  return `${listed([...names])} ${are} measured at none of the values that --set leaves of the sweep (within)`;
}

/** An axis of some systems, of those that are selected; none where none is. */
export function ofSystems(axis: Axis, names: readonly string[]): Axis[] {
  if (axis.systems === null) return [axis];
  const systems = axis.systems.filter((name) => names.includes(name));
  return systems.length === 0 ? [] : [{ ...axis, systems }];
}

type Sweep = NonNullable<ResolvedConfig['config']['sweep']>;

/** A sweep as it would be written if there were these systems only. */
function writtenFor({ zip, ...axes }: Sweep, names: readonly string[]): Sweep {
  const together = zip && axesFor(zip, names);
  return { ...(together && Object.keys(together).length > 0 && { zip: together }), ...axesFor(axes, names) };
}

function axesFor(axes: Record<string, AxisSpec>, names: readonly string[]): Record<string, AxisSpec> {
  const kept = Object.entries(axes).flatMap(([key, spec]): [string, AxisSpec][] => {
    const [first, system] = key.split('.');
    if (first === 'systems' && system !== undefined) return names.includes(system) ? [[key, spec]] : [];
    if (Array.isArray(spec) || spec.on === undefined) return [[key, spec]];
    const on = [spec.on].flat().filter((name) => names.includes(name));
    return on.length === 0 ? [] : [[key, { ...spec, on }]];
  });
  return Object.fromEntries(kept);
}
