/** The picture of a split: rows of bars in shares of the unmodified latency, under a legend of their parts. */
import type { Manifest, Summary } from '../../formats/index.ts';
import { mixture } from '../../sentences/caption.ts';
import { stateOf } from '../../summary/doubt.ts';
import { legend } from '../legend.ts';
import type { Picture } from '../picture.ts';
import { patternFill } from '../theme/patterns.ts';
import { labelHeight, labelRoom, rowEncoding, rowLabels } from '../theme/row-labels.ts';
import { INK, innerWidth, type Theme, textMark, textWidth, ticksAcross } from '../theme/theme.ts';
import type { Part, SplitRow } from './rows.ts';

const PLOT_WIDTH = 520;
const WIDEST_LABELS = 250;
const ROW_HEIGHT = 38;

export interface SplitWords {
  title: string;
  warnings: string[];
  caption: string[];
}

export function pictureOfRows(
  rows: SplitRow[],
  parts: readonly Part[],
  words: SplitWords,
  theme: Theme,
): Picture {
  const labels = rows.map(({ label }) => label);
  const room = labelRoom(labels, WIDEST_LABELS, theme);
  const width = innerWidth(theme, room + PLOT_WIDTH) - room;
  const entries = parts.map(({ label }, index) => ({ label, fill: fillOf(parts, index, theme) }));
  const height = Math.max(ROW_HEIGHT, labelHeight(labels, room, theme) + 6);
  return {
    ...words,
    datasets: { parts: rows.flatMap(({ pieces }) => pieces) },
    parts: [
      legend(entries, { width, left: room }, theme),
      plot(rows, parts, { width, height: rows.length * height, room }, theme),
    ],
    width,
    left: room,
    canFade: false,
  };
}

/** That links are unlike, and which systems rest on points that want a second look. */
export function warningsOf({ systems }: Manifest, { points }: Summary, names: Set<string>): string[] {
  const used = systems.filter(({ name }) => names.has(name));
  const suspect = used.filter(({ name }) =>
    points.some((point) => point.system === name && stateOf(point, ['p50']) === 'suspect'),
  );
  return [
    ...mixture(used),
    ...(suspect.length > 0 ? [`Suspect: ${suspect.map(({ label }) => label).join('; ')}.`] : []),
  ];
}

/** "Shares of the unmodified p50, medians over 5 trials; in brackets 95 % intervals." */
export function sharesInWords(found: readonly { trials: number }[]): string {
  const trials = [...new Set(found.map((split) => split.trials))].join(' or ');
  return `Shares of the unmodified p50, medians over ${trials} trials; in brackets 95 % intervals.`;
}

function fillOf(parts: readonly Part[], index: number, { patterns }: Theme): string {
  return patterns ? patternFill(parts[index].colour, index) : parts[index].colour;
}

/** In pixels. */
interface PlotSize {
  width: number;
  height: number;
  room: number;
}

function plot(
  rows: SplitRow[],
  parts: readonly Part[],
  { width, height, room }: PlotSize,
  theme: Theme,
): object {
  const [low, high] = [Math.min(0, ...ends(rows)), Math.max(1, ...ends(rows))];
  const x = { type: 'quantitative', scale: { domain: [low, high] } };
  const fills = parts.map((_part, index) => fillOf(parts, index, theme));
  const colour = {
    field: 'part',
    type: 'nominal',
    scale: { domain: parts.map(({ label }) => label), range: fills },
    legend: null,
  };
  const axis = {
    title: 'share of the unmodified p50 (%)',
    labelExpr: 'round(datum.value * 100)',
    tickCount: Math.min(10, ticksAcross(theme, width, '100')),
    grid: true,
    gridColor: '#e2e2e2',
    domain: false,
    ticks: false,
  };
  const { lineHeight } = theme.text.inside;
  const texts = rows.flatMap(({ pieces }) =>
    pieces.map(({ row, from, to, lines, light }) => ({
      row,
      middle: (from + to) / 2,
      lines: fittingLines(lines, (width * (to - from)) / (high - low) - 4, theme),
      white: light && !theme.patterns,
    })),
  );
  return {
    width,
    height,
    encoding: {
      y: rowEncoding(rows, 0.22),
    },
    layer: [
      {
        data: { name: 'parts' },
        mark: { type: 'bar', stroke: 'white', strokeWidth: 0.6 },
        encoding: {
          x: { field: 'from', ...x, axis },
          x2: { field: 'to' },
          color: colour,
          fillOpacity: { condition: { test: '!isValid(datum.us)', value: 0.55 }, value: 1 },
          tooltip: { value: { expr: TOOLTIP } },
        },
      },
      {
        data: { values: texts.filter(({ lines }) => lines.length > 0) },
        mark: {
          ...textMark(theme, 'inside'),
          baseline: 'middle',
          dy: { expr: `-${lineHeight / 2} * (length(datum.lines) - 1)` },
        },
        encoding: {
          x: { field: 'middle', ...x },
          text: { field: 'lines' },
          color: { condition: { test: 'datum.white', value: 'white' }, value: INK },
        },
      },
      rowLabels(rows, room, theme),
    ],
  };
}

/** As much of it as there is room for: all lines, the first, the share alone, or nothing. */
function fittingLines(lines: string[], room: number, theme: Theme): string[] {
  const [first] = lines;
  const candidates = [lines, [first], [first.replace(/^.*, /, '')]];
  return candidates.find((some) => some.every((line) => textWidth(theme, 'inside', line) <= room)) ?? [];
}

const TOOLTIP =
  "{title: datum.part, 'share': format(100 * datum.share, '.1f') + ' %', " +
  "'interval': isValid(datum.low) ? format(100 * datum.low, '.1f') + ' to ' + format(100 * datum.high, '.1f') + ' %' : '–', " +
  "'time': isValid(datum.us) ? format(datum.us, '.2f') + ' µs' : '–'}";

function ends(rows: SplitRow[]): number[] {
  return rows.flatMap(({ pieces }) => pieces.flatMap(({ from, to }) => [from, to]));
}
