/** The sections of the page, in the order in which a reader wants them. */

import type { Chart } from '../charts/chart.ts';
import type { Summary } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { type Html, html } from '../text/html.ts';
import { costs } from './cost.ts';
import { environment, repeating } from './environment.ts';
import { numbers, quantiles, spread, validity } from './numbers.ts';
import { joinedRuns } from './runs.ts';
import type { Section } from './section.ts';
import { stagesTable } from './stages.ts';
import { byDistance } from './states.ts';
import { trials } from './trials.ts';
import { trust } from './trust.ts';

/** What the page shows beside the run's own numbers. What is null is left out. */
export interface Contents {
  /** Other charts of the figure's numbers. */
  more: Chart[];
  cost: Chart | null;
  breakdown: Chart | null;
  split: Chart | null;
  polling: Chart | null;
  distribution: Chart;
  distance: Chart | null;
  states: Chart | null;
  claims: Html | null;
  /** How to read the figure, and what it was measured with. */
  about: string;
}

/** The runs that the page is of, which may be joined, and the files beside the page. */
export interface Origin {
  runs: Run[];
  files: string[];
}

export function reportSections(
  run: Run,
  summary: Summary,
  contents: Contents,
  { runs, files }: Origin,
): Section[] {
  const { more, breakdown, split, polling, distribution, distance, states, claims, about } = contents;
  const cost = costs(summary);
  const validityHtml = html`${validity(summary)}${trust(summary, run.calibrations)}`;
  const moreTitles = more.map(({ title }) => title.replace(/:.*/, '')).join(', ');
  const all: (Section | null)[] = [
    more.length > 0 ? section('more', 'Further figures', moreTitles, html``, more) : null,
    section('numbers', 'Numbers', 'each point: p50, interval, ratio, tails, throughput', numbers(summary)),
    section('validity', 'Validity', 'why to believe it or not: doubts, noise, what interfered', validityHtml),
    breakdown || split || polling
      ? section(
          'breakdown',
          'Where the time goes',
          'stages of a request, and what the kernel takes',
          stagesTable(summary),
          [breakdown, split, polling],
        )
      : null,
    section('distributions', 'Distributions', 'all latencies up to p99.99', quantiles(summary), [
      distribution,
    ]),
    distance
      ? section(
          'distance',
          'Distance of the cores',
          'over time, and what it does to latencies',
          byDistance(summary),
          [distance, states],
        )
      : null,
    cost
      ? section('cost', 'What it costs', 'processor time, switches, energy of a million replies', cost, [
          contents.cost,
        ])
      : null,
    claims ? section('claims', 'Claims', 'which claims of papers hold here', claims) : null,
    section('about', 'About the figure', 'how to read it, with what it was measured', html`<p>${about}</p>`),
    section('trials', 'Trials', 'each in order, with its raw files', html`${spread(summary)}${trials(run)}`),
    section(
      'environment',
      'Environment',
      'machine, systems, versions, configuration',
      environment(run.manifest),
    ),
    runs.length > 1
      ? section('runs', 'Runs', 'those that are joined here, and what differs between them', joinedRuns(runs))
      : null,
    section('repeat', 'How to repeat it', 'commands and files', repeating(runs, files)),
  ];
  return all.filter((one) => one !== null);
}

/** Charts that are null are left out. */
function section(
  id: string,
  title: string,
  hint: string,
  html: Html,
  charts: (Chart | null)[] = [],
): Section {
  return { id, title, hint, html, charts: charts.filter((chart) => chart !== null) };
}
