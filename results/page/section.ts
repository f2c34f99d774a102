/** A section of the page: its heading, its charts, and what is said of them. */
import type { Chart } from '../charts/chart.ts';
import { type Html, html } from '../text/html.ts';
import { chartFigure } from './chart-figure.ts';

export interface Section {
  /** Where links lead, e.g. `distributions`. */
  id: string;
  title: string;
  /** The title is for the contents and for those who hear the page: the charts say it themselves. */
  titleUnseen?: boolean;
  charts: Chart[];
  html?: Html;
}

export function sectionHtml({ id, title, titleUnseen, charts, html: rest }: Section): Html {
  return html`<section id="${id}">
<h2${titleUnseen ? html` class="unseen"` : ''}>${title}</h2>
${charts.map(chartFigure)}${rest ?? ''}
</section>
`;
}

export function contents(sections: Section[]): Html {
  return html`<nav aria-label="Contents">${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a> `)}</nav>`;
}
