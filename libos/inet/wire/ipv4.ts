/**
 * The IPv4 header (RFC 791, section 3.1).
 *
 *     0             1     2              4    6                8     9          10         12       16
 *     | version IHL | TOS | total length | id | flags, offset  | TTL | protocol | checksum | source | destination |
 */
import { readI32, readU16, writeU16 } from './bytes.ts';

/** Without options. */
export const IPV4_HEADER_BYTES = 20;

const VERSION_AND_LENGTH = 0;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FRAGMENT = 6;
const TIME_TO_LIVE = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;

const VERSION_4_WITHOUT_OPTIONS = 0x45;
const DO_NOT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;
/** RFC 1700, "IP time to live parameter". */
const DEFAULT_TIME_TO_LIVE = 64;

export const Protocol = { Icmp: 1, Tcp: 6, Udp: 17 } as const;
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

export function ipv4Version(packet: Uint8Array, at: number): number {
  return packet[at + VERSION_AND_LENGTH] >> 4;
}

/** Length of the header with its options. */
export function ipv4HeaderBytes(packet: Uint8Array, at: number): number {
  return (packet[at + VERSION_AND_LENGTH] & 0xf) << 2;
}

/** Length of header and payload. */
export function ipv4TotalBytes(packet: Uint8Array, at: number): number {
  return readU16(packet, at + TOTAL_LENGTH);
}

export function isIpv4Fragment(packet: Uint8Array, at: number): boolean {
  return (readU16(packet, at + FRAGMENT) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0;
}

/** Whether the payload starts with the transport's header: the packet is no fragment, or the first one. */
export function isIpv4Start(packet: Uint8Array, at: number): boolean {
  return (readU16(packet, at + FRAGMENT) & FRAGMENT_OFFSET) === 0;
}

export function ipv4Protocol(packet: Uint8Array, at: number): number {
  return packet[at + PROTOCOL];
}

export function ipv4Source(packet: Uint8Array, at: number): number {
  return readI32(packet, at + SOURCE);
}

export function ipv4Destination(packet: Uint8Array, at: number): number {
  return readI32(packet, at + DESTINATION);
}

/**
 * Writes a header without options, checksum 0. The packet may not be fragmented, so its identification is
 * without meaning (RFC 6864, section 4.1).
 */
export function writeIpv4Header(
  packet: DataView,
  at: number,
  totalBytes: number,
  protocol: number,
  source: number,
  destination: number,
): void {
  packet.setInt32(at, (VERSION_4_WITHOUT_OPTIONS << 24) | totalBytes);
  packet.setInt32(at + IDENTIFICATION, DO_NOT_FRAGMENT);
  packet.setInt32(at + TIME_TO_LIVE, (DEFAULT_TIME_TO_LIVE << 24) | (protocol << 16));
  packet.setInt32(at + SOURCE, source);
  packet.setInt32(at + DESTINATION, destination);
}

export function writeIpv4Checksum(packet: Uint8Array, at: number, checksum: number): void {
  writeU16(packet, at + CHECKSUM, checksum);
}
