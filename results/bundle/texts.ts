/** The texts of an artifact: what is claimed, how long it takes, and how it is repeated. */
import { stringify } from 'yaml';
import type { Finding } from '../claims/evaluate.ts';
import { type Manifest, type Summary, TRACE_VERSION } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { answer, belief, question } from '../sentences/answer.ts';
import { listed } from '../sentences/doubts.ts';
import { formatCount } from '../text/format.ts';

export const EXPERIMENT_FILE = 'experiment.yaml';
export const SCRIPT_FILE = 'repeat.sh';
export const VERSIONS_FILE = 'versions.json';
/** The folder of the run in the artifact. */
export const RUN_FOLDER = 'run';

export function readme(run: Run, summary: Summary, findings: Finding[]): string {
  const { manifest } = run;
  const { machine, git, systems } = manifest;
  const devices = [...new Set(systems.map(({ device }) => device))].join(', ');
  return `# ${manifest.title}

${question(manifest, summary)}

## What is claimed

${answer(manifest, summary)
  .map((sentence) => `- ${sentence}`)
  .join('\n')}
${heldClaims(findings)}

${belief(manifest, summary)} \`${RUN_FOLDER}/report.html\` has all numbers, their intervals and what is doubtful.

## What is here

| file | what it is |
|---|---|
| \`${RUN_FOLDER}/\` | the data (\`manifest.json\`, \`trials/\`), and the report made from it |
| \`${EXPERIMENT_FILE}\` | the whole configuration |
| \`${VERSIONS_FILE}\` | commit, versions of the software, machine |
| \`${SCRIPT_FILE}\` | repeats the run, and compares it with this one |
| \`Containerfile\` | the software in a container |
| \`SHA256SUMS\` | \`sha256sum -c SHA256SUMS\` |

Paths and names of user and host are taken out of the data; nothing else is changed.
${tracesInWords(manifest)}
## How it is checked, and how long that takes

It needs a checkout of bypassbench at commit ${git.commit ?? '(unknown)'}${git.dirty ? ', which had uncommitted changes' : ''}, put at
\`bypassbench/\` here and set up there with \`npm ci && npm run setup\` (some minutes).

- The report from the data, the same bytes, in less than a minute: \`bypassbench/bin/bypassbench report ${RUN_FOLDER}\`
- The run once more, in about ${lengthOf(run)}: \`./${SCRIPT_FILE}\`. It ends with a comparison of both runs.
- In a container: \`podman build -t artifact . && podman run --privileged --rm artifact\`

## What it was measured on

${machine.cpu}, ${machine.cores} cores, ${formatCount(Math.round(machine.memory_bytes / 2 ** 30))} GiB,
${machine.virtual ? `a virtual machine (${machine.hypervisor ?? 'hypervisor unknown'})` : 'bare metal'}, ${machine.os}, ${machine.kernel}.
The bytes went over ${devices}. Another machine has other microseconds; ratios are what may be expected to be alike.
`;
}

/** Names of the traces that were replayed, with the SHA-256 of their files. */
function tracesOf({ versions }: Pick<Manifest, 'versions'>): [name: string, digest: string][] {
  return Object.entries(versions).flatMap(([what, digest]): [string, string][] =>
    what.startsWith(TRACE_VERSION) ? [[what.slice(TRACE_VERSION.length), digest]] : [],
  );
}

/** Traces are large, and not everybody's to give away. */
function tracesInWords(manifest: Manifest): string {
  const traces = tracesOf(manifest);
  if (traces.length === 0) return '';
  return `
The run replays ${traces.length === 1 ? 'a trace, which is' : 'traces, which are'} not in here. Before it is repeated, put beside \`${EXPERIMENT_FILE}\`:

${traces.map(([name, digest]) => `- \`${name}\`, SHA-256 ${digest}`).join('\n')}
`;
}

/** Each claim of a paper that holds, once, with what it holds of. */
function heldClaims(findings: Finding[]): string {
  const held = findings.filter(({ result }) => result === 'holds');
  const byClaim = Map.groupBy(
    held,
    ({ paper, claim }) => `${paper.venue}, ${claim.id}: ${claim.statement.trim()}`,
  );
  return [...byClaim]
    .map(([claim, of]) => `- ${claim} Holds for ${listed(of.map(({ about }) => about))}.`)
    .join('\n');
}

/** From the first trial to the end of the last: "14 min", "40 s". */
function lengthOf({ trials }: Run): string {
  const starts = trials.map(({ trial }) => Date.parse(trial.started_at) / 1000);
  const ends = trials.map(({ trial }, index) => starts[index] + trial.elapsed_s);
  const seconds = Math.max(...ends) - Math.min(...starts);
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${formatCount(Math.ceil(seconds / 60))} min`;
}

export function versions({ versions, backends, git, machine, started_at }: Manifest): string {
  return `${JSON.stringify({ started_at, git, versions, backends, machine }, null, 2)}\n`;
}

/** As an experiment that can be run: of a system that is measured twice, the second comes from `repeat:`. */
export function experiment({ config, systems }: Manifest): string {
  const repetitions = new Set(systems.filter(({ repeats }) => repeats !== null).map(({ name }) => name));
  const written = { ...config };
  if (Array.isArray(written.systems)) {
    written.systems = written.systems.filter(({ name }: { name: string }) => !repetitions.has(name));
  }
  return stringify(written, { lineWidth: 110 });
}

export const REPEAT_SCRIPT = `#!/bin/sh
# Repeats the run of this artifact, and says what differs between the two: repeat.sh [FOLDER]
# BYPASSBENCH names the command, where it is not in bypassbench/ beside this script.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bypassbench=\${BYPASSBENCH:-$here/bypassbench/bin/bypassbench}
again=\${1:-$here/again}
status=0
"$bypassbench" run "$here/${EXPERIMENT_FILE}" --out "$again" || status=$?
# 1: a point is invalid, or a trial failed. What was measured is compared all the same.
[ "$status" -le 1 ] || exit "$status"
"$bypassbench" compare "$here/${RUN_FOLDER}" "$again"
exit "$status"
`;

/** Of the distribution that the run had, as far as it was Debian. */
export function containerfile(manifest: Manifest): string {
  const { machine, versions, git } = manifest;
  const traces = tracesOf(manifest).map(([name]) => name);
  const node = /^v?(\d+)/.exec(versions.node)?.[1] ?? '24';
  const debian = /Debian.*\((\w+)\)/.exec(machine.os)?.[1] ?? 'bookworm';
  return `# Needs a checkout of bypassbench at commit ${git.commit ?? '(unknown)'} in bypassbench/ beside this file.
# Cores, huge pages and devices are those of the machine that it runs on: podman run --privileged --rm artifact
FROM docker.io/library/node:${node}-${debian}
COPY bypassbench /artifact/bypassbench
WORKDIR /artifact/bypassbench
RUN apt-get update && npm ci && npm run setup
COPY ${[EXPERIMENT_FILE, SCRIPT_FILE, ...traces].join(' ')} /artifact/
COPY ${RUN_FOLDER} /artifact/${RUN_FOLDER}
WORKDIR /artifact
CMD ["./${SCRIPT_FILE}"]
`;
}
