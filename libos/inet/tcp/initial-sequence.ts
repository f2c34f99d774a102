/**
 * Initial sequence numbers (RFC 6528): a counter that ticks every 4 us plus a keyed hash of the connection's
 * four names, so that nobody off the path can guess them.
 */
import type { KeyedHash } from '../keyed-hash.ts';
import { advance, isBefore } from '../sequence.ts';

/** Numbers between two incarnations of a connection, against old duplicates and for being hard to guess. */
const INCARNATION_GAP = 65_536;

/** A signed 32-bit integer. */
export function initialSequenceNumber(
  hash: KeyedHash,
  nowUs: number,
  localAddress: number,
  localPort: number,
  remoteAddress: number,
  remotePort: number,
): number {
  const clock = Math.floor(nowUs / 4) % 2 ** 32;
  return (clock + hash.hash(localAddress, remoteAddress, (localPort << 16) | remotePort)) | 0;
}

/**
 * The same for a connection whose names were another's until now, which had `next` to send next: behind all numbers
 * that it has used (RFC 9293, section 3.10.7.4, MAY-2).
 */
export function laterSequenceNumber(first: number, next: number): number {
  const least = advance(next, INCARNATION_GAP);
  return isBefore(first, least) ? least : first;
}
