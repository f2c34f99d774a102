/**
 * The layers of a panel of the figure that draw its points, from the rows of the dataset `points`: bars, the
 * published values across them, intervals; and the values beyond them. Points that failed a check are hollow.
 */
import type { Point } from '../../formats/index.ts';
import type { State } from '../../summary/doubt.ts';
import { type LegendEntry, publishedLabel } from '../legend.ts';
import { dashes } from '../theme/looks.ts';
import { systemColours } from '../theme/palette.ts';
import { patternFill } from '../theme/patterns.ts';
import { INK, type Theme, textMark, WARNING_INK } from '../theme/theme.ts';
import { type BarDirection, type ValueScale, valueEncoding } from './direction.ts';

/** Okabe and Ito's palette, told apart with every common colour blindness, and in grey. */
const builtInColours: Record<string, string> = { set: '#0072b2', get: '#e69f00', mix: '#009e73' };
const furtherColours = ['#cc79a7', '#56b4e9', '#d55e00', '#000000', ...systemColours.slice(7)];

/** Those of a figure, in the order of its legend: SET, GET and MIX before the others. */
export function operationsOf(points: Point[]): Point['operation'][] {
  const operations = [...new Set(points.map(({ operation }) => operation))];
  const isBuiltIn = (operation: string): boolean => Object.hasOwn(builtInColours, operation);
  return [
    ...Object.keys(builtInColours).filter((operation) => operations.includes(operation)),
    ...operations.filter((operation) => !isBuiltIn(operation)),
  ];
}

/** The colour of each operation of a figure, which is the same in all of its panels. */
function coloursOf(operations: Point['operation'][]): Map<string, string> {
  const further = operations.filter((operation) => !Object.hasOwn(builtInColours, operation));
  return new Map([
    ...Object.entries(builtInColours),
    ...further.map((name, index): [string, string] => [name, furtherColours[index % furtherColours.length]]),
  ]);
}

/** What all layers of a panel share. */
export interface Drawing {
  direction: BarDirection;
  scale: ValueScale;
  /** Of a bar, in pixels. */
  barWidth: number;
  theme: Theme;
}

/** What fills the bars of each operation of a figure. */
function fillsOf(operations: Point['operation'][], { patterns }: Theme): Map<string, string> {
  const colours = [...coloursOf(operations)];
  return new Map(
    colours.map(([name, colour], index) => [name, patterns ? patternFill(colour, index) : colour]),
  );
}

/** The colour of an operation without a scale: a second scale would want a second legend. */
function operationStroke(operations: Point['operation'][]): object {
  const condition = [...coloursOf(operations)].map(([operation, value]) => ({
    test: `datum.operation === '${operation}'`,
    value,
  }));
  return { condition, value: INK };
}

export function operationEntries(operations: Point['operation'][], theme: Theme): LegendEntry[] {
  const fills = fillsOf(operations, theme);
  return operations.map((operation) => ({
    label: operation.toUpperCase(),
    fill: fills.get(operation) as string,
  }));
}

/** Of the operations of a panel, which are some of those of its figure. */
export function bars(
  operations: Point['operation'][],
  ofFigure: Point['operation'][],
  { direction, scale, theme }: Drawing,
): object {
  const us = valueEncoding(scale);
  const fills = fillsOf(ofFigure, theme);
  const colour = {
    field: 'operation',
    type: 'nominal',
    scale: { domain: operations, range: operations.map((operation) => fills.get(operation)) },
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
        encoding: { ...ends, stroke: operationStroke(ofFigure) },
      },
    ],
  };
}

/** A tick across a bar, `length` pixels long. */
function tick({ isUpright }: BarDirection, length: number, thickness: number): object {
  const across = isUpright ? { orient: 'horizontal', width: length } : { orient: 'vertical', height: length };
  return { type: 'tick', ...across, thickness, opacity: 1 };
}

export function referenceEntry(reference: string): LegendEntry {
  return {
    label: publishedLabel(reference),
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
