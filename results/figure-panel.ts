/**
 * One panel of the figure: the systems on the x axis, for each a bar of the p50 per operation with its
 * interval, the published value as a mark across it, its floors (figure-floors.ts), and the number over it.
 * Points that failed a check are hollow; where nothing was measured, words stand in place of the bar.
 */
import type { FloorPoint, MeasurementTarget, Point } from './bundle.ts';
import { floorLevels, floorLines, floorTextMark, floorTexts } from './figure-floors.ts';
import { ink, labelSize, valueSize, warningInk } from './figure-frame.ts';
import { wrapText } from './font.ts';
import { formatUs } from './format.ts';
import { referenceName, referenceUs } from './reference.ts';

/** Okabe and Ito's palette, told apart with every common colour blindness, and in grey. */
const operationColours: Record<MeasurementTarget['operation'], string> = {
  set: '#0072b2',
  get: '#e69f00',
  mix: '#009e73',
};

const plotHeight = 300;
const widestBar = 56;
/** Largest share of a system's width that its bars take; the rest is the gap to its neighbours. */
const largestBarsShare = 0.72;
/** Height of a line of text under the systems. */
const labelLine = 15;
/** Room over a bar for its value, or two lines when the point is not valid. */
const valueLine = 13;

/** One bar. `value_at_us` is where its text stands: over the bar, its interval and the marks across it. */
type Bar = {
  system: string;
  operation: string;
  p50_us: number | null;
  low_us: number | null;
  high_us: number | null;
  published_us: number | null;
  verdict: Point['verdict'];
  value_text: string;
  value_at_us: number;
};

/** The colour of an operation without a scale: a second scale would want a second legend. */
const operationStroke = {
  condition: Object.entries(operationColours).map(([operation, value]) => ({
    test: `datum.operation === '${operation}'`,
    value,
  })),
  value: ink,
};

/**
 * A panel `width` pixels wide for points, and floors of them, that differ in system and operation only.
 * `reference`: with the published values.
 */
export function panel(
  points: Point[],
  floors: FloorPoint[],
  title: string | null,
  width: number,
  reference: boolean,
): object {
  const operations = Object.keys(operationColours).filter((operation) =>
    points.some((point) => point.operation === operation),
  );
  const systems = [...new Set(points.map((point) => point.system))];
  const systemWidth = width / systems.length;
  const barsShare = Math.min(largestBarsShare, (widestBar * operations.length) / systemWidth);
  const barWidth = (systemWidth * barsShare) / operations.length;
  const marksOf = (point: Point): Marks => ({
    published_us: reference ? referenceUs(point) : null,
    floors_us: floorLevels(floors, point),
  });
  const highest_us = Math.max(0, ...points.map((point) => highestUs(point, marksOf(point)))) || 1;
  const valueLines = points.every((point) => point.verdict === 'valid') ? 1 : 2;
  const us_per_px = highest_us / (plotHeight - (valueLines + 0.5) * valueLine);
  const us = { type: 'quantitative', scale: { domain: [0, us_per_px * plotHeight], nice: false } };
  const x = xEncoding(systems, barsShare);
  const published = reference && points.some((point) => referenceUs(point) !== null);
  return {
    ...(title && {
      title: { text: title, anchor: 'start', frame: 'group', fontSize: labelSize, color: ink },
    }),
    width,
    height: plotHeight,
    layer: [
      {
        data: { values: points.map((point) => bar(point, marksOf(point), us_per_px)) },
        encoding: {
          x,
          xOffset: { field: 'operation', scale: { domain: operations, paddingInner: 0.08 } },
          y: { ...us, axis: yAxis },
        },
        layer: [
          bars(operations, us),
          ...(published ? [referenceMarks(barWidth, us)] : []),
          ...floorLines(floors, barWidth, us),
          ...intervalMarks(us),
          ...valueTexts(us),
        ],
        resolve: { scale: { color: 'independent', stroke: 'independent' } },
      },
      ...systemLabels(points, floors, systems, systemWidth, x),
    ],
  };
}

