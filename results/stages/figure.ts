/**
 * The breakdown as a figure: for each operation, near the p50 and near the p99, a bar for each system that runs from the
 * request's sending on the left to its reply's arrival on the right, cut at the stages, in microseconds and in shares; and
 * a bar for each floor.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { FloorPoint, Manifest, Point, Summary } from '../bundle.ts';
import { nameTarget } from '../doubts.ts';
import { floorInk } from '../figure-floors.ts';
import { figureFrame, ink, labelSize, textBlock, textStyles, valueSize } from '../figure-frame.ts';
import { textWidth, wrapText } from '../font.ts';
import { formatPercent, formatUs } from '../format.ts';
import { isOfMeans } from '../rows.ts';
import { type BreakdownQuantile, breakdownQuantiles } from './breakdown.ts';
import { type StageOwner, stageNamed, stageOwners } from './stage.ts';

/** Light for the client, dark for the server, one hue for each kind of work; orange for what a server is for. */
const colours: Record<StageOwner, string> = {
  client_libos: '#8ecae6',
  client_device: '#8fd3b6',
  between: '#dcdcdc',
  server_device: '#00805a',
  server_libos: '#1f6fb2',
  application: '#e69f00',
  unsplit: '#a3a3a3',
  rest: '#f3ecdc',
};
const lightInk = new Set<StageOwner>(['server_device', 'server_libos']);

const panelWidth = { absolute: 330, share: 390 };
const rowHeight = 32;
const labelWidth = 150;
const floorName = 'floor';
const numberSize = 9.5;

/** A stage of a bar. `from` and `to` are in the unit of the panel's axis. */
type Cut = {
  row: string;
  owner: string;
  stage: string;
  from: number;
  to: number;
  us: number;
  share: string;
  hollow: boolean;
  light: boolean;
};
type Row = { row: string; lines: string[]; total_us: number; total: string; cuts: Cut[] };

/** Null where no point has a breakdown. */
export function breakdownSpec(manifest: Manifest, summary: Summary): TopLevelSpec | null {
  const targets = [...Map.groupBy(summary.points, (point) => nameTarget(point, summary.points))];
  const panels = targets.filter(([, points]) => points.some(({ breakdown }) => breakdown));
  if (panels.length === 0) return null;
  const width = panelWidth.absolute + panelWidth.share + 60;
  return figureFrame([
    textBlock([`Where the time goes: ${manifest.title}`], width, textStyles.title),
    legend(width),
    ...panels.flatMap(([name, points]) =>
      breakdownQuantiles.flatMap((quantile) => {
        const rows = rowsOf(points, summary.floors, quantile);
        if (rows.every(({ cuts }) => cuts.length === 0)) return [];
        return [{ spacing: 30, hconcat: [absolutePanel(`${name}, ${quantile}`, rows), sharePanel(rows)] }];
      }),
    ),
    textBlock([captionOf(summary, manifest).join(' ')], width, textStyles.caption),
  ]);
}

function captionOf({ points }: Summary, { plan }: Manifest): string[] {
  const overheads = points.flatMap(({ probe_overhead }) => probe_overhead?.ratio ?? []);
  const most = Math.max(...overheads);
  const least = Math.min(...overheads);
  const unsplit = [
    ...new Set(
      points.filter(({ breakdown }) => breakdown?.p50?.stages_us.server_and_kernel).map(({ label }) => label),
    ),
  ];
  return [
    'Bars: means over the stamped requests whose latency is near the quantile (ranks 45 to 55 % for the p50, 98.5 to 99.5 % ' +
      'for the p99), from sending on the left to receiving on the right; the stages of a bar add up to its latency.',
    ...(unsplit.length > 0
      ? [
          `${unsplit.join(' and ')} cannot be stamped: of the server's part only its commands' own account is told apart.`,
        ]
      : []),
    ...(overheads.length > 0
      ? [
          `Stamping changed the p50 by ${signedPercent(least - 1)} to ${signedPercent(most - 1)}; the bars of the figure are ` +
            'measured without.',
        ]
      : []),
    ...(plan.stages ? [`One window of a third of a millisecond in ${plan.stages.every} was stamped.`] : []),
    'Floors: the same exchange with nothing of the system but its device; not split.',
  ];
}

