/**
 * The paper's split as a figure: for each way past the kernel a bar of the unmodified system's latency, cut
 * into what the kernel's interface, its data path and the rest take, with the published bar below it.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Manifest, Share, Split, Summary, SystemUnderTest } from '../../formats/index.ts';
import { mixture } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { labelInGroup } from '../../sentences/rows.ts';
import { stateOf } from '../../summary/doubt.ts';
import { formatUs } from '../../text/format.ts';
import {
  captionBlock,
  figureConfig,
  figureFrame,
  INK,
  textBlock,
  titleStyle,
  warningStyle,
} from '../theme/figure-text.ts';
import { rowEncoding, rowLabels } from '../theme/row-labels.ts';

const parts = [
  { name: 'interface', label: "kernel's interface", colour: '#d55e00', light: true },
  { name: 'data_path', label: "kernel's data path", colour: '#0072b2', light: true },
  { name: 'rest', label: 'rest: what is left past the kernel', colour: '#dcdcdc', light: false },
] as const;

const PLOT_WIDTH = 520;
const LABEL_WIDTH = 250;
const ROW_HEIGHT = 38;

interface Piece {
  row: string;
  part: string;
  from: number;
  to: number;
  share: number;
  us: number | null;
  low: number | null;
  high: number | null;
  lines: string[];
  light: boolean;
}

/** Null where the run has not the three systems that a split takes. */
export function splitSpec(manifest: Manifest, summary: Summary): TopLevelSpec | null {
  const found = summary.splits;
  if (found.length === 0) return null;
  const systemOf = (name: string): SystemUnderTest | undefined =>
    manifest.systems.find((system) => system.name === name);
  const labelOf = (name: string): string => {
    const system = systemOf(name);
    return system ? labelInGroup(system) : name;
  };
  const targetOf = (split: Split): string => nameTarget({ ...summary.points[0], ...split }, summary.points);
  // Groups stand beside each other, and what was published of all of them below.
  const alike = Map.groupBy(found, (split) =>
    JSON.stringify([targetOf(split), systemOf(split.bypass)?.backend, split.published]),
  );
  const rows = [...alike].flatMap(([key, splits]) => {
    const [{ published }] = splits;
    return [
      ...splits.map((split) => {
        const group = split.group && `${split.group}, `;
        const systems = `${labelOf(split.unmodified)} → ${labelOf(split.bypass)}`;
        return measuredRow(split, `${group}${targetOf(split)}: ${systems}`);
      }),
      ...(published ? [publishedRow(key, 'published, from the bars', published)] : []),
    ];
  });
  const rounded = summary.reference?.rounded_shares;
  if (rounded) rows.push(publishedRow('published, rounded', 'published, as the text rounds them', rounded));
  const width = PLOT_WIDTH;
  return {
    ...figureFrame,
    datasets: { parts: rows.flatMap(({ pieces }) => pieces) },
    vconcat: [
      textBlock(['What the kernel takes, by differences between systems'], width, titleStyle),
      plot(rows),
      textBlock(warnings(manifest, summary, found), width, warningStyle),
      captionBlock(caption(found, summary), width),
    ].filter((part) => part !== null),
    // Else it would stand over the title.
    resolve: { legend: { color: 'independent' } },
    config: figureConfig,
  } as TopLevelSpec;
}

/** That links are unlike, and which systems rest on points that want a second look. */
function warnings({ systems }: Manifest, { points }: Summary, found: Split[]): string[] {
  const names = new Set(
    found.flatMap(({ unmodified, libos_over_kernel, bypass }) => [unmodified, libos_over_kernel, bypass]),
  );
  const used = systems.filter(({ name }) => names.has(name));
  const suspect = used.filter(({ name }) =>
    points.some((point) => point.system === name && stateOf(point, ['p50']) === 'suspect'),
  );
  return [
    ...mixture(used),
    ...(suspect.length > 0 ? [`Suspect: ${suspect.map(({ label }) => label).join('; ')}.`] : []),
  ];
}

