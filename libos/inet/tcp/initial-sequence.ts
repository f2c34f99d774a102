/**
 * Initial sequence numbers (RFC 6528): a counter that ticks every 4 us plus a keyed hash of the connection's
 * four names, so that nobody off the path can guess them.
 */
import type { KeyedHash } from '../keyed-hash.ts';

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
