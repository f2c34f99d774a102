/** The sections of the page, in the order in which a reader wants them. */

import type { Chart } from '../charts/chart.ts';
import type { Summary } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { type Html, html } from '../text/html.ts';
import { environment, repeating } from './environment.ts';
import { numbers, quantiles, spread, validity } from './numbers.ts';
import type { Section } from './section.ts';
import { stagesTable } from './stages.ts';
import { byDistance } from './states.ts';
import { trials } from './trials.ts';
import { trust } from './trust.ts';

/** What the page shows beside the run's own numbers. What is null is left out. */
export interface Contents {
  figure: Chart;
  breakdown: Chart | null;
  split: Chart | null;
  distribution: Chart;
  distance: Chart | null;
  states: Chart | null;
  claims: Html | null;
}

/** `files`: the names of those that were made from the run's raw files. */
export function reportSections(
  run: Run,
  summary: Summary,
  { figure, breakdown, split, distribution, distance, states, claims }: Contents,
  files: string[],
): Section[] {
  const { manifest } = run;
  const words = (id: string, title: string, html: Html): Section => ({ id, title, charts: [], html });
  return [
    { id: 'figure', title: 'Figure', titleUnseen: true, charts: [figure] },
    ...(breakdown || split
      ? [
          {
            id: 'breakdown',
            title: 'Breakdown',
            charts: [breakdown, split].filter((chart) => chart !== null),
            html: stagesTable(summary),
          },
        ]
      : []),
    { id: 'distributions', title: 'Distributions', charts: [distribution], html: quantiles(summary) },
    ...(distance
      ? [
          {
            id: 'distance',
            title: 'Distance of the cores',
            charts: [distance, states].filter((chart) => chart !== null),
            html: byDistance(summary),
          },
        ]
      : []),
    words('numbers', 'Numbers', numbers(summary)),
    words('validity', 'Validity', html`${validity(summary)}${trust(summary, run.calibration)}`),
    ...(claims ? [words('claims', 'Claims', claims)] : []),
    words('trials', 'Trials', html`${spread(summary)}${trials(run)}`),
    words('environment', 'Environment', environment(manifest)),
    words('repeat', 'How to repeat it', repeating(manifest, files)),
  ];
}
