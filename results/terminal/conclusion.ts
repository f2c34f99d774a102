/** What a run comes to, in the terminal: the table, where the time goes, how sure that is, and the claims. */

import type { Finding } from '../claims/evaluate.ts';
import { renderFindings } from '../claims/render.ts';
import type { Summary } from '../formats/index.ts';
import { additionSentences } from '../sentences/additions.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { noiseSentences } from '../sentences/noise.ts';
import { formatChange } from '../text/format.ts';
import { paragraph, type Terminal } from '../text/terminal.ts';
import { renderStages } from './stages-table.ts';
import { renderTable } from './table.ts';

/** Lines, ending in a newline. `reference`: with the claims that rest on published values. */
export function renderConclusion(
  summary: Summary,
  findings: Finding[],
  { columns, color, reference }: Terminal & { reference: boolean },
): string {
  const parts = [
    renderTable(summary, { columns, color }),
    renderStages(summary, columns),
    sentences(
      [
        ...summary.missing,
        ...overheadSentences(summary),
        ...noiseSentences(summary),
        ...additionSentences(summary),
      ],
      columns,
    ),
  ];
  if (reference) parts.push(renderFindings(findings, { columns, color }));
  return parts.filter((part) => part !== '').join('\n');
}

function sentences(texts: string[], columns: number): string {
  if (texts.length === 0) return '';
  return `${texts.flatMap((text) => paragraph(text, columns)).join('\n')}\n`;
}

function overheadSentences({ points }: Summary): string[] {
  const stamped = points.filter(({ probe_overhead }) => probe_overhead);
  if (stamped.length === 0) return [];
  const each = stamped.map(
    (point) => `${point.system} ${nameTarget(point, points)} ${formatChange(point.probe_overhead!)}`,
  );
  return [
    `Stamping changed the p50, over that of the measurement before without stamps: ${each.join('; ')}.`,
  ];
}
