/**
 * A run over time, as a Vega-Lite specification: the distance of the two cores above, the p50 of each slice below, one
 * panel for each operation (and number of clients and value size, where these differ).
 */
import type { Manifest, Summary } from '../../formats/index.ts';
import { sameTarget } from '../../run/run-folder.ts';
import { runState } from '../../sentences/caption.ts';
import { comparedIn } from '../../sentences/distance.ts';
import { listed, nameTarget } from '../../sentences/doubts.ts';
import { type LegendEntry, legend } from '../legend.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import type { Looks } from '../theme/looks.ts';
import { innerWidth, type Theme, textWidth } from '../theme/theme.ts';
import { sideWidth } from './annotations.ts';
import { distancePanel, latencyPanel } from './panel.ts';
import { usualDistances, usualLatencies, type View } from './scales.ts';
import { keepExtremes } from './thin.ts';
import { type ReadingRow, type SliceRow, timelineOf } from './timeline.ts';

const PLOT_WIDTH = 590;
/** More points than these lie on each other in a plot of this size. */
const MOST_POINTS = 2500;

/** Null where no distance was measured. */
export function distancePicture(source: ChartSource, theme: Theme): Picture | null {
  const { run, distance, summary, looks } = source;
  const { manifest } = run;
  if (!summary.distance) return null;
  const timeline = timelineOf(run, distance, summary);
  if (timeline.readings.length === 0) return null;
  const { states } = summary.distance;
  const readings = keepExtremes(timeline.readings, MOST_POINTS, ({ distance_ns }) => distance_ns, groupOf);
  const slices = keepExtremes(timeline.slices, MOST_POINTS, ({ p50_us }) => p50_us, groupOf);
  const measured = new Set(timeline.measurements.map(({ subject }) => subject));
  const subjects = subjectRows(manifest, looks).filter(({ subject }) => measured.has(subject));
  const thinned = readings.length < timeline.readings.length || slices.length < timeline.slices.length;
  const [farthest_ns, slowest_us] = [usualDistances(readings).at(-1)!, usualLatencies(slices).at(-1)];
  const beyond =
    readings.some(({ distance_ns }) => distance_ns > farthest_ns) ||
    slices.some(({ p50_us }) => slowest_us !== undefined && p50_us > slowest_us);
  const side = sideWidth(states, theme);
  const axisWidth = textWidth(theme, 'label', '1,000') + theme.text.label.lineHeight + 10;
  const plotWidth = innerWidth(theme, PLOT_WIDTH + side + axisWidth) - side - axisWidth;
  const view: View = { ...timeline, readings, slices, states, theme, plotWidth };
  const targets = manifest.plan.measurements.filter((target) =>
    timeline.measurements.some((measurement) => sameTarget(measurement, target)),
  );
  return {
    title: `Distance of the cores: ${manifest.title}`,
    datasets: { subjects, measurements: timeline.measurements, readings, slices },
    parts: [
      legend(entriesOf(subjects), { width: plotWidth + side, left: axisWidth, fades: true }, theme),
      distancePanel(view, targets.length === 0),
      ...targets.map((target, index) =>
        latencyPanel(target, nameTarget(target, targets), view, targets.length, index === targets.length - 1),
      ),
    ],
    width: plotWidth + side,
    left: axisWidth,
    warnings: [],
    caption: caption(manifest, summary, { thinned, beyond }),
    canFade: true,
  };
}

/** A row of the chart's dataset `subjects`: a system or a floor, by its name. */
interface SubjectRow {
  subject: string;
  /** What fades it, and whose entry of the legend it shares. */
  system: string;
  label: string;
  colour: string;
}

/** Systems, floors, and then those that repeat a system: the first of a `system` names it. */
function subjectRows({ systems, floors }: Manifest, looks: Looks): SubjectRow[] {
  const rowOf = (subject: string, system: string, label: string): SubjectRow => ({
    subject,
    system,
    label,
    colour: looks.get(subject)!.colour,
  });
  return [
    ...systems.filter(({ repeats }) => repeats === null).map(({ name, label }) => rowOf(name, name, label)),
    ...floors.map(({ name, label }) => rowOf(name, name, `${label} (floor)`)),
    ...systems.flatMap(({ name, label, repeats }) => (repeats ? [rowOf(name, repeats, label)] : [])),
  ];
}

/** Neighbours are those of one measurement and one state. */
function groupOf({ measurement, state }: ReadingRow | SliceRow): string {
  return `${measurement} ${state}`;
}

/** A dot and a label for each system. */
function entriesOf(subjects: SubjectRow[]): LegendEntry[] {
  return subjects
    .filter(({ subject, system }) => subject === system)
    .map(({ system, label, colour }) => ({ system, label, mark: { colour, shape: 'circle' } }));
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
