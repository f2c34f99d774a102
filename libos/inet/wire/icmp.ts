/**
 * ICMP messages (RFC 792): the header that all have, echo and destination unreachable.
 *
 *     0      1      2          4              8
 *     | type | code | checksum | rest         | data ...
 */
import { readI32, readU16, writeI32, writeU16 } from './bytes.ts';

export const ICMP_HEADER_BYTES = 8;

const TYPE = 0;
const CODE = 1;
const CHECKSUM = 2;
const REST = 4;
/** Destination unreachable, code 4: the MTU of the hop that was too narrow (RFC 1191, section 4). */
const NEXT_HOP_MTU = 6;

export const IcmpType = { EchoReply: 0, DestinationUnreachable: 3, Echo: 8 } as const;

/** Codes of destination unreachable (RFC 792, RFC 1122 section 3.2.2.1). */
export const Unreachable = {
  Network: 0,
  Host: 1,
  Protocol: 2,
  Port: 3,
  FragmentationNeeded: 4,
  SourceRouteFailed: 5,
} as const;

export function icmpType(message: Uint8Array, at: number): number {
  return message[at + TYPE];
}

export function icmpCode(message: Uint8Array, at: number): number {
  return message[at + CODE];
}

/** The four bytes whose meaning depends on the type; of an echo, identifier and sequence number. */
export function icmpRest(message: Uint8Array, at: number): number {
  return readI32(message, at + REST);
}

export function icmpNextHopMtu(message: Uint8Array, at: number): number {
  return readU16(message, at + NEXT_HOP_MTU);
}

/** Writes the header, with checksum 0. */
export function writeIcmpHeader(
  message: Uint8Array,
  at: number,
  type: number,
  code: number,
  rest: number,
): void {
  message[at + TYPE] = type;
  message[at + CODE] = code;
  writeU16(message, at + CHECKSUM, 0);
  writeI32(message, at + REST, rest);
}

export function writeIcmpChecksum(message: Uint8Array, at: number, checksum: number): void {
  writeU16(message, at + CHECKSUM, checksum);
}
