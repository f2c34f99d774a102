/** `bypassbench report DIR`: rebuilds the summary, the figure and the report of a run from its raw files. */
import { join } from 'node:path';
import { Command } from 'commander';
import { renderConclusion } from '../terminal/conclusion.ts';
import { terminal } from '../text/terminal.ts';
import { writeReport } from '../write-report.ts';

export function command(): Command {
  return new Command('report')
    .summary('rebuild the summary, the figures and the report of a run')
    .description(
      'Rebuilds summary.json, report.html, and the figures (figure, breakdown, split, distribution, distance, states)\n' +
        'as .svg, .png and .vl.json, with figure.txt to stand under the figure, of a run from its raw files alone\n' +
        '(manifest.json, calibration.json and trials/), and prints the table, where the time goes, what stamping and\n' +
        'noise are worth, and the claims. Works on a run that did not finish as well.',
    )
    .argument('<dir>', "the run's folder, as 'bypassbench run' wrote it")
    .option('--no-reference', 'leave out the published values')
    .action(async (dir: string, { reference }: { reference: boolean }) => {
      const { summary, findings, files } = await writeReport(dir, { reference });
      process.stdout.write(renderConclusion(summary, findings, { ...terminal(), reference }));
      process.stdout.write(`\nwritten: ${files.map((file) => join(dir, file)).join('\n         ')}\n`);
    });
}
