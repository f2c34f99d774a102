/** One panel of the breakdown: bars in microseconds, and beside them the same bars as shares of their latency. */

import { type StageOwner, stageOwners } from '../../summary/stages/stage.ts';
import { formatUs } from '../../text/format.ts';
import { fadeMuted } from '../chart.ts';
import { FLOOR_INK } from '../latency/floors.ts';
import { INK, LABEL_SIZE, VALUE_SIZE } from '../theme/figure-text.ts';
import { textWidth } from '../theme/font.ts';
import { rowEncoding, rowLabels } from '../theme/row-labels.ts';
import { type BreakdownRow, FLOOR_OWNER, type Panel, type Piece } from './rows.ts';

/** Light for the client, dark for the server, one hue for each kind of work; orange for what a server is for. */
const colours: Record<StageOwner, string> = {
  schedule: '#cc79a7',
  client_libos: '#8ecae6',
  client_device: '#8fd3b6',
  between: '#dcdcdc',
  server_device: '#00805a',
  server_libos: '#1f6fb2',
  application: '#e69f00',
  unsplit: '#a3a3a3',
  rest: '#f3ecdc',
};
const dark = new Set<string>([stageOwners.server_device, stageOwners.server_libos]);

export const colourScale = {
  domain: [...Object.values(stageOwners), FLOOR_OWNER],
  range: [...Object.values(colours), FLOOR_INK],
};

export const panelWidth = { absolute: 330, share: 390 };
export const LABEL_WIDTH = 150;
const ROW_HEIGHT = 32;
const NUMBER_SIZE = 9.5;

export function panelPair(panel: Panel): object {
  return { spacing: 30, hconcat: [absoluteView(panel), shareView(panel)] };
}

/** What the two views of a panel differ in. */
interface View {
  from: string;
  to: string;
  x: object;
  unit_per_px: number;
}

function absoluteView(panel: Panel): object {
  const { rows, name, quantile } = panel;
  const width = panelWidth.absolute;
  const longest_us = Math.max(...rows.map(({ total_us }) => total_us)) || 1;
  const room = Math.max(...rows.map(({ total }) => textWidth(total, VALUE_SIZE))) + 8;
  const unit_per_px = longest_us / (width - room);
  const view = { from: 'from_us', to: 'to_us', x: xScale(unit_per_px * width), unit_per_px };
  return viewOf(rows, `${name}, ${quantile} (µs)`, width, [
    bars(panel, view, { tickCount: 5 }, 'true'),
    numbers(rows, view, ({ us, from_us, to_us }) => [formatUs(us), from_us, to_us]),
    {
      data: { values: rows.map(({ row, system, total_us, total }) => ({ row, system, total_us, total })) },
      mark: { type: 'text', align: 'left', baseline: 'middle', dx: 5, fontSize: VALUE_SIZE, color: INK },
      encoding: { x: { field: 'total_us', ...view.x }, text: { field: 'total' }, ...fadeMuted },
    },
    rowLabels(rows, LABEL_WIDTH - 10, fadeMuted),
  ]);
}

/** Floors are of one piece and have no shares. */
function shareView(panel: Panel): object {
  const width = panelWidth.share;
  const view = { from: 'from_share', to: 'to_share', x: xScale(1), unit_per_px: 1 / width };
  const notFloor = `datum.owner !== '${FLOOR_OWNER}'`;
  return viewOf(panel.rows, 'share of the latency (%)', width, [
    bars(panel, view, { labelExpr: 'round(datum.value * 100)', tickCount: 5 }, notFloor),
    numbers(panel.rows, view, ({ share, from_share, to_share }) => [
      String(Math.round(share * 100)),
      from_share,
      to_share,
    ]),
  ]);
}

function xScale(end: number): object {
  return { type: 'quantitative', scale: { domain: [0, end], nice: false } };
}

function viewOf(rows: BreakdownRow[], title: string, width: number, layer: object[]): object {
  return {
    title: { text: [title], anchor: 'start', frame: 'group', fontSize: LABEL_SIZE, color: INK },
    width,
    height: rows.length * ROW_HEIGHT,
    encoding: {
      y: rowEncoding(rows, 0.3),
    },
    layer,
    resolve: { scale: { color: 'independent' } },
  };
}

function bars({ name, quantile }: Panel, { from, to, x }: View, ticks: object, which: string): object {
  const axis = { title: null, grid: true, gridColor: '#e2e2e2', domain: false, ticks: false, ...ticks };
  const owner = { field: 'owner', type: 'nominal', scale: colourScale, legend: null };
  const hollow = "datum.verdict === 'invalid'";
  return {
    data: { name: 'stages' },
    transform: [{ filter: `datum.panel === '${name}' && datum.quantile === '${quantile}' && ${which}` }],
    mark: { type: 'bar', strokeWidth: 0.6 },
    encoding: {
      x: { field: from, ...x, axis },
      x2: { field: to },
      color: owner,
      fillOpacity: { condition: { test: hollow, value: 0 }, value: 1 },
      stroke: { condition: { test: hollow, ...owner }, value: 'white' },
      tooltip: { value: { expr: TOOLTIP } },
      ...fadeMuted,
    },
  };
}

/** A Vega expression: of a floor there is one piece, and no share. */
const TOOLTIP =
  "{title: datum.label, 'stage': datum.stage, 'mean': format(datum.us, ',.3f') + ' µs', " +
  "'share': format(100 * datum.share, '.1f') + ' %', " +
  "'latency there': format(datum.latency_us, ',.3f') + ' µs', 'verdict': datum.verdict}";

/** The pieces' values, in those that are wide enough; they tell the same as the pieces that they lie on. */
function numbers(
  rows: BreakdownRow[],
  { x, unit_per_px }: View,
  tell: (piece: Piece) => [text: string, from: number, to: number],
): object {
  const values = rows.flatMap(({ pieces }) =>
    pieces.flatMap((piece) => {
      const [number, from, to] = tell(piece);
      const fits = textWidth(number, NUMBER_SIZE) + 4 <= (to - from) / unit_per_px;
      if (!fits || piece.owner === FLOOR_OWNER) return [];
      const white = dark.has(piece.owner) && piece.verdict !== 'invalid';
      const { row, system, label, stage, us, share, latency_us, verdict } = piece;
      const shown = { row, system, label, stage, us, share, latency_us, verdict };
      return [{ ...shown, middle: (from + to) / 2, number, white }];
    }),
  );
  return {
    data: { values },
    mark: { type: 'text', fontSize: NUMBER_SIZE, baseline: 'middle' },
    encoding: {
      x: { field: 'middle', ...x },
      text: { field: 'number' },
      color: { condition: { test: 'datum.white', value: 'white' }, value: INK },
      tooltip: { value: { expr: TOOLTIP } },
      ...fadeMuted,
    },
  };
}
