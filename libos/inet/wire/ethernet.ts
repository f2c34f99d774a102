/**
 * Ethernet II frames (RFC 894): destination, source, type, payload.
 *
 *     0           6           12     14
 *     | destination | source    | type | payload ...
 *
 * Inside the stack a station's address is two integers: its first two bytes, unsigned, and its last four,
 * signed.
 */
import { readI32, readU16, writeI32, writeU16 } from './bytes.ts';

export const ETHERNET_HEADER_BYTES = 14;
export const ETHERNET_ADDRESS_BYTES = 6;

const DESTINATION = 0;
const SOURCE = 6;
const TYPE = 12;

export const EtherType = { Ipv4: 0x0800, Arp: 0x0806 } as const;
export type EtherType = (typeof EtherType)[keyof typeof EtherType];

export const BROADCAST_MAC_HIGH = 0xffff;
export const BROADCAST_MAC_LOW = -1;

export function etherType(frame: Uint8Array, at: number): number {
  return readU16(frame, at + TYPE);
}

/** Whether the frame goes to every station. */
export function isEthernetBroadcast(frame: Uint8Array, at: number): boolean {
  return isEthernetDestination(frame, at, BROADCAST_MAC_HIGH, BROADCAST_MAC_LOW);
}

export function isEthernetDestination(
  frame: Uint8Array,
  at: number,
  macHigh: number,
  macLow: number,
): boolean {
  return readI32(frame, at + DESTINATION + 2) === macLow && readU16(frame, at + DESTINATION) === macHigh;
}

export function ethernetSourceHigh(frame: Uint8Array, at: number): number {
  return readU16(frame, at + SOURCE);
}

export function ethernetSourceLow(frame: Uint8Array, at: number): number {
  return readI32(frame, at + SOURCE + 2);
}

export function writeEthernetDestination(
  frame: Uint8Array,
  at: number,
  macHigh: number,
  macLow: number,
): void {
  writeU16(frame, at + DESTINATION, macHigh);
  writeI32(frame, at + DESTINATION + 2, macLow);
}

/** Writes the rest of the header. */
export function writeEthernetSourceAndType(
  frame: Uint8Array,
  at: number,
  macHigh: number,
  macLow: number,
  type: EtherType,
): void {
  writeU16(frame, at + SOURCE, macHigh);
  writeI32(frame, at + SOURCE + 2, macLow);
  writeU16(frame, at + TYPE, type);
}
