/**
 * A host on one device: Ethernet frames in and out, and who they are for.
 *
 *     poll:   deadlines -> dispatch -> one exchange of frames -> each received frame to ARP, ICMP, UDP or TCP
 *
 * Time, randomness and memory come from outside; libos/inet/transport.ts offers it as a libOS.
 */
import type { BufferPool } from '../memory/pool.ts';
import type { SgaSegment } from '../memory/sga.ts';
import type { ChecksumStatus, Device } from './device.ts';
import { Icmp, type IcmpHandler } from './icmp.ts';
import { Ipv4, type NetworkConfiguration } from './ipv4.ts';
import { KeyedHash } from './keyed-hash.ts';
import { type Neighbour, type NeighbourHandler, Neighbours } from './neighbours.ts';
import { Ports } from './ports.ts';
import type { TcpOptions } from './tcp/options.ts';
import { Tcp } from './tcp/protocol.ts';
import { errorReported, neighbourFailed, peerIsGone } from './tcp/unreachable.ts';
import { Udp, type UdpHandler, type UdpSocket } from './udp.ts';
import { readI32, readU16 } from './wire/bytes.ts';
import {
  ETHERNET_HEADER_BYTES,
  EtherType,
  etherType,
  isEthernetBroadcast,
  isEthernetDestination,
} from './wire/ethernet.ts';
import { IcmpType, Unreachable } from './wire/icmp.ts';
import { Protocol } from './wire/ipv4.ts';

export interface StackOptions<S extends UdpSocket> {
  network: NetworkConfiguration;
  tcp: TcpOptions;
  /** Random 32-bit integers, for what nobody may foresee. */
  secret: readonly [number, number];
  /** Is notified of datagrams that came and of connected sockets whose peer refuses them. */
  datagrams: UdpHandler<S> & {
    datagramRefused(localPort: number, peerAddress: number, peerPort: number): void;
  };
}

export class Stack<S extends UdpSocket = UdpSocket> implements NeighbourHandler, IcmpHandler {
  readonly counters = { unknownEtherType: 0, unknownProtocol: 0, runts: 0, foreign: 0 };
  readonly device: Device;
  readonly neighbours: Neighbours;
  readonly ipv4: Ipv4;
  readonly icmp: Icmp;
  readonly udp: Udp<S>;
  readonly tcp: Tcp;
  readonly tcpPorts = new Ports();
  readonly udpPorts = new Ports();
  readonly #datagrams: StackOptions<S>['datagrams'];
  readonly #portHash: KeyedHash;
  readonly #macHigh: number;
  readonly #macLow: number;
  #linkWasUp = false;

  constructor(device: Device, pool: BufferPool, options: StackOptions<S>) {
    const { network, secret } = options;
    this.device = device;
    this.#macHigh = readU16(device.mac, 0);
    this.#macLow = readI32(device.mac, 2);
    this.neighbours = new Neighbours(device, network.address, this);
    this.ipv4 = new Ipv4(device, network, this.neighbours);
    this.icmp = new Icmp(this.ipv4, this.neighbours, this);
    this.udp = new Udp(device, this.ipv4, this.icmp, this.neighbours, options.datagrams);
    this.tcp = new Tcp(device, this.ipv4, this.neighbours, pool, options.tcp, secret);
    this.#datagrams = options.datagrams;
    this.#portHash = new KeyedHash(secret[1], secret[0]);
  }

