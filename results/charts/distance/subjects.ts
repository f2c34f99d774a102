/** Who was measured in a run, and the colour of each. A system that repeats another one looks like it. */
import type { Manifest } from '../../formats/index.ts';
import { floorGreys, systemColours } from '../theme/palette.ts';

/** A row of the chart's dataset `subjects`: a system or a floor, by its name. */
export interface SubjectRow {
  subject: string;
  /** What fades it, and whose entry of the legend it shares. */
  system: string;
  label: string;
  colour: string;
}

/** Systems, floors, and then those that repeat a system: the first of a `system` names it. */
export function subjectRows({ systems, floors }: Manifest): SubjectRow[] {
  const first = systems.filter(({ repeats }) => repeats === null);
  const groups = [...Map.groupBy(first, ({ group }) => group).values()].flat();
  const rows = [
    ...groups.map(({ name, label }, index) => ({
      subject: name,
      system: name,
      label,
      colour: systemColours[index % systemColours.length],
    })),
    ...floors.map(({ name, label }, index) => ({
      subject: name,
      system: name,
      label: `${label} (floor)`,
      colour: floorGreys[index % floorGreys.length],
    })),
  ];
  const again = systems.flatMap(({ name, label, repeats }) =>
    rows.filter(({ subject }) => subject === repeats).map((row) => ({ ...row, subject: name, label })),
  );
  return [...rows, ...again];
}
