/** What `bypassbench conform` prints, and writes as JSON. */
import type { ProcessCount } from './case-messages.ts';
import { type CaseResult, fullName } from './run.ts';

const INDENT = '             ';

export interface OutcomeCounts {
  passed: number;
  failed: number;
  skipped: number;
}

export function countsOf(results: readonly CaseResult[]): OutcomeCounts {
  const of = (wanted: CaseResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length;
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') };
}

export function inProcesses(processes: ProcessCount): string {
  return processes === 1 ? 'both sides in one process' : 'each side in a process of its own';
}

/** As it is known, a line or more. */
export function resultText({ name, outcome, why, elapsedMs }: CaseResult): string {
  const label = { passed: 'passed ', failed: 'FAILED ', skipped: 'skipped' }[outcome];
  const time = elapsedMs >= 1000 ? ` (${(elapsedMs / 1000).toFixed(1)} s)` : '';
  if (outcome === 'skipped') return `    ${label}  ${name} (${why})`;
  return `    ${label}  ${name}${time}${why === null ? '' : `\n${indented(why, INDENT)}`}`;
}

/** What follows the last case; the last line has the counts. */
export function summaryText(results: readonly CaseResult[]): string {
  const { passed, failed, skipped } = countsOf(results);
  const failures = results.filter(({ outcome }) => outcome === 'failed').map(failureText);
  const head = failures.length === 0 ? '' : `\nFailed:\n${failures.join('\n')}\n`;
  return `${head}\n${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** A failure, and how to repeat it. */
function failureText(result: CaseResult): string {
  const { processes, why } = result;
  const name = fullName(result);
  return `  ${name}\n${indented(why ?? '', '    ')}\n    again: --processes ${processes} --only ${JSON.stringify(name)}`;
}

function indented(text: string, by: string): string {
  return text
    .split('\n')
    .map((line) => `${by}${line}`.trimEnd())
    .join('\n');
}

export function reportJson(backend: string | null, results: readonly CaseResult[]): string {
  const cases = results.map(({ processes, group, name, outcome, why, elapsedMs }) => ({
    processes,
    group,
    name,
    outcome,
    why,
    elapsed_ms: Math.round(elapsedMs),
  }));
  return `${JSON.stringify({ backend, ...countsOf(results), cases }, null, 2)}\n`;
}
