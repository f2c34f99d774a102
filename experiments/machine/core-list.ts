/** Lists of cores as the kernel reads and writes them: `0-3,6`. */

/** In the order of the list; none of an empty one, and of the `(null)` that the kernel writes for it. */
export function coresOf(list: string): number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index),
  );
}

/** Of cores in order. */
export function inRanges(cores: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const core of cores) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === core - 1) last[1] = core;
    else ranges.push([core, core]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
