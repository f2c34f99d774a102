/**
 * The UDP header (RFC 768).
 *
 *     0             2                  4        6          8
 *     | source port | destination port | length | checksum | data ...
 */
import { readU16, writeU16 } from './bytes.ts';

export const UDP_HEADER_BYTES = 8;

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;

/** In the checksum field: the sender made none. A checksum that comes out as 0 is sent as its other form. */
export const NO_UDP_CHECKSUM = 0;
const ZERO_UDP_CHECKSUM = 0xffff;

export function udpSourcePort(datagram: Uint8Array, at: number): number {
  return readU16(datagram, at + SOURCE_PORT);
}

export function udpDestinationPort(datagram: Uint8Array, at: number): number {
  return readU16(datagram, at + DESTINATION_PORT);
}

/** Length of header and data. */
export function udpLength(datagram: Uint8Array, at: number): number {
  return readU16(datagram, at + LENGTH);
}

export function udpChecksum(datagram: Uint8Array, at: number): number {
  return readU16(datagram, at + CHECKSUM);
}

/** Writes the header without a checksum. */
export function writeUdpHeader(
  datagram: Uint8Array,
  at: number,
  sourcePort: number,
  destinationPort: number,
  length: number,
): void {
  writeU16(datagram, at + SOURCE_PORT, sourcePort);
  writeU16(datagram, at + DESTINATION_PORT, destinationPort);
  writeU16(datagram, at + LENGTH, length);
  writeU16(datagram, at + CHECKSUM, NO_UDP_CHECKSUM);
}

export function writeUdpChecksum(datagram: Uint8Array, at: number, checksum: number): void {
  writeU16(datagram, at + CHECKSUM, checksum === NO_UDP_CHECKSUM ? ZERO_UDP_CHECKSUM : checksum);
}
