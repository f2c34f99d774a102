/** Systems whose author told them apart by their groups alone: their labels stand in legends and sentences too. */
import type { SystemUnderTest } from '../formats/index.ts';

/**
 * Of those that share a label, each with its group before it, as the labels of the library have it: where the group
 * stands beside it, it is left out (`labelInGroup` in sentences/rows.ts).
 */
export function withDistinctLabels(systems: SystemUnderTest[]): SystemUnderTest[] {
  const alike = Map.groupBy(systems, ({ label }) => label);
  return systems.map((system) => {
    const { label, group, name } = system;
    const others = (alike.get(label) as SystemUnderTest[]).filter((other) => other !== system);
    if (others.length === 0) return system;
    const isToldByGroup = group !== '' && others.every((other) => other.group !== group);
    return { ...system, label: isToldByGroup ? `${group}, ${label}` : `${label} (${name})` };
  });
}
