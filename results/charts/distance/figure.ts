/**
 * A run over time, as a Vega-Lite specification: the distance of the two cores above, the p50 of each slice below, one
 * panel for each operation (and number of clients and value size, where these differ).
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Manifest, Summary } from '../../formats/index.ts';
import { type Run, sameTarget } from '../../run/run-folder.ts';
import { runState } from '../../sentences/caption.ts';
import { comparedIn } from '../../sentences/distance.ts';
import { listed, nameTarget } from '../../sentences/doubts.ts';
import type { RunDistance } from '../../summary/distance/run-distance.ts';
import { mutedSystems } from '../chart.ts';
import { fadingLegend, legendMark, legendPlace } from '../legend.ts';
import { captionBlock, figureConfig, figureFrame, textBlock, titleStyle } from '../theme/figure-text.ts';
import { placeInRows } from '../theme/legend-rows.ts';
import { SIDE_WIDTH } from './annotations.ts';
import { distancePanel, latencyPanel } from './panel.ts';
import { PLOT_WIDTH, usualDistances, usualLatencies, type View } from './scales.ts';
import { type SubjectRow, subjectRows } from './subjects.ts';
import { keepExtremes } from './thin.ts';
import { type ReadingRow, type SliceRow, timelineOf } from './timeline.ts';

const width = PLOT_WIDTH + SIDE_WIDTH;
/** More points than these lie on each other in a plot of this size. */
const MOST_POINTS = 2500;
const DOT_WIDTH = 9;

/** Null where no distance was measured. */
export function distanceSpec(run: Run, distance: RunDistance, summary: Summary): TopLevelSpec | null {
  const { manifest } = run;
  if (!summary.distance) return null;
  const timeline = timelineOf(run, distance, summary);
  if (timeline.readings.length === 0) return null;
  const readings = keepExtremes(timeline.readings, MOST_POINTS, ({ distance_ns }) => distance_ns, groupOf);
  const slices = keepExtremes(timeline.slices, MOST_POINTS, ({ p50_us }) => p50_us, groupOf);
  const measured = new Set(timeline.measurements.map(({ subject }) => subject));
  const subjects = subjectRows(manifest).filter(({ subject }) => measured.has(subject));
  const thinned = readings.length < timeline.readings.length || slices.length < timeline.slices.length;
  const [farthest_ns, slowest_us] = [usualDistances(readings).at(-1)!, usualLatencies(slices).at(-1)];
  const beyond =
    readings.some(({ distance_ns }) => distance_ns > farthest_ns) ||
    slices.some(({ p50_us }) => slowest_us !== undefined && p50_us > slowest_us);
  const view: View = { ...timeline, readings, slices, states: summary.distance.states };
  const targets = manifest.plan.measurements.filter((target) =>
    timeline.measurements.some((measurement) => sameTarget(measurement, target)),
  );
  return {
    ...figureFrame,
    params: [mutedSystems],
    datasets: { subjects, measurements: timeline.measurements, readings, slices },
    vconcat: [
      textBlock([`Distance of the cores: ${manifest.title}`], width, titleStyle),
      legend(subjects),
      distancePanel(view, targets.length === 0),
      ...targets.map((target, index) =>
        latencyPanel(target, nameTarget(target, targets), view, targets.length, index === targets.length - 1),
      ),
      captionBlock(caption(manifest, summary, { thinned, beyond }), width),
    ].filter((part) => part !== null),
    config: figureConfig,
  } as TopLevelSpec;
}

/** Neighbours are those of one measurement and one state. */
function groupOf({ measurement, state }: ReadingRow | SliceRow): string {
  return `${measurement} ${state}`;
}

/** A dot and a label for each system; its entries fade systems. */
function legend(subjects: SubjectRow[]): object {
  const named = subjects.filter(({ subject, system }) => subject === system);
  const { placed, height } = placeInRows(named, DOT_WIDTH, width);
  return fadingLegend(placed, { width, height }, [
    {
      mark: { ...legendMark, type: 'point', filled: true, size: 60, fill: { expr: 'datum.colour' } },
      encoding: { x: legendPlace('mark') },
    },
  ]);
}

function comparedAt(summary: Summary): string[] {
  return comparedIn(summary).flatMap(({ state, operations }) => {
    if (state === null) return [];
    return [
      `${operations ? `All of ${listed(operations)}` : 'Everything'} is compared at the state ${state.name}.`,
    ];
  });
}

function caption(
  manifest: Manifest,
  summary: Summary,
  { thinned, beyond }: { thinned: boolean; beyond: boolean },
): string[] {
  const { distance } = summary;
  const several = distance && distance.states.length > 1;
  return [
    ...runState(manifest),
    "Above: a cache line's way from core to core and back, read between slices. Below: the p50 of each slice.",
    ...(several ? ['Shaded: slices in one state.'] : []),
    ...(several ? comparedAt(summary) : []),
    'What lies between measurements is left out; lines part trials.',
    ...(beyond ? ['What is above a scale is drawn at its edge.'] : []),
    ...(thinned ? ['Of neighbours the lowest and the highest are drawn.'] : []),
  ];
}
