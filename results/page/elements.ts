/** The elements that the page's sections are made of. */
import { formatCount } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';

export interface Head {
  head: string;
  number: boolean;
}

/** A table that scrolls sideways where the page is narrower. */
export function table(heads: Head[], rows: (string | Html)[][]): Html {
  const kind = (index: number): Html => (heads[index].number ? html` class="number"` : html``);
  return html`<div class="scroll" tabindex="0"><table>
<thead><tr>${heads.map(({ head }, index) => html`<th scope="col"${kind(index)}>${head}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => html`<tr>${cells.map((cell, index) => html`<td${kind(index)}>${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>`;
}

/** Rows that a reader takes in at a glance. */
const LONG = 16;

/** The same, folded where it is long; `what` its rows are, such as "trials". */
export function foldedTable(heads: Head[], rows: (string | Html)[][], what: string): Html {
  const whole = table(heads, rows);
  if (rows.length <= LONG) return whole;
  return html`<details><summary>${formatCount(rows.length)} ${what}</summary>
${whole}</details>`;
}

export function definitions(entries: [string, string][]): Html {
  return html`<dl>${entries.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>`;
}

/** A link relative to the page; each step of the path is encoded, so that it stays one. */
export function link(path: string, text: string): Html {
  return html`<a href="${relative(path)}">${text}</a>`;
}

/** The same, to save the file rather than to look at it. */
export function downloadLink(path: string, text: string): Html {
  return html`<a href="${relative(path)}" download="${path}">${text}</a>`;
}

function relative(path: string): string {
  return `./${path.split('/').map(encodeURIComponent).join('/')}`;
}

export function listed(items: Html[]): Html {
  return html`${items.map((item, index) => html`${index > 0 ? ', ' : ''}${item}`)}`;
}
