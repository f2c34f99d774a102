/** How far the numbers can be trusted: noise, differences, what interfered, what the tail waited for, calibration. */

import { type Calibration, type Measured, type Summary, tailCauses } from '../formats/index.ts';
import type { Run } from '../run/run-folder.ts';
import { additionSentences } from '../sentences/additions.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { noiseSentences } from '../sentences/noise.ts';
import { type SummaryRow, summaryRows } from '../sentences/rows.ts';
import { counterSentence } from '../summary/counter.ts';
import { floorOfState } from '../summary/lower-bounds.ts';
import { tailCauseNames } from '../summary/tail.ts';
import { formatChange, formatCount, formatPercent, formatUs } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';
import { foldedTable, table } from './elements.ts';

export function trust(summary: Summary, calibrations: Run['calibrations']): Html {
  return html`${differences(summary)}${interferences(summary)}${tails(summary)}
${missing(summary)}${calibrations.map((calibration) => calibrated(summary, calibration))}`;
}

function differences(summary: Summary): Html {
  const { points } = summary;
  const firsts = new Map(points.toReversed().map(({ group, label }) => [group, label]));
  const isGrouped = firsts.size > 1;
  const compared = points.filter(({ versus_first }) => versus_first);
  const noise = [...noiseSentences(summary), ...additionSentences(summary)];
  if (compared.length === 0 && noise.length === 0) return html``;
  return html`<h3>Differences and noise</h3>
${noise.map((sentence) => html`<p>${sentence}</p>`)}
${
  compared.length === 0
    ? ''
    : foldedTable(
        [
          { head: 'system', number: false },
          { head: 'op', number: false },
          { head: isGrouped ? 'p50' : `p50 against ${points[0].label}`, number: false },
          ...(isGrouped ? [{ head: 'against', number: false }] : []),
          { head: 'trials', number: true },
        ],
        compared.map((point) => [
          point.label,
          nameTarget(point, points),
          formatChange(point.versus_first!),
          ...(isGrouped ? [firsts.get(point.group) as string] : []),
          String(point.versus_first!.trials),
        ]),
        'differences',
      )
}
<p class="soft">In brackets 95 % bootstrap intervals over pairs of trials of one block.</p>`;
}

function interferences(summary: Summary): Html {
  // Of a floor no more is known than the steal, which its verdict looks at.
  const rows = summaryRows(summary).filter(({ interference }) => interference?.client_gc);
  if (rows.length === 0) return html``;
  const gc = (of: NonNullable<Measured['interference']>['client_gc']): string =>
    of
      ? `${formatCount(of.count)}, ${of.total_ms.toFixed(1)} ms, longest ${of.longest_ms.toFixed(1)} ms`
      : '–';
  const count = (value: number | null): string => (value === null ? '–' : formatCount(value));
  return html`<h3>What interfered</h3>
${foldedTable(
  [
    { head: 'system', number: false },
    { head: 'op', number: false },
    { head: 'steal s', number: true },
    { head: 'throttled s', number: true },
    { head: "client's involuntary switches", number: true },
    { head: "server's", number: true },
    { head: "client's garbage collections", number: false },
    { head: "server's, whole trials", number: false },
  ],
  rows.map((row) => {
    const found = row.interference!;
    return [
      ...namesOf(row, rows),
      found.steal_s.toFixed(2),
      found.throttled_s === null ? '–' : found.throttled_s.toFixed(2),
      count(found.client_involuntary_switches),
      count(found.server_involuntary_switches),
      gc(found.client_gc),
      gc(found.server_gc),
    ];
  }),
  'points',
)}
<p class="soft">Over all trials.</p>`;
}

