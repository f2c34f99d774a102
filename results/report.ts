/**
 * report.html: one page that loads nothing, with the figure first, then the numbers, how far they can be
 * trusted, the trials behind them, where they were measured and how to measure them again.
 */
import { readFileSync } from 'node:fs';
import type { Manifest, Point, Summary } from './bundle.ts';
import { columnNotes, formatQuantile, summaryColumns } from './columns.ts';
import { doubts, nameTarget } from './doubts.ts';
import { formatCount, formatPercent, formatUs } from './format.ts';
import { type Html, html, trusted } from './html.ts';
import { referenceName, referenceSource } from './reference.ts';
import { type Row, summaryRows } from './rows.ts';
import type { Run, TrialRecord } from './run-folder.ts';

const style = readFileSync(new URL('report.css', import.meta.url), 'utf8');

/** Nothing may be loaded or run, whatever the data holds. */
const contentPolicy = "default-src 'none'; style-src 'unsafe-inline'";

/** The page. `svg` is the figure, whose texts Vega has escaped. */
export function renderReport(run: Run, summary: Summary, svg: string, reference: boolean): string {
  const { manifest } = run;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<title>${manifest.title}</title>
<style>
${trusted(style)}</style>
</head>
<body>
<h1>${manifest.title}</h1>
<p class="soft">${standing(manifest, summary)}</p>
<figure class="scroll">${trusted(svg)}</figure>
${numbers(summary, reference)}
${validity(summary)}
${distributions(summary)}
${spread(summary)}
${trials(run)}
${environment(manifest)}
${repeating(manifest)}
</body>
</html>
`;
  return page.markup;
}

function standing(manifest: Manifest, summary: Summary): string {
  const count = (verdict: Point['verdict']): number =>
    summary.points.filter((point) => point.verdict === verdict).length;
  return [
    `${manifest.experiment}, started ${manifest.started_at}`,
    manifest.finished_at ? `finished ${manifest.finished_at}` : 'not finished',
    ...(manifest.quick ? ['quick run'] : []),
    `${count('valid')} of ${summary.points.length} points valid`,
  ].join('; ');
}

function numbers(summary: Summary, reference: boolean): Html {
  const columns = summaryColumns(summary, reference);
  const published = columns.some((column) => column.name === 'published');
  return html`<h2>Numbers</h2>
${table(
  columns.map((column) => ({ head: column.head, number: column.align === 'right' })),
  summaryRows(summary).map((row) =>
    columns.map((column) => {
      const text = column.cell(row);
      return column.name === 'verdict' ? html`<span class="verdict ${row.verdict}">${text}</span>` : text;
    }),
  ),
)}
<p class="soft">${columnNotes(summary, columns).join(' ')}</p>
${published ? html`<p class="soft">${referenceName}: ${referenceSource}.</p>` : ''}`;
}

function validity(summary: Summary): Html {
  const found = doubts(summaryRows(summary));
  if (found.length === 0) {
    return html`<h2>Validity</h2>
<p>Every point is valid: all trials ran, no reply was wrong, an error or a miss, and the samples suffice.</p>`;
  }
  return html`<h2>Validity</h2>
<p>A point that is invalid backs no claim and is drawn hollow; one that is suspect wants a second look.</p>
${found.map(
  (
    doubt,
  ) => html`<p><span class="verdict ${doubt.verdict}">${doubt.verdict}</span> ${doubt.label}, ${doubt.targets}</p>
<ul>${doubt.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
`,
)}`;
}

function distributions(summary: Summary): Html {
  const quantiles = [
    ['p50', 'p50'],
    ['p90', 'p90'],
    ['p99', 'p99'],
    ['p999', 'p99.9'],
    ['max', 'max'],
    ['mean', 'mean'],
  ] as const;
  const counts = ['samples', 'misses', 'errors', 'wrong'] as const;
  const rows = summaryRows(summary);
  return html`<h2>Distributions</h2>
${table(
  [
    ...rowHeads,
    ...quantiles.map(([, head]) => ({ head: `${head} µs`, number: true })),
    ...counts.map((head) => ({ head, number: true })),
  ],
  rows.map((row) => [
    ...rowCells(row, rows),
    ...quantiles.map(([name]) => formatQuantile(row, name)),
    ...counts.map((name) => formatCount(row[name])),
  ]),
)}
<p class="soft">Quantiles of the histograms of all trials merged by count, within 0.1 %. Only right replies are samples.</p>`;
}

function spread(summary: Summary): Html {
  const rows = summaryRows(summary);
  const planned = Math.max(...rows.map((row) => row.trials_planned));
  const numbers = Array.from({ length: planned }, (_, index) => index + 1);
  return html`<h2>Spread between trials</h2>
${table(
  [
    ...rowHeads,
    ...numbers.map((trial) => ({ head: `trial ${trial}`, number: true })),
    { head: 'spread', number: true },
  ],
  rows.map((row) => {
    const values = row.trial_p50_us.map((trial) => trial.p50_us);
    const relative = Math.max(...values) / Math.min(...values) - 1;
    return [
      ...rowCells(row, rows),
      ...numbers.map((number) => {
        const trial = row.trial_p50_us.find((one) => one.trial === number);
        return trial ? formatUs(trial.p50_us) : '–';
      }),
      values.length > 1 ? formatPercent(relative) : '–',
    ];
  }),
)}
<p class="soft">p50 of each trial in µs; spread: by how much the largest exceeds the smallest.</p>`;
}

const rowHeads = [
  { head: 'system', number: false },
  { head: 'op', number: false },
];

function rowCells(row: Row, rows: Row[]): string[] {
  return [row.label, nameTarget(row, rows)];
}

function trials(run: Run): Html {
  return html`<h2>Trials</h2>
${table(
  [
    { head: 'order', number: true },
    { head: 'system', number: false },
    { head: 'trial', number: true },
    { head: 'took', number: true },
    { head: 'outcome', number: false },
    { head: 'raw files', number: false },
  ],
  run.trials.map((record) => [
    `${record.trial.order}`,
    record.trial.system,
    `${record.trial.trial}`,
    `${record.trial.elapsed_s.toFixed(1)} s`,
    outcome(record),
    rawFiles(record, run.manifest),
  ]),
)}
<p class="soft">In the order in which they ran. Links lead into the run's folder, beside this page.</p>`;
}

