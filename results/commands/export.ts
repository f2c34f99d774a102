/** `bypassbench export DIR...`: the numbers of runs, for programs of one's own. */
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { ResultsError } from '../errors.ts';
import { columnsOf } from '../export/columns.ts';
import { histogramLog } from '../export/hlog.ts';
import { exportRows } from '../export/rows.ts';
import { csvTable, jsonTable, parquetTable } from '../export/tables.ts';
import { refuseSameTrials } from '../run/join.ts';
import { type Run, readRun } from '../run/run-folder.ts';
import { summarize } from '../summary/summary.ts';

const formats = ['csv', 'json', 'parquet', 'hlog'] as const;
type ExportFormat = (typeof formats)[number];

export function command(): Command {
  return new Command('export')
    .summary('write the numbers of runs for pandas, R, pgfplots or HdrHistogram')
    .description(
      'Writes one tidy table of all points and trials of one or several runs, from their raw files: a row for each ' +
        'statistic of each point (mean, min, p50 to p99.99, max, throughput, ratio to the first system) with its interval, ' +
        'verdict, workload, distance of the cores and date, and the same of each trial.',
    )
    .argument('<dirs...>', "runs' folders, as 'bypassbench run' wrote them")
    .addOption(new Option('--format <format>', 'of the file').choices(formats).default('csv'))
    .option('--out <file>', 'where to; standard output when left out')
    .addHelpText('after', HELP)
    .action(async (dirs: string[], { format, out }: { format: ExportFormat; out?: string }) => {
      if (format === 'parquet' && out === undefined && process.stdout.isTTY) {
        throw new ResultsError(
          'EXPORT_NOT_WRITTEN',
          'a Parquet file is no text for a terminal; name one (--out FILE)',
        );
      }
      const runs: Run[] = [];
      for (const dir of dirs) runs.push(await readRun(dir));
      refuseSameTrials(runs);
      await write(out, exported(format, runs));
    });
}

function exported(format: ExportFormat, runs: Run[]): string | Uint8Array {
  if (format === 'hlog') return histogramLog(runs.map((run) => ({ run, summary: summarize(run) })));
  const rows = runs.flatMap(exportRows);
  const columns = columnsOf(runs.flatMap(({ manifest }) => manifest.plan.axes));
  switch (format) {
    case 'csv':
      return csvTable(columns, rows);
    case 'json':
      return jsonTable(columns, rows);
    case 'parquet':
      return parquetTable(columns, rows);
  }
}

async function write(out: string | undefined, content: string | Uint8Array): Promise<void> {
  if (out === undefined) {
    process.stdout.write(content);
    return;
  }
  try {
    await writeFile(out, content);
  } catch (error) {
    throw new ResultsError(
      'EXPORT_NOT_WRITTEN',
      `${out} cannot be written (${(error as Error).message}); name another file (--out)`,
      { cause: error },
    );
  }
}

const HELP = `
csv      a header of ASCII names, commas, dots, no quotes; empty where there is no value. pandas.read_csv, R's
         read.csv and pgfplots read it as it is
json     a list of objects with the same names; null where there is no value
parquet  the same columns with their types; unit and meaning of each are metadata of the file
hlog     HdrHistogram's interval log: a line for each trial's measurement, tagged system/operation/trial, in ns

docs/export.md has the columns with their units, and examples for pandas, R and pgfplots.`;