function tails(summary: Summary): Html {
  const rows = summaryRows(summary).filter(({ tail }) => tail && tail.expected > 0);
  if (rows.length === 0) return html``;
  return html`<h3>What the slowest thousandth waited for</h3>
${foldedTable(
  [
    { head: 'system', number: false },
    { head: 'op', number: false },
    { head: 'requests', number: true },
    { head: 'of', number: true },
    ...tailCauses.map((cause) => ({ head: tailHeads[cause], number: true })),
  ],
  rows.map((row) => {
    const { requests, expected, causes, server_seen } = row.tail!;
    return [
      ...namesOf(row, rows),
      formatCount(requests),
      formatCount(expected),
      ...tailCauses.map((cause) =>
        requests === 0 || (cause.startsWith('server') && !server_seen)
          ? '?'
          : formatPercent(causes[cause] / requests),
      ),
    ];
  }),
  'points',
)}
<p class="soft">Of the requests slower than their trial's p99.9, as far as the generator kept when they were sent: what happened while each was under way,
the first of these in this order. ${tailCauses.map((cause) => `${tailHeads[cause]}: ${tailCauseNames[cause]}. `)}?: the
server does not tell, or no such request was kept.</p>`;
}

const tailHeads: Record<(typeof tailCauses)[number], string> = {
  client_gc: 'client GC',
  server_gc: 'server GC',
  client_descheduled: 'client off core',
  server_descheduled: 'server off core',
  client_stalled: 'client stood',
  server_stalled: 'server stood',
  none_seen: 'nothing seen',
};

function missing(summary: Summary): Html {
  if (summary.missing.length === 0) return html``;
  return html`<h3>What was asked for and is missing</h3>
${summary.missing.map((sentence) => html`<p>${sentence}</p>`)}`;
}

function calibrated({ distance }: Summary, calibration: Run['calibrations'][number]): Html {
  const { floor_us, delays, pauses, backend, counter, host } = calibration;
  return html`<h3>The load generator, calibrated over ${backend}${host === null ? '' : ` on host ${host}`}</h3>
<p>Against a server that takes no time: p50 ${formatUs(floor_us.p50)} µs, p99
${formatUs(floor_us.p99)} µs. A latency measured over that backend has this in it.${floorByState(distance, calibration)}</p>
${counter && host === null ? html`<p>${counterSentence(counter)}</p>` : ''}
${table(
  ['server works, µs', 'measured above the floor, µs', 'error, µs', 'error'].map((head) => ({
    head,
    number: true,
  })),
  delays.map(({ injected_us, measured_us, error_us, error_percent }) => [
    injected_us.toFixed(2),
    measured_us.toFixed(2),
    error_us.toFixed(2),
    error_percent === null ? '–' : `${error_percent.toFixed(1)} %`,
  ]),
)}
${table(
  [
    { head: 'server pauses', number: false },
    { head: 'delayed requests, seen', number: true },
    { head: 'expected', number: true },
    { head: 'p99.9 µs, seen', number: true },
    { head: 'expected', number: true },
  ],
  pauses.map(({ loop, rate_ops, pause_us, period_us, delayed, p999_us }) => [
    `${pause_us / 1000} ms every ${period_us / 1000} ms, ${loop} loop${rate_ops ? `, ${formatCount(rate_ops)} per second` : ''}`,
    formatCount(delayed.seen),
    formatCount(delayed.expected),
    formatUs(p999_us.seen),
    formatUs(p999_us.expected),
  ]),
)}`;
}

/** " By distance of the cores: near 8.10, far 12.0 µs." */
function floorByState(distance: Summary['distance'], calibration: Calibration): string {
  if (!distance || distance.too_fast || distance.states.length < 2) return '';
  const each = distance.states.flatMap(({ name }) => {
    const p50_us = floorOfState(calibration, distance, name);
    return p50_us === null ? [] : [`${name} ${formatUs(p50_us)}`];
  });
  return each.length === 0 ? '' : ` By distance of the cores: p50 ${each.join(', ')} µs.`;
}

function namesOf(row: SummaryRow, rows: SummaryRow[]): string[] {
  return [row.system, nameTarget(row, rows)];
}
