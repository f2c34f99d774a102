/** `bypassbench compare FIRST SECOND`: what changed between two runs, and what differs in how they ran. */
import { Command } from 'commander';
import { comparePoints, type RunSide } from '../compare/changes.ts';
import { manifestDifferences } from '../compare/manifests.ts';
import { renderComparison } from '../compare/render.ts';
import { type Run, readRun } from '../run/run-folder.ts';
import { summarize } from '../summary/summary.ts';
import { terminal } from '../text/terminal.ts';

export function command(): Command {
  return new Command('compare')
    .summary('say what changed between two runs')
    .description(
      'Compares two runs from their raw files: p50, p99 and throughput of each point that both have, the ratio of the ' +
        'second to the first with its interval, points that only one has, and what differs between the two manifests ' +
        '(machine, versions, commit, plan, config). Writes no file.',
    )
    .argument('<first>', "a run's folder, as 'bypassbench run' wrote it")
    .argument('<second>', "the other run's folder")
    .addHelpText('after', HELP)
    .action(async (first: string, second: string) => {
      const [before, after] = [await readRun(first), await readRun(second)];
      const sideOf = (run: Run): RunSide => ({ summary: summarize(run), manifest: run.manifest });
      const [earlier, later] = [sideOf(before), sideOf(after)];
      process.stdout.write(
        renderComparison(
          [
            { dir: first, summary: earlier.summary },
            { dir: second, summary: later.summary },
          ],
          comparePoints(earlier, later),
          manifestDifferences(before.manifest, after.manifest),
          terminal(),
        ),
      );
    });
}

const HELP = `
The interval (95 %) is a bootstrap over the trials of each run, with at least 3 trials in both. Where
it holds 1, the runs do not differ as far as their trials can tell, and the table says what they could
have told: "no difference detectable below 3 %". More trials tell smaller differences. Points that are
invalid in a run are compared but not judged.

Where both runs know the distance of their cores, a point is compared at one that both had, which the
table names; of a state that is not the run's own only the p50 is. Points at unlike distances are not judged.

Points of unlike workloads (loop, rate, pipeline, clients, value size, keys, key distribution, idle mode, the
client's backend) are set side by side and not judged; below the table stands what was unlike.

Two runs at different times differ by what else the machine did: to compare two servers, measure them
in one run.

Exit code: 0, whether anything changed or not; 1 on an error.`;
