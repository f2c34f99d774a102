/** One panel of the latencies by state: a row for each system, a filled curve for each state and a line for all. */
import { MIXTURE } from '../../summary/distance/by-state.ts';
import { formatCount, formatUs } from '../../text/format.ts';
import { fadeMuted } from '../chart.ts';
import { inPanel } from '../measured-row.ts';
import { logTicks } from '../theme/log-ticks.ts';
import { INK, panelTitle, type Theme, textMark, ticksAcross, wrapText } from '../theme/theme.ts';
import { exactUs, tooltipOf } from '../tooltip.ts';
import type { HumpRow } from './densities.ts';

const ROW_HEIGHT = 36;
/** Between a label and the plot. */
const LABEL_GAP = 8;
/** Of a row, its highest curve. */
const CURVE_SHARE = 0.86;
/** A number stands at the 5th or 95th percentile, but no further from the median than a factor. */
const FAR_BESIDE = 1.8;
const GRID_COLOUR = '#e9e9e9';
const MOST_TICKS = 7;

/** The rows of a panel, names and labels; the colours of states; the axis; its size. */
export interface Rows {
  systems: [string, string][];
  colours: ReadonlyMap<string, string>;
  domain_us: [number, number];
  width: number;
  /** With the names of the systems left of it, in `room` pixels. */
  labelled: boolean;
  room: number;
}

export function statesPanel(title: string, humps: HumpRow[], rows: Rows, theme: Theme): object {
  const { systems, colours, domain_us, width, labelled, room } = rows;
  const names = systems.map(([system]) => system);
  const baseOf = (system: string): number => names.length - 1 - names.indexOf(system);
  const x = latencyScale(domain_us, ticksAcross(theme, width, formatCount(domain_us[1])));
  const rowHeight = Math.max(
    ROW_HEIGHT,
    ...systems.map(([, label]) => linesOf(label, room, theme).length * theme.text.value.lineHeight + 4),
  );
  const y = { type: 'quantitative', scale: { domain: [0, names.length], nice: false }, axis: null };
  return {
    title: panelTitle(theme, title),
    width,
    height: names.length * rowHeight,
    layer: [
      {
        data: { values: names.map((system) => ({ base: baseOf(system) })) },
        mark: { type: 'rule', color: GRID_COLOUR, aria: false },
        encoding: { y: { field: 'base', ...y } },
      },
      curves(humps, names, colours, x, y),
      ...medians(humps, baseOf, colours, [x, y], theme),
      ...(labelled ? [labels(systems, baseOf, y, room, theme)] : []),
    ],
    resolve: { scale: { color: 'independent' } },
  };
}

/** Filled for states, and a line for all of them. */
function curves(
  [first]: HumpRow[],
  names: string[],
  colours: ReadonlyMap<string, string>,
  x: object,
  y: object,
): object {
  const fields = Object.keys(first).filter((field) => field !== 'hump');
  const base = `${names.length - 1} - indexof(${JSON.stringify(names)}, datum.system)`;
  return {
    data: { name: 'densities' },
    transform: [
      { lookup: 'hump', from: { data: { name: 'humps' }, key: 'hump', fields } },
      { filter: `${inPanel(first)} && datum.operation === '${first.operation}'` },
      { calculate: base, as: 'base' },
      { calculate: `datum.base + ${CURVE_SHARE} * datum.share / datum.largest_share`, as: 'top' },
    ],
    encoding: {
      x: { field: 'latency_us', ...x },
      y: { field: 'top', ...y, stack: null },
      detail: { field: 'hump' },
      ...fadeMuted,
    },
    layer: [
      {
        transform: [{ filter: `datum.state !== '${MIXTURE}'` }],
        mark: { type: 'area', interpolate: 'monotone', fillOpacity: 0.75 },
        encoding: {
          y2: { field: 'base' },
          color: {
            field: 'state',
            type: 'nominal',
            scale: { domain: [...colours.keys()], range: [...colours.values()] },
            legend: null,
          },
          tooltip: { value: tooltip },
        },
      },
      {
        transform: [{ filter: `datum.state === '${MIXTURE}'` }],
        mark: { type: 'line', interpolate: 'monotone', strokeWidth: 0.9, color: INK },
      },
    ],
  };
}

const tooltip = tooltipOf([
  ['operation', 'upper(datum.operation)'],
  ['state', 'datum.state'],
  ['p50', exactUs('p50_us')],
  ['5 to 95 %', `${exactUs('p5_us')} + ' to ' + ${exactUs('p95_us')}`],
  ['slices', "format(datum.slices, ',')"],
  ['requests', "format(datum.requests, ',')"],
]);

/** In the states' colours: left of the nearest one's curve and right of the farthest one's. */
function medians(
  humps: HumpRow[],
  baseOf: (system: string) => number,
  colours: ReadonlyMap<string, string>,
  [x, y]: [object, object],
  theme: Theme,
): object[] {
  const bySystem = Map.groupBy(
    humps.filter(({ state }) => state !== MIXTURE),
    ({ system }) => system,
  );
  const ends = [...bySystem.values()].map((states) => ({ near: states[0], far: states.at(-1)! }));
  const at = (hump: HumpRow, beside_us: number): object => ({
    system: hump.system,
    base: baseOf(hump.system),
    beside_us,
    colour: colours.get(hump.state),
    number: [formatUs(hump.p50_us)],
  });
  const numbers = (values: object[], align: string, dx: number): object => ({
    data: { values },
    mark: {
      ...textMark(theme, 'inside'),
      baseline: 'bottom',
      color: { expr: 'datum.colour' },
      align,
      dx,
      dy: -3,
    },
    encoding: {
      x: { field: 'beside_us', ...x },
      y: { field: 'base', ...y },
      text: { field: 'number' },
      ...fadeMuted,
    },
  });
  return [
    numbers(
      ends.map(({ near }) => at(near, Math.max(near.p5_us, near.p50_us / FAR_BESIDE))),
      'right',
      -6,
    ),
    numbers(
      ends.map(({ far }) => at(far, Math.min(far.p95_us, FAR_BESIDE * far.p50_us))),
      'left',
      6,
    ),
  ];
}

function linesOf(label: string, room: number, theme: Theme): string[] {
  return wrapText(theme, 'value', label, room - LABEL_GAP);
}

function labels(
  systems: [string, string][],
  baseOf: (system: string) => number,
  y: object,
  room: number,
  theme: Theme,
): object {
  const values = systems.map(([system, label]) => {
    const lines = linesOf(label, room, theme);
    const up_px = -(theme.text.value.lineHeight / 2) * (lines.length - 1);
    return { system, base: baseOf(system) + 0.45, lines, up_px };
  });
  return {
    data: { values },
    mark: { ...textMark(theme, 'value'), align: 'right', baseline: 'middle', dy: { expr: 'datum.up_px' } },
    encoding: {
      x: { value: -LABEL_GAP },
      y: { field: 'base', ...y },
      text: { field: 'lines' },
      ...fadeMuted,
    },
  };
}

function latencyScale(domain_us: [number, number], most: number): object {
  return {
    type: 'quantitative',
    scale: { type: 'log', domain: domain_us, nice: false },
    axis: {
      title: 'latency (µs)',
      values: logTicks(domain_us, Math.min(MOST_TICKS, most)),
      format: ',~r',
      gridColor: GRID_COLOUR,
      domainColor: INK,
      ticks: false,
      labelPadding: 6,
    },
  };
}
