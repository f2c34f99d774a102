/** What a million right replies cost, in a table: processor time, switches, counters, energy. */
import type { CostOfSide, Summary } from '../formats/index.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { summaryRows } from '../sentences/rows.ts';
import { formatCount, formatSignificant } from '../text/format.ts';
import { type Html, html } from '../text/html.ts';
import { foldedTable } from './elements.ts';

const MILLION = 1e6;
const NOTHING = '–';

const counters = [
  ['cycles', 'cycles a reply'],
  ['instructions', 'instructions a reply'],
  ['cache_misses', 'cache misses a reply'],
] as const;

/** Null where no point says. */
export function costs(summary: Summary): Html | null {
  const all = summaryRows(summary);
  const rows = all.flatMap((row) =>
    (['server', 'client'] as const).flatMap((name) => {
      const side = row.cost?.[name];
      return side ? [{ row, name, side, joules: row.cost?.joules ?? null }] : [];
    }),
  );
  if (rows.length === 0) return null;
  const shown = counters.filter(([name]) => rows.some(({ side }) => side[name] !== null));
  const withEnergy = rows.some(({ joules }) => joules !== null);
  const heads = ['core-s', 'user', 'system', 'polling in vain', 'gave its core up', 'lost its core'];
  const unknown = [...new Set(all.flatMap(({ cost }) => cost?.unknown ?? []))];
  return html`${foldedTable(
    [
      ...['system', 'op', 'side'].map((head) => ({ head, number: false })),
      ...[...heads, ...shown.map(([, head]) => head), ...(withEnergy ? ['joules'] : [])].map((head) => ({
        head,
        number: true,
      })),
    ],
    rows.map(({ row, name, side, joules }) => [
      row.label,
      nameTarget(row, all),
      name,
      ...cellsOf(side),
      ...shown.map(([counter]) => formatIfAny(side[counter], (value) => formatSignificant(value / MILLION))),
      ...(withEnergy ? [formatIfAny(joules, formatSignificant)] : []),
    ]),
    'rows',
  )}
<p class="soft">Of a million right replies: core-seconds, and how often threads left their cores; joules are those of the whole processor.
${unknown.join(' ')}</p>`;
}

function cellsOf({
  user_s,
  system_s,
  vain_s,
  voluntary_switches,
  involuntary_switches,
}: CostOfSide): string[] {
  return [
    formatSignificant(user_s + system_s),
    formatSignificant(user_s),
    formatSignificant(system_s),
    formatIfAny(vain_s, formatSignificant),
    formatCount(voluntary_switches),
    formatCount(involuntary_switches),
  ];
}

function formatIfAny(value: number | null, format: (value: number) => string): string {
  return value === null ? NOTHING : format(value);
}
