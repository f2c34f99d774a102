/** Scales of charts over an axis: logarithmic where their values are, with as many labels as have room. */
import { logTicks } from '../theme/log-ticks.ts';
import { INK, type Theme, textWidth } from '../theme/theme.ts';

const GRID_COLOUR = '#e2e2e2';
/** A scale is logarithmic where its values differ by more than this factor. */
const MUCH = 8;
const MOST_TICKS = 6;
/** Beyond the outermost points, as a share of the axis. */
const ROOM = 0.04;

export interface PlotScale {
  domain: [number, number];
  isLog: boolean;
}

/** Of values that are measured. `wanted`: whether it is to be logarithmic; null where the values say so. */
export function measuredScale(values: number[], wanted: boolean | null): PlotScale {
  const positive = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  if (positive.length === 0) return { domain: [0, 1], isLog: false };
  const isLog = wanted ?? high / low > MUCH;
  return { domain: isLog ? [low / 1.25, high * 1.25] : [0, high * 1.08], isLog };
}

/** Of the values that an axis has. */
export function axisScale(values: number[], wanted: boolean): PlotScale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const isLog = wanted && low > 0;
  const room = isLog ? (high / low) ** ROOM : (high - low) * ROOM;
  return { domain: isLog ? [low / room, high * room] : [low - room, high + room], isLog };
}

export function scaleEncoding({ domain, isLog }: PlotScale): object {
  return { type: 'quantitative', scale: { ...(isLog && { type: 'log' }), domain, nice: false } };
}

/** The axis of measured values, its title in lines. `labelled`: with numbers and title, which a neighbour may have. */
export function measuredAxis({ domain, isLog }: PlotScale, title: string[], labelled: boolean): object {
  return {
    title: labelled ? title : null,
    ...(isLog ? { values: logTicks(domain, MOST_TICKS) } : { tickCount: MOST_TICKS }),
    format: ',~r',
    ...(labelled ? {} : { labels: false }),
    gridColor: GRID_COLOUR,
    domain: false,
    ticks: false,
  };
}

/** The axis along x, with labels of these values as far as they have room in `width` pixels. */
export function valuesAxis(
  { domain, isLog }: PlotScale,
  values: number[],
  labelOf: (value: number) => string,
  title: string[] | null,
  width: number,
  theme: Theme,
): object {
  const place = (value: number): number => {
    const [at, low, high] = isLog ? [value, ...domain].map(Math.log) : [value, ...domain];
    return ((at - low) / (high - low)) * width;
  };
  const half = (value: number): number => textWidth(theme, 'label', labelOf(value)) / 2;
  const collide = (a: number, b: number): boolean =>
    place(b) - half(b) < place(a) + half(a) + 0.6 * theme.text.label.fontSize;
  // From the highest value down, since an axis without its end is hard to read.
  const shown: number[] = [];
  for (const value of values.toSorted((a, b) => b - a)) {
    const above = shown[0];
    if (above === undefined || !collide(value, above)) shown.unshift(value);
  }
  return {
    title,
    values: shown,
    // Values are numbers and their labels made of numbers: nothing of a run is an expression here.
    labelExpr: `${JSON.stringify(Object.fromEntries(shown.map((value) => [value, labelOf(value)])))}[datum.value]`,
    labelOverlap: false,
    gridColor: GRID_COLOUR,
    domainColor: INK,
    ticks: false,
    labelPadding: 5,
  };
}
