/** Reports of synthetic runs, for the tests of what is made from a run. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Summary } from './formats/index.ts';
import { writeReport } from './index.ts';
import { run, type SyntheticRun, writeRun } from './test-synthetic-run.ts';

const p50_ns = new Map([
  ['redis', 32_000],
  ['kv-sockets', 33_500],
  ['kv-kernel', 9_100],
]);
export const measured: SyntheticRun['measured'] = ({ name }, _target, trial) => ({
  latencies_ns: Array(3000).fill((p50_ns.get(name) ?? 1500) + trial * 100),
});

export async function report(
  synthetic: Partial<SyntheticRun>,
  reference = true,
): Promise<{ dir: string; summary: Summary; svg: string; html: string }> {
  const dir = await writeRun(run({ measured, ...synthetic }));
  const { summary } = await writeReport(dir, { reference });
  const [svg, html] = await Promise.all(
    ['figure.svg', 'report.html'].map((file) => readFile(join(dir, file), 'utf8')),
  );
  return { dir, summary, svg: svg!, html: html! };
}

/** The texts of an SVG, in document order. */
export function texts(svg: string): string[] {
  return [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]+)</g)].map((match) => match[1]);
}

/** The page without its own scripts and the data that they read, which cannot end before their elements do. */
export function withoutScripts(page: string): string {
  return page.replace(/<script( type="application\/json")?>.*?<\/script>/gs, '');
}
