/** `bypassbench performance RUN...`: keeps what runs measured, and writes docs/performance.md from all that is kept. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { nameBounds } from '../claims/render.ts';
import {
  GOALS_FILE,
  goalsFormat,
  type Manifest,
  type Performance,
  type PerformanceMeasurement,
  type PerformanceRow,
  performanceFormat,
  replaceFile,
  type Summary,
} from '../formats/index.ts';
import { readRun } from '../run/run-folder.ts';
import { summarize } from '../summary/summary.ts';
import { renderPerformance, withMeasured } from './performance-page.ts';

const HELP = `
RUN is the folder of 'npm run goals', or that of one run. What it measured is added to docs/performance/MACHINE.json, one
file for each kind of machine; a run that is there already is replaced. The part of docs/performance.md between its two
marks is then written anew from all these files. The rest of that page is prose, which this command leaves alone.`;

export function command(): Command {
  return new Command('performance')
    .description('Keep what runs measured in docs/performance/, and write docs/performance.md from it.')
    .argument(
      '[runs...]',
      "folders that 'npm run goals' or 'bypassbench run' wrote; none: write the page again",
    )
    .option('--docs <dir>', 'folder of performance.md', 'docs')
    .addHelpText('after', HELP)
    .action(async (runs: string[], { docs }: { docs: string }) => {
      const folder = join(docs, 'performance');
      await mkdir(folder, { recursive: true });
      for (const run of runs) await keep(folder, await readMeasured(run));
      const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
      const kept = await Promise.all(
        names.map(async (name) => performanceFormat.read(await readFile(join(folder, name), 'utf8'))),
      );
      const page = join(docs, 'performance.md');
      await replaceFile(page, withMeasured(await readFile(page, 'utf8'), renderPerformance(kept)));
      console.log(page);
    });
}

interface Measured {
  machine: Performance['machine'];
  measurement: PerformanceMeasurement;
}

async function readMeasured(run: string): Promise<Measured> {
  const goals = join(run, GOALS_FILE);
  return existsSync(goals) ? ofGoals(await readFile(goals, 'utf8')) : ofRun(run);
}

function ofGoals(text: string): Measured {
  const { machine, started_at, git, goals } = goalsFormat.read(text);
  const rows = goals.flatMap((record): PerformanceRow[] => {
    const { goal, value, over_value, unit, measured, interval, at_most, at_least, result } = record;
    if (value === null) return [];
    const bounds = nameBounds({ at_most: at_most ?? undefined, at_least: at_least ?? undefined });
    const isRatio = over_value !== null;
    return [{ what: goal, value, unit, ratio: isRatio ? measured : null, interval, goal: bounds, result }];
  });
  const command = 'npm run goals';
  return { machine, measurement: { title: 'Goals', measured_at: started_at, git, command, rows } };
}

async function ofRun(folder: string): Promise<Measured> {
  const run = await readRun(folder);
  const { machine, title, started_at, git, command }: Manifest = run.manifest;
  const rows = rowsOf(summarize(run));
  return {
    machine,
    measurement: { title, measured_at: started_at, git, command: command.join(' '), rows },
  };
}

function rowsOf({ points }: Summary): PerformanceRow[] {
  return points.flatMap(({ system, operation, latency_us, versus_first }) => {
    if (latency_us === null) return [];
    const what = `${operation.toUpperCase()} p50, ${system}`;
    const { ratio = null, interval = null } = versus_first ?? {};
    return [{ what, value: latency_us.p50, unit: 'us', ratio, interval, goal: null, result: null }];
  });
}

async function keep(folder: string, { machine, measurement }: Measured): Promise<void> {
  const file = join(folder, `${nameOf(machine)}.json`);
  const before = existsSync(file) ? performanceFormat.read(await readFile(file, 'utf8')).measurements : [];
  const { title, measured_at } = measurement;
  const others = before.filter((one) => one.title !== title || one.measured_at !== measured_at);
  const measurements = [...others, measurement].toSorted((a, b) =>
    a.measured_at.localeCompare(b.measured_at),
  );
  await replaceFile(
    file,
    performanceFormat.write({ schema: performanceFormat.schema, machine, measurements }),
  );
}

/** "amd-epyc-7b13-2-cores" */
function nameOf({ cpu, cores }: Performance['machine']): string {
  return `${cpu} ${cores} cores`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