  /** Makes what progress can be made without waiting. Returns how many frames came. */
  poll(): number {
    const { device, tcp, neighbours } = this;
    const { nowUs } = device;
    // A time that is passed to a call is an object; these are small enough to be none.
    if (tcp.context.timers.mayBeDue(nowUs)) tcp.expire();
    if (neighbours.timers.mayBeDue(nowUs)) neighbours.poll(nowUs);
    tcp.dispatch();
    const count = device.exchange();
    const { received, receivedChecksums } = device;
    for (let i = 0; i < count; i++) {
      const frame = received[i];
      if (!this.#process(frame, receivedChecksums[i] as ChecksumStatus)) frame.home.give(frame);
    }
    // Behind the last frames of a peer that has ended.
    if (device.linkUp !== this.#linkWasUp) this.#linkChanged();
    return count;
  }

  /** When poll has something to do although nothing comes; Infinity if never. */
  pollAt(): number {
    return Math.min(this.tcp.pollAt(), this.neighbours.pollAt());
  }

  /** A local port for a connection to that peer, or 0. A connection with these names may stand in TIME-WAIT. */
  ephemeralTcpPort(peerAddress: number, peerPort: number): number {
    const { connections } = this.tcp;
    const offset = this.#portHash.hash(this.ipv4.address, peerAddress, peerPort);
    return this.tcpPorts.ephemeral(offset, (port) => {
      const previous = connections.find(port, peerAddress, peerPort);
      return previous === null || previous.isReusable;
    });
  }

  ephemeralUdpPort(): number {
    return this.udpPorts.ephemeral(this.#portHash.hash(this.ipv4.address, 0, 0), () => true);
  }

  // For ARP and ICMP

  neighbourResolved(neighbour: Neighbour): void {
    const { context } = this.tcp;
    context.connections.forEach((connection) => {
      if (connection.neighbour === neighbour) context.markDirty(connection);
    });
  }

  neighbourFailed(neighbour: Neighbour): void {
    neighbourFailed(this.tcp.context, neighbour);
  }

  errorArrives(
    type: number,
    code: number,
    nextHopMtu: number,
    reporter: number,
    protocol: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    sequence: number,
  ): void {
    if (protocol === Protocol.Tcp) {
      const connection = this.tcp.connections.find(sourcePort, destination, destinationPort);
      if (connection !== null) errorReported(connection, type, code, nextHopMtu, reporter, sequence);
    } else if (
      protocol === Protocol.Udp &&
      type === IcmpType.DestinationUnreachable &&
      code === Unreachable.Port
    ) {
      this.#datagrams.datagramRefused(sourcePort, destination, destinationPort);
    }
  }

  #linkChanged(): void {
    const { linkUp, nowUs } = this.device;
    this.#linkWasUp = linkUp;
    // Requests that were sent while the link was down went nowhere.
    if (linkUp) this.neighbours.askAgain(nowUs);
    else if (this.device.linkIsPeer) peerIsGone(this.tcp.context);
  }

  /** Returns whether somebody kept the frame. */
  #process(frame: SgaSegment, checksumStatus: ChecksumStatus): boolean {
    const { bytes, offset, length } = frame;
    if (length < ETHERNET_HEADER_BYTES) {
      this.counters.runts++;
      return false;
    }
    if (
      !isEthernetDestination(bytes, offset, this.#macHigh, this.#macLow) &&
      !isEthernetBroadcast(bytes, offset)
    ) {
      this.counters.foreign++;
      return false;
    }
    const at = offset + ETHERNET_HEADER_BYTES;
    const rest = length - ETHERNET_HEADER_BYTES;
    switch (etherType(bytes, offset)) {
      case EtherType.Ipv4:
        if (!this.ipv4.accept(bytes, at, rest, checksumStatus)) return false;
        if (this.ipv4.protocol === Protocol.Tcp) return this.tcp.process(frame, checksumStatus);
        return this.#processRarer(frame, checksumStatus);
      case EtherType.Arp:
        this.neighbours.process(this.device.nowUs, bytes, at, rest);
        return false;
      default:
        this.counters.unknownEtherType++;
        return false;
    }
  }

  #processRarer(frame: SgaSegment, checksumStatus: ChecksumStatus): boolean {
    switch (this.ipv4.protocol) {
      case Protocol.Udp:
        return this.udp.process(frame, checksumStatus);
      case Protocol.Icmp:
        this.icmp.process(frame.bytes);
        return false;
      default:
        this.counters.unknownProtocol++;
        return false;
    }
  }
}
