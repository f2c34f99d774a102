/** The rows of tables: the points of each system, and its floors; a floor of several stands behind the last of them. */
import type { FloorPoint, Measured, Summary } from '../formats/index.ts';
import { nothingPublished, type Published } from '../run/reference.ts';

/** Nothing was published of floors. */
export type SummaryRow = Measured &
  Published & {
    /** What names the row: the system, or the floor and that it is one; in a word, and as the figure has it. */
    system: string;
    label: string;
    /** Of the system; of a floor, that of the last system that it serves. */
    group: string;
  };

export function summaryRows({ points, floors }: Summary): SummaryRow[] {
  const systems = [...Map.groupBy(points, ({ system }) => system)];
  const order = systems.map(([system]) => system);
  return systems.flatMap(([system, ofSystem]) => [
    ...ofSystem,
    ...floorRows(
      floors.filter((floor) => lastSystemOf(floor, order) === system),
      ofSystem[0].group,
    ),
  ]);
}

/** The last, in this order, of the systems that a floor serves. */
export function lastSystemOf({ systems }: FloorPoint, order: string[]): string | undefined {
  return order.findLast((system) => systems.includes(system));
}

/** The label of a system where its group's name stands beside it. */
export function labelInGroup({ label, group }: { label: string; group: string }): string {
  const prefix = `${group}, `;
  return group !== '' && label.startsWith(prefix) ? label.slice(prefix.length) : label;
}

/** Whether its samples are means of runs, not single exchanges: wherever its value stands, that is said. */
export function isOfMeans({ sample }: Measured): boolean {
  return sample === 'run_mean';
}

export function floorRows(floors: Summary['floors'], group = ''): SummaryRow[] {
  return floors.map((floor) => ({
    ...floor,
    system: `${floor.name} (floor)`,
    label: `${floor.label} (floor${isOfMeans(floor) ? ', means of runs' : ''})`,
    group,
    ...nothingPublished,
  }));
}
