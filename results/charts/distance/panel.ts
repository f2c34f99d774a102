/**
 * The panels of a run over time, on one line of time: readings of the distance with the ranges of its states, and the
 * p50 of each slice, shaded where the slices are in one state.
 */
import type { MeasurementTarget } from '../../formats/index.ts';
import { fadeMuted } from '../chart.ts';
import { inPanel } from '../measured-row.ts';
import { NO_STATE_COLOUR, stateColour } from '../theme/palette.ts';
import { panelTitle } from '../theme/theme.ts';
import { exactUs, tooltipOf } from '../tooltip.ts';
import { blockNames, partings, shades, sideTexts } from './annotations.ts';
import {
  DISTANCE_HEIGHT,
  logScale,
  paddedDomain,
  usualDistances,
  usualLatencies,
  type View,
  xScale,
} from './scales.ts';

/** `isLast`: with the axis of time. */
export function distancePanel(view: View, isLast: boolean): object {
  const { states, readings, plotWidth } = view;
  const lows = states.map(({ low_ns }) => low_ns);
  const highs = states.map(({ high_ns }) => high_ns);
  const usual_ns = usualDistances(readings);
  const domain = paddedDomain([...usual_ns, ...lows, ...highs]);
  const y = logScale(domain, 'there and back (ns)');
  const x = xScale(view, isLast);
  const bands = states.map(({ name, low_ns, high_ns }, index) => ({
    name,
    low_ns,
    high_ns,
    colour: stateColour(index),
  }));
  const names = new Set(readings.map(({ state }) => state));
  const others = [...names].filter((name) => states.every((state) => state.name !== name));
  return {
    width: plotWidth,
    height: DISTANCE_HEIGHT,
    layer: [
      {
        data: { values: bands },
        mark: { type: 'rect', opacity: 0.13, fill: { expr: 'datum.colour' }, aria: false },
        encoding: { y: { field: 'low_ns', ...y }, y2: { field: 'high_ns' } },
      },
      ...partings(view, x),
      {
        data: { name: 'readings' },
        transform: named,
        mark: { ...dot, size: dotSize(readings.length) },
        encoding: {
          x: { field: 'at_s', ...x },
          y: { field: 'distance_ns', ...y },
          color: {
            field: 'state',
            type: 'nominal',
            scale: {
              domain: [...states.map(({ name }) => name), ...others],
              range: [...bands.map(({ colour }) => colour), ...others.map(() => NO_STATE_COLOUR)],
            },
            legend: null,
          },
          tooltip: { value: readingTooltip(states.length > 1) },
        },
      },
      ...sideTexts(view, domain),
      blockNames(view, x),
    ],
    resolve: { scale: { color: 'independent' } },
  };
}

/** `panels`: of how many this is one. */
export function latencyPanel(
  target: MeasurementTarget,
  name: string,
  view: View,
  panels: number,
  isLast: boolean,
): object {
  // The same for all panels, so that they can be compared.
  const y = logScale(paddedDomain(usualLatencies(view.slices)), 'p50 of a slice (µs)');
  const x = xScale(view, isLast);
  return {
    title: panelTitle(view.theme, name),
    width: view.plotWidth,
    height: panels === 1 ? 210 : panels === 2 ? 165 : 120,
    layer: [
      ...shades(view, x),
      ...partings(view, x),
      {
        data: { name: 'slices' },
        transform: [...named, { filter: `${inPanel(target)} && datum.operation === '${target.operation}'` }],
        mark: { ...dot, size: dotSize(view.slices.length) },
        encoding: {
          x: { field: 'at_s', ...x },
          y: { field: 'p50_us', ...y },
          color: { field: 'colour', type: 'nominal', scale: null },
          tooltip: { value: sliceTooltip(view.states.length > 1) },
          ...fadeMuted,
        },
      },
    ],
  };
}

const dot = {
  type: 'point',
  filled: true,
  shape: 'circle',
  opacity: 1,
  aria: false,
};

/** In square pixels: smaller where they are many. */
function dotSize(dots: number): number {
  return Math.min(14, Math.max(5, 8000 / dots));
}

/** What a row of readings or slices is of. */
const named = [
  {
    lookup: 'measurement',
    from: {
      data: { name: 'measurements' },
      key: 'measurement',
      fields: ['subject', 'trial', 'operation', 'point'],
    },
  },
  {
    lookup: 'subject',
    from: { data: { name: 'subjects' }, key: 'subject', fields: ['system', 'label', 'colour'] },
  },
];

function readingTooltip(several: boolean): { expr: string } {
  return tooltipOf([
    ['operation', 'upper(datum.operation)'],
    ['distance', "format(datum.distance_ns, ',.0f') + ' ns'"],
    ...(several ? stateLine : []),
    ...placeLines,
  ]);
}

function sliceTooltip(several: boolean): { expr: string } {
  return tooltipOf([
    ['operation', 'upper(datum.operation)'],
    ['p50 of the slice', exactUs('p50_us')],
    ['requests', "format(datum.requests, ',')"],
    ...(several ? stateLine : []),
    ...placeLines,
  ]);
}

const stateLine: [string, string][] = [['state', 'datum.state']];
const placeLines: [string, string][] = [
  ['trial', 'datum.trial'],
  ['after', "format(datum.at_s, ',.2f') + ' s'"],
];
