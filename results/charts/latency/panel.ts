/**
 * One panel of the figure: the systems along one axis, for each a bar of the p50 per operation with its interval, the
 * published value as a mark across it (bars.ts), its floors (floors.ts), and the number beyond it. Where nothing was
 * measured, words stand in place of the bar.
 */
import type { FloorPoint, Point } from '../../formats/index.ts';
import { marks } from '../../sentences/doubts.ts';
import { stateOf } from '../../summary/doubt.ts';
import { formatUs } from '../../text/format.ts';
import { fadeMuted } from '../chart.ts';
import { inGroup } from '../measured-row.ts';
import { labelRoom } from '../theme/row-labels.ts';
import { panelTitle, plotHeight, type Theme, textWidth } from '../theme/theme.ts';
import { exactUs, judgedUs, pointTooltip } from '../tooltip.ts';
import {
  type BarText,
  bars,
  barTexts,
  type Drawing,
  intervalMarks,
  operationsOf,
  referenceMarks,
} from './bars.ts';
import { type BarDirection, pxOf, type Size, usOf, type ValueScale, valueScale } from './direction.ts';
import { floorLevels, floorLines } from './floors.ts';
import { heightOfLabels, labelsOf, labelTexts, placeAxis, systemLabels, valueAxis } from './labels.ts';

const PLOT_HEIGHT = 260;
const WIDEST_BAR = 56;
/** What stands in place of a bar, a word a line. */
const NO_DATA = ['no', 'data'];
/** Free pixels between neighbours. */
const BETWEEN_VALUES = 5;
export const BETWEEN_LABELS = 10;
/** Largest share of a system's room that its bars take; the rest is the gap to its neighbours. */
const LARGEST_BARS_SHARE = 0.8;
/** The words left of lying bars. */
const WIDEST_LABELS = 180;

/** Pixels that a panel of these needs, so that no number over a bar and no word under it meets its neighbour. */
export function neededWidth({ points, floors }: OfPanel, theme: Theme): number {
  const widest = (kind: 'value' | 'label', texts: string[]): number =>
    Math.max(...texts.map((text) => textWidth(theme, kind, text)));
  const operations = new Set(points.map(({ operation }) => operation)).size;
  const systems = new Set(points.map(({ system }) => system));
  const values = points.map(({ latency_us }) => (latency_us ? formatUs(latency_us.p50) : NO_DATA[1]));
  const words = (texts: string[]): string[] => texts.flatMap((text) => text.split(/\s+/));
  const system = Math.max(
    (operations * (widest('value', values) + BETWEEN_VALUES)) / LARGEST_BARS_SHARE,
    widest('label', words(points.flatMap((point) => labelTexts(point, points)))) + BETWEEN_LABELS,
    widest('value', words(floors.map(({ label }) => label))) + BETWEEN_LABELS,
  );
  return Math.ceil(systems.size * system);
}

/** Of text under the bars of panels so wide. */
export function linesBelow(panels: OfPanel[], width: number, theme: Theme): number {
  const labels = panels.flatMap(({ points, floors }) => {
    const room = width / new Set(points.map(({ system }) => system)).size;
    return labelsOf(points, floors, room - BETWEEN_LABELS, theme);
  });
  return Math.max(...labels.map(({ lines, floors }) => lines.length + floors.length));
}

/** These, and floors of them, differ in system and operation only. */
export interface OfPanel {
  points: Point[];
  floors: FloorPoint[];
}

/** `rows`: of how many one below the other they are part. */
export function sizeOf(
  panels: OfPanel[],
  { direction, panelWidth: width, rows }: { direction: BarDirection; panelWidth: number; rows: number },
  theme: Theme,
): Size {
  if (direction.isUpright) {
    const height = plotHeight(theme, PLOT_HEIGHT, rows > 1 ? 0.7 * width : width);
    return { direction, width, height, labelRoom: 0 };
  }
  const labels = panels.flatMap(({ points, floors }) => labelsOf(points, floors, null, theme));
  const room = labelRoom(
    labels.flatMap(({ lines, floors }) => [...lines, ...floors]),
    WIDEST_LABELS,
    theme,
  );
  const rowHeight = Math.max(
    ...panels.map(({ points, floors }) => {
      const wrapped = labelsOf(points, floors, room - BETWEEN_LABELS, theme);
      const bars = operationsOf(points).length * theme.text.value.lineHeight;
      return Math.max(bars / LARGEST_BARS_SHARE, ...wrapped.map((label) => heightOfLabels(label, theme) + 6));
    }),
  );
  return { direction, width: width - room, height: rowHeight, labelRoom: room };
}

/** The scale on which all of these panels have room. */
export function scaleOf(panels: OfPanel[], size: Size, theme: Theme): ValueScale {
  const { direction, width, height } = size;
  const all = panels.flatMap(({ points, floors }) =>
    points.map((point) => ({ point, marked: across(point, floors) })),
  );
  const highest_us = Math.max(0, ...all.map(({ point, marked }) => highestUs(point, marked))) || 1;
  const lowest_us = Math.min(...all.flatMap(({ point }) => point.latency_us?.p50 || highest_us));
  const { lineHeight } = theme.text.value;
  const lines = all.every(({ point }) => point.latency_us && stateOf(point, ['p50']) === 'valid') ? 1 : 2;
  const room = direction.isUpright
    ? (lines + 0.5) * lineHeight
    : Math.max(...all.map(({ point }) => textWidth(theme, 'value', textLines(point, direction)[0]))) + 8;
  const length = direction.isUpright ? height : width;
  const isLog = (direction.isUpright ? theme.logY : theme.logX) ?? false;
  return valueScale([lowest_us, highest_us], length, room, isLog);
}