function xEncoding(systems: string[], barsShare: number): object {
  return {
    field: 'system',
    type: 'nominal',
    scale: { domain: systems, paddingInner: 1 - barsShare, paddingOuter: (1 - barsShare) / 2 },
    axis: { title: null, labels: false, ticks: false, domainColor: ink },
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

function bars(operations: string[], us: object): object {
  const colour = {
    field: 'operation',
    type: 'nominal',
    scale: {
      domain: operations,
      range: operations.map((name) => operationColours[name as Point['operation']]),
    },
    legend: { title: null, orient: 'top', symbolType: 'square', labelExpr: 'upper(datum.label)' },
  };
  return {
    layer: [
      {
        transform: [{ filter: "datum.verdict !== 'invalid' && datum.p50_us !== null" }],
        mark: { type: 'bar' },
        encoding: { y: { field: 'p50_us', ...us }, color: colour },
      },
      {
        transform: [{ filter: "datum.verdict === 'invalid' && datum.p50_us !== null" }],
        mark: { type: 'bar', fill: 'white', strokeWidth: 2, strokeDash: [5, 3] },
        encoding: { y: { field: 'p50_us', ...us }, stroke: operationStroke },
      },
    ],
  };
}

const referenceMark = `published (${referenceName})`;

/** A dark line across each bar at the published value, edged in white so that it shows on any colour. */
function referenceMarks(barWidth: number, us: object): object {
  const mark = { type: 'tick', orient: 'horizontal', width: barWidth - 4, opacity: 1 };
  const legend = {
    title: null,
    orient: 'top',
    symbolType: 'stroke',
    symbolStrokeColor: ink,
    symbolStrokeWidth: 2.5,
  };
  return {
    transform: [{ filter: 'datum.published_us !== null' }],
    encoding: { y: { field: 'published_us', ...us } },
    layer: [
      { mark: { ...mark, thickness: 4.5, color: 'white' } },
      {
        mark: { ...mark, thickness: 2.5 },
        encoding: {
          color: { datum: referenceMark, scale: { domain: [referenceMark], range: [ink] }, legend },
        },
      },
    ],
  };
}

function intervalMarks(us: object): object[] {
  const transform = [{ filter: 'datum.low_us !== null' }];
  const cap = { type: 'tick', orient: 'horizontal', width: 9, thickness: 1.5, opacity: 1, color: ink };
  return [
    {
      transform,
      mark: { type: 'rule', strokeWidth: 1.5, color: ink },
      encoding: { y: { field: 'low_us', ...us }, y2: { field: 'high_us' } },
    },
    { transform, mark: cap, encoding: { y: { field: 'low_us', ...us } } },
    { transform, mark: cap, encoding: { y: { field: 'high_us', ...us } } },
  ];
}

/** The value over each bar, and a second line with the verdict when the point is not valid. */
function valueTexts(us: object): object[] {
  const mark = {
    type: 'text',
    baseline: 'bottom',
    fontSize: valueSize,
    lineHeight: valueLine,
    lineBreak: '\n',
  };
  const encoding = { y: { field: 'value_at_us', ...us }, text: { field: 'value_text' } };
  return [
    { transform: [{ filter: "datum.verdict === 'valid'" }], mark: { ...mark, dy: -3, color: ink }, encoding },
    {
      transform: [{ filter: "datum.verdict !== 'valid'" }],
      mark: { ...mark, dy: -3 - valueLine, color: warningInk },
      encoding,
    },
  ];
}

/** What is drawn across a bar. */
type Marks = { published_us: number | null; floors_us: number[] };

function bar(point: Point, marks: Marks, us_per_px: number): Bar {
  const p50_us = point.latency_us?.p50 ?? null;
  const [low_us, high_us] = point.p50_ci95_us ?? [null, null];
  const value_text = [
    p50_us === null ? 'no data' : formatUs(p50_us),
    ...(point.verdict === 'valid' ? [] : [point.verdict]),
  ].join('\n');
  return {
    system: point.system,
    operation: point.operation,
    p50_us,
    low_us,
    high_us,
    published_us: marks.published_us,
    verdict: point.verdict,
    value_text,
    value_at_us: valueAtUs(point, marks, value_text.split('\n').length, us_per_px),
  };
}

/** Over the bar and its interval; over a mark as well where the text would cross it. */
function valueAtUs(point: Point, marks: Marks, lines: number, us_per_px: number): number {
  let at_us = highestUs(point, { published_us: null, floors_us: [] });
  for (const mark_us of [...marks.floors_us, marks.published_us ?? 0].sort((a, b) => a - b)) {
    const crosses =
      mark_us > 0 && mark_us > at_us - 3 * us_per_px && mark_us < at_us + (lines * valueLine + 7) * us_per_px;
    if (crosses) at_us = mark_us + 2 * us_per_px;
  }
  return at_us;
}

function highestUs(point: Point, { published_us, floors_us }: Marks): number {
  return Math.max(point.latency_us?.p50 ?? 0, point.p50_ci95_us?.[1] ?? 0, published_us ?? 0, ...floors_us);
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
    const { label, device } = points.find((point) => point.system === system)!;
    const texts = mixed ? [label, `over ${device}`] : [label];
    const lines = texts.flatMap((text) => wrapText(text, systemWidth - 12, labelSize));
    return {
      system,
      lines,
      floors: floorTexts(floors, system, systemWidth - 12, valueSize),
      below_px: plotHeight + 10 + lines.length * labelLine + 3,
    };
  });
  const text = { type: 'text', baseline: 'top', fontSize: labelSize, lineHeight: labelLine, color: ink };
  return [
    {
      data: { values },
      mark: text,
      encoding: { x, y: { value: plotHeight + 10 }, text: { field: 'lines' } },
    },
    {
      data: { values: values.filter((value) => value.floors.length > 0) },
      mark: { ...floorTextMark, fontSize: valueSize, lineHeight: labelLine, dy: { expr: 'datum.below_px' } },
      encoding: { x, y: { value: 0 }, text: { field: 'floors' } },
    },
  ];
}
