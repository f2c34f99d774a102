/**
 * A chart in the page: standing still as SVG, which is what is seen without JavaScript and on paper, and beside it
 * all that the page's script (live/) needs to make it live.
 */
import { type Chart, chartFileEndings } from '../charts/chart.ts';
import { compileSpec, sizeOf } from '../charts/render.ts';
import { type Html, html, trusted } from '../text/html.ts';
import { downloadLink, listed } from './elements.ts';
import type { ChartData } from './live/chart-data.ts';

const fileNames: Record<(typeof chartFileEndings)[number], string> = {
  svg: 'SVG',
  png: 'PNG',
  'vl.json': 'specification (Vega-Lite)',
};

export function chartFigure({ name, title, spec, svg, caption }: Chart): Html {
  const files = chartFileEndings.map((ending) => downloadLink(`${name}.${ending}`, fileNames[ending]));
  return html`<figure class="chart${fitsScreen(svg) ? ' fits' : ''}" id="chart-${name}" aria-label="${title}">
<div class="scroll plot" tabindex="0"><div class="still">${trusted(svg)}</div><div class="live" hidden></div></div>
<div class="toggles" role="group" aria-label="Systems that are shown" hidden><span class="soft">Show:</span></div>
<figcaption>${caption ? html`<p>${caption}</p>` : ''}<p class="downloads">Download: ${listed(files)}</p></figcaption>
<script type="application/json">${inScript(JSON.stringify(chartData(name, spec)))}</script>
</figure>
`;
}

/** Whether it is well seen within a screen's height. */
function fitsScreen(svg: string): boolean {
  const { width, height } = sizeOf(svg);
  return height <= 1.5 * width;
}

/** The data stands in the page once: what was compiled gets it from the specification's datasets. */
function chartData(name: string, spec: Chart['spec']): ChartData {
  const compiled = compileSpec(spec);
  const datasets = spec.datasets ?? {};
  const data = compiled.data?.map((source) =>
    'values' in source && Object.hasOwn(datasets, source.name) ? { ...source, values: [] } : source,
  );
  return { name, spec: spec as ChartData['spec'], compiled: { ...compiled, ...(data && { data }) } };
}

/** JSON that no text in it ends the element: HTML knows `</script` and `<!--` in there, JSON knows \\u003c. */
function inScript(json: string): Html {
  return trusted(json.replaceAll('<', '\\u003c'));
}
