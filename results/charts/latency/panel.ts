/**
 * One panel of the figure: the systems on the x axis, for each a bar of the p50 per operation with its
 * interval, the published value as a mark across it (figure-bars.ts), its floors (figure-floors.ts), and the
 * number over it. Where nothing was measured, words stand in place of the bar.
 */
import type { FloorPoint, Point } from '../../formats/index.ts';
import { marks } from '../../sentences/doubts.ts';
import { labelInGroup } from '../../sentences/rows.ts';
import { stateOf } from '../../summary/doubt.ts';
import { formatUs } from '../../text/format.ts';
import { fadeMuted } from '../chart.ts';
import { inGroup } from '../measured-row.ts';
import { INK, LABEL_SIZE, VALUE_SIZE } from '../theme/figure-text.ts';
import { textWidth, wrapText } from '../theme/font.ts';
import { exactUs, judgedUs, pointTooltip } from '../tooltip.ts';
import {
  type BarText,
  bars,
  barTexts,
  intervalMarks,
  operationColours,
  referenceMarks,
  VALUE_LINE,
} from './bars.ts';
import { floorLevels, floorLines, floorTextMark, floorTexts } from './floors.ts';

const PLOT_HEIGHT = 260;
const WIDEST_BAR = 56;
/** What stands over a place without a bar, a word a line. */
const NO_DATA = ['no', 'data'];
/** Free pixels between neighbours. */
const BETWEEN_VALUES = 5;
const BETWEEN_LABELS = 10;
/** Largest share of a system's width that its bars take; the rest is the gap to its neighbours. */
const LARGEST_BARS_SHARE = 0.8;
/** Pixels between a panel and its title, and of the legend between them. */
const TITLE_OFFSET = 6;
const LEGEND_HEIGHT = 23;
/** Height of a line of text under the systems. */
const LABEL_LINE = 15;

/** Pixels that a panel of these needs, so that no number over a bar and no word under it meets its neighbour. */
export function neededWidth(points: Point[], floors: FloorPoint[]): number {
  const widest = (texts: string[], fontSize: number): number =>
    Math.max(...texts.map((text) => textWidth(text, fontSize)));
  const operations = new Set(points.map(({ operation }) => operation)).size;
  const systems = new Set(points.map(({ system }) => system));
  const values = points.map(({ latency_us }) => (latency_us ? formatUs(latency_us.p50) : NO_DATA[1]));
  const words = (texts: string[]): string[] => texts.flatMap((text) => text.split(/\s+/));
  const system = Math.max(
    (operations * (widest(values, VALUE_SIZE) + BETWEEN_VALUES)) / LARGEST_BARS_SHARE,
    widest(words(points.flatMap((point) => [labelInGroup(point), shortDevice(point.device)])), LABEL_SIZE) +
      BETWEEN_LABELS,
    widest(words(floors.map(({ label }) => label)), VALUE_SIZE) + BETWEEN_LABELS,
  );
  return Math.ceil(systems.size * system);
}

/** How many microseconds a pixel of a panel stands for, so that all of it has room. */
export function usPerPx(points: Point[], floors: FloorPoint[]): number {
  const highest_us = Math.max(0, ...points.map((point) => highestUs(point, across(point, floors)))) || 1;
  const valueLines = points.every((point) => point.latency_us && stateOf(point, ['p50']) === 'valid') ? 1 : 2;
  return highest_us / (PLOT_HEIGHT - (valueLines + 0.5) * VALUE_LINE);
}

export interface LatencyPanel {
  /** These, and floors of them, differ in system and operation only. */
  points: Point[];
  floors: FloorPoint[];
  title: string | null;
  width: number;
  /** At least what usPerPx says; the same for panels that are compared. */
  us_per_px: number;
  /** Whether the axis' numbers and the legend stand at it, or at its neighbour. */
  hasAxis: boolean;
  hasLegend: boolean;
  /** The name of the published values that stand beside the points, or null. */
  reference: string | null;
}

/** What a legend explains: the same for panels that can share one. */
export function legendOf({ points, floors }: Pick<LatencyPanel, 'points' | 'floors'>): string {
  const hasPublished = points.some(({ published_us }) => published_us !== null);
  return JSON.stringify([operationsOf(points), hasPublished, floors.length > 0]);
}

function operationsOf(points: Point[]): string[] {
  return Object.keys(operationColours).filter((operation) =>
    points.some((point) => point.operation === operation),
  );
}

