/**
 * report.html of all experiments: what became of each, the claims of papers with their evidence, and every figure, each
 * with its answer and whether to believe it. What else there is to see stands in each experiment's own report.
 */
import type { Chart } from '../charts/chart.ts';
import type { Finding } from '../claims/evaluate.ts';
import { tally } from '../claims/render.ts';
import type { AllRuns, ExperimentRecord, Summary } from '../formats/index.ts';
import { type State, stateOf } from '../summary/doubt.ts';
import { formatCount } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';
import { chartFigure } from './chart-figure.ts';
import { claimsTable } from './claims.ts';
import { pageDocument } from './document.ts';
import { link, table } from './elements.ts';

/** What the page shows of one experiment. */
export interface ShownExperiment {
  record: ExperimentRecord;
  /** Null where nothing was measured. */
  shown: {
    question: string;
    answer: string[];
    belief: string;
    leftOut: string | null;
    /** The figure first. Their names lead into the experiment's folder. */
    charts: Chart[];
    summary: Summary;
  } | null;
}

export async function renderAllReport(
  all: AllRuns,
  experiments: readonly ShownExperiment[],
  findings: Finding[],
): Promise<string> {
  const title = `All experiments${all.quick ? ', quick' : ''}`;
  const { machine } = all;
  const kind = machine.virtual
    ? `a virtual machine (${machine.hypervisor ?? 'hypervisor unknown'})`
    : 'bare metal';
  return pageDocument(
    title,
    html`<h1>${title}</h1>
<p class="question">${experiments.length} experiments on ${machine.cpu}, ${machine.cores} cores, ${kind}; kernel ${machine.kernel}.</p>
<section id="experiments" aria-label="Experiments">
${overview(experiments)}
</section>
<section id="claims" aria-label="Claims">
<h2>Claims of papers</h2>
<p>${tally(findings)} Each is held against the experiment that it belongs to.</p>
${claimsTable(findings)}
</section>
${experiments.map(experimentHtml)}
<p class="soft">Started ${all.started_at}; ${all.finished_at ? `finished ${all.finished_at}` : 'not finished'}; commit
${all.git.commit ?? 'unknown'}${all.git.dirty ? ' with changes' : ''}.</p>`,
  );
}

const outcomes: Record<AllRuns['experiments'][number]['status'], { word: string; state: State }> = {
  ended: { word: 'ran', state: 'valid' },
  failed: { word: 'failed', state: 'invalid' },
  left_out: { word: 'left out', state: 'suspect' },
  interrupted: { word: 'interrupted', state: 'suspect' },
  waiting: { word: 'not run', state: 'suspect' },
};

function overview(experiments: readonly ShownExperiment[]): Html {
  return table(
    [
      { head: 'experiment', number: false },
      { head: 'what it shows', number: false },
      { head: 'outcome', number: false },
      { head: 'points', number: false },
      { head: 'took', number: true },
    ],
    experiments.map(({ record, shown }) => {
      const { word, state } = outcomes[record.status];
      const failed = record.failed_trials > 0 ? `, ${record.failed_trials} trials failed` : '';
      return [
        shown ? html`<a href="#${record.name}">${record.name}</a>` : record.name,
        record.title,
        html`<span class="verdict ${state}">${word}${failed}</span>`,
        shown ? statesInWords(shown.summary) : (record.reason?.split('\n')[0] ?? ''),
        `${(record.elapsed_s / 60).toFixed(1)} min`,
      ];
    }),
  );
}

/** "24 valid, 2 suspect, 1 invalid" */
export function statesInWords({ points, floors }: Pick<Summary, 'points' | 'floors'>): string {
  const states = Map.groupBy([...points, ...floors], (point) => stateOf(point));
  const inWords = (['valid', 'suspect', 'invalid'] as const).flatMap((state) => {
    const count = states.get(state)?.length ?? 0;
    return count > 0 ? [`${formatCount(count)} ${state}`] : [];
  });
  return inWords.join(', ');
}

function experimentHtml({ record, shown }: ShownExperiment): Html {
  const heading = html`<h2>${record.title}</h2>`;
  if (!shown) {
    return html`<section id="${record.name}" aria-label="${record.title}">
${heading}
<p>${record.name} has nothing to show: ${record.reason ?? 'it has not run'}.</p>
</section>
`;
  }
  const [figure, ...more] = shown.charts;
  return html`<section id="${record.name}" aria-label="${record.title}">
${heading}
<p class="question">${shown.question}</p>
${shown.answer.map((sentence) => html`<p>${sentence}</p>\n`)}${figure ? chartFigure(figure) : ''}
<p class="belief">${shown.belief} ${link(`${record.name}/report.html`, 'Its own report')} says why.</p>
${shown.leftOut === null ? '' : html`<p class="soft">A quick run, which leaves out ${shown.leftOut}.</p>\n`}${
  more.length === 0
    ? ''
    : html`<details class="section"><summary><h3>Further figures</h3> <span class="soft">${more
        .map(({ title }) => title.replace(/:.*/, ''))
        .join(', ')}</span></summary>
${more.map(chartFigure)}</details>`
}
</section>
`;
}
