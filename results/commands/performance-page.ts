/** The measured part of docs/performance.md: for each machine its newest measurement of each kind, as Markdown. */
import { ResultsError } from '../errors.ts';
import type { Performance, PerformanceMeasurement, PerformanceRow } from '../formats/index.ts';
import { formatRatioFinely } from '../text/format.ts';

const BEGIN = '<!-- measured: written by bypassbench performance -->';
const END = '<!-- end of measured -->';
const SIGNIFICANT_DIGITS = 3;

/** The page with `measured` between its marks. Throws PAGE_UNMARKED where these are missing. */
export function withMeasured(page: string, measured: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new ResultsError(
      'PAGE_UNMARKED',
      `performance.md lacks its marks: write '${BEGIN}' and '${END}' in lines`,
    );
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${measured}\n\n${page.slice(end)}`;
}

export function renderPerformance(kept: readonly Performance[]): string {
  if (kept.length === 0) return 'Nothing is kept yet.';
  return kept
    .map(({ machine, measurements }) => {
      const { cpu, cores, kernel, hypervisor } = machine;
      const where = `${cpu}, ${cores} cores, ${kernel}${hypervisor === null ? '' : `, in ${hypervisor}`}`;
      const newest = [...Map.groupBy(measurements, ({ title }) => title).values()].flatMap((all) =>
        all.slice(-1),
      );
      return [`## ${where}`, ...newest.map(renderMeasurement)].join('\n\n');
    })
    .join('\n\n');
}

function renderMeasurement({ title, measured_at, git, command, rows }: PerformanceMeasurement): string {
  const changed = git.dirty ? ', changed' : '';
  const commit = git.commit === null ? 'no clone' : `commit ${git.commit.slice(0, 12)}${changed}`;
  const table = ['| | measured | ratio | goal |', '|---|---|---|---|', ...rows.map(renderRow)];
  return [`### ${title}`, `${measured_at.slice(0, 10)}, ${commit}: \`${command}\``, table.join('\n')].join(
    '\n\n',
  );
}

function renderRow({ what, value, unit, ratio, interval, goal, result }: PerformanceRow): string {
  const range = interval ? ` [${formatRatioFinely(interval.low)}, ${formatRatioFinely(interval.high)}]` : '';
  const number = Number(value.toPrecision(SIGNIFICANT_DIGITS)).toLocaleString('en-US');
  const ofRatio = ratio === null ? '' : `${formatRatioFinely(ratio)}${range}`;
  const ofNumber = ratio === null ? range : '';
  const ofGoal = goal === null ? '' : `${goal}: ${result}`;
  return `| ${what} | ${number} ${unit}${ofNumber} | ${ofRatio} | ${ofGoal} |`;
}
