/** Reports of synthetic runs, for the tests of what is made from a run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Chart } from './charts/chart.ts';
import type { ChartName } from './charts/charts.ts';
import { type RunReport, readReport } from './run-report.ts';
import { run, type SyntheticRun, writeRun, writeRunInto } from './test-synthetic-run.ts';

const p50_ns = new Map([
  ['redis', 32_000],
  ['kv-sockets', 33_500],
  ['kv-kernel', 9_100],
]);
export const measured: SyntheticRun['measured'] = ({ name }, _target, trial) => ({
  latencies_ns: Array(3000).fill((p50_ns.get(name) ?? 1500) + trial * 100),
});

/** The report of a run that is as usual where `synthetic` says nothing; nothing of it is written. */
export async function report(synthetic: Partial<SyntheticRun>, reference = true): Promise<RunReport> {
  return readReport(await writeRun(run({ measured, ...synthetic })), { reference });
}

export interface Drawn<Spec> {
  report: RunReport;
  /** As it is in the file. */
  spec: Spec;
  svg: string;
}

/** A chart of a run that has what it shows. The run's folder is gone when it is drawn: hooks may draw, too. */
export async function drawn<Spec>(name: ChartName, synthetic: Partial<SyntheticRun>): Promise<Drawn<Spec>> {
  const dir = await mkdtemp(join(tmpdir(), 'bypassbench-results-'));
  try {
    await writeRunInto(dir, run(synthetic));
    const report = await readReport(dir, { reference: true });
    const { spec, svg } = (await report.chart(name)) as Chart;
    return { report, spec: JSON.parse(JSON.stringify(spec)) as Spec, svg };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The figure of a report as SVG. */
export async function figureOf(made: RunReport): Promise<string> {
  return ((await made.chart('figure')) as Chart).svg;
}

/** The texts of an SVG, in document order. */
export function texts(svg: string): string[] {
  return [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]+)</g)].map((match) => match[1]);
}

/** The page without its own scripts and the data that they read, which cannot end before their elements do. */
export function withoutScripts(page: string): string {
  return page.replace(/<script( type="application\/json")?>.*?<\/script>/gs, '');
}
