/**
 * The window that the receiver offers, in the units of its scale (RFC 7323, section 2.2): when its right edge moves
 * right, and that it does not move left (RFC 9293, section 3.8.6).
 */
import { MAX_WINDOW_SCALE } from '../wire/tcp.ts';

/** What the window field of a header holds. */
export const MAX_WINDOW_FIELD = 65_535;
/** The part of the buffer by which the window may exceed it, as its edge is rounded up in order not to move left. */
export const MAX_OVERRUN = 1 / 8;

/** Segments that any connection may hold out of order; of a larger window one for each KiB. */
const MIN_OUT_OF_ORDER = 1024;
const OUT_OF_ORDER_SEGMENT_BYTES = 1024;

/** The window of a SYN, which is not scaled (RFC 7323, section 2.2). */
export function initialWindow(bufferBytes: number): number {
  return Math.min(bufferBytes, MAX_WINDOW_FIELD);
}

/** The shift with which a window of `bytes` fits into the header, as far as there is one (RFC 7323, section 2.3). */
export function windowScaleFor(bytes: number): number {
  let shift = 0;
  while (shift < MAX_WINDOW_SCALE && bytes / 2 ** shift > MAX_WINDOW_FIELD) shift++;
  return shift;
}

/**
 * The window of the next segment, in units of `1 << scale` bytes. Its right edge moves right only by a segment or half
 * the buffer (RFC 9293, section 3.8.6.2.2).
 *
 * From an acknowledgement in the middle of a unit the edge cannot be told exactly. Rounding down would move it left
 * (RFC 7323, section 2.4), so it is rounded up; but not for a peer that sends crumbs until the buffer is overfull.
 *
 * @param offeredBytes what the peer may still send by what it was told; -1 after a FIN behind a closed window
 * @param freeBytes of the buffer; negative where it is more than full
 * @param mss payload of a full segment
 */
export function windowUnits(
  offeredBytes: number,
  freeBytes: number,
  bufferBytes: number,
  mss: number,
  scale: number,
): number {
  let units = offeredBytes >> scale;
  if (freeBytes - offeredBytes >= Math.min(mss, bufferBytes / 2)) {
    units = Math.min(freeBytes >> scale, MAX_WINDOW_FIELD);
  }
  const wouldMoveLeft = units << scale < offeredBytes;
  if (wouldMoveLeft && offeredBytes - freeBytes < bufferBytes * MAX_OVERRUN) units++;
  return units > 0 ? units : 0;
}

/** Segments that a connection with a window of `bytes` may hold out of order. */
export function maxOutOfOrder(bytes: number): number {
  // A window of full frames behind one hole is kept, all of it; a window of single bytes is not.
  return Math.max(MIN_OUT_OF_ORDER, Math.ceil(bytes / OUT_OF_ORDER_SEGMENT_BYTES));
}
