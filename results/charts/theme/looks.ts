/**
 * What tells systems apart: a colour, a mark and dashes, the same in every chart of a run, whichever of its systems the
 * chart shows. A system that repeats another one looks like it.
 */
import type { Manifest } from '../../formats/index.ts';
import { floorGreys, systemColours } from './palette.ts';

/** The marks differ as the colours do, for paper without colour; with both, 84 systems have looks of their own. */
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right'];

/** Of lines: others each time that the marks begin again. */
const cycles = [
  [1, 0],
  [9, 3, 2, 3],
  [12, 4],
];

export const dashes = { invalid: [5, 3], floor: [1.5, 2.5], none: [1, 0] };

export interface Look {
  colour: string;
  shape: string;
  dash: number[];
}

export type Looks = ReadonlyMap<string, Look>;

/** By the names of systems and floors. `colours`: those that the reader wants of some of them. */
export function looksOf({ systems, floors }: Manifest, colours: Record<string, string> = {}): Looks {
  const first = systems.filter(({ repeats }) => repeats === null);
  const grouped = [...Map.groupBy(first, ({ group }) => group).values()].flat();
  const looks = new Map<string, Look>();
  for (const [index, { name }] of grouped.entries()) {
    looks.set(name, {
      colour: systemColours[index % systemColours.length],
      shape: shapes[index % shapes.length],
      dash: cycles[Math.floor(index / shapes.length) % cycles.length],
    });
  }
  for (const [index, { name }] of floors.entries()) {
    looks.set(name, {
      colour: floorGreys[index % floorGreys.length],
      shape: shapes[index % shapes.length],
      dash: dashes.floor,
    });
  }
  for (const { name, repeats } of systems) {
    const look = repeats === null ? undefined : looks.get(repeats);
    if (look) looks.set(name, look);
  }
  for (const [name, colour] of Object.entries(colours)) {
    const look = looks.get(name);
    if (look) looks.set(name, { ...look, colour });
  }
  return looks;
}
