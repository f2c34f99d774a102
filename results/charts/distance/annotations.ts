/** What stands around the points of a run over time: where trials begin, which states there are, and when. */
import type { DistanceState } from '../../summary/distance/states.ts';
import { formatCount, formatPercent } from '../../text/format.ts';
import { captionStyle, VALUE_SIZE } from '../theme/figure-text.ts';
import { textWidth } from '../theme/font.ts';
import { stateColour } from '../theme/palette.ts';
import { DISTANCE_HEIGHT, PLOT_WIDTH, type View } from './scales.ts';

/** What stands right of the plots: the names of the states. */
export const SIDE_WIDTH = 116;
const TRIAL_COLOUR = '#d4d4d4';
const BLOCK_COLOUR = '#8a8a8a';

/** Thin lines between trials, and stronger ones where all subjects have had theirs and the next trials begin. */
export function partings({ trials }: View, x: object): object[] {
  const begin = trials.map(({ trial, from_s }, index) => ({
    at_s: from_s,
    first: index > 0 && trials[index - 1].trial !== trial,
  }));
  const lines = (values: object[], color: string, strokeWidth: number): object => ({
    data: { values },
    mark: { type: 'rule', color, strokeWidth, aria: false },
    encoding: { x: { field: 'at_s', ...x } },
  });
  return [
    lines(begin.slice(1), TRIAL_COLOUR, 0.5),
    lines(
      begin.filter(({ first }) => first),
      BLOCK_COLOUR,
      1,
    ),
  ];
}

/** Over the plot, in the middle of its trials: "trial 1"; of those only that have room behind the one before. */
export function blockNames({ trials, duration_s }: View, x: object): object {
  const blocks: { trial: number; from_s: number; to_s: number }[] = [];
  for (const { trial, from_s, to_s } of trials) {
    const last = blocks.at(-1);
    if (last?.trial === trial) last.to_s = to_s;
    else blocks.push({ trial, from_s, to_s });
  }
  const widest_px = textWidth(`trial ${blocks.at(-1)?.trial}`, captionStyle.fontSize) + 8;
  const apart_s = (widest_px / PLOT_WIDTH) * duration_s;
  const values: { at_s: number; words: string[] }[] = [];
  for (const { trial, from_s, to_s } of blocks) {
    const at_s = (from_s + to_s) / 2;
    const before = values.at(-1);
    if (!before || at_s - before.at_s >= apart_s) values.push({ at_s, words: [`trial ${trial}`] });
  }
  return {
    data: { values },
    mark: { type: 'text', baseline: 'bottom', fontSize: captionStyle.fontSize, color: captionStyle.color },
    encoding: {
      x: { field: 'at_s', ...x },
      y: { value: -5 },
      text: { field: 'words' },
    },
  };
}

/** Behind the points of a panel: what is of one state has its colour. */
export function shades({ states, spells }: View, x: object): object[] {
  if (states.length < 2) return [];
  const values = spells.flatMap(({ state, from_s, to_s }) => {
    const index = states.findIndex(({ name }) => name === state);
    return index < 0 ? [] : [{ from_s, to_s, colour: stateColour(index) }];
  });
  return [
    {
      data: { values },
      mark: { type: 'rect', opacity: 0.11, fill: { expr: 'datum.colour' }, aria: false },
      encoding: { x: { field: 'from_s', ...x }, x2: { field: 'to_s' } },
    },
  ];
}

/** Height of the name of a state with what stands under it. */
const SIDE_TEXT_HEIGHT = 28;

/** Right of the plot, each at its state's height or beside it: its name, its median and its share. */
export function sideTexts(states: DistanceState[], [low_ns, high_ns]: [number, number]): object[] {
  const px_of = (ns: number): number =>
    DISTANCE_HEIGHT * (1 - Math.log(ns / low_ns) / Math.log(high_ns / low_ns));
  const heights = spread(states.map(({ median_ns }) => px_of(median_ns)));
  const several = states.length > 1;
  const values = states.map(({ name, median_ns, share }, index) => {
    const ofAll = several ? `, ${formatPercent(Number(share.toFixed(2)))}` : '';
    const numbers = [`${formatCount(median_ns)} ns${ofAll}`];
    return { name: [name], numbers, y_px: heights[index], colour: stateColour(index) };
  });
  const text = (field: string, below_px: number, looks: object): object => ({
    data: { values },
    mark: {
      type: 'text',
      align: 'left',
      baseline: 'middle',
      dy: { expr: `datum.y_px + ${below_px}` },
      ...looks,
    },
    encoding: { x: { value: PLOT_WIDTH + 8 }, y: { value: 0 }, text: { field } },
  });
  const small = { fontSize: captionStyle.fontSize, color: captionStyle.color };
  if (!several) return [text('numbers', 0, small)];
  const bold = { fontSize: VALUE_SIZE, fontWeight: 'bold', fill: { expr: 'datum.colour' } };
  return [text('name', -7, bold), text('numbers', 7, small)];
}

/** Moves heights, lowest place first, apart from each other and into the plot. */
function spread(heights_px: number[]): number[] {
  const top = SIDE_TEXT_HEIGHT / 2;
  const upwards: number[] = [];
  for (const px of heights_px) {
    const below = upwards.at(-1) ?? DISTANCE_HEIGHT - top + SIDE_TEXT_HEIGHT;
    upwards.push(Math.min(px, below - SIDE_TEXT_HEIGHT));
  }
  const highest = upwards.at(-1) ?? top;
  return highest >= top ? upwards : upwards.map((px) => px + top - highest);
}
