/** What a report says of a run. Charts and page are made when they are asked for, and each chart once. */
import type { TopLevelSpec } from 'vega-lite';
import { breakdownSpec } from './charts/breakdown/figure.ts';
import { type Chart, chartFileEndings } from './charts/chart.ts';
import { distanceSpec } from './charts/distance/figure.ts';
import { distributionSpec } from './charts/distribution/figure.ts';
import { figureSpec } from './charts/latency/figure.ts';
import { splitSpec } from './charts/split/figure.ts';
import { statesSpec } from './charts/states/figure.ts';
import { readClaims, shippedClaims } from './claims/document.ts';
import { aboutSystemsOf, evaluateClaims, type Finding } from './claims/evaluate.ts';
import { MANIFEST_FILE, SUMMARY_FILE, type Summary } from './formats/index.ts';
import { distanceCaption } from './page/distance.ts';
import { type Run, readRun } from './run/run-folder.ts';
import { describeFigure } from './sentences/description.ts';
import { distanceOfRun, type RunDistance } from './summary/distance/run-distance.ts';
import { summarize } from './summary/summary.ts';

/** `reference`: set the published values that the run names beside the measured ones, and test claims. */
export interface ReportOptions {
  reference: boolean;
}

/** What can be pasted under the figure. */
export const FIGURE_TEXT_FILE = 'figure.txt';

export const chartNames = ['figure', 'breakdown', 'split', 'distribution', 'distance', 'states'] as const;
export type ChartName = (typeof chartNames)[number];

export class RunReport {
  readonly run: Run;
  readonly summary: Summary;
  /** Paragraphs to stand under the figure. */
  readonly words: string[];
  readonly #reference: boolean;
  readonly #charts = new Map<ChartName, Promise<Chart | null>>();
  #distances: RunDistance | null = null;
  #findings: Promise<Finding[]> | null = null;

  constructor(run: Run, reference: boolean) {
    this.run = run;
    this.summary = summarize(run, reference);
    this.words = describeFigure(run.manifest, this.summary);
    this.#reference = reference;
  }

  /** Null where the run has nothing that the chart shows. */
  chart(name: ChartName): Promise<Chart | null> {
    const drawn = this.#charts.get(name) ?? this.#draw(name);
    this.#charts.set(name, drawn);
    return drawn;
  }

  async charts(): Promise<Chart[]> {
    const drawn = await Promise.all(chartNames.map((name) => this.chart(name)));
    return drawn.filter((chart) => chart !== null);
  }

  /** The files that the page links, beside those of trials. */
  async linkedFiles(): Promise<string[]> {
    const ofCharts = (await this.charts()).flatMap(({ name }) =>
      chartFileEndings.map((ending) => `${name}.${ending}`),
    );
    return [MANIFEST_FILE, SUMMARY_FILE, ...ofCharts, FIGURE_TEXT_FILE];
  }

  /** What became of the shipped claims. */
  findings(): Promise<Finding[]> {
    this.#findings ??= shippedClaims()
      .then((files) => Promise.all(files.map(readClaims)))
      .then((claims) => evaluateClaims(this.summary, claims));
    return this.#findings;
  }

  /** report.html */
  async page(): Promise<string> {
    // Loaded here, since a command that only wants the schemas should not wait for the plotting libraries.
    const { renderReport } = await import('./page/report.ts');
    const { reportSections } = await import('./page/sections.ts');
    const { claimsTable } = await import('./page/claims.ts');
    const { run, summary } = this;
    const findings = await this.findings();
    const tested = this.#reference && aboutSystemsOf(findings).length > 0;
    const contents = {
      figure: (await this.chart('figure')) as Chart,
      breakdown: await this.chart('breakdown'),
      split: await this.chart('split'),
      distribution: (await this.chart('distribution')) as Chart,
      distance: await this.chart('distance'),
      states: await this.chart('states'),
      claims: tested ? claimsTable(findings) : null,
    };
    const sections = reportSections(run, summary, contents, await this.linkedFiles());
    return renderReport(run.manifest, summary, sections);
  }

  async #draw(name: ChartName): Promise<Chart | null> {
    const { drawChart } = await import('./charts/render.ts');
    const { what, spec, caption } = this.#plan(name);
    const { title } = this.run.manifest;
    if (spec === null) return null;
    const chart = await drawChart(name, what === null ? title : `${what}: ${title}`, spec);
    return caption === undefined ? chart : { ...chart, caption };
  }

  #distance(): RunDistance {
    this.#distances ??= distanceOfRun(this.run);
    return this.#distances;
  }

  #plan(name: ChartName): { what: string | null; spec: TopLevelSpec | null; caption?: string } {
    const { run, summary } = this;
    const { manifest, calibration } = run;
    switch (name) {
      case 'figure':
        return { what: null, spec: figureSpec(manifest, summary), caption: this.words.join(' ') };
      case 'breakdown':
        return { what: 'Where the time goes', spec: breakdownSpec(manifest, summary, calibration) };
      case 'split':
        return { what: 'What the kernel takes', spec: splitSpec(manifest, summary) };
      case 'distribution':
        return { what: 'Latency distribution', spec: distributionSpec(run, summary) };
      case 'distance':
        return {
          what: 'Distance of the cores',
          spec: distanceSpec(run, this.#distance(), summary),
          caption: distanceCaption(run, summary),
        };
      case 'states':
        return { what: 'Latency by state of the distance', spec: statesSpec(run, this.#distance(), summary) };
    }
  }
}

/** Works on a run that is unfinished. Throws ResultsError. */
export async function readReport(dir: string, { reference }: ReportOptions): Promise<RunReport> {
  return new RunReport(await readRun(dir), reference);
}
