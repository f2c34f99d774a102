/**
 * The latencies of each system by state of the distance, as a Vega-Lite specification: two humps become two curves. One
 * panel for each operation (and number of clients and value size, where these differ), a row for each system and floor.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Summary } from '../../formats/index.ts';
import type { Run } from '../../run/run-folder.ts';
import { runState } from '../../sentences/caption.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { MIXTURE } from '../../summary/distance/by-state.ts';
import type { RunDistance } from '../../summary/distance/run-distance.ts';
import { mutedSystems } from '../chart.ts';
import { legendPlace } from '../legend.ts';
import {
  captionBlock,
  figureConfig,
  figureFrame,
  INK,
  textBlock,
  titleStyle,
  VALUE_SIZE,
} from '../theme/figure-text.ts';
import { placeInRows } from '../theme/legend-rows.ts';
import { stateColour } from '../theme/palette.ts';
import { type DensityRow, densitiesOf } from './densities.ts';
import { PANEL_GAP, PANEL_WIDTH, statesPanel } from './panel.ts';

const width = 2 * PANEL_WIDTH + PANEL_GAP;
const SWATCH_WIDTH = 14;

/** Null where nothing was measured in more than one state. */
export function statesSpec(run: Run, distance: RunDistance, summary: Summary): TopLevelSpec | null {
  const { manifest } = run;
  const states = summary.distance?.states ?? [];
  const { densities, humps } = densitiesOf(run, distance, summary);
  if (humps.length === 0) return null;
  const colours = new Map(states.map(({ name }, index) => [name, stateColour(index)]));
  const panels = [...Map.groupBy(humps, (hump) => nameTarget(hump, humps))];
  const systems = [...new Map(humps.map(({ system, label }) => [system, label]))];
  const all = { systems, colours, domain_us: domainOf(densities) };
  return {
    ...figureFrame,
    params: [mutedSystems],
    datasets: { densities, humps },
    vconcat: [
      textBlock([`Latency by state of the distance: ${manifest.title}`], width, titleStyle),
      legend(colours),
      {
        columns: 2,
        spacing: PANEL_GAP,
        concat: panels.map(([name, ofPanel], index) =>
          statesPanel(name, ofPanel, all, panels.length === 1 ? width : PANEL_WIDTH, index % 2 === 0),
        ),
      },
      captionBlock(
        [
          ...runState(manifest),
          'Requests by latency in slices of one state, coloured, and in all slices, black: the areas are shares of all requests.',
          'Numbers: the p50 in the nearest and in the farthest state, in µs.',
        ],
        width,
      ),
    ].filter((part) => part !== null),
    config: figureConfig,
  } as TopLevelSpec;
}

/** Pixels beside the humps, for a number. */
const NUMBER_ROOM = 38;

/** The same for all panels, with room for a number on either side. */
function domainOf(densities: DensityRow[]): [number, number] {
  const latencies = densities.map(({ latency_us }) => latency_us);
  const low_us = latencies.reduce((a, b) => Math.min(a, b));
  const high_us = latencies.reduce((a, b) => Math.max(a, b));
  const beside = (high_us / low_us) ** (NUMBER_ROOM / (PANEL_WIDTH - 2 * NUMBER_ROOM));
  return [low_us / beside, high_us * beside];
}

/** What the colours are, and the line. */
function legend(colours: ReadonlyMap<string, string>): object {
  const entries = [...colours, [MIXTURE, INK]].map(([label, colour]) => ({ label, colour }));
  const { placed, height } = placeInRows(entries, SWATCH_WIDTH, width);
  const values = placed.map((entry) => ({ ...entry, words: [entry.label] }));
  return {
    width,
    height,
    data: { values },
    encoding: { y: legendPlace('y') },
    layer: [
      {
        transform: [{ filter: `datum.label !== '${MIXTURE}'` }],
        mark: {
          type: 'point',
          shape: 'square',
          filled: true,
          size: 110,
          opacity: 1,
          fill: { expr: 'datum.colour' },
        },
        encoding: { x: legendPlace('mark') },
      },
      {
        transform: [{ filter: `datum.label === '${MIXTURE}'` }],
        mark: { type: 'rule', stroke: { expr: 'datum.colour' } },
        encoding: { x: legendPlace('from'), x2: { field: 'to' } },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', fontSize: VALUE_SIZE, color: INK },
        encoding: { x: legendPlace('text'), text: { field: 'words' } },
      },
    ],
  };
}
