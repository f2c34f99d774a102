/** A page that loads nothing: style and script stand in it, and nothing but that script may run. */
import { readFileSync } from 'node:fs';
import { type Html, html, trusted } from '../text/html.ts';
import { pageScript } from './script.ts';

const style = [new URL('report.css', import.meta.url), new URL('charts.css', import.meta.url)]
  .map((file) => readFileSync(file, 'utf8'))
  .join('');

/** The whole document with this title and body. */
export async function pageDocument(title: string, body: Html): Promise<string> {
  const script = await pageScript();
  // Nothing may be loaded, whatever the data holds.
  const contentPolicy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${script.source}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<title>${title}</title>
<style>
${trusted(style)}</style>
</head>
<body>
${body}
<script>${trusted(script.code)}</script>
</body>
</html>
`;
  return page.markup;
}
