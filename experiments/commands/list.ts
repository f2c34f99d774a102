/** `bypassbench list`: the experiments that ship. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { type PlannedExperiment, planAll } from '../all/plan.ts';
import { readExperiment, readResolved } from '../config/config.ts';
import { shippedExperiments } from '../config/experiments.ts';
import { durationInWords, runDuration_s } from '../duration.ts';
import { ExperimentError } from '../errors.ts';
import { labOption } from './lab-option.ts';

/** Where the output is no terminal. */
const COLUMNS_WITHOUT_TERMINAL = 110;
const NAME_COLUMNS = 20;
const DURATION_COLUMNS = 15;
const BORDER_COLUMNS = 5;

export function command(): Command {
  return new Command('list')
    .description("The experiments that ship, and how long each takes: 'bypassbench run NAME' runs one.")
    .addOption(labOption())
    .action(list);
}

async function list({ lab }: { lab?: string }): Promise<void> {
  const width = process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL;
  const rest = Math.max(30, width - NAME_COLUMNS - 2 * DURATION_COLUMNS - BORDER_COLUMNS);
  const table = new Table({
    head: ['name', 'what it measures', 'takes', '--quick'],
    colWidths: [NAME_COLUMNS, rest, DURATION_COLUMNS, DURATION_COLUMNS],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const name of shippedExperiments().keys()) table.push(await row(name, lab));
  const [whole, quick] = await Promise.all([false, true].map((quick) => planAll(quick, lab)));
  table.push(['all', 'all of them but the examples, in one report', together(whole), together(quick)]);
  console.log(table.toString());
}

function together(plan: readonly PlannedExperiment[]): string {
  return durationInWords(plan.reduce((sum, { seconds }) => sum + seconds, 0));
}

/** What cannot be read here, such as for want of cores, is listed with the reason. */
async function row(name: string, lab: string | undefined): Promise<string[]> {
  try {
    const { config, axes, points } = await readResolved(name, { quick: false, set: [], lab });
    const title = axes.length > 0 ? `${config.title} (${points.length} points)` : config.title;
    return [name, title, await takes(name, false, lab), config.quick ? await takes(name, true, lab) : '-'];
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    const where = lab === undefined ? 'here' : 'there';
    return [name, `not to be run ${where}: ${error.message}`, '-', '-'];
  }
}

async function takes(name: string, quick: boolean, lab: string | undefined): Promise<string> {
  const experiment = await readExperiment(name, { quick, set: [], lab, only: null });
  return durationInWords(runDuration_s(experiment));
}
