/** The values of a list that stand in it before, with their places. */
export function repeated<T>(values: readonly T[]): { index: number; value: T }[] {
  return values
    .map((value, index) => ({ index, value }))
    .filter(({ index, value }) => values.indexOf(value) < index);
}
