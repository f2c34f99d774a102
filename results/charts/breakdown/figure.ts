/**
 * The breakdown as a figure: for each operation, near the p50 and near the p99, a bar for each system that
 * runs from the request's sending on the left to its reply's arrival on the right, cut at the stages, in
 * microseconds and in shares; and a bar for each floor.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Calibration, Manifest, Summary } from '../../formats/index.ts';
import { mixture } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { counterSentence } from '../../summary/counter.ts';
import { unsplitEstimates } from '../../summary/stages/estimate.ts';
import { formatPercent, formatUs } from '../../text/format.ts';
import { mutedSystems } from '../chart.ts';
import {
  captionStyle,
  figureConfig,
  figureFrame,
  INK,
  textBlock,
  titleStyle,
  VALUE_SIZE,
  warningStyle,
} from '../theme/figure-text.ts';
import { textWidth } from '../theme/font.ts';
import { colourScale, LABEL_WIDTH, panelPair, panelWidth } from './panel.ts';
import { breakdownPanels } from './rows.ts';

const LEGEND_LINE = 18;

/** Null where no point has a breakdown. */
export function breakdownSpec(
  manifest: Manifest,
  summary: Summary,
  calibration: Calibration | null,
): TopLevelSpec | null {
  const panels = breakdownPanels(summary);
  if (panels.length === 0) return null;
  const width = panelWidth.absolute + panelWidth.share + 60;
  const pieces = panels.flatMap(({ rows }) => rows.flatMap((row) => row.pieces));
  const owners = new Set(pieces.map(({ owner }) => owner));
  return {
    ...figureFrame,
    params: [mutedSystems],
    datasets: { stages: pieces },
    vconcat: [
      textBlock([`Where the time goes: ${manifest.title}`], width, titleStyle),
      legend(width, owners),
      ...panels.map(panelPair),
      textBlock(mixture(manifest.systems), width, warningStyle),
      textBlock([caption(summary, manifest, calibration).join(' ')], width, captionStyle),
    ].filter((part) => part !== null),
    config: figureConfig,
  } as TopLevelSpec;
}

function caption(summary: Summary, { plan }: Manifest, calibration: Calibration | null): string[] {
  const { points, floors } = summary;
  const overheads = points.flatMap(({ probe_overhead }) => probe_overhead?.ratio ?? []);
  const unsplit = points.filter(({ breakdown }) => breakdown?.p50?.stages_us.server_and_kernel);
  const labels = [...new Set(unsplit.map(({ label }) => label))];
  return [
    'Bars: means over the stamped requests whose latency is near the quantile (ranks 45 to 55 % for the p50, 98.5 to 99.5 % ' +
      'for the p99), from sending on the left to receiving on the right; the stages of a bar add up to its latency.',
    ...distanceOfFigure(summary),
    ...(labels.length > 0
      ? [
          `${labels.join(' and ')}: the server cannot be stamped, and of its part no more is known than what it says itself of ` +
            'its commands.',
        ]
      : []),
    ...estimates(summary),
    ...(calibration?.counter ? [counterSentence(calibration.counter)] : []),
    ...(plan.stages ? [`Stamped: one window of some milliseconds in ${plan.stages.every}.`] : []),
    ...(overheads.length > 0
      ? [
          `Stamps changed the p50 by ${signedPercent(Math.min(...overheads) - 1)} to ` +
            `${signedPercent(Math.max(...overheads) - 1)}, over that of the measurements before, which have none.`,
        ]
      : []),
    ...(floors.length > 0 ? ['Floors: the same exchange with nothing of the system but its device.'] : []),
  ];
}

/** How much of a block that is not split is the server's own work, by what its port takes. */
function estimates({ points }: Summary): string[] {
  return [...Map.groupBy(unsplitEstimates(points), ({ point }) => point.system).values()].map((found) => {
    const [{ point, ported }] = found;
    const each = found.map(
      (one) => `${nameTarget(one.point, points)} ${formatUs(one.own_us)} of ${formatUs(one.block_us)} µs`,
    );
    return (
      `Of the block of ${point.label} near the p50, its own work would be ${each.join(', ')}, by what the application takes ` +
      `in ${ported.label}; the rest is the kernel and its interface.`
    );
  });
}

function signedPercent(share: number): string {
  return `${share < 0 ? '−' : '+'}${formatPercent(Math.abs(share))}`;
}

/** Squares and words, in the order in which a request meets them, over as many lines as they need. */
function legend(width: number, owners: ReadonlySet<string>): object {
  let x = -LABEL_WIDTH;
  let line = 0;
  const values = colourScale.domain
    .filter((owner) => owners.has(owner))
    .map((owner) => {
      const taken = textWidth(owner, VALUE_SIZE) + 34;
      if (x + taken > width) {
        x = -LABEL_WIDTH;
        line++;
      }
      const entry = { owner, words: [owner], x: x + 6, y: line * LEGEND_LINE + 8 };
      x += taken;
      return entry;
    });
  const pixels = { type: 'quantitative', scale: null, axis: null };
  return {
    width,
    height: (line + 1) * LEGEND_LINE,
    data: { values },
    encoding: { x: { field: 'x', ...pixels }, y: { field: 'y', ...pixels } },
    layer: [
      {
        mark: { type: 'square', size: 130, opacity: 1 },
        encoding: { color: { field: 'owner', type: 'nominal', scale: colourScale, legend: null } },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 12, fontSize: VALUE_SIZE, color: INK },
        encoding: { text: { field: 'words' } },
      },
    ],
  };
}
