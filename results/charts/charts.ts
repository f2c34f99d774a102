/** The charts of a run, by their names. */
import type { Run } from '../run/run-folder.ts';
import { breakdownPicture } from './breakdown/figure.ts';
import { distancePicture } from './distance/figure.ts';
import { distributionPicture } from './distribution/figure.ts';
import { latencyPicture } from './latency/figure.ts';
import type { Picture } from './picture.ts';
import type { ChartSource } from './source.ts';
import { splitPicture } from './split/figure.ts';
import { statesPicture } from './states/figure.ts';
import type { Theme } from './theme/theme.ts';

export const chartNames = ['figure', 'breakdown', 'split', 'distribution', 'distance', 'states'] as const;
export type ChartName = (typeof chartNames)[number];

/** What a chart shows, in words; the figure has the title of its run. */
const subjects: Record<ChartName, string | null> = {
  figure: null,
  breakdown: 'Where the time goes',
  split: 'What the kernel takes',
  distribution: 'Latency distribution',
  distance: 'Distance of the cores',
  states: 'Latency by state of the distance',
};

export function titleOf(name: ChartName, { manifest }: Run): string {
  const subject = subjects[name];
  return subject === null ? manifest.title : `${subject}: ${manifest.title}`;
}

type Build = (source: ChartSource, theme: Theme) => Picture | null;

const builders: Record<ChartName, Build> = {
  figure: latencyPicture,
  breakdown: breakdownPicture,
  split: splitPicture,
  distribution: distributionPicture,
  distance: distancePicture,
  states: statesPicture,
};

/** Null where the run has nothing that the chart shows. */
export function pictureOf(name: ChartName, source: ChartSource, theme: Theme): Picture | null {
  return builders[name](source, theme);
}
