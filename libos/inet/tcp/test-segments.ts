/** Reading, changing and making whole Ethernet frames, TCP segments above all, for the tests of TCP. */
import { arpPacket, ip, ipv4Packet, plainChecksum } from '../test-device.ts';

const IP = 14;
const TCP = 34;

export interface SynOptions {
  sack: boolean;
  timestamps: boolean;
  windowScale: boolean;
  mss: boolean;
}

const kinds: Record<keyof SynOptions, number> = { mss: 2, windowScale: 3, sack: 4, timestamps: 8 };

/** Whether the frame carries a TCP segment, all of it. */
export function isTcp(frame: Uint8Array): boolean {
  return (
    frame.length >= 54 && frame[12] === 8 && frame[13] === 0 && frame[IP] === 0x45 && frame[IP + 9] === 6
  );
}

/** Makes the options that are named NOPs if the frame is a SYN, as some boxes on the way do. */
export function withoutSynOptions(frame: Uint8Array, options: SynOptions): void {
  if (!isTcp(frame) || !(frame[TCP + 13] & 2)) return;
  const end = TCP + (frame[TCP + 12] >> 4) * 4;
  const unwanted = Object.entries(kinds).filter(([name]) => options[name as keyof SynOptions]);
  for (let at = TCP + 20; at < end && frame[at] !== 0; ) {
    const length = frame[at] === 1 ? 1 : frame[at + 1];
    if (unwanted.some(([, kind]) => kind === frame[at])) frame.fill(1, at, at + length);
    at += length;
  }
  fixTcpChecksum(frame);
}

/** Makes the TCP checksum right, whatever the segment says. */
export function fixTcpChecksum(frame: Uint8Array): void {
  const total = (frame[IP + 2] << 8) | frame[IP + 3];
  const segment = frame.subarray(TCP, IP + total);
  segment.fill(0, 16, 18);
  const whole = new Uint8Array(12 + segment.length);
  whole.set(frame.subarray(IP + 12, IP + 20));
  whole.set([0, 6, segment.length >> 8, segment.length & 0xff], 8);
  whole.set(segment, 12);
  const checksum = plainChecksum(whole);
  segment[16] = checksum >> 8;
  segment[17] = checksum & 0xff;
}

/** Who sends and who receives: Ethernet and IPv4 addresses. */
export interface Path {
  from: { mac: Uint8Array; address: string };
  to: { mac: Uint8Array; address: string };
}

export interface SegmentFields {
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgement?: number;
  /** As in the header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32. */
  flags: number;
  window?: number;
  /** Padded with zeros to a multiple of 4; 40 at most. */
  options?: Uint8Array;
  payload?: Uint8Array;
  /** Length of the header in words, if it is to be wrong. */
  headerWords?: number;
}

const NOTHING = new Uint8Array(0);

export function tcpFrame(path: Path, fields: SegmentFields): Uint8Array {
  const { options = NOTHING, payload = NOTHING, window = 65_535, acknowledgement = 0 } = fields;
  const headerBytes = 20 + 4 * Math.ceil(Math.min(options.length, 40) / 4);
  const segment = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(segment.buffer);
  view.setUint16(0, fields.sourcePort);
  view.setUint16(2, fields.destinationPort);
  view.setInt32(4, fields.sequence);
  view.setInt32(8, acknowledgement);
  segment[12] = (fields.headerWords ?? headerBytes / 4) << 4;
  segment[13] = fields.flags;
  view.setUint16(14, window);
  segment.set(options.subarray(0, 40), 20);
  segment.set(payload, headerBytes);
  const frame = ipv4Frame(path, 6, segment);
  fixTcpChecksum(frame);
  return frame;
}

export function ipv4Frame({ from, to }: Path, protocol: number, payload: Uint8Array): Uint8Array {
  const packet = ipv4Packet({ protocol, source: from.address, destination: to.address }, payload);
  return ethernetFrame(from.mac, to.mac, 0x0800, packet);
}

export function icmpFrame(path: Path, message: Uint8Array): Uint8Array {
  const copy = message.slice();
  copy.fill(0, 2, 4);
  const checksum = plainChecksum(copy);
  copy.set([checksum >> 8, checksum & 0xff], 2);
  return ipv4Frame(path, 1, copy);
}

/** @param operation 1: request, 2: reply */
export function arpFrame({ from, to }: Path, operation: number): Uint8Array {
  const fields = {
    operation,
    sender: from.address,
    senderMac: from.mac,
    target: to.address,
    targetMac: to.mac,
  };
  return ethernetFrame(from.mac, to.mac, 0x0806, arpPacket(fields));
}

export function ethernetFrame(
  from: Uint8Array,
  to: Uint8Array,
  type: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(14 + payload.length);
  frame.set(to);
  frame.set(from, 6);
  frame.set([type >> 8, type & 0xff], 12);
  frame.set(payload, 14);
  return frame;
}

/** 10.99.0.0 and so many further. */
export function addressAt(index: number): string {
  const address = ip('10.99.0.0') + index;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
