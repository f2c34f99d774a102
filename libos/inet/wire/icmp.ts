/**
 * ICMP messages (RFC 792): the header that all have, echo, and errors about packets that were sent.
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

export const IcmpType = {
  EchoReply: 0,
  DestinationUnreachable: 3,
  Echo: 8,
  TimeExceeded: 11,
  ParameterProblem: 12,
} as const;

/** Codes of destination unreachable (RFC 792; RFC 1122, section 3.2.2.1; RFC 1812, section 5.2.7.1). */
export const Unreachable = {
  Network: 0,
  Host: 1,
  Protocol: 2,
  Port: 3,
  FragmentationNeeded: 4,
  SourceRouteFailed: 5,
  NetworkProhibited: 9,
  HostProhibited: 10,
  Prohibited: 13,
} as const;

const UNREACHABLE_IN_WORDS: Readonly<Record<number, string>> = {
  [Unreachable.Network]: 'network unreachable',
  [Unreachable.Host]: 'host unreachable',
  [Unreachable.Protocol]: 'protocol unreachable',
  [Unreachable.Port]: 'port unreachable',
  [Unreachable.SourceRouteFailed]: 'source route failed',
  [Unreachable.NetworkProhibited]: 'network administratively prohibited',
  [Unreachable.HostProhibited]: 'host administratively prohibited',
  [Unreachable.Prohibited]: 'communication administratively prohibited',
};

/** What an ICMP error says. */
export function icmpErrorInWords(type: number, code: number): string {
  if (type === IcmpType.TimeExceeded) return 'time exceeded';
  if (type === IcmpType.ParameterProblem) return 'parameter problem';
  return UNREACHABLE_IN_WORDS[code] ?? `destination unreachable, code ${code}`;
}

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
