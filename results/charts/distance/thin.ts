/** Fewer points of a crowded plot that look the same: no extreme is lost, and no value is made up. */

/**
 * About `most` of the rows at most, in their order: of each few neighbours in a group the lowest and the highest, since
 * what lies between the two would lie on top of them. All of them where they are not more.
 */
export function keepExtremes<T>(
  rows: T[],
  most: number,
  measureOf: (row: T) => number,
  groupOf: (row: T) => string,
): T[] {
  if (rows.length <= most) return rows;
  const together = Math.ceil((2 * rows.length) / most);
  const kept = new Set<T>();
  for (const group of Map.groupBy(rows, groupOf).values()) {
    for (let from = 0; from < group.length; from += together) {
      const neighbours = group.slice(from, from + together);
      kept.add(neighbours.reduce((low, row) => (measureOf(row) < measureOf(low) ? row : low)));
      kept.add(neighbours.reduce((high, row) => (measureOf(row) > measureOf(high) ? row : high)));
    }
  }
  return rows.filter((row) => kept.has(row));
}
