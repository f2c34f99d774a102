/** One panel of lying bars: a row for each system, its bar in one piece or in several, and its value behind it. */
import { fadeMuted } from '../chart.ts';
import { dashes } from '../theme/looks.ts';
import { labelHeight, rowEncoding, rowLabels } from '../theme/row-labels.ts';
import { INK, panelTitle, type Theme, textMark, textWidth, ticksAcross } from '../theme/theme.ts';

/** A piece of a bar, as a row of the chart's dataset. */
export interface BarPiece {
  panel: string;
  system: string;
  label: string;
  /** What it is of; empty where a bar is in one piece. */
  part: string;
  from: number;
  to: number;
  value: number;
  fill: string;
  colour: string;
  verdict: string;
}

export interface Bar {
  system: string;
  label: string;
  /** Null where nothing was published. */
  published: number | null;
  /** Where it and what was published of it end, and what stands there. */
  end: number;
  text: string;
}

export interface BarsPanel {
  title: string;
  bars: Bar[];
  /** Name of the measure, with its unit. */
  measure: string;
  /** Pixels of the plot, and of the labels at its left. */
  width: number;
  room: number;
  /** The same for panels that are compared. */
  unit_per_px: number;
}

const BAR_HEIGHT = 20;

/** How much a pixel stands for, so that each bar has room for its value. */
export function unitPerPx(bars: Bar[], width: number, theme: Theme): number {
  const roomOf = ({ text }: Bar): number => Math.max(1, width - textWidth(theme, 'value', text) - 8);
  return Math.max(...bars.map((bar) => bar.end / roomOf(bar))) || 1 / width;
}

export function barsPanel(
  { title, bars, measure, width, room, unit_per_px }: BarsPanel,
  theme: Theme,
): object {
  const labels = bars.map(({ label }) => label);
  const height = Math.max(BAR_HEIGHT, labelHeight(labels, room, theme) + 4);
  const rows = bars.map(({ system, label }) => ({ row: system, system, label }));
  const x = { type: 'quantitative', scale: { domain: [0, unit_per_px * width], nice: false } };
  const hollow = "datum.verdict === 'invalid'";
  return {
    title: panelTitle(theme, title),
    width,
    height: bars.length * height,
    encoding: { y: rowEncoding(rows, 0.25) },
    layer: [
      {
        data: { name: 'pieces' },
        transform: [
          { filter: `datum.panel === ${JSON.stringify(title)}` },
          { calculate: 'datum.system', as: 'row' },
        ],
        mark: {
          type: 'bar',
          strokeDash: {
            expr: `${hollow} ? ${JSON.stringify(dashes.invalid)} : ${JSON.stringify(dashes.none)}`,
          },
          strokeWidth: { expr: `${hollow} ? 2 : 0` },
        },
        encoding: {
          x: {
            field: 'from',
            ...x,
            axis: {
              title: [measure],
              grid: true,
              gridColor: '#e2e2e2',
              domain: false,
              ticks: false,
              tickCount: Math.min(6, ticksAcross(theme, width, '10,000')),
            },
          },
          x2: { field: 'to' },
          fill: { condition: { test: hollow, value: 'white' }, field: 'fill', type: 'nominal', scale: null },
          stroke: { field: 'colour', type: 'nominal', scale: null },
          tooltip: { value: { expr: tooltip } },
          ...fadeMuted,
        },
      },
      ...publishedMarks(bars, height, x),
      {
        data: { values: bars.map(({ system, end, text }) => ({ row: system, system, end, words: [text] })) },
        mark: { ...textMark(theme, 'value'), align: 'left', baseline: 'middle', dx: 4, color: INK },
        encoding: { x: { field: 'end', ...x }, text: { field: 'words' }, ...fadeMuted },
      },
      rowLabels(rows, room, theme, fadeMuted),
    ],
  };
}

/** A dark line across a bar, edged in white so that it shows on any colour. */
function publishedMarks(bars: Bar[], height: number, x: object): object[] {
  const values = bars.filter(({ published }) => published !== null);
  if (values.length === 0) return [];
  const tick = { type: 'tick', orient: 'vertical', height: 0.75 * height - 4, opacity: 1 };
  return [
    {
      data: { values: values.map(({ system, published }) => ({ row: system, system, published })) },
      encoding: { x: { field: 'published', ...x } },
      layer: [
        { mark: { ...tick, thickness: 4.5, color: 'white' } },
        { mark: { ...tick, thickness: 2.5, color: INK } },
      ],
    },
  ];
}

const tooltip =
  "{title: datum.label, 'part': datum.part || 'all', 'value': format(datum.value, ',.4~r'), 'verdict': datum.verdict}";
