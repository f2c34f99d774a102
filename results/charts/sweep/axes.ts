/** The axes of a sweep as charts have them: which one lies along x, which panels the others make, and their labels. */
import {
  type Axis,
  type AxisValue,
  isMessageProtocol,
  type Manifest,
  type Measured,
} from '../../formats/index.ts';
import { formatNumber } from '../../text/format.ts';

/** What an axis is called, where its key is no word for a reader. */
const titles: Record<string, string> = {
  clients: 'clients',
  value_bytes: 'value size (bytes)',
  pipeline: 'requests in flight per connection',
  bulk_clients: 'bulk streams',
  bulk_value_bytes: 'size of bulk values (bytes)',
  rate_ops: 'offered rate (requests/s)',
  keys: 'keys',
};

/** Axes that load a server more from value to value: its throughput and latency lie on one curve. */
const LOADS = /(^|\.)(clients|pipeline|rate|rate_ops|open_loop\.rate_ops)$/;
const SIZES = /(^|\.)value_bytes$/;

export function axisTitle({ name, unit }: Axis, { plan }: Manifest): string {
  if (name === 'value_bytes' && isMessageProtocol(plan.protocol)) return 'message size (bytes)';
  if (Object.hasOwn(titles, name)) return titles[name];
  const words = name.replaceAll('_', ' ');
  return unit === null ? words : `${words} (${unit})`;
}

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

/** A number for each value of an axis with an order of numbers. */
function isNumeric({ values, scale }: Axis): boolean {
  return scale !== 'category' && values.length > 1 && values.every((value) => typeof value === 'number');
}

export function isLoad({ path, name }: Axis): boolean {
  return !isBulk({ path }) && (LOADS.test(path) || LOADS.test(name));
}

export function isSize({ path, name }: Axis): boolean {
  return !isBulk({ path }) && (SIZES.test(path) || SIZES.test(name));
}

/** An axis of what is carried beside the requests. */
export function isBulk({ path }: Pick<Axis, 'path'>): boolean {
  return path.startsWith('workload.bulk.');
}

/** The axis along x: of those with numbers, and that all systems have, the one with the most values. */
export function mainAxis({ plan }: Manifest, fits: (axis: Axis) => boolean = () => true): Axis | null {
  const numeric = plan.axes.filter((axis) => isNumeric(axis) && fits(axis));
  const ofAll = numeric.filter(({ systems }) => systems === null);
  const candidates = ofAll.length > 0 ? ofAll : numeric;
  const most = Math.max(0, ...candidates.map(({ values }) => values.length));
  return candidates.find(({ values }) => values.length === most) ?? null;
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
  return `${axis.name.replaceAll('_', ' ')} ${label}`;
}

/** The value of a point along an axis of numbers; null where its system has no such axis. */
export function valueAlong({ at }: Measured, { name }: Axis): number | null {
  const value = at[name];
  return typeof value === 'number' ? value : null;
}
