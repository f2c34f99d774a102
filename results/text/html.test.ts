/** Everything is escaped but HTML itself. */
import { expect, test } from 'vitest';
import { escapeHtml, html, trusted } from './html.ts';

test('text and attribute values are escaped', () => {
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
  expect(html`<p title="${'"><script>'}">${'<b>'}</p>`.markup).toBe(
    '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;</p>',
  );
});

test('nested templates and lists are taken as they are', () => {
  expect(
    html`<ul>${['<', 'b'].map((item) => html`<li>${item}</li>`)}</ul>${trusted('<hr>')}${3}`.markup,
  ).toBe('<ul><li>&lt;</li><li>b</li></ul><hr>3');
});
