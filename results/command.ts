/** `bypassbench report DIR`: rebuilds the summary, the figure and the report of a run from its raw files. */
import { join } from 'node:path';
import { Command } from 'commander';
import { renderTable } from './table.ts';
import { terminal } from './terminal.ts';
import { reportFiles, writeReport } from './write-report.ts';

export function command(): Command {
  return new Command('report')
    .summary('rebuild the summary, the figures and the report of a run')
    .description(
      'Rebuilds summary.json, report.html, and figure and distribution as .svg, .png and .vl.json, of a run from\n' +
        'its raw files alone (manifest.json and trials/), and prints the table. Works on a run that did not finish\n' +
        'as well.',
    )
    .argument('<dir>', "the run's folder, as 'bypassbench run' wrote it")
    .option('--no-reference', 'leave out the published values')
    .action(async (dir: string, { reference }: { reference: boolean }) => {
      const summary = await writeReport(dir, { reference });
      process.stdout.write(renderTable(summary, { ...terminal(), reference }));
      process.stdout.write(`\nwritten: ${reportFiles.map((file) => join(dir, file)).join('\n         ')}\n`);
    });
}
