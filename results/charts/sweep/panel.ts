/** One panel of lines: a curve for each system through its points, hollow where they back no claim. */
import { fadeMuted } from '../chart.ts';
import type { Look, Looks } from '../theme/looks.ts';
import { titleAbove } from '../theme/multiples.ts';
import { INK, type Theme } from '../theme/theme.ts';
import { pointTooltip, tooltipOf } from '../tooltip.ts';
import { type FloorRow, floorLayers } from './floors.ts';
import { type PlotScale, scaleEncoding } from './scales.ts';

export interface LinesPanel {
  title: string;
  /** Of the dataset; rows have those of a LineRow (over-axis.ts). */
  dataset: string;
  panel: string;
  size: [number, number];
  x: { scale: PlotScale; axis: object };
  y: { scale: PlotScale; axis: object };
  /** Rows of the dataset `floors`, of all panels; left out where floors are no part of what is shown. */
  floors?: readonly FloorRow[];
  looks: Looks;
  /** Lines of the tooltip, beside those that every point has. */
  tooltip: [string, string][];
}

const publishedTooltip = tooltipOf([['published', "format(datum.published, ',.4~r')"]]);

/** Diameter of a ring around a knee, squared. */
const KNEE_SIZE = 170;

export function linesPanel(of: LinesPanel, theme: Theme): object {
  const { title, dataset, panel, size, looks, tooltip } = of;
  const [width, height] = size;
  const x = { field: 'x', ...scaleEncoding(of.x.scale), axis: of.x.axis };
  const y = { field: 'y', ...scaleEncoding(of.y.scale), axis: of.y.axis };
  const colour = { field: 'system', type: 'nominal', scale: scaleOf(looks, 'colour'), legend: null };
  const hollow = "datum.verdict === 'invalid'";
  return {
    width,
    height,
    layer: [
      titleAbove(title, theme),
      ...floorLayers(of.floors ?? [], panel, { x, y }, looks, tooltip),
      {
        data: { name: dataset },
        transform: [{ filter: `datum.panel === ${JSON.stringify(panel)} && isValid(datum.y)` }],
        encoding: { x, y, ...fadeMuted },
        layer: [
          {
            mark: { type: 'line', strokeWidth: 1.5, strokeJoin: 'round', clip: true },
            encoding: {
              color: colour,
              order: { field: 'order', type: 'quantitative' },
              strokeDash: { field: 'system', type: 'nominal', scale: scaleOf(looks, 'dash'), legend: null },
            },
          },
          {
            transform: [{ filter: 'isValid(datum.low)' }],
            mark: { type: 'rule', strokeWidth: 1.2, clip: true },
            encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' }, color: colour },
          },
          {
            transform: [{ filter: '!datum.is_constant' }],
            mark: { type: 'point', filled: true, size: 34, strokeWidth: 1.4 },
            encoding: {
              shape: { field: 'system', type: 'nominal', scale: scaleOf(looks, 'shape'), legend: null },
              fill: { condition: { test: hollow, value: 'white' }, ...colour },
              stroke: colour,
              tooltip: { value: pointTooltip(tooltip) },
            },
          },
          {
            transform: [{ filter: 'isValid(datum.published)' }],
            mark: { type: 'point', filled: true, size: 60, stroke: 'white', strokeWidth: 0.8, opacity: 1 },
            encoding: {
              y: { ...y, field: 'published' },
              fill: { value: INK },
              shape: { field: 'system', type: 'nominal', scale: scaleOf(looks, 'shape'), legend: null },
              tooltip: { value: publishedTooltip },
            },
          },
          {
            transform: [{ filter: 'datum.is_knee' }],
            mark: {
              type: 'point',
              shape: 'circle',
              filled: false,
              size: KNEE_SIZE,
              strokeWidth: 1.2,
              aria: false,
            },
            encoding: { color: colour },
          },
        ],
      },
    ],
  };
}

function scaleOf(looks: Looks, what: keyof Look): object {
  return { domain: [...looks.keys()], range: [...looks.values()].map((look) => look[what]) };
}
