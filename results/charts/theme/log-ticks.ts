/** Where a logarithmic axis has its labels. */

/** 1, 2 and 5 of each power of ten between `low` and `high`, or fewer where these would be more than `most`. */
export function logTicks([low, high]: [number, number], most: number): number[] {
  const powers = Array.from({ length: 14 }, (_, index) => index - 3);
  const candidates = [[1, 2, 5], [1, 3], [1]].map((steps) =>
    powers
      .flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(1))))
      .filter((value) => value >= low && value <= high),
  );
  return candidates.find((ticks) => ticks.length <= most) ?? candidates.at(-1)!;
}
