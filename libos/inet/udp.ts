/**
 * UDP (RFC 768, RFC 1122 section 4.1): datagrams to and from the sockets of each port.
 *
 * A received datagram stays in its frame, narrowed to the data, until the application is done with it. What
 * is sent goes out behind the frame's headers without a copy, unless the neighbour's address is still being
 * asked for.
 */
import type { ScatterGatherArray, SgaSegment } from '../memory/sga.ts';
import { Checksum } from './checksum.ts';
import { ChecksumStatus, type Device, MAX_BURST, MAX_PIECES } from './device.ts';
import type { Icmp } from './icmp.ts';
import { type Ipv4, PREPARED_BYTES } from './ipv4.ts';
import type { Neighbours } from './neighbours.ts';
import { copyBytes } from './wire/bytes.ts';
import { Protocol } from './wire/ipv4.ts';
import {
  NO_UDP_CHECKSUM,
  UDP_HEADER_BYTES,
  udpChecksum,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
  writeUdpChecksum,
  writeUdpHeader,
} from './wire/udp.ts';

/** Datagrams that a socket keeps until they are taken. */
const MAX_QUEUED = 256;
/** Buffers that datagrams waiting in sockets leave free to receive into. */
const RESERVED_BUFFERS = MAX_BURST;

/** A bound socket. Addresses are signed 32-bit integers, ports numbers. */
export class UdpSocket {
  /** 0: all that are ours, broadcasts included. */
  localAddress = 0;
  localPort = 0;
  /** Of a connected socket, which takes datagrams from this peer only; 0 of others. */
  peerAddress = 0;
  peerPort = 0;
  /** Sender of the datagram that was taken last. */
  senderAddress = 0;
  senderPort = 0;
  queued = 0;
  /** Datagrams that came while the queue was full or buffers were few. */
  dropped = 0;
  #first: SgaSegment | null = null;
  #last: SgaSegment | null = null;

  /**
   * The datagram that waits longest, or null; its sender is in the fields above. The caller gives it back.
   */
  take(): SgaSegment | null {
    const frame = this.#first;
    if (frame === null) return null;
    this.#first = frame.next;
    if (frame.next === null) this.#last = null;
    frame.next = null;
    this.queued--;
    this.senderAddress = frame.sequence;
    this.senderPort = udpSourcePort(frame.bytes, frame.offset - UDP_HEADER_BYTES);
    return frame;
  }

  /** Gives back all that wait. */
  clear(): void {
    for (let frame = this.take(); frame !== null; frame = this.take()) frame.home.give(frame);
  }

  /** Queues a frame narrowed to a datagram's data; its UDP header still stands before that. */
  put(frame: SgaSegment, senderAddress: number): void {
    frame.sequence = senderAddress;
    frame.next = null;
    if (this.#last === null) this.#first = frame;
    else this.#last.next = frame;
    this.#last = frame;
    this.queued++;
  }

  /** How closely a datagram matches: -1 when the socket does not take it, else more is better. */
  match(source: number, sourcePort: number, destination: number): number {
    if (this.localAddress !== 0 && this.localAddress !== destination) return -1;
    const exact = this.localAddress === 0 ? 0 : 1;
    if (this.peerPort === 0) return exact;
    return this.peerAddress === source && this.peerPort === sourcePort ? exact + 2 : -1;
  }
}

export interface UdpHandler<S extends UdpSocket> {
  /** A datagram was queued: take it now or later. */
  datagramArrived(socket: S): void;
}

/**
 * What became of a datagram. `again`: no frame is free at the moment. `no-route`: there is no way, or the
 * neighbour on it does not answer.
 */
export type UdpSendResult = 'sent' | 'too-long' | 'no-route' | 'again';

export class Udp<S extends UdpSocket = UdpSocket> {
  readonly counters = { malformed: 0, badChecksum: 0, noSocket: 0, dropped: 0 };
  readonly #device: Device;
  readonly #ipv4: Ipv4;
  readonly #icmp: Icmp;
  readonly #neighbours: Neighbours;
  readonly #handler: UdpHandler<S>;
  readonly #ports = new Map<number, S[]>();
  readonly #checksum = new Checksum();

  constructor(device: Device, ipv4: Ipv4, icmp: Icmp, neighbours: Neighbours, handler: UdpHandler<S>) {
    this.#device = device;
    this.#ipv4 = ipv4;
    this.#icmp = icmp;
    this.#neighbours = neighbours;
    this.#handler = handler;
  }

  /** Lets `socket` receive at its localPort, which the caller has chosen. */
  bind(socket: S): void {
    const sockets = this.#ports.get(socket.localPort);
    if (sockets === undefined) this.#ports.set(socket.localPort, [socket]);
    else sockets.push(socket);
  }

  /** Ends that, and gives back what waits in it. */
  unbind(socket: S): void {
    const sockets = this.#ports.get(socket.localPort);
    const index = sockets === undefined ? -1 : sockets.indexOf(socket);
    if (sockets === undefined || index < 0) return;
    sockets.splice(index, 1);
    if (sockets.length === 0) this.#ports.delete(socket.localPort);
    socket.clear();
  }

