/** `bypassbench report DIR`: rebuilds the summary, the figure and the report of a run from its raw files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { holdsAll, readAllRuns, writeAllReport } from '../all-report.ts';
import { ResultsError } from '../errors.ts';
import { MANIFEST_FILE } from '../formats/index.ts';
import { renderAll } from '../terminal/all.ts';
import { renderConclusion } from '../terminal/conclusion.ts';
import { terminal } from '../text/terminal.ts';
import { writeReport, writeReportInto } from '../write-report.ts';

export function command(): Command {
  return new Command('report')
    .summary('rebuild the summary, the figures and the report of a run')
    .description(
      'Rebuilds summary.json, report.html, and the figures (figure, throughput, breakdown, split, distribution, ' +
        'distance ...) as .svg, .png and .vl.json, with figure.txt to stand under the figure, of a run from its raw files ' +
        'alone (manifest.json, calibration/ and trials/), and prints the table, where the time goes, what stamping and ' +
        'noise are worth, and the claims. Works on a run that did not finish as well.',
    )
    .argument('<dirs...>', "the run's folder, as 'bypassbench run' wrote it; several are joined")
    .option('--out <folder>', "where to, instead of the run's own folder; for several runs it must be named")
    .option('--no-reference', 'leave out the published values')
    .addHelpText('after', HELP)
    .action(async (dirs: string[], { reference, out }: { reference: boolean; out?: string }) => {
      const dir = out ?? dirs[0] ?? '';
      if (out === undefined && dirs.length === 1 && holdsAll(dir)) return reportAll(dir, reference);
      if (out === undefined && dirs.length > 1) {
        throw new ResultsError(
          'OUT_MISSING',
          'several runs are joined into a folder of their own: name it with --out FOLDER',
        );
      }
      const { summary, findings, files } = await writeReportInto(dir, dirs, { reference });
      process.stdout.write(renderConclusion(summary, findings, { ...terminal(), reference }));
      process.stdout.write(`\nwritten: ${files.map((file) => join(dir, file)).join('\n         ')}\n`);
    });
}

/** Of a folder of `bypassbench run all`: the report of each experiment, then that of all. */
async function reportAll(dir: string, reference: boolean): Promise<void> {
  const all = await readAllRuns(dir);
  for (const { name } of all.experiments) {
    const folder = join(dir, name);
    if (existsSync(join(folder, MANIFEST_FILE))) await writeReport(folder, { reference });
  }
  const findings = await writeAllReport(dir);
  process.stdout.write(
    `${renderAll(all, findings)}\nwritten: ${join(dir, 'report.html')}, and that of each experiment\n`,
  );
}

const HELP = `
Of the folder of 'bypassbench run all' it rebuilds the report of each experiment, and the one of all.

Several runs are joined: the union of their systems and of the points of their sweep, with the same axes and
workloads. What was measured in different runs is compared only where one run has both; a system that both runs
have ties them together. The page says when and on what each ran.`;
