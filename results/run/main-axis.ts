/** Of a sweep's axes, the one that pictures and sentences go along, and what kinds there are. */
import type { Axis, Manifest } from '../formats/index.ts';

/** Axes that load a server more from value to value: its throughput and latency lie on one curve. */
const LOADS = /(^|\.)(clients|pipeline|rate|rate_ops|open_loop\.rate_ops|trace_speed)$/;
const SIZES = /(^|\.)value_bytes$/;

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

/** Of those with numbers, and that all systems have, the one with the most values; null where none has numbers. */
export function mainAxis(
  { plan }: Pick<Manifest, 'plan'>,
  fits: (axis: Axis) => boolean = () => true,
): Axis | null {
  const numeric = plan.axes.filter((axis) => isNumeric(axis) && fits(axis));
  const ofAll = numeric.filter(({ systems }) => systems === null);
  const candidates = ofAll.length > 0 ? ofAll : numeric;
  const most = Math.max(0, ...candidates.map(({ values }) => values.length));
  return candidates.find(({ values }) => values.length === most) ?? null;
}

export type FigureKind = 'latency' | 'curve' | 'throughput' | 'bandwidth' | 'bulk';

/**
 * What the figure of a run shows: as its experiment says, as far as it has what that takes; else of an offered rate
 * latency over what was achieved, of bulk what it does to the requests, else latency.
 */
export function figureKind(manifest: Pick<Manifest, 'plan'>): FigureKind {
  const { figure } = manifest.plan;
  if (figure === 'bandwidth') return mainAxis(manifest, isSize) === null ? 'latency' : figure;
  if (figure !== null) return figure;
  const axis = mainAxis(manifest);
  if (axis !== null && isBulk(axis)) return 'bulk';
  return axis?.path.includes('rate') && isLoad(axis) ? 'curve' : 'latency';
}
