/** The breakdown's rows: a system or a floor near a quantile, and the pieces that its bar is cut into. */
import type { FloorPoint, Point, Summary } from '../../formats/index.ts';
import { marks, nameTarget } from '../../sentences/doubts.ts';
import { floorRows, isOfMeans, lastSystemOf } from '../../sentences/rows.ts';
import { type State, stateOf } from '../../summary/doubt.ts';
import { type BreakdownQuantile, breakdownQuantiles } from '../../summary/stages/breakdown.ts';
import { type StageOwner, stageOwners, stagesOf } from '../../summary/stages/stage.ts';
import { formatUs } from '../../text/format.ts';

export const FLOOR_OWNER = 'floor';
/** Share by which the stamped latency may differ from the one without before that is shown. */
const MUCH_OVERHEAD = 0.1;

/** A stage of a bar, as a row of the chart's dataset: flat, for spreadsheets too. */
export interface Piece {
  /** "GET", with what else tells the panel from others. */
  panel: string;
  quantile: BreakdownQuantile;
  /** What fades it: for a floor, the last of its systems. */
  system: string;
  label: string;
  /** Of the system or the floor itself. */
  row: string;
  stage: string;
  owner: string;
  us: number;
  share: number;
  from_us: number;
  to_us: number;
  from_share: number;
  to_share: number;
  latency_us: number;
  /** The worst of the stages' and of the quantile's. */
  verdict: State;
}

export interface BreakdownRow {
  row: string;
  system: string;
  label: string;
  total_us: number;
  /** What stands behind the bar, in lines. */
  total: string[];
  pieces: Piece[];
}

export interface Panel {
  name: string;
  quantile: BreakdownQuantile;
  /** Whether it has the rows that would be small beside those of the panel before. */
  isSmaller: boolean;
  rows: BreakdownRow[];
}

/** Systems whose bars would be shorter than the longest one by more than this have a panel of their own scale. */
const MUCH_SHORTER = 5;

/**
 * Panels for each target and quantile of which anything is known: one, or more where bars are of very unlike length. In
 * each, systems followed by their floors.
 */
export function breakdownPanels({ points, floors }: Summary): Panel[] {
  return [...Map.groupBy(points, (point) => nameTarget(point, points))].flatMap(([name, ofTarget]) =>
    breakdownQuantiles.flatMap((quantile) => {
      if (!ofTarget.some(({ breakdown }) => breakdown?.[quantile])) return [];
      const order = ofTarget.map(({ system }) => system);
      const systems = ofTarget.map((point) => ({
        total_us: point.breakdown?.[quantile]?.latency_us ?? 0,
        rows: [
          systemRow(name, point, quantile),
          ...floors
            .filter(
              (floor) => lastSystemOf(floor, order) === point.system && nameTarget(floor, points) === name,
            )
            .map((floor) => floorRow(name, floor, point.system, quantile)),
        ],
      }));
      return bySize(systems).map((rows, index) => ({ name, quantile, isSmaller: index > 0, rows }));
    }),
  );
}

interface SystemRows {
  total_us: number;
  rows: BreakdownRow[];
}

/** The rows of those that are much the same length as the longest one, then those of the others, in the same way. */
function bySize(systems: SystemRows[]): BreakdownRow[][] {
  const longest_us = Math.max(0, ...systems.map(({ total_us }) => total_us));
  const isShort = ({ total_us }: SystemRows): boolean => total_us > 0 && total_us * MUCH_SHORTER < longest_us;
  const short = systems.filter(isShort);
  const rows = systems.filter((system) => !isShort(system)).flatMap((system) => system.rows);
  return [rows, ...(short.length > 0 ? bySize(short) : [])];
}

function systemRow(panel: string, point: Point, quantile: BreakdownQuantile): BreakdownRow {
  const { system, label, breakdown } = point;
  const verdict = stateOf(point, ['stages', quantile]);
  const at = breakdown?.[quantile];
  const of = { panel, quantile, system, label, row: system, verdict };
  if (!at) return rowOf(of, null, []);
  let from_us = 0;
  const pieces = stagesOf(at).flatMap(({ stage, us }) => {
    if (us <= 0) return [];
    const made = pieceOf(of, stage.label, stageOwners[stage.owner], from_us, us, at.latency_us);
    from_us += us;
    return [made];
  });
  return rowOf(of, at.latency_us, pieces, quantile === 'p50' ? withoutStamps(point, at.latency_us) : []);
}

/** What stamping has changed, where that is much: the bar is then another one than that of the figure. */
function withoutStamps({ latency_us }: Point, stamped_us: number): string[] {
  if (!latency_us || Math.abs(stamped_us / latency_us.p50 - 1) < MUCH_OVERHEAD) return [];
  return [`unstamped ${formatUs(latency_us.p50)}`];
}

/** Of a floor whose samples are means of runs there is no p99. */
function floorRow(
  panel: string,
  floor: FloorPoint,
  system: string,
  quantile: BreakdownQuantile,
): BreakdownRow {
  const isKnown = !isOfMeans(floor) || quantile === 'p50';
  const us = (isKnown && floor.latency_us?.[quantile]) || null;
  const { label } = floorRows([floor])[0];
  const { name: row } = floor;
  const verdict = stateOf(floor, [quantile]);
  const of = { panel, quantile, system, label, row, verdict };
  return rowOf(of, us, us === null ? [] : [pieceOf(of, label, FLOOR_OWNER, 0, us, us)]);
}

type Owner = Pick<Piece, 'panel' | 'quantile' | 'system' | 'label' | 'row' | 'verdict'>;

function pieceOf(
  of: Owner,
  stage: string,
  owner: (typeof stageOwners)[StageOwner] | typeof FLOOR_OWNER,
  from_us: number,
  us: number,
  latency_us: number,
): Piece {
  const to_us = from_us + us;
  return {
    ...of,
    stage,
    owner,
    us: rounded(us),
    share: rounded(us / latency_us),
    from_us: rounded(from_us),
    to_us: rounded(to_us),
    from_share: rounded(from_us / latency_us),
    to_share: rounded(to_us / latency_us),
    latency_us: rounded(latency_us),
  };
}

/** To what a picture, or a reader, can tell. */
function rounded(value: number): number {
  return Math.round(value * 1e5) / 1e5;
}

function rowOf(
  { row, system, label, verdict }: Owner,
  us: number | null,
  pieces: Piece[],
  remark: string[] = [],
): BreakdownRow {
  const total = us === null ? ['no data'] : [`${formatUs(us)}${marks[verdict]}`, ...remark];
  return { row, system, label, total_us: us ?? 0, total, pieces };
}
