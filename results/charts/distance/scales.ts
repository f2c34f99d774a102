/** What the panels of a run over time share: what is drawn, its size, and the scales. */
import type { DistanceState } from '../../summary/distance/states.ts';
import { logTicks } from '../theme/log-ticks.ts';
import { INK, type Theme, ticksAcross } from '../theme/theme.ts';
import type { ReadingRow, SliceRow, Timeline } from './timeline.ts';

export const DISTANCE_HEIGHT = 130;
const GRID_COLOUR = '#e9e9e9';
/** Top to bottom at least, so that small differences do not look large. */
const NARROWEST_RANGE = 6;
const MOST_TICKS = 6;
/** The scale reaches so many times as high as this share of the values. */
const USUAL_SHARE = 0.95;
const FAR_ABOVE = 4;
const ENOUGH_REQUESTS = 20;

/** What is drawn: as much of the timeline as is seen, and the states. */
export interface View extends Timeline {
  states: DistanceState[];
  theme: Theme;
  /** Of a panel without its axis and what stands right of it, in pixels. */
  plotWidth: number;
}

/** `labelled`: with the axis' numbers, which stand under the last panel alone. */
export function xScale({ duration_s, plotWidth, theme }: View, labelled: boolean): object {
  const tickCount = Math.min(8, ticksAcross(theme, plotWidth, '1,000'));
  const labels = { title: 'seconds of measurement', tickCount, format: ',~r' };
  return {
    type: 'quantitative',
    scale: { domain: [0, duration_s], nice: false },
    axis: {
      grid: false,
      domainColor: INK,
      ...(labelled ? labels : { title: null, labels: false, ticks: false }),
    },
  };
}

/** What lies beyond is drawn at the edge. */
export function logScale(domain: [number, number], title: string): object {
  return {
    type: 'quantitative',
    scale: { type: 'log', domain, nice: false, clamp: true },
    axis: {
      title,
      values: logTicks(domain, MOST_TICKS),
      format: ',~r',
      gridColor: GRID_COLOUR,
      domain: false,
      ticks: false,
      minExtent: 34,
    },
  };
}

/** With some room beyond the lowest and the highest. */
export function paddedDomain(values: number[]): [number, number] {
  const positive = values.filter((value) => value > 0);
  const low = positive.reduce((a, b) => Math.min(a, b), Infinity) / 1.15;
  const high = positive.reduce((a, b) => Math.max(a, b), 0) * 1.15;
  const widen = Math.sqrt(Math.max(1, NARROWEST_RANGE / (high / low)));
  return [low / widen, high * widen];
}

/** What the scale of the distance is made for: readings that nothing held up. */
export function usualDistances(readings: ReadingRow[]): number[] {
  return withoutFarAbove(readings.map(({ distance_ns }) => distance_ns));
}

/** What the scale of latencies is made for: slices that nothing held up, and that have requests enough for a median. */
export function usualLatencies(slices: SliceRow[]): number[] {
  const counted = slices.filter(({ requests }) => requests >= ENOUGH_REQUESTS);
  return withoutFarAbove((counted.length > 0 ? counted : slices).map(({ p50_us }) => p50_us));
}

/** Those that are not so far above most of the others that the scale would be theirs. */
function withoutFarAbove(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const usual = sorted[Math.floor(USUAL_SHARE * (sorted.length - 1))];
  return sorted.filter((value) => value <= FAR_ABOVE * usual);
}
