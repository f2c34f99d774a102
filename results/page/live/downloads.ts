/**
 * The download links of a chart, served by the page itself, so that they work where the page was sent without its
 * folder: specification and data as they are, the pictures as the chart stands now.
 */
import type { View } from 'vega';
import type { ChartData, Row } from './chart-data.ts';

export function offerDownloads(figure: HTMLElement, { name, spec }: ChartData, view: View): void {
  const line = figure.querySelector('.downloads')!;
  const content: Record<string, () => Promise<Blob>> = {
    [`${name}.svg`]: async () => new Blob([await view.toSVG()], { type: 'image/svg+xml' }),
    [`${name}.png`]: () => png(view),
    [`${name}.vl.json`]: async () => json(spec),
  };
  for (const [dataset, rows] of Object.entries(spec.datasets ?? {})) {
    const file = `${name}-${dataset}.csv`;
    content[file] = async () => new Blob([csv(rows)], { type: 'text/csv' });
    const link = document.createElement('a');
    link.href = '#';
    link.download = file;
    link.textContent = `${dataset} (CSV)`;
    line.append(', ', link);
  }
  for (const link of line.querySelectorAll('a')) {
    const make = content[link.download];
    if (!make) continue;
    link.addEventListener('click', (event) => {
      event.preventDefault();
      make().then((blob) => save(blob, link.download));
    });
  }
}

/** The same bytes as the file NAME.vl.json beside the page. */
function json(spec: ChartData['spec']): Blob {
  return new Blob([`${JSON.stringify(spec, null, 2)}\n`], { type: 'application/json' });
}

/** Twice as many pixels as the chart has on a screen. */
async function png(view: View): Promise<Blob> {
  const canvas = (await view.toCanvas(2)) as unknown as HTMLCanvasElement;
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no PNG was made'))), 'image/png');
  });
}

/** RFC 4180, in the order of the fields as they come. */
function csv(rows: Row[]): string {
  const fields = [...new Set(rows.flatMap(Object.keys))];
  const lines = [fields, ...rows.map((row) => fields.map((field) => row[field]))];
  return lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

function cell(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
