/**
 * A device for the tests of the layers below TCP: keeps what is sent, counts its frames, and has a clock to
 * set.
 */
import { SgaSegment } from '../memory/sga.ts';
import type { Device } from './device.ts';
import { Ipv4 } from './ipv4.ts';
import { type Neighbour, Neighbours } from './neighbours.ts';
import { writeI32 } from './wire/bytes.ts';

const HEADROOM = 64;

export const OWN_MAC = Uint8Array.of(0x02, 0, 10, 99, 0, 1);
export const PEER_MAC = Uint8Array.of(0x02, 0, 10, 99, 0, 2);
export const BROADCAST_MAC = new Uint8Array(6).fill(0xff);
const IPV4_TYPE = Uint8Array.of(0x08, 0x00);

/** The frame in which a packet comes from a station. */
export function ipv4FrameFrom(mac: Uint8Array, packet: Uint8Array): Uint8Array {
  return concatenate(OWN_MAC, mac, IPV4_TYPE, packet);
}

export class TestDevice implements Device {
  readonly mac = OWN_MAC;
  readonly mtu: number;
  readonly fillsChecksums: boolean;
  nowUs = 0.5;
  readonly linkUp = true;
  readonly linkIsPeer = false;
  readonly received: SgaSegment[] = [];
  readonly receivedChecksums = new Uint8Array(64);
  /** Every frame that was transmitted, with its pieces. */
  readonly sent: Uint8Array[] = [];
  readonly free: SgaSegment[] = [];
  /** Pieces appended in all. */
  appended = 0;
  #pieces: Uint8Array[] = [];

  constructor(options: { mtu?: number; fillsChecksums?: boolean; frames?: number } = {}) {
    this.mtu = options.mtu ?? 1500;
    this.fillsChecksums = options.fillsChecksums ?? false;
    const frames = options.frames ?? 1024;
    const capacity = HEADROOM + 14 + this.mtu;
    // What a frame held before must not matter.
    const memory = { bytes: new Uint8Array(frames * capacity).fill(0xa5), address: 0 };
    for (let i = 0; i < frames; i++) this.free.push(new SgaSegment(this, memory, 0, i * capacity, capacity));
  }

  get freeBuffers(): number {
    return this.free.length;
  }

  exchange(): number {
    return 0;
  }

  allocate(): SgaSegment | null {
    const frame = this.free.pop() ?? null;
    if (frame === null) return null;
    frame.offset = frame.base + HEADROOM;
    frame.length = 0;
    frame.next = null;
    return frame;
  }

  append(payload: SgaSegment, offset: number, length: number): void {
    this.appended++;
    this.#pieces.push(payload.bytes.slice(offset, offset + length));
  }

  transmit(frame: SgaSegment): void {
    const head = frame.bytes.slice(frame.offset, frame.offset + frame.length);
    this.sent.push(concatenate(head, ...this.#pieces));
    this.#pieces = [];
    this.give(frame);
  }

  give(segment: SgaSegment): void {
    if (this.free.includes(segment)) throw new Error('a frame was given back twice');
    this.free.push(segment);
  }

  close(): void {}

  /** A frame with these bytes, as if it had been received. */
  arrive(bytes: Uint8Array): SgaSegment {
    const frame = this.allocate()!;
    frame.bytes.set(bytes, frame.offset);
    frame.length = bytes.length;
    return frame;
  }

  /** What was sent since the last call. */
  takeSent(): Uint8Array[] {
    return this.sent.splice(0);
  }
}

/** A device with IPv4 at 10.99.0.1/24, gateway 10.99.0.254, and a record of what its neighbours did. */
export class TestStation {
  readonly device: TestDevice;
  readonly neighbours: Neighbours;
  readonly ipv4: Ipv4;
  readonly resolved: Neighbour[] = [];
  readonly failed: Neighbour[] = [];

  constructor(options: { mtu?: number; fillsChecksums?: boolean; frames?: number } = {}) {
    this.device = new TestDevice(options);
    this.neighbours = new Neighbours(this.device, ip('10.99.0.1'), {
      neighbourResolved: (neighbour) => this.resolved.push(neighbour),
      neighbourFailed: (neighbour) => this.failed.push(neighbour),
    });
    const configuration = { address: ip('10.99.0.1'), prefixLength: 24, gateway: ip('10.99.0.254') };
    this.ipv4 = new Ipv4(this.device, configuration, this.neighbours);
  }

  /** Makes `address` known by a reply from `mac`, and forgets what was sent for that. */
  meet(address = '10.99.0.2', mac = PEER_MAC): Neighbour {
    const neighbour = this.neighbours.lookup(ip(address));
    this.receiveArp(arpPacket({ operation: 2, senderMac: mac, sender: address }));
    this.device.takeSent();
    return neighbour;
  }

  receiveArp(packet: Uint8Array): void {
    this.neighbours.process(this.device.nowUs, packet, 0, packet.length);
  }

  /** Lets the time pass in steps of 10 ms, as an idle stack polls. */
  pass(us: number): void {
    const endUs = this.device.nowUs + us;
    while (this.device.nowUs < endUs) {
      this.device.nowUs = Math.min(endUs, this.device.nowUs + 10_000);
      this.neighbours.poll(this.device.nowUs);
    }
  }
}

export function ip(text: string): number {
  return text.split('.').reduce((address, part) => (address << 8) | Number(part), 0);
}

export function concatenate(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function arpPacket(fields: {
  operation: number;
  sender: string;
  senderMac?: Uint8Array;
  target?: string;
  targetMac?: Uint8Array;
}): Uint8Array {
  const { operation, sender, senderMac = PEER_MAC, target = '10.99.0.1', targetMac = OWN_MAC } = fields;
  const start = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, operation);
  return concatenate(start, senderMac, address(sender), targetMac, address(target));
}

/** An IPv4 packet with right checksum; `change` may spoil the header before that is made. */
export function ipv4Packet(
  fields: { protocol: number; source?: string; destination?: string; options?: Uint8Array },
  payload: Uint8Array,
  change: (header: Uint8Array) => void = () => {},
): Uint8Array {
  const { protocol, source = '10.99.0.2', destination = '10.99.0.1', options = new Uint8Array(0) } = fields;
  const headerBytes = 20 + options.length;
  const totalBytes = headerBytes + payload.length;
  const start = Uint8Array.of(0x40 | (headerBytes / 4), 0, totalBytes >> 8, totalBytes, 0x12, 0x34, 0x40, 0);
  const end = Uint8Array.of(64, protocol, 0, 0);
  const header = concatenate(start, end, address(source), address(destination), options);
  change(header);
  const checksum = plainChecksum(header);
  header.set([checksum >> 8, checksum & 0xff], 10);
  return concatenate(header, payload);
}

/** RFC 1071 word by word, in the plainest way. */
export function plainChecksum(message: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < message.length; i++) sum += i % 2 === 0 ? message[i] * 256 : message[i];
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}

/** The checksum of a UDP datagram with its pseudo-header; 0 if its checksum field is right. */
export function transportChecksum(
  source: string,
  destination: string,
  protocol: number,
  message: Uint8Array,
) {
  const tail = Uint8Array.of(0, protocol, message.length >> 8, message.length & 0xff);
  return plainChecksum(concatenate(address(source), address(destination), tail, message));
}

function address(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  writeI32(bytes, 0, ip(text));
  return bytes;
}
