/**
 * The layers of a panel of the figure that draw its points, from the rows of the dataset `points`: bars, the
 * published values across them, intervals; and the values beyond them. Points that failed a check are hollow.
 */
import type { MeasurementTarget, Point } from '../../formats/index.ts';
import type { State } from '../../summary/doubt.ts';
import type { LegendEntry } from '../legend.ts';
import { dashes } from '../theme/looks.ts';
import { patternFill } from '../theme/patterns.ts';
import { INK, type Theme, textMark, WARNING_INK } from '../theme/theme.ts';
import { type BarDirection, type ValueScale, valueEncoding } from './direction.ts';

/** Okabe and Ito's palette, told apart with every common colour blindness, and in grey. */
export const operationColours: Record<MeasurementTarget['operation'], string> = {
  set: '#0072b2',
  get: '#e69f00',
  mix: '#009e73',
};

/** What all layers of a panel share. */
export interface Drawing {
  direction: BarDirection;
  scale: ValueScale;
  /** Of a bar, in pixels. */
  barWidth: number;
  theme: Theme;
}

function fillOf(operation: Point['operation'], { patterns }: Theme): string {
  const index = Object.keys(operationColours).indexOf(operation);
  return patterns ? patternFill(operationColours[operation], index) : operationColours[operation];
}

/** The colour of an operation without a scale: a second scale would want a second legend. */
const operationStroke = {
  condition: Object.entries(operationColours).map(([operation, value]) => ({
    test: `datum.operation === '${operation}'`,
    value,
  })),
  value: INK,
};

export function operationEntries(operations: Point['operation'][], theme: Theme): LegendEntry[] {
  return operations.map((operation) => ({ label: operation.toUpperCase(), fill: fillOf(operation, theme) }));
}

export function bars(operations: Point['operation'][], { direction, scale, theme }: Drawing): object {
  const us = valueEncoding(scale);
  const colour = {
    field: 'operation',
    type: 'nominal',
    scale: { domain: operations, range: operations.map((operation) => fillOf(operation, theme)) },
    legend: null,
  };
  const ends = {
    [direction.value]: { field: 'p50_us', ...us },
    ...(scale.isLog && { [direction.value2]: { datum: scale.low_us } }),
  };
  return {
    layer: [
      {
        transform: [{ filter: "datum.p50_verdict !== 'invalid' && datum.p50_us !== null" }],
        mark: { type: 'bar' },
        encoding: { ...ends, color: colour },
      },
      {
        transform: [{ filter: "datum.p50_verdict === 'invalid' && datum.p50_us !== null" }],
        mark: { type: 'bar', fill: 'white', strokeWidth: 2, strokeDash: dashes.invalid },
        encoding: { ...ends, stroke: operationStroke },
      },
    ],
  };
}

/** A tick across a bar, `length` pixels long. */
function tick({ isUpright }: BarDirection, length: number, thickness: number): object {
  const across = isUpright ? { orient: 'horizontal', width: length } : { orient: 'vertical', height: length };
  return { type: 'tick', ...across, thickness, opacity: 1 };
}

/** Its first words name it; the rest stands in figure.txt. */
export function referenceEntry(reference: string): LegendEntry {
  return {
    label: `published (${reference.split(',')[0]})`,
    line: { colour: INK, dash: dashes.none },
  };
}

/** A dark line across each bar at the published value, edged in white so that it shows on any colour. */
export function referenceMarks({ direction, scale, barWidth }: Drawing): object {
  return {
    transform: [{ filter: 'datum.published_us !== null' }],
    encoding: { [direction.value]: { field: 'published_us', ...valueEncoding(scale) } },
    layer: [
      { mark: { ...tick(direction, barWidth - 4, 4.5), color: 'white' } },
      { mark: { ...tick(direction, barWidth - 4, 2.5), color: INK } },
    ],
  };
}

export function intervalMarks({ direction, scale, barWidth }: Drawing): object[] {
  const us = valueEncoding(scale);
  const transform = [{ filter: 'datum.p50_low_us !== null' }];
  const cap = { ...tick(direction, Math.min(9, 0.6 * barWidth), 1.5), color: INK };
  const at = (field: string): object => ({ [direction.value]: { field, ...us } });
  return [
    {
      transform,
      mark: { type: 'rule', strokeWidth: 1.5, color: INK },
      encoding: { ...at('p50_low_us'), [direction.value2]: { field: 'p50_high_us' } },
    },
    { transform, mark: cap, encoding: at('p50_low_us') },
    { transform, mark: cap, encoding: at('p50_high_us') },
  ];
}

/** What stands beyond a bar, and where: its value, and the mark of its state above or beside it. */
export interface BarText {
  system: string;
  operation: string;
  state: State;
  lines: string[];
  at_us: number;
}

export function barTexts(values: BarText[], { direction, scale, theme }: Drawing): object {
  const { lineHeight } = theme.text.value;
  const place = direction.isUpright
    ? // Of several lines the first one stands at the place.
      { baseline: 'bottom', dy: { expr: `-3 - (length(datum.lines) - 1) * ${lineHeight}` } }
    : { align: 'left', baseline: 'middle', dx: 4 };
  const mark = { ...textMark(theme, 'value'), ...place };
  return {
    data: { values },
    // A text has no tooltip: the bar under it says more.
    encoding: {
      [direction.value]: { field: 'at_us', ...valueEncoding(scale) },
      text: { field: 'lines' },
      tooltip: { value: null },
    },
    layer: [
      { transform: [{ filter: "datum.state === 'valid'" }], mark },
      { transform: [{ filter: "datum.state !== 'valid'" }], mark: { ...mark, color: WARNING_INK } },
    ],
  };
}
