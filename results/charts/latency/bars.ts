/**
 * The layers of a panel of the figure that draw its points, from the rows of the dataset `points`: bars, the
 * published values across them, intervals; and the values over them. Points that failed a check are hollow.
 */
import type { MeasurementTarget, Point } from '../../formats/index.ts';
import type { State } from '../../summary/doubt.ts';
import { INK, VALUE_SIZE, WARNING_INK } from '../theme/figure-text.ts';

/** Okabe and Ito's palette, told apart with every common colour blindness, and in grey. */
export const operationColours: Record<MeasurementTarget['operation'], string> = {
  set: '#0072b2',
  get: '#e69f00',
  mix: '#009e73',
};

/** Height of a line of the text over a bar. */
export const VALUE_LINE = 13;

/** The colour of an operation without a scale: a second scale would want a second legend. */
const operationStroke = {
  condition: Object.entries(operationColours).map(([operation, value]) => ({
    test: `datum.operation === '${operation}'`,
    value,
  })),
  value: INK,
};

/** `us`: the y encoding without its field. */
export function bars(operations: string[], us: object, hasLegend: boolean): object {
  const colour = {
    field: 'operation',
    type: 'nominal',
    scale: {
      domain: operations,
      range: operations.map((name) => operationColours[name as Point['operation']]),
    },
    legend: hasLegend
      ? { title: null, orient: 'top', symbolType: 'square', labelExpr: 'upper(datum.label)' }
      : null,
  };
  return {
    layer: [
      {
        transform: [{ filter: "datum.p50_verdict !== 'invalid' && datum.p50_us !== null" }],
        mark: { type: 'bar' },
        encoding: { y: { field: 'p50_us', ...us }, color: colour },
      },
      {
        transform: [{ filter: "datum.p50_verdict === 'invalid' && datum.p50_us !== null" }],
        mark: { type: 'bar', fill: 'white', strokeWidth: 2, strokeDash: [5, 3] },
        encoding: { y: { field: 'p50_us', ...us }, stroke: operationStroke },
      },
    ],
  };
}

/** A dark line across each bar at the published value, edged in white so that it shows on any colour. */
export function referenceMarks(reference: string, barWidth: number, us: object, hasLegend: boolean): object {
  // Its first words name it; the rest stands in figure.txt.
  const referenceMark = `published (${reference.split(',')[0]})`;
  const mark = { type: 'tick', orient: 'horizontal', width: barWidth - 4, opacity: 1 };
  const legend = {
    title: null,
    orient: 'top',
    symbolType: 'stroke',
    symbolStrokeColor: INK,
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
          color: {
            datum: referenceMark,
            scale: { domain: [referenceMark], range: [INK] },
            legend: hasLegend ? legend : null,
          },
        },
      },
    ],
  };
}

export function intervalMarks(us: object): object[] {
  const transform = [{ filter: 'datum.p50_low_us !== null' }];
  const cap = { type: 'tick', orient: 'horizontal', width: 9, thickness: 1.5, opacity: 1, color: INK };
  return [
    {
      transform,
      mark: { type: 'rule', strokeWidth: 1.5, color: INK },
      encoding: { y: { field: 'p50_low_us', ...us }, y2: { field: 'p50_high_us' } },
    },
    { transform, mark: cap, encoding: { y: { field: 'p50_low_us', ...us } } },
    { transform, mark: cap, encoding: { y: { field: 'p50_high_us', ...us } } },
  ];
}

/** What stands over a bar, and at which height: its value, and on a line above it the mark of its state. */
export interface BarText {
  system: string;
  operation: string;
  state: State;
  text: string;
  lines: number;
  at_us: number;
}

export function barTexts(values: BarText[], us: object): object {
  const mark = {
    type: 'text',
    baseline: 'bottom',
    fontSize: VALUE_SIZE,
    lineHeight: VALUE_LINE,
    lineBreak: '\n',
    // Of several lines the first one stands at the place.
    dy: { expr: `-3 - (datum.lines - 1) * ${VALUE_LINE}` },
  };
  return {
    data: { values },
    // A text has no tooltip: the bar under it says more.
    encoding: { y: { field: 'at_us', ...us }, text: { field: 'text' }, tooltip: { value: null } },
    layer: [
      { transform: [{ filter: "datum.state === 'valid'" }], mark: { ...mark, color: INK } },
      {
        transform: [{ filter: "datum.state !== 'valid'" }],
        mark: { ...mark, color: WARNING_INK },
      },
    ],
  };
}
