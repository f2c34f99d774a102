/** What stands around the points of a run over time: where trials begin, which states there are, and when. */
import type { DistanceState } from '../../summary/distance/states.ts';
import { formatCount, formatPercent } from '../../text/format.ts';
import { stateColour } from '../theme/palette.ts';
import { type Theme, textMark, textWidth } from '../theme/theme.ts';
import { DISTANCE_HEIGHT, type View } from './scales.ts';

/** Between the plots and what stands right of them. */
const SIDE_GAP = 8;
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
export function blockNames({ trials, duration_s, plotWidth, theme }: View, x: object): object {
  const blocks: { trial: number; from_s: number; to_s: number }[] = [];
  for (const { trial, from_s, to_s } of trials) {
    const last = blocks.at(-1);
    if (last?.trial === trial) last.to_s = to_s;
    else blocks.push({ trial, from_s, to_s });
  }
  const widest_px = textWidth(theme, 'caption', `trial ${blocks.at(-1)?.trial}`) + 8;
  const apart_s = (widest_px / plotWidth) * duration_s;
  const values: { at_s: number; words: string[] }[] = [];
  for (const { trial, from_s, to_s } of blocks) {
    const at_s = (from_s + to_s) / 2;
    const before = values.at(-1);
    if (!before || at_s - before.at_s >= apart_s) values.push({ at_s, words: [`trial ${trial}`] });
  }
  return {
    data: { values },
    mark: { ...textMark(theme, 'caption'), baseline: 'bottom' },
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

/** What stands right of the plots: the names of the states, their medians and their shares. */
export function sideWidth(states: DistanceState[], theme: Theme): number {
  const several = states.length > 1;
  const widths = states.flatMap((state) => [
    textWidth(theme, 'caption', numbersOf(state, several)),
    ...(several ? [theme.font.width(state.name, theme.text.value.fontSize, 'bold')] : []),
  ]);
  return SIDE_GAP + Math.ceil(Math.max(0, ...widths));
}

function numbersOf({ median_ns, share }: DistanceState, several: boolean): string {
  return `${formatCount(median_ns)} ns${several ? `, ${formatPercent(Number(share.toFixed(2)))}` : ''}`;
}

/** Right of the plot, each at its state's height or beside it: its name, its median and its share. */
export function sideTexts({ states, theme, plotWidth }: View, [low_ns, high_ns]: [number, number]): object[] {
  const px_of = (ns: number): number =>
    DISTANCE_HEIGHT * (1 - Math.log(ns / low_ns) / Math.log(high_ns / low_ns));
  const line = theme.text.value.lineHeight;
  const heights = spread(
    states.map(({ median_ns }) => px_of(median_ns)),
    2 * line + 2,
  );
  const several = states.length > 1;
  const values = states.map((state, index) => ({
    name: [state.name],
    numbers: [numbersOf(state, several)],
    y_px: heights[index],
    colour: stateColour(index),
  }));
  const text = (field: string, below_px: number, looks: object): object => ({
    data: { values },
    mark: { ...looks, align: 'left', baseline: 'middle', dy: { expr: `datum.y_px + ${below_px}` } },
    encoding: { x: { value: plotWidth + SIDE_GAP }, y: { value: 0 }, text: { field } },
  });
  const small = textMark(theme, 'caption');
  if (!several) return [text('numbers', 0, small)];
  const bold = { ...textMark(theme, 'value'), fontWeight: 'bold', color: { expr: 'datum.colour' } };
  return [text('name', -line / 2, bold), text('numbers', line / 2, small)];
}

/** Moves heights, lowest place first, apart from each other and into the plot; each is of `height_px`. */
function spread(heights_px: number[], height_px: number): number[] {
  const top = height_px / 2;
  const upwards: number[] = [];
  for (const px of heights_px) {
    const below = upwards.at(-1) ?? DISTANCE_HEIGHT - top + height_px;
    upwards.push(Math.min(px, below - height_px));
  }
  const highest = upwards.at(-1) ?? top;
  return highest >= top ? upwards : upwards.map((px) => px + top - highest);
}