function outcome({ trial }: TrialRecord): Html {
  const failures = trial.measurements.filter((measurement) => measurement.status === 'failed');
  if (trial.status === 'ok' && failures.length === 0) return html`ok`;
  return html`<span class="failed">failed</span>${trial.reason ? html`: ${trial.reason}` : ''}
${failures.map(({ dir, reason }) => html`<br>${dir}: ${reason ?? 'no reason was recorded'}`)}
${
  trial.log_tail?.length
    ? html`<details><summary>end of the log</summary><pre>${trial.log_tail.join('\n')}</pre></details>`
    : ''
}`;
}

function rawFiles({ folder, trial, measurements }: TrialRecord, { floors }: Manifest): Html {
  const isFloor = floors.some(({ name }) => name === trial.system);
  const serverLogs = isFloor ? [] : ['server.stdout.log', 'server.stderr.log'];
  const own = ['trial.json', ...serverLogs].map((file) => link(`${folder}/${file}`, file));
  const measured = measurements.flatMap(({ folder, measurement, recording }) => {
    const histograms = recording?.result.operations.map(({ histogram }) => histogram) ?? [];
    const files = recording
      ? ['result.json', ...histograms]
      : [isFloor ? 'floor.stderr.log' : 'load.stderr.log'];
    return files.map((file) => link(`${folder}/${file}`, `${measurement.dir}/${file}`));
  });
  const links = [link(`${folder}/`, 'folder'), ...own, ...measured];
  return html`${links.map((one, index) => html`${index > 0 ? ', ' : ''}${one}`)}`;
}

function environment(manifest: Manifest): Html {
  const { machine, git, plan } = manifest;
  const commit = `${git.commit ?? 'unknown'}${git.dirty ? ', with uncommitted changes' : ''}`;
  const length = plan.requests ? `${formatCount(plan.requests)} requests` : `${plan.duration_s} s`;
  const cores = (list: number[]): string => list.join(', ') || 'not pinned';
  return html`<h2>Environment</h2>
${definitions([
  ['CPU', `${machine.cpu}, ${machine.cores} cores`],
  ['Memory', `${(machine.memory_bytes / 2 ** 30).toFixed(1)} GiB`],
  ['Load before', `${machine.load_average_1m.toFixed(2)} processes that wanted to run (1 min average)`],
  ['Governor', machine.governor ?? 'unknown'],
  ['Kernel', machine.kernel],
  ['System', machine.os],
  ['Virtual', machine.virtual ? `yes, ${machine.hypervisor ?? 'hypervisor unknown'}` : 'no'],
  ['Commit', commit],
  [
    'Workload',
    `${plan.key_distribution} over ${formatCount(plan.keys)} keys, pipeline ${plan.pipeline}, seed ${plan.seed}`,
  ],
  ['Measurement', `${length} after ${plan.warmup_s} s of warm-up`],
])}
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
    `${system.client.wait}, ${system.client.backend}`,
    cores(system.server_cores),
    cores(system.client_cores),
    system.transport_note ?? '',
  ]),
)}
${manifest.floors.length === 0 ? '' : floors(manifest)}
<h3>Versions</h3>
${definitions(Object.entries(manifest.versions))}
<details><summary>Resolved configuration</summary><pre>${JSON.stringify(manifest.config, null, 2)}</pre></details>`;
}

function floors(manifest: Manifest): Html {
  return html`<h3>Floors</h3>
${table(
  ['floor', 'label', 'of system', 'cores'].map((head) => ({ head, number: false })),
  manifest.floors.map(({ name, label, system, cores }) => [name, label, system, cores.join(', ')]),
)}`;
}

function repeating(manifest: Manifest): Html {
  const made = ['manifest.json', 'summary.json', 'figure.svg', 'figure.png', 'figure.vl.json'];
  return html`<h2>How to repeat it</h2>
<p>The run, on the same commit:</p>
<pre>${manifest.command.map(shellWord).join(' ')}</pre>
<p>This page and the figure, from the raw files alone:</p>
<pre>bypassbench report DIR</pre>
<p>Files: ${made.map((file, index) => html`${index > 0 ? ', ' : ''}${link(file, file)}`)}.</p>`;
}

type Head = { head: string; number: boolean };

function table(heads: Head[], rows: (string | Html)[][]): Html {
  const kind = (index: number): Html => (heads[index]!.number ? html` class="number"` : html``);
  return html`<div class="scroll"><table>
<thead><tr>${heads.map(({ head }, index) => html`<th scope="col"${kind(index)}>${head}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => html`<tr>${cells.map((cell, index) => html`<td${kind(index)}>${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>`;
}

function definitions(entries: [string, string][]): Html {
  return html`<dl>${entries.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>`;
}

/** A link relative to the page; each step of the path is encoded, so that it stays one. */
function link(path: string, text: string): Html {
  return html`<a href="./${path.split('/').map(encodeURIComponent).join('/')}">${text}</a>`;
}

/** A word as a POSIX shell reads it back. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
