/** Where a logarithmic axis has its labels. */

/** 1, 2 and 5 of each power of ten between `low` and `high`, or fewer where these would be more than `most`. */
export function logTicks([low, high]: [number, number], most: number): number[] {
  const powers = Array.from({ length: 20 }, (_, index) => index - 6);
  const within = (steps: number[], every: number): number[] =>
    powers
      .filter((power) => power % every === 0)
      .flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(1))))
      .filter((value) => value >= low && value <= high);
  const candidates = [
    within([1, 2, 5], 1),
    within([1, 3], 1),
    ...[1, 2, 3, 4].map((every) => within([1], every)),
  ];
  return candidates.find((ticks) => ticks.length <= most) ?? candidates.at(-1)!;
}
