/** What all experiments come to, in the terminal: a line each, what failed, and the claims with their evidence. */
import type { Finding } from '../claims/evaluate.ts';
import { renderAllFindings } from '../claims/render.ts';
import type { AllRuns, ExperimentRecord } from '../formats/index.ts';
import { type Terminal, terminal } from '../text/terminal.ts';

const words: Record<ExperimentRecord['status'], string> = {
  ended: 'ran',
  failed: 'FAILED',
  left_out: 'left out',
  interrupted: 'interrupted',
  waiting: 'not run',
};

/** Lines without a last newline. */
export function renderAll(
  { experiments }: AllRuns,
  findings: Finding[],
  where: Terminal = terminal(),
): string {
  const widest = Math.max(...experiments.map(({ name }) => name.length));
  const lines = experiments.map(({ name, status, reason, failed_trials, elapsed_s }) => {
    const trials =
      failed_trials > 0 ? `, ${failed_trials} ${failed_trials === 1 ? 'trial' : 'trials'} failed` : '';
    const why = reason === null ? '' : `: ${reason.split('\n')[0]}`;
    return `${name.padEnd(widest)}   ${words[status]}${trials}${why}, ${(elapsed_s / 60).toFixed(1)} min`;
  });
  return [...lines, '', renderAllFindings(findings, where)].join('\n');
}
