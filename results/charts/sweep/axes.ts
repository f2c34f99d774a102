/** The axes of a sweep as charts have them: which panels those beside the main one make, and their labels. */
import type { Axis, AxisValue, Manifest, Measured } from '../../formats/index.ts';
import { axisWords } from '../../sentences/load.ts';
import { formatNumber } from '../../text/format.ts';

/** "4", "1,500", "20k", "64Ki", "near". */
export function axisLabel({ unit }: Pick<Axis, 'unit'>, value: AxisValue): string {
  if (typeof value === 'string') return value;
  const isBytes = unit === 'bytes';
  const steps: [number, string][] = isBytes
    ? [
        [2 ** 30, 'Gi'],
        [2 ** 20, 'Mi'],
        [2 ** 10, 'Ki'],
      ]
    : [
        [1e9, 'G'],
        [1e6, 'M'],
        [1e3, 'k'],
      ];
  const least = isBytes ? 1 : 10;
  const whole = steps.find(([factor]) => value >= least * factor && (100 * value) % factor === 0);
  return whole ? `${formatNumber(value / whole[0])}${whole[1]}` : formatNumber(value);
}

/**
 * The panels of a chart along `along` that a point stands in: operation and values of the other axes. A system that has
 * not one of these axes is the same at all of its values, and stands in the panels of all of them.
 */
export function facetsOf(point: Measured, along: Axis | null, { plan }: Manifest): string[] {
  const others = plan.axes.filter(({ name, values }) => name !== along?.name && values.length > 1);
  return others.reduce<string[]>(
    (facets, axis) => {
      const values = Object.hasOwn(point.at, axis.name) ? [point.at[axis.name]] : axis.values;
      return facets.flatMap((facet) => values.map((value) => `${facet}, ${nameValue(axis, value)}`));
    },
    [point.operation.toUpperCase()],
  );
}

/** "4 clients", "64-byte values", "mtu 1,500". */
function nameValue(axis: Axis, value: AxisValue): string {
  const label = axisLabel(axis, value);
  if (axis.name === 'clients') return `${label} ${value === 1 ? 'client' : 'clients'}`;
  if (axis.name === 'value_bytes') return `${label}-byte values`;
  return `${axisWords(axis.name)} ${label}`;
}

/** The value of a point along an axis of numbers; null where its system has no such axis. */
export function valueAlong({ at }: Measured, { name }: Axis): number | null {
  const value = at[name];
  return typeof value === 'number' ? value : null;
}

/** Where something is drawn over the axis. */
export interface AxisPlace {
  panel: string;
  x: number;
  /** What has not the axis is level, from one end of it to the other. */
  is_constant: boolean;
}

/** In each of its panels. */
export function placesAlong(of: Measured, axis: Axis, manifest: Manifest): AxisPlace[] {
  const value = valueAlong(of, axis);
  const values = axis.values as number[];
  const xs = value === null ? [Math.min(...values), Math.max(...values)] : [value];
  return facetsOf(of, axis, manifest).flatMap((panel) =>
    xs.map((x) => ({ panel, x, is_constant: value === null })),
  );
}
