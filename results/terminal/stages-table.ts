/** The breakdown in the terminal: for each point, what each kind of work takes of its latency near the p50. */
import type { Summary } from '../formats/index.ts';
import { nameTarget } from '../sentences/doubts.ts';
import { oneWaysInWords } from '../sentences/one-way.ts';
import { type StageOwner, stageOwners, stagesOf } from '../summary/stages/stage.ts';
import { formatUs } from '../text/format.ts';
import { paragraph } from '../text/terminal.ts';
import { type Column, textTable } from '../text/text-table.ts';

interface Row {
  system: string;
  target: string;
  latency_us: number;
  byOwner_us: Map<StageOwner, number>;
}

const heads: Record<StageOwner, string> = {
  schedule: 'schedule',
  client_libos: 'client libOS',
  client_device: 'client call',
  between: 'on the way',
  server_device: 'server call',
  server_libos: 'server libOS',
  application: 'application',
  unsplit: 'not split',
  rest: 'not stamped',
};

/** Lines, ending in a newline; nothing where no point has a breakdown. */
export function renderStages({ points }: Summary, width: number): string {
  const rows = points.flatMap((point): Row[] => {
    const at = point.breakdown?.p50;
    if (!at) return [];
    const byOwner_us = new Map<StageOwner, number>();
    for (const { stage, us } of stagesOf(at)) {
      byOwner_us.set(stage.owner, (byOwner_us.get(stage.owner) ?? 0) + us);
    }
    return [
      { system: point.system, target: nameTarget(point, points), latency_us: at.latency_us, byOwner_us },
    ];
  });
  if (rows.length === 0) return '';
  const owners = (Object.keys(stageOwners) as StageOwner[]).filter((owner) =>
    rows.some(({ byOwner_us }) => byOwner_us.has(owner)),
  );
  const columns: Column<Row>[] = [
    { name: 'system', head: 'system', align: 'left', cell: ({ system }) => system },
    { name: 'op', head: 'op', align: 'left', cell: ({ target }) => target },
    { name: 'latency', head: 'p50 µs', align: 'right', cell: ({ latency_us }) => formatUs(latency_us) },
    ...owners.map((owner): Column<Row> => {
      const cell = ({ byOwner_us }: Row): string => {
        const us = byOwner_us.get(owner);
        return us === undefined ? '–' : us.toFixed(2);
      };
      return { name: owner, head: heads[owner], align: 'right', cell };
    }),
  ];
  const { lines } = textTable(rows, columns, {
    width,
    expendable: ['rest', 'between', 'client_libos', 'client_device'],
    paint: (text) => text,
  });
  const oneWays = oneWaysInWords(points, 'p50').flatMap((sentence) => paragraph(sentence, width));
  const all = ['Where the time goes near the p50, in µs:', ...lines, ...oneWays];
  return `${all.map((line) => line.trimEnd()).join('\n')}\n`;
}
