/** One panel of the distribution figure: latency on a log scale, quantiles by their nines, a curve for each system. */

import { formatCount } from '../../text/format.ts';
import { fadeMuted } from '../chart.ts';
import { inPanel } from '../measured-row.ts';
import { logTicks } from '../theme/log-ticks.ts';
import { dashes, type Look, type Looks } from '../theme/looks.ts';
import { titleAbove } from '../theme/multiples.ts';
import { INK, type Theme, ticksAcross } from '../theme/theme.ts';
import { exactUs, pointTooltip } from '../tooltip.ts';
import { labelledQuantiles, type QuantileRow, type Series, touchedQuantiles } from './points.ts';

const GRID_COLOUR = '#e2e2e2';
const MOST_TICKS = 7;
export const X_TITLE = 'latency (µs)';
export const Y_TITLE = 'share of requests';

export interface DistributionPanel {
  title: string;
  series: Series[];
  /** Of all panels. */
  quantiles: QuantileRow[];
  looks: Looks;
  domain_us: [number, number];
  /** Width and height. */
  size: [number, number];
  /** Whether the title of x stands at it, and all that is of y, or at a neighbour. */
  hasX: boolean;
  hasY: boolean;
}

export function distributionPanel(of: DistributionPanel, theme: Theme): object {
  const {
    title,
    series,
    quantiles,
    looks,
    domain_us,
    size: [width, height],
    hasX,
    hasY,
  } = of;
  const ofPanel = `${inPanel(series[0])} && datum.operation === '${series[0].operation}'`;
  const fields = [...Object.keys(series[0]), 'dash'].filter(
    (field) => !Object.hasOwn(quantiles[0] ?? {}, field),
  );
  return {
    width,
    height,
    layer: [
      titleAbove(title, theme),
      {
        data: { name: 'quantiles' },
        transform: [
          { filter: ofPanel },
          { lookup: 'series', from: { data: { name: 'curves' }, key: 'series', fields } },
          { calculate: '1 / (1 - datum.quantile)', as: 'nines' },
        ],
        encoding: {
          x: {
            field: 'latency_us',
            type: 'quantitative',
            scale: { type: 'log', domain: domain_us, nice: false },
            axis: latencyAxis(domain_us, ticksAcross(theme, width, formatCount(domain_us[1])), hasX),
          },
          y: {
            field: 'nines',
            type: 'quantitative',
            scale: { type: 'log', domain: [1, 10_000], nice: false },
            axis: hasY ? ninesAxis : { ...ninesAxis, title: null, labels: false },
          },
          color: { field: 'system', type: 'nominal', scale: scaleOf(looks, 'colour'), legend: null },
          ...fadeMuted,
        },
        layer: [curves(looks), marks(looks), touchAreas],
      },
    ],
  };
}

function curves(looks: Looks): object {
  return {
    mark: { type: 'line', interpolate: 'linear', strokeJoin: 'round' },
    encoding: {
      // Where a curve rises straight up, its points have one latency and only their quantiles tell their order.
      order: { field: 'quantile', type: 'quantitative' },
      strokeWidth: { condition: { test: 'datum.is_floor', value: 1.5 }, value: 2 },
      strokeDash: {
        condition: { test: "datum.verdict === 'invalid'", value: dashes.invalid },
        field: 'system',
        type: 'nominal',
        scale: scaleOf(looks, 'dash'),
        legend: null,
      },
    },
  };
}

/** At the quantiles that the axis labels; hollow where invalid. */
function marks(looks: Looks): object {
  return {
    transform: [{ filter: among(labelledQuantiles) }],
    mark: { type: 'point', filled: true, size: 38, aria: false, strokeWidth: 1.5 },
    encoding: {
      shape: { field: 'system', type: 'nominal', scale: scaleOf(looks, 'shape'), legend: null },
      stroke: { field: 'system', type: 'nominal', scale: scaleOf(looks, 'colour'), legend: null },
      fillOpacity: { condition: { test: "datum.verdict === 'invalid'", value: 0 }, value: 1 },
    },
  };
}

/** What the pointer or a finger finds of a line: invisible, and larger than it. */
const touchAreas = {
  transform: [{ filter: among(touchedQuantiles) }],
  mark: { type: 'point', filled: true, shape: 'circle', size: 220, aria: false },
  encoding: {
    opacity: { value: 0 },
    tooltip: {
      value: pointTooltip([
        ['quantile', "format(100 * datum.quantile, '.5~r') + ' %'"],
        ['latency there', exactUs('latency_us')],
        ['p50', exactUs('p50_us')],
      ]),
    },
  },
};

function among(quantiles: number[]): string {
  return `indexof(${JSON.stringify(quantiles)}, datum.quantile) >= 0`;
}

function scaleOf(looks: Looks, what: keyof Look): object {
  return { domain: [...looks.keys()], range: [...looks.values()].map((look) => look[what]) };
}

const ninesAxis = {
  title: Y_TITLE,
  values: [1, ...labelledQuantiles.map((quantile) => Math.round(1 / (1 - quantile)))],
  labelExpr: "format(100 - 100 / datum.value, '.4~r') + ' %'",
  gridColor: GRID_COLOUR,
  domain: false,
  ticks: false,
};

function latencyAxis(domain_us: [number, number], most: number, hasTitle: boolean): object {
  return {
    title: hasTitle ? X_TITLE : null,
    values: logTicks(domain_us, Math.min(MOST_TICKS, most)),
    format: ',~r',
    gridColor: GRID_COLOUR,
    domainColor: INK,
    ticks: false,
    labelPadding: 6,
  };
}