/** Where the published values are from stands in the report and in figure.txt. */
function caption(found: Split[], summary: Summary): string[] {
  const { reference } = summary;
  const trials = [...new Set(found.map((split) => split.trials))].join(' or ');
  return [
    'Interface: unmodified less libOS over the kernel; data path: libOS over the kernel less bypass; rest: bypass.',
    `Shares of the unmodified p50, medians over ${trials} trials; in brackets 95 % intervals.`,
    ...distanceOfFigure(summary),
    ...(reference ? [`Published: ${reference.name}.`] : []),
  ];
}

interface Row {
  row: string;
  label: string;
  pieces: Piece[];
}

function measuredRow(split: Split, label: string): Row {
  const row = label;
  const { unmodified_us } = split;
  const rest = { share: split.rest_us / unmodified_us, interval: null };
  const shares: Record<(typeof parts)[number]['name'], [Share, number]> = {
    interface: [split.interface, split.interface_us],
    data_path: [split.data_path, split.data_path_us],
    rest: [rest, split.rest_us],
  };
  let from = 0;
  const pieces = parts.map(({ name, label: part, light }) => {
    const [{ interval }, us] = shares[name];
    const share = us / unmodified_us;
    const range = interval ? [`[${percent(interval.low)}–${percent(interval.high)}]`] : [];
    const lines = [`${formatUs(us)} µs, ${percent(share)} %`, ...range];
    const piece = { row, part, from, to: from + share, share, us, lines, light };
    from += share;
    return { ...piece, low: interval?.low ?? null, high: interval?.high ?? null };
  });
  return { row, label, pieces };
}

function publishedRow(row: string, label: string, published: NonNullable<Split['published']>): Row {
  const shares = { ...published, rest: 1 - published.kernel };
  let from = 0;
  const pieces = parts.map(({ name, label: part }) => {
    const share = shares[name];
    // Pale: these were not measured here.
    const piece = { row, part, from, to: from + share, share, us: null, low: null, high: null, light: false };
    from += share;
    return { ...piece, lines: [`${percent(share)} %`] };
  });
  return { row, label, pieces };
}

function percent(share: number): string {
  return String(Math.round(share * 100));
}

function plot(rows: Row[]): object {
  const x = {
    type: 'quantitative',
    scale: { domain: [Math.min(0, ...ends(rows)), Math.max(1, ...ends(rows))] },
  };
  const colour = {
    field: 'part',
    type: 'nominal',
    scale: { domain: parts.map(({ label }) => label), range: parts.map((part) => part.colour) },
    legend: { title: null, orient: 'top', symbolType: 'square', offset: 6 },
  };
  const axis = {
    title: 'share of the unmodified p50 (%)',
    labelExpr: 'round(datum.value * 100)',
    grid: true,
    gridColor: '#e2e2e2',
    domain: false,
    ticks: false,
  };
  const texts = rows.flatMap(({ pieces }) =>
    pieces
      .filter(({ share }) => share > 0.04)
      .map(({ row, from, to, lines, light }) => ({
        row,
        middle: (from + to) / 2,
        lines: fittingLines(lines, to - from),
        white: light,
      })),
  );
  return {
    width: PLOT_WIDTH,
    height: rows.length * ROW_HEIGHT,
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
        data: { values: texts },
        mark: {
          type: 'text',
          baseline: 'middle',
          fontSize: 10,
          lineHeight: 12,
          dy: { expr: '-6 * (length(datum.lines) - 1)' },
        },
        encoding: {
          x: { field: 'middle', ...x },
          text: { field: 'lines' },
          color: { condition: { test: 'datum.white', value: 'white' }, value: INK },
        },
      },
      rowLabels(rows, LABEL_WIDTH),
    ],
  };
}

/** The interval is left out where there is no room for it. */
function fittingLines(lines: string[], share: number): string[] {
  return share * PLOT_WIDTH > 70 ? lines : [lines[0].replace(/^.*, /, '')];
}

const TOOLTIP =
  "{title: datum.part, 'share': format(100 * datum.share, '.1f') + ' %', " +
  "'interval': isValid(datum.low) ? format(100 * datum.low, '.1f') + ' to ' + format(100 * datum.high, '.1f') + ' %' : '–', " +
  "'time': isValid(datum.us) ? format(datum.us, '.2f') + ' µs' : '–'}";

function ends(rows: Row[]): number[] {
  return rows.flatMap(({ pieces }) => pieces.flatMap(({ from, to }) => [from, to]));
}
