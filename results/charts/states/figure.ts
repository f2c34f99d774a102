/**
 * The latencies of each system by state of the distance, as a Vega-Lite specification: two humps become two curves. One
 * panel for each operation (and number of clients and value size, where these differ), a row for each system and floor.
 */
import type { Point, Summary } from '../../formats/index.ts';
import { runState } from '../../sentences/caption.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { floorRows, isOfMeans, type SummaryRow } from '../../sentences/rows.ts';
import { MIXTURE } from '../../summary/distance/by-state.ts';
import { legend } from '../legend.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import { dashes } from '../theme/looks.ts';
import { stateColour } from '../theme/palette.ts';
import { labelRoom } from '../theme/row-labels.ts';
import { INK, innerWidth, type Theme, textWidth } from '../theme/theme.ts';
import { type DensityRow, densitiesOf, type HumpRow } from './densities.ts';
import { statesPanel } from './panel.ts';

const PANEL_WIDTH = 268;
const PANEL_GAP = 24;
const LABEL_WIDTH = 150;
/** Panels that would be narrower stand one below the other. */
const NARROWEST_PANEL = 170;

/** Null where nothing was measured in more than one state. */
export function statesPicture({ run, summary, distance }: ChartSource, theme: Theme): Picture | null {
  const { manifest } = run;
  const states = summary.distance?.states ?? [];
  const { densities, humps } = densitiesOf(run, distance, summary);
  if (humps.length === 0) return null;
  const colours = new Map(states.map(({ name }, index) => [name, stateColour(index)]));
  const panels = [...Map.groupBy(humps, (hump) => nameTarget(hump, humps))];
  const systems = [...new Map(humps.map(({ system, label }) => [system, label]))];
  const room = labelRoom(
    systems.map(([, label]) => label),
    LABEL_WIDTH,
    theme,
  );
  const width = innerWidth(theme, 2 * PANEL_WIDTH + PANEL_GAP + room);
  const beside = (width - room - PANEL_GAP) / 2;
  const columns = panels.length > 1 && beside >= NARROWEST_PANEL ? 2 : 1;
  const panelWidth = columns === 2 ? beside : width - room;
  // Pixels beside the humps, for a number.
  const besideHump = textWidth(theme, 'inside', '1,000') + 10;
  const all = { systems, colours, domain_us: domainOf(densities, besideHump / panelWidth), room };
  const entries = [
    ...[...colours].map(([label, fill]) => ({ label, fill })),
    { label: MIXTURE, line: { colour: INK, dash: dashes.none } },
  ];
  return {
    title: `Latency by state of the distance: ${manifest.title}`,
    datasets: { densities, humps },
    parts: [
      legend(entries, { width: width - room, left: room }, theme),
      {
        columns,
        spacing: PANEL_GAP,
        concat: panels.map(([name, ofPanel], index) =>
          statesPanel(name, ofPanel, { ...all, labelled: index % columns === 0, width: panelWidth }, theme),
        ),
      },
    ],
    width: width - room,
    left: room,
    warnings: [],
    caption: [
      ...runState(manifest),
      'Requests by latency in slices of one state, coloured, and in all slices, black: the areas are shares of all requests.',
      'Numbers: the p50 in the nearest and in the farthest state, in µs.',
      ...notDrawn(summary, humps),
    ],
    canFade: true,
  };
}

/** More than these are counted. */
const MOST_NAMED = 3;

/** What was measured and has too little of a second state. */
function notDrawn({ points, floors }: Summary, humps: HumpRow[]): string[] {
  const nameOf = (row: HumpRow | SummaryRow | Point): string => `${row.label} ${nameTarget(row, points)}`;
  const drawn = new Set(humps.map(nameOf));
  const rows = [...points, ...floorRows(floors.filter((floor) => !isOfMeans(floor)))];
  const without = rows.filter((row) => row.latency_us !== null && !drawn.has(nameOf(row)));
  if (without.length === 0) return [];
  const labels = [...new Set(without.map(({ label }) => label))];
  const which =
    labels.length <= MOST_NAMED
      ? labels.join('; ')
      : `${without.length} of ${rows.length} points, which stand in the tables`;
  return [`Not drawn, with too little of a second state: ${which}.`];
}

/** The same for all panels, with room for a number on either side, which takes this share of the width. */
function domainOf(densities: DensityRow[], numberShare: number): [number, number] {
  const latencies = densities.map(({ latency_us }) => latency_us);
  const low_us = latencies.reduce((a, b) => Math.min(a, b));
  const high_us = latencies.reduce((a, b) => Math.max(a, b));
  const beside = (high_us / low_us) ** (numberShare / (1 - 2 * numberShare));
  return [low_us / beside, high_us * beside];
}