export interface LatencyPanel extends OfPanel {
  title: string | null;
  size: Size;
  scale: ValueScale;
  /** Whether the axis' numbers stand at it, or at its neighbour. */
  hasAxis: boolean;
  hasPublished: boolean;
  /** Of the whole figure. */
  operations: Point['operation'][];
}

export function panel(of: LatencyPanel, theme: Theme): object {
  const { points, floors, title, size, scale, hasAxis, hasPublished } = of;
  const { direction } = size;
  const operations = operationsOf(points);
  const systems = [...new Set(points.map((point) => point.system))];
  const length = direction.isUpright ? size.width : systems.length * size.height;
  const room = length / systems.length;
  const barsShare = Math.min(LARGEST_BARS_SHARE, (WIDEST_BAR * operations.length) / room);
  const drawing: Drawing = { direction, scale, barWidth: (room * barsShare) / operations.length, theme };
  const place = placeAxis(systems, barsShare, direction);
  return {
    ...(title && { title: panelTitle(theme, title) }),
    width: size.width,
    height: direction.isUpright ? size.height : length,
    layer: [
      {
        data: { name: 'points' },
        transform: [{ filter: inGroup(points[0]) }],
        encoding: {
          [direction.place]: place,
          [direction.offset]: { field: 'operation', scale: { domain: operations, paddingInner: 0.08 } },
          [direction.value]: { ...valueAxis(scale, size, hasAxis, theme) },
          tooltip: { value: pointTooltip(tooltipLines(hasPublished)) },
          ...fadeMuted,
        },
        layer: [
          bars(operations, of.operations, drawing),
          ...(hasPublished ? [referenceMarks(drawing)] : []),
          ...floorLines(floors, points[0].group, drawing),
          ...intervalMarks(drawing),
          barTexts(
            points.map((point) => barText(point, across(point, floors), drawing)),
            drawing,
          ),
        ],
        resolve: { scale: { color: 'independent', stroke: 'independent' } },
      },
      ...systemLabels(labelsOf(points, floors, labelWidth(size, room), theme), place, size, theme),
    ],
  };
}

function labelWidth({ direction, labelRoom }: Size, room: number): number {
  return (direction.isUpright ? room : labelRoom) - BETWEEN_LABELS;
}

function tooltipLines(published: boolean): [string, string][] {
  return [
    ['p50', exactUs('p50_us')],
    ['p99', judgedUs('p99_us', 'p99_verdict')],
    ['p99.9', judgedUs('p999_us', 'p999_verdict')],
    ...(published ? [['published', exactUs('published_us')] as [string, string]] : []),
  ];
}

/** What is drawn across a bar. */
interface Across {
  published_us: number | null;
  floors_us: number[];
}

function across(point: Point, floors: FloorPoint[]): Across {
  return { published_us: point.published_us, floors_us: floorLevels(floors, point) };
}

function textLines({ latency_us, verdicts }: Point, { isUpright }: BarDirection): string[] {
  const { state } = verdicts.p50;
  const mark = state === 'valid' ? [] : [marks[state]];
  const lines = latency_us ? [...mark, formatUs(latency_us.p50)] : NO_DATA;
  if (isUpright) return lines;
  return [latency_us ? lines.toReversed().join('') : lines.join(' ')];
}

function barText(point: Point, marked: Across, drawing: Drawing): BarText {
  const { system, operation, verdicts } = point;
  const lines = textLines(point, drawing.direction);
  return {
    system,
    operation,
    state: verdicts.p50.state,
    lines,
    at_us: textAtUs(point, marked, lines, drawing),
  };
}

/** Beyond the bar and its interval; beyond a mark as well where the text would cross it. */
function textAtUs(
  point: Point,
  { published_us, floors_us }: Across,
  lines: string[],
  { direction, scale, theme }: Drawing,
): number {
  const taken = direction.isUpright
    ? lines.length * theme.text.value.lineHeight
    : textWidth(theme, 'value', lines[0]);
  let at_px = Math.max(0, pxOf(scale, highestUs(point, { published_us: null, floors_us: [] })));
  for (const mark_us of [...floors_us, published_us ?? 0].sort((a, b) => a - b)) {
    const mark_px = mark_us > 0 ? pxOf(scale, mark_us) : 0;
    if (mark_px > 0 && mark_px > at_px - 3 && mark_px < at_px + taken + 7) at_px = mark_px + 2;
  }
  return usOf(scale, at_px);
}

function highestUs(point: Point, { published_us, floors_us }: Across): number {
  return Math.max(
    point.latency_us?.p50 ?? 0,
    point.p50_interval_us?.high ?? 0,
    published_us ?? 0,
    ...floors_us,
  );
}
