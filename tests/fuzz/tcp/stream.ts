/** The streams of both directions: bytes that follow from their position, so that every payload can be compared. */

/** The stack under test writes one, its peer the other. */
export type Writer = 'stack' | 'peer';

/** No multiple of any buffer's or segment's length. */
const PERIOD = 65_521;
const tables: Record<Writer, Buffer> = { stack: tableOf(7), peer: tableOf(30_011) };

function tableOf(start: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: 2 * PERIOD }, (_, i) => {
      const position = (start + i) % PERIOD;
      return (position * 31 + (position >> 8) * 7) & 0xff;
    }),
  );
}

/** `length` bytes of a stream from `at` on; the first byte is at 0. At most PERIOD of them. */
export function streamBytes(writer: Writer, at: number, length: number): Buffer {
  const from = at % PERIOD;
  return tables[writer].subarray(from, from + length);
}

export function requireStream(writer: Writer, at: number, bytes: Uint8Array): void {
  if (streamBytes(writer, at, bytes.length).equals(bytes)) return;
  throw new Error(`the ${bytes.length} bytes at ${at} of the ${writer}'s stream are not those that it wrote`);
}

/** Ranges of positions, in order, apart. */
export class Ranges {
  readonly #ranges: [start: number, end: number][] = [];

  get all(): readonly (readonly [number, number])[] {
    return this.#ranges;
  }

  add(start: number, end: number): void {
    if (start >= end) return;
    const ranges = this.#ranges;
    let first = 0;
    while (first < ranges.length && ranges[first][1] < start) first++;
    let behind = first;
    while (behind < ranges.length && ranges[behind][0] <= end) behind++;
    if (behind > first) {
      start = Math.min(start, ranges[first][0]);
      end = Math.max(end, ranges[behind - 1][1]);
    }
    ranges.splice(first, behind - first, [start, end]);
  }

  /** Where what is there from `position` on ends: `position` itself if it is not there. */
  endFrom(position: number): number {
    const found = this.#ranges.find(([start, end]) => start <= position && position < end);
    return found === undefined ? position : found[1];
  }

  /** Whether some of [start, end) is there, or what it touches. */
  touches(start: number, end: number): boolean {
    return this.#ranges.some((range) => range[0] <= end && start <= range[1]);
  }

  /** Whether all of [start, end) is there. */
  has(start: number, end: number): boolean {
    return start >= end || this.endFrom(start) >= end;
  }

  /** Forgets what lies behind `position`. */
  cutFrom(position: number): void {
    const ranges = this.#ranges;
    while (ranges.length > 0 && ranges[ranges.length - 1][0] >= position) ranges.pop();
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last[1] > position) last[1] = position;
  }
}
