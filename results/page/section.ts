/** A section of the page, folded: its heading, its charts, and what is said of them. */
import type { Chart } from '../charts/chart.ts';
import { type Html, html } from '../text/html.ts';
import { chartFigure } from './chart-figure.ts';

export interface Section {
  /** Where links lead, e.g. `distributions`. */
  id: string;
  title: string;
  /** What is found in it, in a few words beside the title. */
  hint: string;
  charts: Chart[];
  html?: Html;
}

/**
 * Folded: a link to what is inside opens it, by itself where the browser does that, and by live/folds.ts elsewhere. The
 * element that links lead to is inside for that reason.
 */
export function sectionHtml({ id, title, hint, charts, html: rest }: Section): Html {
  return html`<details class="section">
<summary><h2>${title}</h2> <span class="soft">${hint}</span></summary>
<section id="${id}" aria-label="${title}">
${charts.map(chartFigure)}${rest ?? ''}
</section>
</details>
`;
}

export function contents(sections: Section[]): Html {
  const links = sections.map(({ id, title }) => html`<a href="#${id}">${title}</a> `);
  return html`<nav aria-label="Contents"><span class="soft">Next:</span> ${links}</nav>`;
}
