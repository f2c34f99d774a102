/** The axes of a panel of the figure, and what stands at each system: its label, its device, its floors. */
import type { FloorPoint, Point } from '../../formats/index.ts';
import { labelInGroup } from '../../sentences/rows.ts';
import { fadeMuted } from '../chart.ts';
import { logTicks } from '../theme/log-ticks.ts';
import { INK, type Theme, textMark, ticksAcross, wrapText } from '../theme/theme.ts';
import { type BarDirection, type Size, type ValueScale, valueEncoding } from './direction.ts';
import { FLOOR_INK, floorTexts } from './floors.ts';

/** Between a plot and what stands at its systems. */
const LABEL_GAP = 10;
const BEFORE_FLOORS = 3;
const MOST_TICKS = 6;

/** The channel along which the systems stand. */
export function placeAxis(systems: string[], barsShare: number, { isUpright }: BarDirection): object {
  return {
    field: 'system',
    type: 'nominal',
    scale: { domain: systems, paddingInner: 1 - barsShare, paddingOuter: (1 - barsShare) / 2 },
    axis: isUpright ? { title: null, labels: false, ticks: false, domainColor: INK } : null,
  };
}

export function valueAxis(
  scale: ValueScale,
  { direction, width }: Size,
  hasAxis: boolean,
  theme: Theme,
): object {
  const { low_us, high_us, isLog } = scale;
  const most = direction.isUpright ? MOST_TICKS : Math.min(MOST_TICKS, ticksAcross(theme, width, '1,000'));
  return {
    ...valueEncoding(scale),
    axis: {
      title: hasAxis ? 'p50 latency (µs)' : null,
      ...(hasAxis ? {} : { labels: false }),
      grid: true,
      gridColor: '#e2e2e2',
      domain: false,
      ticks: false,
      ...(isLog ? { values: logTicks([low_us, high_us], most), format: ',~r' } : { tickCount: most }),
    },
  };
}

/** What stands at a system, in lines. */
export interface SystemLabel {
  system: string;
  lines: string[];
  floors: string[];
}

/** The label of a system, with its device where the systems' devices differ. */
export function labelTexts(point: Point, points: Point[]): string[] {
  const isMixed = new Set(points.map(({ device }) => device)).size > 1;
  const label = labelInGroup(point);
  return isMixed ? [label, `over ${shortDevice(point.device)}`] : [label];
}

/** Without what stands in brackets behind it: of what kind it is, the caption says. */
function shortDevice(device: string): string {
  return device.replace(/ \(.*\)$/, '');
}

/** For each system; lines no wider than `width` pixels, or as wide as they are. */
export function labelsOf(
  points: Point[],
  floors: FloorPoint[],
  width: number | null,
  theme: Theme,
): SystemLabel[] {
  const wrapped = (kind: 'label' | 'value', texts: string[]): string[] =>
    width === null ? texts : texts.flatMap((text) => wrapText(theme, kind, text, width));
  return [...new Map(points.map((point) => [point.system, point])).values()].map((point) => ({
    system: point.system,
    lines: wrapped('label', labelTexts(point, points)),
    floors: wrapped('value', floorTexts(floors, point.system)),
  }));
}

export function heightOfLabels({ lines, floors }: SystemLabel, { text }: Theme): number {
  const beforeFloors = floors.length > 0 ? BEFORE_FLOORS : 0;
  return lines.length * text.label.lineHeight + beforeFloors + floors.length * text.value.lineHeight;
}

/**
 * What stands under upright bars, or left of lying ones. These are marks and not the axis' own labels: those would pass
 * the text through a Vega expression.
 */
export function systemLabels(labels: SystemLabel[], place: object, size: Size, theme: Theme): object[] {
  const { direction, height } = size;
  const { isUpright } = direction;
  const values = labels.map((label) => {
    const above_px = isUpright ? height + LABEL_GAP : -heightOfLabels(label, theme) / 2;
    const floors_px = above_px + label.lines.length * theme.text.label.lineHeight + BEFORE_FLOORS;
    return { ...label, above_px, floors_px };
  });
  const start = isUpright ? { y: { value: 0 } } : { x: { value: -LABEL_GAP } };
  const text = (kind: 'label' | 'value', field: string, px: string, looks: object): object => ({
    data: { values: values.filter((value) => value[field as 'lines' | 'floors'].length > 0) },
    mark: {
      ...textMark(theme, kind),
      baseline: 'top',
      align: isUpright ? 'center' : 'right',
      dy: { expr: `datum.${px}` },
      ...looks,
    },
    encoding: { [direction.place]: place, ...start, text: { field }, ...fadeMuted },
  });
  return [
    text('label', 'lines', 'above_px', {}),
    ...(values.some(({ floors }) => floors.length > 0)
      ? [text('value', 'floors', 'floors_px', { color: FLOOR_INK })]
      : []),
  ];
}
