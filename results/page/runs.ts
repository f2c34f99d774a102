/** The runs that a page joins: when and on what each ran, and what else differs between them. */
import { basename, resolve } from 'node:path';
import { manifestDifferences } from '../compare/manifests.ts';
import type { Run } from '../run/run-folder.ts';
import { type Html, html } from '../text/html.ts';
import { table } from './elements.ts';

/** What every two runs that are worth joining differ in. */
const EXPECTED = /^(config|plan|title|experiment|systems\.[^.]+$|floors)/;

export function joinedRuns(runs: Run[]): Html {
  const [first, ...others] = runs as [Run, ...Run[]];
  return html`${table(
    ['run', 'started', 'CPU', 'kernel', 'commit', 'systems'].map((head) => ({ head, number: false })),
    runs.map(({ dir, manifest: { started_at, machine, git, systems } }) => [
      nameOf(dir),
      started_at,
      machine.cpu,
      machine.kernel,
      `${git.commit?.slice(0, 12) ?? 'unknown'}${git.dirty ? ', with uncommitted changes' : ''}`,
      systems.map(({ name }) => name).join(', '),
    ]),
  )}
<p>What was measured in different runs is compared only where both are in one run: a system that both runs have ties
them together.</p>
${others.map((other) => {
  const found = manifestDifferences(first.manifest, other.manifest).filter(
    ({ path }) => !EXPECTED.test(path),
  );
  if (found.length === 0)
    return html`<p>${nameOf(other.dir)} ran on the same machine with the same software.</p>`;
  return html`<p>What else differs between ${nameOf(first.dir)} and ${nameOf(other.dir)}:</p>
<ul>${found.map(({ path, before, after }) => html`<li>${path}: ${before ?? '(none)'} → ${after ?? '(none)'}</li>`)}</ul>`;
})}`;
}

function nameOf(dir: string): string {
  return basename(resolve(dir));
}
