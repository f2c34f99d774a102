/** One panel of the breakdown: bars in microseconds, and beside them the same bars as shares of their latency. */

import { type StageOwner, stageOwners } from '../../summary/stages/stage.ts';
import { formatUs } from '../../text/format.ts';
import { fadeMuted } from '../chart.ts';
import { FLOOR_INK } from '../latency/floors.ts';
import { patternFill } from '../theme/patterns.ts';
import { labelHeight, rowEncoding, rowLabels } from '../theme/row-labels.ts';
import { INK, panelTitle, type Theme, textMark, textWidth, ticksAcross } from '../theme/theme.ts';
import { FLOOR_OWNER, type Panel, type Piece } from './rows.ts';

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

/** The colours of the pieces, by who did the work. */
function plainColours(): Map<string, string> {
  const owners = Object.keys(colours) as StageOwner[];
  const plain: [string, string][] = owners.map((owner) => [stageOwners[owner], colours[owner]]);
  return new Map([...plain, [FLOOR_OWNER, FLOOR_INK]]);
}

/** What fills them. */
export function coloursOf({ patterns }: Theme): Map<string, string> {
  const plain = plainColours();
  if (!patterns) return plain;
  return new Map([...plain].map(([name, colour], index) => [name, patternFill(colour, index)]));
}

const ROW_HEIGHT = 32;
export const VIEW_GAP = 30;

/** Pixels of labels, of the view in microseconds, and of that in shares; null where it is left out. */
export interface Sizes {
  room: number;
  absolute: number;
  share: number | null;
}

export function panelViews(panel: Panel, sizes: Sizes, theme: Theme): object {
  const rowHeight = Math.max(
    ROW_HEIGHT,
    labelHeight(
      panel.rows.map(({ label }) => label),
      sizes.room,
      theme,
    ) + 4,
  );
  const drawing = { panel, rowHeight, theme, colours: coloursOf(theme) };
  const absolute = absoluteView(drawing, sizes.absolute, sizes.room);
  if (sizes.share === null) return absolute;
  return { spacing: VIEW_GAP, hconcat: [absolute, shareView(drawing, sizes.share)] };
}

interface Drawing {
  panel: Panel;
  rowHeight: number;
  theme: Theme;
  colours: Map<string, string>;
}

function absoluteView(drawing: Drawing, width: number, room: number): object {
  const { panel, theme } = drawing;
  const { rows, name, quantile, isSmaller } = panel;
  // So that the longest bar ends at the edge, with its number.
  const roomOf = (total: string[]): number =>
    Math.max(1, width - 8 - Math.max(...total.map((line) => textWidth(theme, 'value', line))));
  const unit_per_px = Math.max(...rows.map(({ total_us, total }) => total_us / roomOf(total))) || 1 / width;
  const view = { from: 'from_us', to: 'to_us', x: xScale(unit_per_px * width), unit_per_px };
  const ticks = { tickCount: Math.min(5, ticksAcross(theme, width, '1,000')) };
  return viewOf(drawing, `${name}, ${quantile} (µs)${isSmaller ? ', enlarged' : ''}`, width, [
    bars(drawing, view, ticks, 'true'),
    numbers(drawing, view, ({ us, from_us, to_us }) => [formatUs(us), from_us, to_us]),
    {
      data: { values: rows.map(({ row, system, total_us, total }) => ({ row, system, total_us, total })) },
      mark: {
        ...textMark(theme, 'value'),
        align: 'left',
        baseline: 'middle',
        dx: 5,
        dy: { expr: `-${theme.text.value.lineHeight / 2} * (length(datum.total) - 1)` },
      },
      encoding: { x: { field: 'total_us', ...view.x }, text: { field: 'total' }, ...fadeMuted },
    },
    rowLabels(rows, room, theme, fadeMuted),
  ]);
}

/** Floors are of one piece and have no shares. */
function shareView(drawing: Drawing, width: number): object {
  const view = { from: 'from_share', to: 'to_share', x: xScale(1), unit_per_px: 1 / width };
  const notFloor = `datum.owner !== '${FLOOR_OWNER}'`;
  return viewOf(drawing, 'share of the latency (%)', width, [
    bars(drawing, view, { labelExpr: 'round(datum.value * 100)', tickCount: 5 }, notFloor),
    numbers(drawing, view, ({ share, from_share, to_share }) => [
      String(Math.round(share * 100)),
      from_share,
      to_share,
    ]),
  ]);
}

/** What the two views of a panel differ in. */
interface View {
  from: string;
  to: string;
  x: object;
  unit_per_px: number;
}

function xScale(end: number): object {
  return { type: 'quantitative', scale: { domain: [0, end], nice: false } };
}

function viewOf({ panel, rowHeight, theme }: Drawing, title: string, width: number, layer: object[]): object {
  const { rows } = panel;
  return {
    title: panelTitle(theme, title),
    width,
    height: rows.length * rowHeight,
    encoding: {
      y: rowEncoding(rows, 0.3),
    },
    layer,
    resolve: { scale: { color: 'independent' } },
  };
}

function bars({ panel, colours }: Drawing, { from, to, x }: View, ticks: object, which: string): object {
  const { name, quantile, rows } = panel;
  const scale = { domain: [...colours.keys()], range: [...colours.values()] };
  const axis = { title: null, grid: true, gridColor: '#e2e2e2', domain: false, ticks: false, ...ticks };
  const outline = { domain: [...colours.keys()], range: [...plainColours().values()] };
  const owner = { field: 'owner', type: 'nominal', legend: null };
  const here = `indexof(${JSON.stringify(rows.map(({ row }) => row))}, datum.row) >= 0`;
  const hollow = "datum.verdict === 'invalid'";
  return {
    data: { name: 'stages' },
    transform: [
      { filter: `datum.panel === '${name}' && datum.quantile === '${quantile}' && ${which} && ${here}` },
    ],
    mark: { type: 'bar', strokeWidth: 0.6 },
    encoding: {
      x: { field: from, ...x, axis },
      x2: { field: to },
      color: { ...owner, scale },
      fillOpacity: { condition: { test: hollow, value: 0 }, value: 1 },
      stroke: { condition: { test: hollow, ...owner, scale: outline }, value: 'white' },
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
  { panel, theme }: Drawing,
  { x, unit_per_px }: View,
  tell: (piece: Piece) => [text: string, from: number, to: number],
): object {
  const values = panel.rows.flatMap(({ pieces }) =>
    pieces.flatMap((piece) => {
      const [number, from, to] = tell(piece);
      const fits = textWidth(theme, 'inside', number) + 4 <= (to - from) / unit_per_px;
      if (!fits || piece.owner === FLOOR_OWNER) return [];
      const white = !theme.patterns && dark.has(piece.owner) && piece.verdict !== 'invalid';
      const { row, system, label, stage, us, share, latency_us, verdict } = piece;
      const shown = { row, system, label, stage, us, share, latency_us, verdict };
      return [{ ...shown, middle: (from + to) / 2, number, white }];
    }),
  );
  return {
    data: { values },
    mark: { ...textMark(theme, 'inside'), baseline: 'middle' },
    encoding: {
      x: { field: 'middle', ...x },
      text: { field: 'number' },
      color: { condition: { test: 'datum.white', value: 'white' }, value: INK },
      tooltip: { value: { expr: TOOLTIP } },
      ...fadeMuted,
    },
  };
}
