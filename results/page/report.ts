/**
 * report.html: one page that loads nothing. What a reader wants first is seen at once, and sections (page/sections.ts)
 * are folded below it. Its charts are live where scripts run, and stand still elsewhere.
 */
import { readFileSync } from 'node:fs';
import type { Chart } from '../charts/chart.ts';
import type { Manifest } from '../formats/index.ts';
import { html, trusted } from '../text/html.ts';
import { chartFigure } from './chart-figure.ts';
import { pageScript } from './script.ts';
import { contents, type Section, sectionHtml } from './section.ts';

const style = [new URL('report.css', import.meta.url), new URL('charts.css', import.meta.url)]
  .map((file) => readFileSync(file, 'utf8'))
  .join('');

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

export async function renderReport(
  manifest: Manifest,
  { question, answer, figure, belief, leftOut }: FirstScreen,
  sections: Section[],
): Promise<string> {
  const script = await pageScript();
  // Nothing may be loaded, and nothing but that script may run, whatever the data holds.
  const contentPolicy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${script.source}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<title>${manifest.title}</title>
<style>
${trusted(style)}</style>
</head>
<body>
<h1>${manifest.title}</h1>
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
<p class="soft">${standing(manifest)}</p>
<script>${trusted(script.code)}</script>
</body>
</html>
`;
  return page.markup;
}

function standing(manifest: Manifest): string {
  return [
    `${manifest.experiment}, started ${manifest.started_at}`,
    manifest.finished_at ? `finished ${manifest.finished_at}` : 'not finished',
    ...(manifest.quick ? ['quick run'] : []),
  ].join('; ');
}
