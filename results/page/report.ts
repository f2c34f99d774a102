/**
 * report.html: one page that loads nothing. What a reader wants first is seen at once, and sections (page/sections.ts)
 * are folded below it. Its charts are live where scripts run, and stand still elsewhere.
 */
import type { Chart } from '../charts/chart.ts';
import type { Manifest } from '../formats/index.ts';
import { html } from '../text/html.ts';
import { chartFigure } from './chart-figure.ts';
import { pageDocument } from './document.ts';
import { contents, type Section, sectionHtml } from './section.ts';

/** What is seen before anything is opened. */
export interface FirstScreen {
  question: string;
  /** Sentences. */
  answer: string[];
  figure: Chart;
  /** Whether to believe it, a sentence. */
  belief: string;
  /** What the run does not measure of the whole experiment; null where that is nothing. */
  leftOut: string | null;
}

export function renderReport(
  manifest: Manifest,
  { question, answer, figure, belief, leftOut }: FirstScreen,
  sections: Section[],
): Promise<string> {
  return pageDocument(
    manifest.title,
    html`<h1>${manifest.title}</h1>
<p class="question">${question}</p>
<div class="first">
<section id="answer" aria-label="Answer">
${answer.map((sentence) => html`<p>${sentence}</p>\n`)}</section>
<section id="figure" aria-label="Figure">
${chartFigure(figure)}</section>
<p class="belief">${belief} <a href="#validity">Why</a></p>
${leftOut === null ? '' : html`<p class="soft">A quick run, which leaves out ${leftOut}.</p>\n`}${contents(sections)}
</div>
${sections.map(sectionHtml)}
<p class="soft">${standing(manifest)}</p>`,
  );
}

function standing(manifest: Manifest): string {
  return [
    `${manifest.experiment}, started ${manifest.started_at}`,
    manifest.finished_at ? `finished ${manifest.finished_at}` : 'not finished',
    ...(manifest.quick ? ['quick run'] : []),
  ].join('; ');
}
