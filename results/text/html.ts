/** HTML from templates in which every value is escaped unless it is HTML itself. */

/** Text that is HTML already. Made by the `html` tag, or by `trusted` from a source that escapes by itself. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type HtmlValue = string | number | Html | HtmlValue[];

/** html`<td>${value}</td>`: strings and numbers are escaped, lists joined, Html taken as it is. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts.reduce((text, part, index) => text + render(values[index - 1]) + part));
}

export function trusted(markup: string): Html {
  return new Html(markup);
}

/** Escapes for text and for attribute values in either kind of quotes (HTML Living Standard, 13.3). */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(render).join('');
  return escapeHtml(String(value));
}
