/**
 * Floors over an axis: dotted grey lines, thinner than those of systems, through the points at which the devices were
 * measured by themselves. What backs no claim is not drawn.
 */
import type { Axis, FloorPoint, Manifest } from '../../formats/index.ts';
import { FLOOR_MEANING } from '../../sentences/caption.ts';
import { fadeMuted } from '../chart.ts';
import type { LegendEntry } from '../legend.ts';
import { type MeasuredRow, measuredRow } from '../measured-row.ts';
import type { Look, Looks } from '../theme/looks.ts';
import { pointTooltip } from '../tooltip.ts';
import { placesAlong } from './axes.ts';
import type { Shown } from './measures.ts';

/** A row of the dataset `floors`. */
export interface FloorRow extends MeasuredRow {
  panel: string;
  x: number;
  y: number;
}

/** In these panels; none of a measure that floors do not bound. */
export function floorRows(
  floors: readonly FloorPoint[],
  axis: Axis,
  measure: Shown,
  panels: readonly string[],
  manifest: Manifest,
): FloorRow[] {
  if (!measure.hasFloors) return [];
  return floors.flatMap((floor) => {
    const y = measure.valueOf(floor);
    if (y === null || measure.stateOf(floor) === 'invalid') return [];
    return placesAlong(floor, axis, manifest)
      .filter(({ panel }) => panels.includes(panel))
      .map(({ panel, x }) => ({ ...measuredRow({ ...floor, system: floor.name }), panel, x, y }));
  });
}

export function floorEntries(rows: readonly FloorRow[], looks: Looks): LegendEntry[] {
  return [...new Map(rows.map(({ system, label }) => [system, label]))].map(([system, label]) => {
    const { colour, shape, dash } = looks.get(system)!;
    return { system, label, line: { colour, dash }, mark: { colour, shape } };
  });
}

/** For the caption. */
export function floorMeaning(rows: readonly FloorRow[]): string[] {
  return rows.length === 0 ? [] : [`Dotted: floors, ${FLOOR_MEANING}.`];
}

/** The layer below those of the systems, on the same places; none without rows. */
export function floorLayers(
  rows: readonly FloorRow[],
  panel: string,
  places: { x: object; y: object },
  looks: Looks,
  tooltip: [string, string][],
): object[] {
  if (!rows.some((row) => row.panel === panel)) return [];
  const scaleOf = (what: keyof Look): object => ({
    domain: [...looks.keys()],
    range: [...looks.values()].map((look) => look[what]),
  });
  const colour = { field: 'system', type: 'nominal', scale: scaleOf('colour'), legend: null };
  return [
    {
      data: { name: 'floors' },
      transform: [{ filter: `datum.panel === ${JSON.stringify(panel)}` }],
      encoding: { ...places, ...fadeMuted },
      layer: [
        {
          mark: { type: 'line', strokeWidth: 1.2, strokeJoin: 'round', clip: true },
          encoding: {
            color: colour,
            order: { field: 'x', type: 'quantitative' },
            strokeDash: { field: 'system', type: 'nominal', scale: scaleOf('dash'), legend: null },
          },
        },
        {
          mark: { type: 'point', filled: true, size: 16 },
          encoding: {
            shape: { field: 'system', type: 'nominal', scale: scaleOf('shape'), legend: null },
            fill: colour,
            tooltip: { value: pointTooltip(tooltip) },
          },
        },
      ],
    },
  ];
}