function signedPercent(share: number): string {
  return `${share < 0 ? '−' : '+'}${formatPercent(Math.abs(share))}`;
}

/** Systems, each followed by its floors. */
function rowsOf(points: Point[], floors: FloorPoint[], quantile: BreakdownQuantile): Row[] {
  return points.flatMap((point) => [
    ...systemRow(point, quantile),
    ...floors
      .filter(({ system, operation }) => system === point.system && operation === point.operation)
      .flatMap((floor) => floorRow(floor, quantile)),
  ]);
}

function systemRow(point: Point, quantile: BreakdownQuantile): Row[] {
  const at = point.breakdown?.[quantile];
  if (!at) return [rowOf(point.system, point.label, null, point.verdict, [])];
  let from_us = 0;
  const cuts = Object.entries(at.stages_us).flatMap(([name, us]) => {
    if (!us || us <= 0) return [];
    const { label, owner } = stageNamed(name);
    const cut = cutOf(point, owner, label, from_us, us, at.latency_us);
    from_us += us;
    return [cut];
  });
  return [rowOf(point.system, point.label, at.latency_us, point.verdict, cuts)];
}

/** Of a floor whose samples are means of runs there is no p99. */
function floorRow(floor: FloorPoint, quantile: BreakdownQuantile): Row[] {
  const told = !isOfMeans(floor) || quantile === 'p50';
  const us = (told && floor.latency_us?.[quantile]) || null;
  const label = `floor: ${floor.label}`;
  if (us === null) return [rowOf(floor.name, label, null, floor.verdict, [])];
  const cut: Cut = { ...cutOf(floor, 'rest', label, 0, us, us), row: floor.name, owner: floorName };
  return [rowOf(floor.name, label, us, floor.verdict, [cut])];
}

function cutOf(
  { system, verdict }: Pick<Point, 'system' | 'verdict'>,
  owner: StageOwner,
  stage: string,
  from_us: number,
  us: number,
  whole_us: number,
): Cut {
  return {
    row: system,
    owner: stageOwners[owner],
    stage,
    from: from_us,
    to: from_us + us,
    us,
    share: formatPercent(us / whole_us),
    hollow: verdict === 'invalid',
    light: lightInk.has(owner),
  };
}

function rowOf(row: string, label: string, us: number | null, verdict: Point['verdict'], cuts: Cut[]): Row {
  const lines = wrapText(label, labelWidth - 10, valueSize);
  const total = us === null ? 'no data' : `${formatUs(us)}${verdict === 'valid' ? '' : ` ${verdict}`}`;
  return { row, lines, total_us: us ?? 0, total, cuts };
}

function absolutePanel(title: string, rows: Row[]): object {
  const width = panelWidth.absolute;
  const longest_us = Math.max(...rows.map(({ total_us }) => total_us)) || 1;
  const room = Math.max(...rows.map(({ total }) => textWidth(total, valueSize))) + 8;
  const us_per_px = longest_us / (width - room);
  const x = xScale(us_per_px * width);
  const cuts = rows.flatMap((row) => row.cuts);
  return panel(rows, `${title} (µs)`, width, [
    bars(cuts, x, { tickCount: 5 }),
    numbers(cuts, x, us_per_px, ({ us }) => formatUs(us)),
    {
      data: { values: rows.map(({ row, total_us, total }) => ({ row, total_us, total })) },
      mark: { type: 'text', align: 'left', baseline: 'middle', dx: 5, fontSize: valueSize, color: ink },
      encoding: { x: { field: 'total_us', ...x }, text: { field: 'total' } },
    },
    rowLabels(rows),
  ]);
}

/** Floors are of one piece and have no shares. */
function sharePanel(rows: Row[]): object {
  const width = panelWidth.share;
  const x = xScale(1);
  const cuts = rows.flatMap((row) =>
    row.cuts
      .filter(({ owner }) => owner !== floorName)
      .map((cut) => ({ ...cut, from: cut.from / row.total_us, to: cut.to / row.total_us })),
  );
  return panel(rows, 'share of the latency', width, [
    bars(cuts, x, { format: '.0%', tickCount: 5 }),
    numbers(cuts, x, 1 / width, ({ from, to }) => `${Math.round((to - from) * 100)}`),
  ]);
}

