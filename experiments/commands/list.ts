/** `bypassbench list`: the experiments that ship. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { type PlannedExperiment, planAll } from '../all/plan.ts';
import { readExperiment, readResolved } from '../config/config.ts';
import { shippedExperiments } from '../config/experiments.ts';
import { durationInWords, runDuration_s } from '../duration.ts';
import { ExperimentError } from '../errors.ts';

/** Where the output is no terminal. */
const COLUMNS_WITHOUT_TERMINAL = 110;
const NAME_COLUMNS = 20;
const DURATION_COLUMNS = 15;
const BORDER_COLUMNS = 5;

export function command(): Command {
  return new Command('list')
    .description("The experiments that ship, and how long each takes: 'bypassbench run NAME' runs one.")
    .action(list);
}

async function list(): Promise<void> {
  const width = process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL;
  const rest = Math.max(30, width - NAME_COLUMNS - 2 * DURATION_COLUMNS - BORDER_COLUMNS);
  const table = new Table({
    head: ['name', 'what it measures', 'takes', '--quick'],
    colWidths: [NAME_COLUMNS, rest, DURATION_COLUMNS, DURATION_COLUMNS],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const name of shippedExperiments().keys()) table.push(await row(name));
  const [whole, quick] = await Promise.all([false, true].map(planAll));
  table.push(['all', 'all of them but the examples, in one report', together(whole), together(quick)]);
  console.log(table.toString());
}

function together(plan: readonly PlannedExperiment[]): string {
  return durationInWords(plan.reduce((sum, { seconds }) => sum + seconds, 0));
}

/** What cannot be read here, such as for want of cores, is listed with the reason. */
async function row(name: string): Promise<string[]> {
  try {
    const { config, axes, points } = await readResolved(name, { quick: false, set: [] });
    const title = axes.length > 0 ? `${config.title} (${points.length} points)` : config.title;
    return [name, title, await takes(name, false), config.quick ? await takes(name, true) : '-'];
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    return [name, `not to be run here: ${error.message}`, '-', '-'];
  }
}

async function takes(name: string, quick: boolean): Promise<string> {
  const experiment = await readExperiment(name, { quick, set: [], only: null });
  return durationInWords(runDuration_s(experiment));
}
