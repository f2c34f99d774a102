/**
 * Throughput, and what requests cost, as bars: for runs without an axis to draw them over. A panel for each operation,
 * and for each value of axes that have no order.
 */
import type { CostOfSide, Point } from '../../formats/index.ts';
import { marksMeaning, mixture, runState, trialRange } from '../../sentences/caption.ts';
import { marks } from '../../sentences/doubts.ts';
import { formatCount } from '../../text/format.ts';
import { referenceEntry } from '../latency/bars.ts';
import { type LegendEntry, legend } from '../legend.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import { facetsOf } from '../sweep/axes.ts';
import { cost, type Shown, throughput } from '../sweep/measures.ts';
import { capital } from '../sweep/over-axis.ts';
import { patternFill } from '../theme/patterns.ts';
import { labelRoom } from '../theme/row-labels.ts';
import { innerWidth, type Theme } from '../theme/theme.ts';
import { type Bar, type BarPiece, barsPanel, unitPerPx } from './panel.ts';

const PLOT_WIDTH = 420;
const WIDEST_LABELS = 200;
const PANEL_GAP = 18;
/** Panels stand beside each other where none is narrower. */
const NARROWEST = 200;

export function throughputBars(source: ChartSource, theme: Theme): Picture | null {
  const partsOf = (point: Point): Part[] => {
    const index = [...source.looks.keys()].indexOf(point.system);
    const { colour } = source.looks.get(point.system)!;
    const fill = theme.patterns ? patternFill(colour, index) : colour;
    return [{ part: '', value: throughput.valueOf(point) ?? 0, fill, colour }];
  };
  const { points, reference } = source.summary;
  const isPublished = reference !== null && points.some((point) => throughput.publishedOf(point) !== null);
  const entries = isPublished ? [referenceEntry(reference.name)] : [];
  return barsOf(source, throughput, { partsOf, entries }, theme);
}

/** Null where no point says what it cost. */
export function costBars(source: ChartSource, theme: Theme): Picture | null {
  const fills = costParts.map(({ colour }, index) => (theme.patterns ? patternFill(colour, index) : colour));
  const partsOf = (point: Point): Part[] =>
    costParts.map(({ part, of, secondsOf, colour }, index) => {
      const side = point.cost?.[of];
      return { part, value: side ? secondsOf(side) : 0, fill: fills[index], colour };
    });
  const used = costParts.filter(({ part }) =>
    source.summary.points.some((point) => partsOf(point).some((one) => one.part === part && one.value > 0)),
  );
  const entries = used.map(({ part }) => ({
    label: part,
    fill: fills[costParts.findIndex((one) => one.part === part)],
  }));
  return barsOf(source, cost, { partsOf, entries }, theme);
}

interface Part {
  part: string;
  value: number;
  fill: string;
  colour: string;
}

/** A loop that polls in vain does so in its own code first; what is more than that it does in the kernel's. */
const inVain = ({ vain_s, user_s, system_s }: CostOfSide): number => Math.min(vain_s ?? 0, user_s + system_s);
const kernel = (side: CostOfSide): number => side.system_s - Math.max(0, inVain(side) - side.user_s);
const own = (side: CostOfSide): number => Math.max(0, side.user_s - inVain(side));

const costParts: {
  part: string;
  of: 'server' | 'client';
  colour: string;
  secondsOf: (side: CostOfSide) => number;
}[] = [
  { part: "server's own code", of: 'server', colour: '#0072b2', secondsOf: own },
  { part: 'kernel for the server', of: 'server', colour: '#d55e00', secondsOf: kernel },
  { part: 'server polling in vain', of: 'server', colour: '#b0b0b0', secondsOf: inVain },
  { part: "client's own code", of: 'client', colour: '#8ecae6', secondsOf: own },
  { part: 'kernel for the client', of: 'client', colour: '#f2b880', secondsOf: kernel },
  { part: 'client polling in vain', of: 'client', colour: '#dedede', secondsOf: inVain },
];

interface Contents {
  partsOf: (point: Point) => Part[];
  entries: LegendEntry[];
}

function barsOf(
  { run, summary }: ChartSource,
  measure: Shown,
  { partsOf, entries }: Contents,
  theme: Theme,
): Picture | null {
  const { manifest } = run;
  const { points } = summary;
  if (points.every((point) => measure.valueOf(point) === null)) return null;
  const placed = points.flatMap((point) =>
    facetsOf(point, null, manifest).map((facet) => ({ facet, point })),
  );
  const panels = [...Map.groupBy(placed, ({ facet }) => facet)].map(
    ([facet, ofPanel]) => [facet, ofPanel.map(({ point }) => point)] as const,
  );
  const room = labelRoom(
    points.map(({ label }) => label),
    WIDEST_LABELS,
    theme,
  );
  const width = innerWidth(theme, room + PLOT_WIDTH) - room;
  const beside = (width - PANEL_GAP - room) / 2;
  const columns = panels.length > 1 && beside >= NARROWEST ? 2 : 1;
  const panelWidth = columns === 2 ? beside : width;
  const bars = new Map(
    panels.map(([panel, ofPanel]) => [panel, ofPanel.map((point) => barOf(point, measure))]),
  );
  const unit_per_px = unitPerPx([...bars.values()].flat(), panelWidth, theme);
  const drawn = [...bars].map(([title, ofPanel]) =>
    barsPanel({ title, bars: ofPanel, measure: measure.title, width: panelWidth, room, unit_per_px }, theme),
  );
  return {
    title: `${capital(measure.title.replace(/ \(.*/, ''))}: ${manifest.title}`,
    datasets: {
      pieces: panels.flatMap(([panel, ofPanel]) =>
        ofPanel.flatMap((point) => piecesOf(panel, point, measure, partsOf)),
      ),
    },
    parts: [
      ...(entries.length > 0 ? [legend(entries, { width, left: room }, theme)] : []),
      drawn.length === 1 ? drawn[0] : { columns, spacing: PANEL_GAP, concat: drawn },
    ],
    width,
    left: room,
    warnings: mixture(manifest.systems),
    caption: [
      ...runState(manifest),
      `${capital(measure.title)} of ${trialRange(points)}.`,
      ...marksMeaning(points.map(measure.stateOf)),
    ],
    canFade: true,
  };
}

function barOf(point: Point, measure: Shown): Bar {
  const value = measure.valueOf(point);
  const published = measure.publishedOf(point);
  const of = { system: point.system, label: point.label, published };
  if (value === null) return { ...of, end: published ?? 0, text: 'no data' };
  const text = value >= 100 ? formatCount(Math.round(value)) : String(Number(value.toPrecision(3)));
  return { ...of, end: Math.max(value, published ?? 0), text: `${text}${marks[measure.stateOf(point)]}` };
}

function piecesOf(panel: string, point: Point, measure: Shown, partsOf: Contents['partsOf']): BarPiece[] {
  let from = 0;
  return partsOf(point).flatMap(({ part, value, fill, colour }) => {
    if (value <= 0) return [];
    const { system, label } = point;
    const piece = {
      panel,
      system,
      label,
      part,
      from,
      to: from + value,
      value,
      fill,
      colour,
      verdict: measure.stateOf(point),
    };
    from += value;
    return [piece];
  });
}
