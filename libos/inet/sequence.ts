/**
 * Arithmetic of TCP sequence numbers (RFC 9293, section 3.4): modulo 2^32, ordered by the shorter way round.
 *
 * A sequence number is kept as a signed 32-bit integer, which the engine stores without a box; its bits are
 * those on the wire. `a - b | 0` is the distance from b to a, and its sign says which comes first.
 */

/** The number `bytes` behind `sequence`. */
export function advance(sequence: number, bytes: number): number {
  return (sequence + bytes) | 0;
}

/** How far `to` lies behind `from`; negative when it lies before it. */
export function distance(from: number, to: number): number {
  return (to - from) | 0;
}

export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function isAtOrBefore(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

/** Whether `start <= sequence < end`. */
export function isWithin(sequence: number, start: number, end: number): boolean {
  return (sequence - start) >>> 0 < (end - start) >>> 0;
}

export function later(a: number, b: number): number {
  return ((a - b) | 0) > 0 ? a : b;
}

export function earlier(a: number, b: number): number {
  return ((a - b) | 0) < 0 ? a : b;
}