export function panel(of: LatencyPanel): object {
  const { points, floors, title, width, us_per_px, hasAxis, hasLegend, reference } = of;
  const operations = operationsOf(points);
  const systems = [...new Set(points.map((point) => point.system))];
  const systemWidth = width / systems.length;
  const barsShare = Math.min(LARGEST_BARS_SHARE, (WIDEST_BAR * operations.length) / systemWidth);
  const barWidth = (systemWidth * barsShare) / operations.length;
  const us = { type: 'quantitative', scale: { domain: [0, us_per_px * PLOT_HEIGHT], nice: false } };
  const x = xEncoding(systems, barsShare);
  const published = points.some(({ published_us }) => published_us !== null) ? reference : null;
  return {
    ...(title && {
      title: {
        text: title,
        anchor: 'start',
        frame: 'group',
        fontSize: LABEL_SIZE,
        color: INK,
        // As high as beside a legend.
        offset: hasLegend ? TITLE_OFFSET : TITLE_OFFSET + LEGEND_HEIGHT,
      },
    }),
    width,
    height: PLOT_HEIGHT,
    layer: [
      {
        data: { name: 'points' },
        transform: [{ filter: inGroup(points[0]) }],
        encoding: {
          x,
          xOffset: { field: 'operation', scale: { domain: operations, paddingInner: 0.08 } },
          y: { ...us, axis: hasAxis ? yAxis : { ...yAxis, title: null, labels: false } },
          tooltip: { value: pointTooltip(tooltipLines(published !== null)) },
          ...fadeMuted,
        },
        layer: [
          bars(operations, us, hasLegend),
          ...(published ? [referenceMarks(published, barWidth, us, hasLegend)] : []),
          ...floorLines(floors, points[0].group, barWidth, us, hasLegend),
          ...intervalMarks(us),
          barTexts(
            points.map((point) => barText(point, across(point, floors), us_per_px)),
            us,
          ),
        ],
        resolve: { scale: { color: 'independent', stroke: 'independent' } },
      },
      ...systemLabels(points, floors, systems, systemWidth, x),
    ],
  };
}

function tooltipLines(published: boolean): [string, string][] {
  return [
    ['p50', exactUs('p50_us')],
    ['p99', judgedUs('p99_us', 'p99_verdict')],
    ['p99.9', judgedUs('p999_us', 'p999_verdict')],
    ...(published ? [['published', exactUs('published_us')] as [string, string]] : []),
  ];
}

function xEncoding(systems: string[], barsShare: number): object {
  return {
    field: 'system',
    type: 'nominal',
    scale: { domain: systems, paddingInner: 1 - barsShare, paddingOuter: (1 - barsShare) / 2 },
    axis: { title: null, labels: false, ticks: false, domainColor: INK },
  };
}

const yAxis = {
  title: 'p50 latency (µs)',
  grid: true,
  gridColor: '#e2e2e2',
  domain: false,
  ticks: false,
  tickCount: 6,
};

/** What is drawn across a bar. */
interface Across {
  published_us: number | null;
  floors_us: number[];
}

function across(point: Point, floors: FloorPoint[]): Across {
  return { published_us: point.published_us, floors_us: floorLevels(floors, point) };
}

function barText(point: Point, marked: Across, us_per_px: number): BarText {
  const { system, operation, verdicts, latency_us } = point;
  const { state } = verdicts.p50;
  const mark = state === 'valid' ? [] : [marks[state]];
  const lines = latency_us ? [...mark, formatUs(latency_us.p50)] : NO_DATA;
  const at_us = textAtUs(point, marked, lines.length, us_per_px);
  return { system, operation, state, text: lines.join('\n'), lines: lines.length, at_us };
}

/** Over the bar and its interval; over a mark as well where the text would cross it. */
function textAtUs(
  point: Point,
  { published_us, floors_us }: Across,
  lines: number,
  us_per_px: number,
): number {
  let at_us = highestUs(point, { published_us: null, floors_us: [] });
  for (const mark_us of [...floors_us, published_us ?? 0].sort((a, b) => a - b)) {
    const crosses =
      mark_us > 0 &&
      mark_us > at_us - 3 * us_per_px &&
      mark_us < at_us + (lines * VALUE_LINE + 7) * us_per_px;
    if (crosses) at_us = mark_us + 2 * us_per_px;
  }
  return at_us;
}

function highestUs(point: Point, { published_us, floors_us }: Across): number {
  return Math.max(
    point.latency_us?.p50 ?? 0,
    point.p50_interval_us?.high ?? 0,
    published_us ?? 0,
    ...floors_us,
  );
}

/** Without what stands in brackets behind it: of what kind it is, the caption says. */
function shortDevice(device: string): string {
  return device.replace(/ \(.*\)$/, '');
}

/**
 * What stands under each system, in lines that fit: its label, with the device where the systems' devices differ,
 * and its floors. These are marks and not the axis' own labels: those would pass the text through a Vega
 * expression.
 */
function systemLabels(
  points: Point[],
  floors: FloorPoint[],
  systems: string[],
  systemWidth: number,
  x: object,
): object[] {
  const mixed = new Set(points.map((point) => point.device)).size > 1;
  const values = systems.map((system) => {
    const point = points.find((one) => one.system === system)!;
    const { device } = point;
    const label = labelInGroup(point);
    const texts = mixed ? [label, `over ${shortDevice(device)}`] : [label];
    const lines = texts.flatMap((text) => wrapText(text, systemWidth - BETWEEN_LABELS, LABEL_SIZE));
    return {
      system,
      lines,
      floors: floorTexts(floors, system, systemWidth - BETWEEN_LABELS, VALUE_SIZE),
      below_px: PLOT_HEIGHT + 10 + lines.length * LABEL_LINE + 3,
    };
  });
  const text = { type: 'text', baseline: 'top', fontSize: LABEL_SIZE, lineHeight: LABEL_LINE, color: INK };
  return [
    {
      data: { values },
      mark: text,
      encoding: { x, y: { value: PLOT_HEIGHT + 10 }, text: { field: 'lines' }, ...fadeMuted },
    },
    {
      data: { values: values.filter((value) => value.floors.length > 0) },
      mark: {
        ...floorTextMark,
        fontSize: VALUE_SIZE,
        lineHeight: LABEL_LINE,
        dy: { expr: 'datum.below_px' },
      },
      encoding: { x, y: { value: 0 }, text: { field: 'floors' }, ...fadeMuted },
    },
  ];
}
