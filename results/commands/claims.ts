/** `bypassbench claims DIR [FILES...]`: holds published claims against a run. */
import { Command } from 'commander';
import { readClaims, shippedClaims } from '../claims/document.ts';
import { evaluateClaims, exitCode } from '../claims/evaluate.ts';
import { renderClaims } from '../claims/render.ts';
import { readRun } from '../run/run-folder.ts';
import { summarize } from '../summary/summary.ts';
import { formatRunState } from '../text/format.ts';
import { terminal } from '../text/terminal.ts';

export function command(): Command {
  return new Command('claims')
    .summary("hold papers' relative claims against a run")
    .description(
      "Holds the relative claims of papers (this system's latency is at most 0.8 of that one's) against the raw files " +
        'of a run, and says for each claim and operation on what evidence it holds, on what it fails, or why it cannot ' +
        'be tested here. Writes no file.',
    )
    .argument('<dir>', "the run's folder, as 'bypassbench run' wrote it")
    .argument('[files...]', 'claims files (YAML); all of results/claims/shipped/ when none is named')
    .addHelpText('after', HELP)
    .action(async (dir: string, files: string[]) => {
      const named = files.length > 0 ? files : await shippedClaims();
      const claims = await Promise.all(named.map(readClaims));
      const summary = summarize(await readRun(dir));
      const findings = evaluateClaims(summary, claims);
      const run = `${dir}: ${summary.title}${formatRunState(summary)}`;
      process.stdout.write(renderClaims(findings, { ...terminal(), run }));
      process.exitCode = exitCode(findings);
    });
}

const HELP = `
Results:
  holds                  the whole 95 % interval of the ratio keeps the claim's bound
  fails                  the whole interval is beyond it
  cannot be tested here  the run lacks a system or the kind of measurement, a point is invalid, there are
                         fewer than 3 trials, or the interval lies on both sides of the bound: more trials

The interval is a bootstrap over trials, paired by their number: those of one block of a run.

Exit code: 0 when no claim fails and at least one holds, 1 when one fails (or on an error, which is reported
on stderr), 2 when none could be tested.

A claims file:
  schema: bypassbench.claims/1
  paper: { title: T, authors: [A], venue: V, url: https://example.org }
  claims:
    - id: kernel-p50
      statement: The libOS over the kernel takes at most 0.8 of unmodified Redis's time.
      source: Figure 1
      experiment: redis-figure        # optional: that it belongs to; a run of another one says something where it can
      measure: latency_p50            # or latency_p99, throughput: of system, over that of over
      system: { role: libos_over_kernel }   # or a name; role also with backend and group
      over: { role: unmodified }      # of the same group unless another is named; or a system's or floor's name
      operations: [set, get]          # or all
      at_most: 0.8                    # and, or instead, at_least
      clients: { at_most: 1 }         # optional, as are value_bytes, pipeline, published_ratio, note, waits_for
      published_ratio: { set: 0.72, get: [0.7, 0.75] }`;
