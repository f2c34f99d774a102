/** Where a run was measured, with what, and how to measure it again. */
import type { Manifest, SystemUnderTest } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { moduleInWords } from '../sentences/backends.ts';
import { pipelinesInWords } from '../sentences/load.ts';
import { formatCount } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';
import { definitions, link, listed, table } from './elements.ts';
import { hostTables } from './hosts.ts';

export function environment(manifest: Manifest): Html {
  const { machine, git, plan } = manifest;
  const commit = `${git.commit ?? 'unknown'}${git.dirty ? ', with uncommitted changes' : ''}`;
  const length = plan.requests ? `${formatCount(plan.requests)} requests` : `${plan.duration_s} s`;
  const cores = (list: number[]): string => list.join(', ') || 'not pinned';
  return html`${definitions([
    ['CPU', `${machine.cpu}, ${machine.cores} cores`],
    ['Memory', `${(machine.memory_bytes / 2 ** 30).toFixed(1)} GiB`],
    ['Load before', `${machine.load_average_1m.toFixed(2)} processes that wanted to run (1 min average)`],
    ['Governor', machine.governor ?? 'unknown'],
    ['Kernel', machine.kernel],
    ['System', machine.os],
    ['Virtual', machine.virtual ? `yes, ${machine.hypervisor ?? 'hypervisor unknown'}` : 'no'],
    ['Commit', commit],
    ['Workload', `${keysInWords(plan)}, ${pipelinesInWords(plan.measurements)}, seed ${plan.seed}`],
    ['Measurement', `${length} after ${plan.warmup_s} s of warm-up`],
  ])}
${machine.knobs.length === 0 ? '' : asItCame(machine.knobs)}
${hostTables(manifest.hosts)}
<h3>Systems</h3>
${table(
  ['system', 'label', 'backend', 'device', 'client', 'server cores', 'client cores', 'note'].map((head) => ({
    head,
    number: false,
  })),
  manifest.systems.map((system) => [
    system.name,
    system.label,
    system.backend,
    system.device,
    clientInWords(system.client),
    cores(system.server_cores),
    cores(system.client_cores),
    system.transport_note ?? '',
  ]),
)}
${manifest.floors.length === 0 ? '' : floors(manifest)}
${manifest.backends.length === 0 ? '' : backends(manifest)}
<h3>Versions</h3>
${definitions(Object.entries(manifest.versions))}
<details><summary>Resolved configuration</summary><pre>${JSON.stringify(manifest.config, null, 2)}</pre></details>`;
}

/** Whoever reads a figure of bypassed kernels asks whether the kernel was tuned. */
function asItCame(knobs: Manifest['machine']['knobs']): Html {
  const found = knobs.map(({ name, value, absent }): [string, string] => [
    name,
    value ?? `not there: ${absent}`,
  ]);
  return html`<details><summary>What of the kernel was left as it came</summary>${definitions(found)}</details>`;
}

function backends(manifest: Manifest): Html {
  return html`<h3>Backends of the libOS</h3>
${table(
  ['backend', 'title', 'interface', 'where from', 'stands on'].map((head) => ({ head, number: false })),
  manifest.backends.map(({ name, title, api_version, module, versions }) => [
    name,
    title,
    `version ${api_version}`,
    module === null ? 'this project' : moduleInWords(module),
    Object.entries(versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(', '),
  ]),
)}`;
}

function floors(manifest: Manifest): Html {
  return html`<h3>Floors</h3>
${table(
  ['floor', 'label', 'of systems', 'cores'].map((head) => ({ head, number: false })),
  manifest.floors.map(({ name, label, systems, cores }) => [
    name,
    label,
    systems.join(', '),
    cores.join(', '),
  ]),
)}`;
}

/** `files`: manifests, and those that were made from the raw files, beside the page. */
export function repeating(runs: Run[], files: string[]): Html {
  const commands = runs.map(({ manifest }) => manifest.command.map(shellWord).join(' '));
  const isOne = runs.length === 1;
  return html`<p>${isOne ? 'The run, on the same commit' : 'The runs, each on its commit'}:</p>
<pre>${commands.join('\n')}</pre>
<p>This page and its figures, from the raw files alone:</p>
<pre>bypassbench report ${isOne ? 'DIR' : `${runs.map(() => 'DIR').join(' ')} --out FOLDER`}</pre>
<p>Files: ${listed(files.map((file) => link(file, file)))}.</p>`;
}

/** A word as a POSIX shell reads it back. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function clientInWords({ program, idle, backend }: SystemUnderTest['client']): string {
  return [...(program ? [program] : []), idle, backend].join(', ');
}

function keysInWords({ trace, key_distribution, keys }: Manifest['plan']): string {
  return trace ? `trace ${trace.file}` : `${key_distribution} over ${formatCount(keys)} keys`;
}
