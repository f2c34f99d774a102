/**
 * Where EAL's memory may lie in a process, so that an IOMMU reaches it. Under vfio the addresses that a NIC uses are
 * those of the process, and many IOMMUs have 39 bits of them. EAL asks for the first address below, and takes any other
 * when that is not free: V8 puts its memory anywhere.
 */

/** Where EAL begins by itself. */
const FIRST = 4 * 2 ** 30;
/** Beyond the reach of an IOMMU of 39 bits. */
const LIMIT = 2 ** 39;
const ALIGNMENT = 2 ** 30;

/**
 * The beginning of the largest free range of addresses that an IOMMU reaches.
 *
 * @param maps the text of /proc/self/maps: ranges in ascending order
 */
export function reachableBase(maps: string): number {
  let largest = 0;
  let base = FIRST;
  let free = FIRST;
  const consider = (end: number) => {
    if (end - free > largest) [largest, base] = [end - free, free];
  };
  for (const [, start, end] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm)) {
    consider(Math.min(parseInt(start, 16), LIMIT));
    free = Math.max(free, Math.ceil(parseInt(end, 16) / ALIGNMENT) * ALIGNMENT);
  }
  consider(LIMIT);
  return base;
}
