/** The trials behind the points, in the order in which they ran, with links to their raw files. */
import { type Manifest, pointName } from '../formats/index.ts';
import type { Run, TrialRecord } from '../run/run-folder.ts';
import { beganInWords } from '../sentences/generators.ts';
import { type Html, html } from '../text/html.ts';
import { foldedTable, link, listed } from './elements.ts';

export function trials(run: Run): Html {
  const isSweep = run.manifest.plan.axes.length > 0;
  return html`${foldedTable(
    [
      { head: 'order', number: true },
      { head: 'system', number: false },
      ...(isSweep ? [{ head: 'point', number: false }] : []),
      { head: 'trial', number: true },
      { head: 'took', number: true },
      { head: 'outcome', number: false },
      { head: 'raw files', number: false },
    ],
    run.trials.map((record) => [
      `${record.trial.order}`,
      record.trial.subject,
      ...(isSweep ? [pointName(record.trial.at)] : []),
      `${record.trial.trial}`,
      `${record.trial.elapsed_s.toFixed(1)} s`,
      outcome(record),
      rawFiles(record, run.manifest),
    ]),
    'trials',
  )}
<p class="soft">In the order in which they ran. Links lead into the run's folder, beside this page.</p>`;
}

function outcome({ trial }: TrialRecord): Html {
  const failures = trial.measurements.filter((measurement) => measurement.status === 'failed');
  const beginnings = trial.measurements.flatMap(({ dir, generators }) =>
    generators === null ? [] : [html`<br>${dir}: ${beganInWords(generators)}`],
  );
  if (trial.status === 'ok' && failures.length === 0) return html`ok${beginnings}`;
  return html`<span class="failed">failed</span>${trial.reason ? html`: ${trial.reason}` : ''}
${failures.map(({ dir, reason }) => html`<br>${dir}: ${reason ?? 'no reason was recorded'}`)}
${beginnings}
${
  trial.log_tail?.length
    ? html`<details><summary>end of the log</summary><pre>${trial.log_tail.join('\n')}</pre></details>`
    : ''
}`;
}

function rawFiles({ folder, trial, measurements }: TrialRecord, { floors }: Manifest): Html {
  const isFloor = floors.some(({ name }) => name === trial.subject);
  const serverLogs = isFloor ? [] : ['server.stdout.log', 'server.stderr.log'];
  const own = ['trial.json', ...serverLogs].map((file) => link(`${folder}/${file}`, file));
  const measured = measurements.flatMap(({ folder, measurement, recording }) => {
    const histograms = recording?.result.operations.map(({ histogram }) => histogram) ?? [];
    const files = recording
      ? ['result.json', ...histograms]
      : [isFloor ? 'floor.stderr.log' : 'load.stderr.log'];
    const hosts = measurement.generators?.hosts ?? [];
    // Each load generator has a folder of its own.
    if (!recording && hosts.length > 0) return [link(`${folder}/`, `${measurement.dir}/`)];
    return files.map((file) => link(`${folder}/${file}`, `${measurement.dir}/${file}`));
  });
  const links = [link(`${folder}/`, `${folder}/`), ...own, ...measured];
  return listed(links);
}