  /** The sockets bound to a port, to see whether it is free. */
  boundTo(port: number): readonly S[] | undefined {
    return this.#ports.get(port);
  }

  /**
   * The datagram in `frame`, which `ipv4` has accepted. True if the frame was kept: the caller gives back
   * others.
   */
  process(frame: SgaSegment, checksumStatus: ChecksumStatus): boolean {
    const { bytes } = frame;
    const { source, destination, payloadAt, payloadLength } = this.#ipv4;
    const length = payloadLength < UDP_HEADER_BYTES ? 0 : udpLength(bytes, payloadAt);
    if (length < UDP_HEADER_BYTES || length > payloadLength) {
      this.counters.malformed++;
      return false;
    }
    if (checksumStatus !== ChecksumStatus.Good && !this.#isIntact(bytes, payloadAt, length)) {
      this.counters.badChecksum++;
      return false;
    }
    const socket = this.#find(
      source,
      udpSourcePort(bytes, payloadAt),
      destination,
      udpDestinationPort(bytes, payloadAt),
    );
    if (socket === null) {
      this.counters.noSocket++;
      this.#icmp.sendPortUnreachable(bytes);
      return false;
    }
    if (socket.queued === MAX_QUEUED || this.#device.freeBuffers < RESERVED_BUFFERS) {
      this.counters.dropped++;
      socket.dropped++;
      return false;
    }
    frame.offset = payloadAt + UDP_HEADER_BYTES;
    frame.length = length - UDP_HEADER_BYTES;
    socket.put(frame, source);
    this.#handler.datagramArrived(socket);
    return true;
  }

  /**
   * Sends the bytes of `data` as one datagram. They must not change until the device's next exchange.
   *
   * @returns too-long: it does not fit in one packet, and datagrams are not fragmented
   */
  send(socket: S, destination: number, port: number, data: ScatterGatherArray): UdpSendResult {
    const length = UDP_HEADER_BYTES + data.byteLength;
    if (length > this.#ipv4.maxPayloadBytes) return 'too-long';
    const neighbour = this.#ipv4.nextHop(destination);
    if (neighbour?.failed !== false) return 'no-route';
    const frame = this.#ipv4.prepare(neighbour, destination, Protocol.Udp, length);
    if (frame === null) return 'again';
    const at = frame.offset + PREPARED_BYTES;
    writeUdpHeader(frame.bytes, at, socket.localPort, port, length);
    if (!this.#device.fillsChecksums) this.#fillChecksum(frame, at, destination, data, length);
    frame.length = PREPARED_BYTES + UDP_HEADER_BYTES;
    if (neighbour.resolved && data.segmentCount <= MAX_PIECES) {
      this.#append(data);
      this.#device.transmit(frame);
    } else {
      copyBehind(frame, data);
      this.#neighbours.hold(neighbour, frame);
    }
    return 'sent';
  }

  #append(data: ScatterGatherArray): void {
    for (let i = 0; i < data.segmentCount; i++) {
      const segment = data.segments[i];
      if (segment.length > 0) this.#device.append(segment, segment.offset, segment.length);
    }
  }

  #find(source: number, sourcePort: number, destination: number, port: number): S | null {
    const sockets = this.#ports.get(port);
    if (sockets === undefined) return null;
    let best: S | null = null;
    let bestMatch = -1;
    for (let i = 0; i < sockets.length; i++) {
      const match = sockets[i].match(source, sourcePort, destination);
      if (match > bestMatch) {
        best = sockets[i];
        bestMatch = match;
      }
    }
    return best;
  }

  #isIntact(bytes: Uint8Array, at: number, length: number): boolean {
    if (udpChecksum(bytes, at) === NO_UDP_CHECKSUM) return true;
    this.#checksum.reset();
    this.#checksum.addPseudoHeader(this.#ipv4.source, this.#ipv4.destination, Protocol.Udp, length);
    this.#checksum.add(bytes, at, length);
    return this.#checksum.result() === 0;
  }

  #fillChecksum(
    frame: SgaSegment,
    at: number,
    destination: number,
    data: ScatterGatherArray,
    length: number,
  ): void {
    const checksum = this.#checksum;
    checksum.reset();
    checksum.addPseudoHeader(this.#ipv4.address, destination, Protocol.Udp, length);
    checksum.add(frame.bytes, at, UDP_HEADER_BYTES);
    for (let i = 0; i < data.segmentCount; i++) {
      const segment = data.segments[i];
      checksum.add(segment.bytes, segment.offset, segment.length);
    }
    writeUdpChecksum(frame.bytes, at, checksum.result());
  }
}

/** Copies `data` behind what the frame holds. */
function copyBehind(frame: SgaSegment, data: ScatterGatherArray): void {
  for (let i = 0; i < data.segmentCount; i++) {
    const { bytes, offset, length } = data.segments[i];
    copyBytes(bytes, offset, frame.bytes, frame.offset + frame.length, length);
    frame.length += length;
  }
}
