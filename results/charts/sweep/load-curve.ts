/**
 * Latency against the rate that was achieved: a curve for each system through its points in the order of their load, in
 * one panel for the p50 and one for the p99, for each operation and each value of the other axes. The knee is marked.
 */
import type { Axis, Manifest, Point } from '../../formats/index.ts';
import { isLoad, mainAxis } from '../../run/main-axis.ts';
import { hollowMeaning, mixture, runState, trialRange } from '../../sentences/caption.ts';
import { distanceOfFigure } from '../../sentences/distance.ts';
import { KNEE_FACTOR, KNEE_MEANING } from '../../sentences/figure-words.ts';
import { axisTitle } from '../../sentences/load.ts';
import { formatCount } from '../../text/format.ts';
import { legend } from '../legend.ts';
import { measuredRow } from '../measured-row.ts';
import type { Picture } from '../picture.ts';
import type { ChartSource } from '../source.ts';
import { logTicks } from '../theme/log-ticks.ts';
import { multiples, multiplesOf } from '../theme/multiples.ts';
import { INK, type Theme, ticksAcross } from '../theme/theme.ts';
import { exactUs } from '../tooltip.ts';
import { facetsOf, valueAlong } from './axes.ts';
import { latencyP50, latencyP99, throughput } from './measures.ts';
import { entriesOf, type LineRow } from './over-axis.ts';
import { linesPanel } from './panel.ts';
import { measuredAxis, measuredScale, type PlotScale } from './scales.ts';

interface CurveRow extends LineRow {
  is_knee: boolean;
  /** More was offered than it, or the load generator, can take: its latency says how long the run lasted. */
  is_beyond: boolean;
}

/** Null where no axis loads the server. */
export function loadCurve({ run, summary, looks }: ChartSource, theme: Theme): Picture | null {
  const { manifest } = run;
  const axis = mainAxis(manifest, isLoad);
  if (axis === null) return null;
  const measured = rowsOf(summary.points, axis, manifest);
  const panels = [...new Set(measured.map(({ panel }) => panel))];
  if (panels.length === 0) return null;
  const within = measured.filter(({ is_beyond }) => !is_beyond);
  const y = measuredScale(
    (within.length > 0 ? within : measured).flatMap((row) => row.y ?? []),
    theme.logY,
  );
  const rows = measured.map((row) => atEdge(row, y));
  const x = measuredScale(
    rows.map((row) => row.x),
    theme.logX ?? false,
  );
  const grid = multiplesOf(
    panels.length,
    { x: throughput.title, y: 'latency (µs)', widest: formatCount(Math.round(y.domain[1])) },
    theme,
  );
  const most = ticksAcross(theme, grid.size[0], formatCount(Math.round(x.domain[1])));
  const xAxis = (hasX: boolean): object => ({
    title: hasX ? grid.xTitle : null,
    ...(x.isLog ? { values: logTicks(x.domain, most) } : { tickCount: Math.min(6, most) }),
    format: ',~r',
    gridColor: '#e2e2e2',
    domainColor: INK,
    ticks: false,
    labelPadding: 5,
  });
  return {
    title: `Latency over throughput: ${manifest.title}`,
    datasets: { points: rows },
    parts: [
      legend(
        [
          ...entriesOf(summary.points, looks),
          ...(rows.some(({ is_knee }) => is_knee) ? [{ label: 'knee', ring: INK }] : []),
        ],
        { width: grid.width, left: grid.left, fades: true },
        theme,
      ),
      multiples(grid, panels.length, theme, (index, hasY, hasX) =>
        linesPanel(
          {
            title: panels[index],
            dataset: 'points',
            panel: panels[index],
            size: grid.size,
            x: { scale: x, axis: xAxis(hasX) },
            y: { scale: y, axis: measuredAxis(y, grid.yTitle, hasY) },
            looks,
            tooltip: [
              [axis.name.replaceAll('_', ' '), "format(datum.order, ',~r')"],
              ['throughput', "format(1000 * datum.x, ',.0f') + ' requests/s'"],
              ['p50', exactUs('p50_us')],
              ['p99', exactUs('p99_us')],
            ],
          },
          theme,
        ),
      ),
    ],
    width: grid.width,
    left: grid.left,
    warnings: mixture(manifest.systems),
    caption: [
      ...runState(manifest),
      `Points along a curve: ${axisTitle(axis, manifest)}; ${trialRange(summary.points)}.`,
      ...(rows.some(({ is_knee }) => is_knee) ? [`Ringed: ${KNEE_MEANING}.`] : []),
      ...beyondMeaning(summary.points),
      ...distanceOfFigure(summary),
      ...hollowMeaning(rows.some(({ verdict }) => verdict === 'invalid')),
    ],
    canFade: true,
  };
}

