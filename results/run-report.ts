/** What a report says of a run. Charts and page are made when they are asked for, and each chart once. */
import { type Chart, chartFileEndings } from './charts/chart.ts';
import { type ChartName, pictureOf, reportedCharts } from './charts/charts.ts';
import type { ChartSource } from './charts/source.ts';
import { looksOf } from './charts/theme/looks.ts';
import { pageTheme } from './charts/theme/theme.ts';
import { readClaims, shippedClaims } from './claims/document.ts';
import { aboutSystemsOf, evaluateClaims, type Finding } from './claims/evaluate.ts';
import { MANIFEST_FILE, SUMMARY_FILE, type Summary } from './formats/index.ts';
import { distanceCaption } from './page/distance.ts';
import { joinRuns } from './run/join.ts';
import { type Run, readRun } from './run/run-folder.ts';
import { answer, belief, question } from './sentences/answer.ts';
import { describeFigure } from './sentences/description.ts';
import { leftOutInWords } from './sentences/left-out.ts';
import { distanceOfRun, type RunDistance } from './summary/distance/run-distance.ts';
import { summarize } from './summary/summary.ts';

/** `reference`: set the published values that the run names beside the measured ones, and test claims. */
export interface ReportOptions {
  reference: boolean;
}

/** What can be pasted under the figure. */
export const FIGURE_TEXT_FILE = 'figure.txt';

/** The runs that a report is of, with the way to the manifest of each from the report's folder. */
export interface Parts {
  runs: Run[];
  manifests: string[];
}

export class RunReport {
  readonly run: Run;
  readonly summary: Summary;
  readonly source: ChartSource;
  /** Paragraphs to stand under the figure. */
  readonly words: string[];
  readonly #reference: boolean;
  readonly #charts = new Map<ChartName, Promise<Chart | null>>();
  #findings: Promise<Finding[]> | null = null;

  readonly #parts: Parts;

  constructor(run: Run, reference: boolean, parts: Parts = { runs: [run], manifests: [MANIFEST_FILE] }) {
    this.run = run;
    this.#parts = parts;
    this.summary = summarize(run, reference);
    this.source = chartSource(run, this.summary);
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
    const drawn = await Promise.all(reportedCharts(this.source).map((name) => this.chart(name)));
    return drawn.filter((chart) => chart !== null);
  }

  /** Names of the files that are made beside the page. */
  async madeFiles(): Promise<string[]> {
    const ofCharts = (await this.charts()).flatMap(({ name }) =>
      chartFileEndings.map((ending) => `${name}.${ending}`),
    );
    return [SUMMARY_FILE, ...ofCharts, FIGURE_TEXT_FILE];
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
    const { claimsOfRun } = await import('./page/claims.ts');
    const { run, summary } = this;
    const findings = await this.findings();
    const tested = this.#reference && aboutSystemsOf(findings).length > 0;
    const first = {
      question: question(run.manifest, summary),
      answer: answer(run.manifest, summary),
      figure: (await this.chart('figure')) as Chart,
      belief: belief(run.manifest, summary),
      leftOut: run.manifest.plan.left_out && leftOutInWords(run.manifest.plan.left_out),
    };
    const contents = {
      more: (await this.charts()).filter(({ name }) => besideFigure.includes(name)),
      cost: await this.chart('cost'),
      breakdown: await this.chart('breakdown'),
      split: await this.chart('split'),
      polling: await this.chart('polling'),
      distribution: (await this.chart('distribution')) as Chart,
      distance: await this.chart('distance'),
      states: await this.chart('states'),
      claims: tested ? claimsOfRun(findings) : null,
      // What is doubtful stands under Validity.
      about: this.words[0] ?? '',
    };
    const sections = reportSections(run, summary, contents, {
      runs: this.#parts.runs,
      files: [...this.#parts.manifests, ...(await this.madeFiles())],
    });
    return renderReport(run.manifest, first, sections);
  }

  async #draw(name: ChartName): Promise<Chart | null> {
    const { draw } = await import('./charts/render.ts');
    const drawn = await draw((theme) => pictureOf(name, this.source, theme), pageTheme);
    if (drawn === null) return null;
    const { picture, spec, svg } = drawn;
    return { name, title: picture.title, spec, svg, caption: this.#caption(name) };
  }

  /** What stands under a chart whose picture does not say all; how to read the figure is a section of the page. */
  #caption(name: ChartName): string | null {
    return name === 'distance' ? distanceCaption(this.run, this.summary) : null;
  }
}

/** Charts of the figure's numbers that have a section of their own in the page. */
const besideFigure: string[] = ['latency', 'curve', 'throughput', 'bandwidth', 'bulk'] satisfies ChartName[];

/** What charts are made from. `colours`: those that the reader wants of some systems. */
export function chartSource(run: Run, summary: Summary, colours: Record<string, string> = {}): ChartSource {
  let distance: RunDistance | null = null;
  return {
    run,
    summary,
    looks: looksOf(run.manifest, colours),
    get distance(): RunDistance {
      distance ??= distanceOfRun(run);
      return distance;
    },
  };
}

/** Of one run, or of several joined. Works on a run that is unfinished. Throws ResultsError. */
export async function readReport(
  dirs: string | [string, ...string[]],
  { reference }: ReportOptions,
): Promise<RunReport> {
  const [first, ...more] = typeof dirs === 'string' ? [dirs] : dirs;
  const run = await readRun(first);
  if (more.length === 0) return new RunReport(run, reference);
  const others: Run[] = [];
  for (const dir of more) others.push(await readRun(dir));
  return new RunReport(joinRuns([run, ...others]), reference);
}
