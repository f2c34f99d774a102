/**
 * The page's script: puts a Vega view in the place of each chart's still picture. Expressions are interpreted, for
 * the page's policy lets nothing be compiled. A chart that fails stays as it was.
 */
import { parse, type Spec, View, Warn } from 'vega';
import { expressionInterpreter } from 'vega-interpreter';
import type { ChartData } from './chart-data.ts';
import { offerDownloads } from './downloads.ts';
import { offerFolds } from './folds.ts';
import { offerToggles } from './toggles.ts';
import { hideTooltip, showTooltip } from './tooltip.ts';

async function enliven(figure: HTMLElement): Promise<void> {
  const chart = JSON.parse(figure.querySelector('script')!.textContent) as ChartData;
  const live = figure.querySelector<HTMLElement>('.live')!;
  const view = new View(parse(withData(chart), undefined, { ast: true }), {
    expr: expressionInterpreter,
    renderer: 'svg',
    container: live,
    logLevel: Warn,
  });
  view.tooltip((_handler, event, _item, value) => showTooltip(event, value));
  // A finger does not hover: what it touches is shown until it touches something else.
  view.addEventListener('click', (event, item) => {
    const shown = (item as { tooltip?: unknown } | null)?.tooltip;
    if (shown) showTooltip(event, shown);
  });
  await view.runAsync();
  live.querySelector('svg')!.setAttribute('aria-label', figure.getAttribute('aria-label') ?? '');
  offerToggles(figure, chart, view);
  offerDownloads(figure, chart, view);
  live.hidden = false;
  figure.classList.add('alive');
}

function withData({ spec, compiled }: ChartData): Spec {
  const datasets = spec.datasets ?? {};
  const data = compiled.data?.map((source) =>
    Object.hasOwn(datasets, source.name) ? { ...source, values: datasets[source.name] } : source,
  );
  return { ...compiled, data } as Spec;
}

offerFolds();
document.addEventListener('pointerdown', hideTooltip);
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') hideTooltip();
});
for (const figure of document.querySelectorAll<HTMLElement>('figure.chart')) {
  enliven(figure).catch((error) => console.error(`${figure.id} stays still:`, error));
}
