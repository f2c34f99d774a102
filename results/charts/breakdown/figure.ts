/**
 * The breakdown as a figure: for each operation, near the p50 and near the p99, a bar for each system that
 * runs from the request's sending on the left to its reply's arrival on the right, cut at the stages, in
 * microseconds and in shares; and a bar for each floor.
 */
import type { Calibration, Manifest, Summary } from '../../formats/index.ts';
import type { Run } from '../../run/run-folder.ts';
import { mixture } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { nameTarget } from '../../sentences/doubts.ts';
import { counterIn, counterSentence } from '../../summary/counter.ts';
import { unsplitEstimates } from '../../summary/stages/estimate.ts';
import { formatPercent, formatUs } from '../../text/format.ts';
import { legend } from '../legend.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import { labelRoom } from '../theme/row-labels.ts';
import { innerWidth, type Theme } from '../theme/theme.ts';
import { coloursOf, panelViews, type Sizes, VIEW_GAP } from './panel.ts';
import { breakdownPanels } from './rows.ts';

const PLOT_WIDTH = 330;
const SHARE_WIDTH = 390;
const WIDEST_LABELS = 150;
/** Where there is less for both, the shares are left out: they say the same again. */
const NARROWEST_PAIR = 400;

/** Null where no point has a breakdown. */
export function breakdownPicture({ run, summary }: ChartSource, theme: Theme): Picture | null {
  const { manifest } = run;
  const panels = breakdownPanels(summary);
  if (panels.length === 0) return null;
  const rows = panels.flatMap((panel) => panel.rows);
  const pieces = rows.flatMap((row) => row.pieces);
  const owners = new Set(pieces.map(({ owner }) => owner));
  const room = labelRoom(
    rows.map(({ label }) => label),
    WIDEST_LABELS,
    theme,
  );
  const width = innerWidth(theme, room + PLOT_WIDTH + VIEW_GAP + SHARE_WIDTH);
  const plots = width - room;
  const sizes: Sizes =
    plots < NARROWEST_PAIR
      ? { room, absolute: plots, share: null }
      : { room, absolute: 0.46 * (plots - VIEW_GAP), share: 0.54 * (plots - VIEW_GAP) };
  const colours = coloursOf(theme);
  const entries = [...colours].flatMap(([label, fill]) => (owners.has(label) ? [{ label, fill }] : []));
  return {
    title: `Where the time goes: ${manifest.title}`,
    datasets: { stages: pieces },
    parts: [
      legend(entries, { width: plots, left: room }, theme),
      ...panels.map((panel) => panelViews(panel, sizes, theme)),
    ],
    width: plots,
    left: room,
    warnings: mixture(manifest.systems),
    caption: caption(summary, manifest, firstCounter(run)),
    isCaptionWhole: true,
    canFade: true,
  };
}

function caption(summary: Summary, { plan }: Manifest, counter: Calibration['counter']): string[] {
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
    ...(isOnHosts(points)
      ? [
          'Server and load generator each have a clock of their own here: no time is of the two together, and what lies between ' +
            'the machines is one stage for both ways, or in the block that is not split.',
        ]
      : []),
    ...estimates(summary),
    ...(counter ? [counterSentence(counter)] : []),
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

function firstCounter(run: Run): Calibration['counter'] {
  const counters = run.manifest.systems.map(({ place }) => counterIn(run, place));
  return counters.find((counter) => counter !== null) ?? null;
}

/** Whether a stage holds the way between two machines. */
function isOnHosts(points: Summary['points']): boolean {
  return points.some(({ breakdown }) => breakdown?.p50?.stages_us.both_ways_between !== undefined);
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
      `in ${ported.label}; the rest is ${isOnHosts([ported]) ? 'the way, ' : ''}the kernel and its interface.`
    );
  });
}

function signedPercent(share: number): string {
  return `${share < 0 ? '−' : '+'}${formatPercent(Math.abs(share))}`;
}
