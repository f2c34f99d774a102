/**
 * The paper's split as a figure: for each way past the kernel a bar of the unmodified system's latency, cut
 * into what the kernel's interface, its data path and the rest take, with the published bar below it.
 */
import type { Manifest, Share, Split, Summary, SystemUnderTest } from '../../formats/index.ts';
import { mixture } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { labelInGroup } from '../../sentences/rows.ts';
import { stateOf } from '../../summary/doubt.ts';
import { formatUs } from '../../text/format.ts';
import { legend } from '../legend.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import { patternFill } from '../theme/patterns.ts';
import { labelHeight, labelRoom, rowEncoding, rowLabels } from '../theme/row-labels.ts';
import { INK, innerWidth, type Theme, textMark, textWidth, ticksAcross } from '../theme/theme.ts';

const parts = [
  { name: 'interface', label: "kernel's interface", colour: '#d55e00', light: true },
  { name: 'data_path', label: "kernel's data path", colour: '#0072b2', light: true },
  { name: 'rest', label: 'rest: what is left past the kernel', colour: '#dcdcdc', light: false },
] as const;

const PLOT_WIDTH = 520;
const WIDEST_LABELS = 250;
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

/** Null where the run has not the three systems that a split takes, or none of its splits is one of parts. */
export function splitPicture({ run, summary }: ChartSource, theme: Theme): Picture | null {
  const { manifest } = run;
  const found = summary.splits.filter(hasParts);
  if (found.length === 0) return null;
  const rows = rowsOf(manifest, summary, found);
  const labels = rows.map(({ label }) => label);
  const room = labelRoom(labels, WIDEST_LABELS, theme);
  const width = innerWidth(theme, room + PLOT_WIDTH) - room;
  const entries = parts.map(({ label }, index) => ({ label, fill: fillOf(index, theme) }));
  const height = Math.max(ROW_HEIGHT, labelHeight(labels, room, theme) + 6);
  return {
    title: 'What the kernel takes, by differences between systems',
    datasets: { parts: rows.flatMap(({ pieces }) => pieces) },
    parts: [
      legend(entries, { width, left: room }, theme),
      plot(rows, { width, height: rows.length * height, room }, theme),
    ],
    width,
    left: room,
    warnings: warnings(manifest, summary, found),
    caption: [...caption(found, summary), ...notDrawn(summary)],
    canFade: false,
  };
}

function fillOf(index: number, { patterns }: Theme): string {
  return patterns ? patternFill(parts[index].colour, index) : parts[index].colour;
}

/** Parts that are below zero would lie on each other: the systems are not in the paper's order. */
function hasParts({ interface_us, data_path_us }: Split): boolean {
  return interface_us >= 0 && data_path_us >= 0;
}

function notDrawn(summary: Summary): string[] {
  const { points, splits } = summary;
  const without = splits.filter((split) => !hasParts(split));
  if (without.length === 0) return [];
  const targets = [...new Set(without.map((split) => nameTarget({ ...points[0], ...split }, points)))];
  return [`Not drawn, as a part of it is below zero: ${targets.join('; ')}.`];
}

/** A row for each split, those of a target together, and what was published below them, once. */
function rowsOf(manifest: Manifest, summary: Summary, found: Split[]): Row[] {
  const systemOf = (name: string): SystemUnderTest | undefined =>
    manifest.systems.find((system) => system.name === name);
  const labelOf = (name: string): string => {
    const system = systemOf(name);
    return system ? labelInGroup(system) : name;
  };
  const targetOf = (split: Split): string => nameTarget({ ...summary.points[0], ...split }, summary.points);
  const byTarget = Map.groupBy(found, (split) =>
    JSON.stringify([targetOf(split), systemOf(split.bypass)?.backend]),
  );
  const rows = [...byTarget.values()].flat().map((split) => {
    const group = split.group && `${split.group}, `;
    const systems = `${labelOf(split.unmodified)} → ${labelOf(split.bypass)}`;
    return measuredRow(split, `${group}${targetOf(split)}: ${systems}`);
  });
  const published = publishedOf(summary);
  return published ? [...rows, publishedRow(published)] : rows;
}

/** As the publication's own text rounds it for all that it measured; else what all splits have alike. */
function publishedOf({ reference, splits }: Summary): NonNullable<Split['published']> | null {
  if (reference?.rounded_shares) return reference.rounded_shares;
  const [{ published }, ...others] = splits;
  const isSame = others.every((split) => JSON.stringify(split.published) === JSON.stringify(published));
  return isSame ? published : null;
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
    ...(reference && publishedOf(summary)
      ? [`Published: ${reference.name}${reference.rounded_shares ? ', as its text rounds it' : ''}.`]
      : []),
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

function publishedRow(published: NonNullable<Split['published']>): Row {
  const label = 'published';
  const row = label;
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

/** In pixels. */
interface PlotSize {
  width: number;
  height: number;
  room: number;
}

function plot(rows: Row[], { width, height, room }: PlotSize, theme: Theme): object {
  const [low, high] = [Math.min(0, ...ends(rows)), Math.max(1, ...ends(rows))];
  const x = { type: 'quantitative', scale: { domain: [low, high] } };
  const fills = parts.map((_part, index) => fillOf(index, theme));
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

function ends(rows: Row[]): number[] {
  return rows.flatMap(({ pieces }) => pieces.flatMap(({ from, to }) => [from, to]));
}