function xScale(end: number): object {
  return { type: 'quantitative', scale: { domain: [0, end], nice: false } };
}

function panel(rows: Row[], title: string, width: number, layer: object[]): object {
  return {
    title: { text: [title], anchor: 'start', frame: 'group', fontSize: labelSize, color: ink },
    width,
    height: rows.length * rowHeight,
    encoding: {
      y: {
        field: 'row',
        type: 'nominal',
        sort: null,
        scale: { domain: rows.map(({ row }) => row), paddingInner: 0.3, paddingOuter: 0.15 },
        axis: null,
      },
    },
    layer,
    resolve: { scale: { color: 'independent' } },
  };
}

const colourScale = {
  domain: [...Object.values(stageOwners), floorName],
  range: [...Object.values(colours), floorInk],
};

function bars(cuts: Cut[], x: object, ticks: object): object {
  const axis = { title: null, grid: true, gridColor: '#e2e2e2', domain: false, ticks: false, ...ticks };
  const owner = { field: 'owner', type: 'nominal', scale: colourScale, legend: null };
  return {
    data: { values: cuts },
    mark: { type: 'bar', strokeWidth: 0.6 },
    encoding: {
      x: { field: 'from', ...x, axis },
      x2: { field: 'to' },
      color: owner,
      fillOpacity: { condition: { test: 'datum.hollow', value: 0 }, value: 1 },
      stroke: { condition: { test: 'datum.hollow', ...owner }, value: 'white' },
      tooltip: [
        { field: 'stage', title: 'stage' },
        { field: 'us', title: 'µs', format: '.2f' },
        { field: 'share', title: 'share' },
      ],
    },
  };
}

/** The stages' values, in those that are wide enough. */
function numbers(cuts: Cut[], x: object, unit_per_px: number, format: (cut: Cut) => string): object {
  const values = cuts.flatMap((cut) => {
    const number = format(cut);
    const fits = textWidth(number, numberSize) + 4 <= (cut.to - cut.from) / unit_per_px;
    if (!fits || cut.owner === floorName) return [];
    const { row, from, to, light, hollow } = cut;
    return [{ row, middle: (from + to) / 2, number, light, hollow }];
  });
  return {
    data: { values },
    mark: { type: 'text', fontSize: numberSize, baseline: 'middle' },
    encoding: {
      x: { field: 'middle', ...x },
      text: { field: 'number' },
      color: { condition: { test: 'datum.light && !datum.hollow', value: 'white' }, value: ink },
    },
  };
}

function rowLabels(rows: Row[]): object {
  return {
    data: { values: rows.map(({ row, lines }) => ({ row, lines, up_px: -6.5 * (lines.length - 1) })) },
    mark: {
      type: 'text',
      align: 'right',
      baseline: 'middle',
      fontSize: valueSize,
      lineHeight: 13,
      color: ink,
      dy: { expr: 'datum.up_px' },
    },
    encoding: { x: { value: -8 }, text: { field: 'lines' } },
  };
}

/** Squares and words in rows, in the order in which a request meets them. */
function legend(width: number): object {
  const columns = 5;
  const columnWidth = (width + labelWidth) / columns;
  const values = colourScale.domain.map((owner, index) => ({
    owner,
    words: [owner],
    x: (index % columns) * columnWidth - labelWidth,
    y: Math.floor(index / columns) * 18 + 6,
  }));
  const place = {
    x: { field: 'x', type: 'quantitative', scale: null },
    y: { field: 'y', type: 'quantitative', scale: null },
  };
  return {
    width,
    height: Math.ceil(values.length / columns) * 18,
    data: { values },
    encoding: place,
    layer: [
      {
        mark: { type: 'square', size: 130, opacity: 1 },
        encoding: { color: { field: 'owner', type: 'nominal', scale: colourScale, legend: null } },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 11, fontSize: valueSize, color: ink },
        encoding: { text: { field: 'words' } },
      },
    ],
  };
}
