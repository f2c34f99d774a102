/**
 * report.html: one page that loads nothing, made of sections (page/sections.ts). Its charts are live where scripts
 * run, and stand still elsewhere.
 */
import { readFileSync } from 'node:fs';
import type { Manifest, Summary } from '../formats/index.ts';
import { stateOf } from '../summary/doubt.ts';
import { html, trusted } from '../text/html.ts';
import { pageScript } from './script.ts';
import { contents, type Section, sectionHtml } from './section.ts';

const style = [new URL('report.css', import.meta.url), new URL('charts.css', import.meta.url)]
  .map((file) => readFileSync(file, 'utf8'))
  .join('');

export async function renderReport(
  manifest: Manifest,
  summary: Summary,
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
<p class="soft">${standing(manifest, summary)}</p>
${contents(sections)}
${sections.map(sectionHtml)}
<script>${trusted(script.code)}</script>
</body>
</html>
`;
  return page.markup;
}

function standing(manifest: Manifest, summary: Summary): string {
  const valid = summary.points.filter((point) => stateOf(point, ['p50']) === 'valid').length;
  return [
    `${manifest.experiment}, started ${manifest.started_at}`,
    manifest.finished_at ? `finished ${manifest.finished_at}` : 'not finished',
    ...(manifest.quick ? ['quick run'] : []),
    `p50 valid for ${valid} of ${summary.points.length} points`,
  ].join('; ');
}
