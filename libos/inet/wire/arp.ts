/**
 * ARP packets for IPv4 over Ethernet (RFC 826).
 *
 *     0          2          4     5     6           8          14         18         24         28
 *     | hardware | protocol | hln | pln | operation | sender mac | sender ip | target mac | target ip |
 */
import { readI32, readU16, writeI32, writeU16 } from './bytes.ts';
import { ETHERNET_ADDRESS_BYTES, EtherType } from './ethernet.ts';

export const ARP_BYTES = 28;

const HARDWARE = 0;
const PROTOCOL = 2;
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_ADDRESS = 14;
const TARGET_MAC = 18;
const TARGET_ADDRESS = 24;

const HARDWARE_ETHERNET = 1;
const IPV4_ADDRESS_BYTES = 4;

export const ArpOperation = { Request: 1, Reply: 2 } as const;
export type ArpOperation = (typeof ArpOperation)[keyof typeof ArpOperation];

/** Whether the packet is a request or a reply about IPv4 addresses on an Ethernet. */
export function isArpForIpv4(packet: Uint8Array, at: number, length: number): boolean {
  if (length < ARP_BYTES) return false;
  const operation = arpOperation(packet, at);
  return (
    readU16(packet, at + HARDWARE) === HARDWARE_ETHERNET &&
    readU16(packet, at + PROTOCOL) === EtherType.Ipv4 &&
    packet[at + HARDWARE_LENGTH] === ETHERNET_ADDRESS_BYTES &&
    packet[at + PROTOCOL_LENGTH] === IPV4_ADDRESS_BYTES &&
    (operation === ArpOperation.Request || operation === ArpOperation.Reply)
  );
}

export function arpOperation(packet: Uint8Array, at: number): number {
  return readU16(packet, at + OPERATION);
}

export function arpSenderMacHigh(packet: Uint8Array, at: number): number {
  return readU16(packet, at + SENDER_MAC);
}

export function arpSenderMacLow(packet: Uint8Array, at: number): number {
  return readI32(packet, at + SENDER_MAC + 2);
}

export function arpSenderAddress(packet: Uint8Array, at: number): number {
  return readI32(packet, at + SENDER_ADDRESS);
}

export function arpTargetAddress(packet: Uint8Array, at: number): number {
  return readI32(packet, at + TARGET_ADDRESS);
}

/** Writes all but who asks and who is asked. */
export function writeArpStart(packet: Uint8Array, at: number, operation: ArpOperation): void {
  writeU16(packet, at + HARDWARE, HARDWARE_ETHERNET);
  writeU16(packet, at + PROTOCOL, EtherType.Ipv4);
  packet[at + HARDWARE_LENGTH] = ETHERNET_ADDRESS_BYTES;
  packet[at + PROTOCOL_LENGTH] = IPV4_ADDRESS_BYTES;
  writeU16(packet, at + OPERATION, operation);
}

export function writeArpSender(
  packet: Uint8Array,
  at: number,
  macHigh: number,
  macLow: number,
  address: number,
): void {
  writeU16(packet, at + SENDER_MAC, macHigh);
  writeI32(packet, at + SENDER_MAC + 2, macLow);
  writeI32(packet, at + SENDER_ADDRESS, address);
}

export function writeArpTarget(
  packet: Uint8Array,
  at: number,
  macHigh: number,
  macLow: number,
  address: number,
): void {
  writeU16(packet, at + TARGET_MAC, macHigh);
  writeI32(packet, at + TARGET_MAC + 2, macLow);
  writeI32(packet, at + TARGET_ADDRESS, address);
}