/** What is beyond what a system can take stands at the upper edge where its latency is above that. */
function atEdge(row: CurveRow, { domain: [, high] }: PlotScale): CurveRow {
  return row.is_beyond && row.y !== null && row.y > high ? { ...row, y: high } : row;
}

/** What stands at the upper edge, and why. */
function beyondMeaning(points: Point[]): string[] {
  const grows = 'where latency grows as long as the run lasts';
  return [
    ...(points.some(({ fell_behind }) => fell_behind === 'server')
      ? [`At the upper edge: more than the system can take, ${grows}.`]
      : []),
    ...(points.some(({ fell_behind }) => fell_behind === 'generator')
      ? [
          'At the upper edge and hollow: more than the load generator can send, which says nothing of the system.',
        ]
      : []),
  ];
}

function rowsOf(points: Point[], axis: Axis, manifest: Manifest): CurveRow[] {
  const loaded = points.filter(
    (point) => valueAlong(point, axis) !== null && throughput.valueOf(point) !== null && point.latency_us,
  );
  const placed = loaded.flatMap((point) =>
    facetsOf(point, axis, manifest).map((facet) => ({ facet, point })),
  );
  const facets = Map.groupBy(placed, ({ facet }) => facet);
  return [...facets]
    .map(([facet, ofFacet]) => [facet, ofFacet.map(({ point }) => point)] as const)
    .flatMap(([facet, ofFacet]) =>
      [latencyP50, latencyP99].flatMap((measure) => {
        const panel = `${facet}, ${measure.title.split(' ')[0]}`;
        return [...Map.groupBy(ofFacet, ({ system }) => system).values()].flatMap((ofSystem) => {
          const knee = kneeOf(ofSystem, axis);
          return ofSystem.map((point) => ({
            ...measuredRow(point),
            panel,
            x: throughput.valueOf(point) as number,
            y: measure.valueOf(point),
            low: null,
            high: null,
            published: null,
            order: valueAlong(point, axis) as number,
            verdict: measure.stateOf(point),
            is_constant: false,
            is_knee: point === knee,
            is_beyond: point.fell_behind !== null,
          }));
        });
      }),
    );
}

/**
 * Of the points of one curve. Null where the p99 never rises so far, where nothing shows that it is the system's which
 * rises and not the load generator's, where the lowest load has none that is valid or is too much already, and where
 * the p99 has risen at the first load above the lowest, so that the knee is below that.
 */
function kneeOf(points: Point[], axis: Axis): Point | null {
  const inOrder = points.toSorted((a, b) => (valueAlong(a, axis) ?? 0) - (valueAlong(b, axis) ?? 0));
  const [first] = inOrder;
  const lowest = latencyP99.valueOf(first);
  const isValid = (point: Point): boolean => latencyP99.stateOf(point) !== 'invalid';
  if (lowest === null || !isValid(first) || first.fell_behind !== null) return null;
  const isBelow = (point: Point): boolean => {
    const p99 = latencyP99.valueOf(point);
    return p99 !== null && p99 <= KNEE_FACTOR * lowest;
  };
  const risesItself = inOrder.some(
    (point) => !isBelow(point) && (isValid(point) || point.fell_behind === 'server'),
  );
  if (!risesItself) return null;
  const below = inOrder.filter((point) => isBelow(point) && isValid(point));
  if (below.length === 1) return null;
  return below.reduce((best, point) =>
    (point.throughput_ops ?? 0) > (best.throughput_ops ?? 0) ? point : best,
  );
}
