/**
 * IPv4 as a host speaks it (RFC 791, RFC 1122 section 3): checks what arrives, finds the next hop of what
 * leaves and writes its headers. It does not forward, fragment or reassemble.
 */
import type { SgaSegment } from '../memory/sga.ts';
import { Checksum } from './checksum.ts';
import { ChecksumStatus, type Device } from './device.ts';
import { type Neighbour, NeighbourState, type Neighbours } from './neighbours.ts';
import { PacketMemory, readI32, readU16 } from './wire/bytes.ts';
import { ETHERNET_HEADER_BYTES, EtherType } from './wire/ethernet.ts';
import {
  IPV4_HEADER_BYTES,
  ipv4Destination,
  ipv4HeaderBytes,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalBytes,
  ipv4Version,
  isIpv4Fragment,
  writeIpv4Checksum,
  writeIpv4Header,
} from './wire/ipv4.ts';

/** Bytes of the headers that prepare writes. */
export const PREPARED_BYTES = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;

const LIMITED_BROADCAST = -1;

/** Addresses are signed 32-bit integers. */
export interface NetworkConfiguration {
  address: number;
  prefixLength: number;
  /** Router to other networks, 0 for none. */
  gateway: number;
}

export class Ipv4 {
  /** Own address. */
  readonly address: number;
  /** Largest payload of a packet. */
  readonly maxPayloadBytes: number;
  readonly counters = {
    malformed: 0,
    badChecksum: 0,
    fragments: 0,
    /** Not to us: another host's, or a multicast group's. */
    foreign: 0,
    badSource: 0,
    /** No frame was free to send a packet in. */
    noFrame: 0,
  };

  // Of the packet that was accepted last.
  protocol = 0;
  source = 0;
  destination = 0;
  /** It went to a broadcast address. */
  broadcast = false;
  headerAt = 0;
  payloadAt = 0;
  payloadLength = 0;

  readonly #device: Device;
  readonly #neighbours: Neighbours;
  readonly #gateway: number;
  readonly #mask: number;
  readonly #network: number;
  readonly #subnetBroadcast: number;
  readonly #macHigh: number;
  readonly #macLow: number;
  readonly #checksum = new Checksum();
  readonly #memory = new PacketMemory();

  constructor(device: Device, configuration: NetworkConfiguration, neighbours: Neighbours) {
    const { address, prefixLength, gateway } = configuration;
    this.#device = device;
    this.#neighbours = neighbours;
    this.address = address;
    this.maxPayloadBytes = device.mtu - IPV4_HEADER_BYTES;
    this.#gateway = gateway;
    // A shift by 32 is one by 0.
    this.#mask = prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
    this.#network = address & this.#mask;
    // Networks of two addresses or one have no broadcast address of their own (RFC 3021).
    this.#subnetBroadcast = prefixLength >= 31 ? LIMITED_BROADCAST : this.#network | ~this.#mask;
    this.#macHigh = readU16(device.mac, 0);
    this.#macLow = readI32(device.mac, 2);
  }

  isOurs(address: number): boolean {
    return address === this.address;
  }

  isBroadcast(address: number): boolean {
    return address === LIMITED_BROADCAST || address === this.#subnetBroadcast;
  }

  /**
   * To whom a packet for `destination` goes; null when there is no way, as to ourselves, to all or to a
   * group.
   */
  nextHop(destination: number): Neighbour | null {
    const hop = this.#hopAddress(destination);
    return hop === 0 ? null : this.#neighbours.lookup(hop);
  }

  /**
   * To whom an answer goes that is to leave nothing behind: to the station that the packet came from which was accepted
   * last, and lies in `bytes`. Null when there is no way to its source.
   */
  lastHop(bytes: Uint8Array): Neighbour | null {
    if (this.#hopAddress(this.source) === 0) return null;
    return this.#neighbours.senderOf(bytes, this.headerAt - ETHERNET_HEADER_BYTES);
  }

  /** Address of the next hop; 0: there is none. */
  #hopAddress(destination: number): number {
    if (!this.#isHost(destination) || destination === this.address) return 0;
    return (destination & this.#mask) === this.#network ? destination : this.#gateway;
  }

  /**
   * Checks the header of a packet at `at`, of which `length` bytes came, padding of the frame included. True
   * if the packet is intact and for us: then the fields above describe it. Others are counted.
   *
   * @param checksumStatus what a device calls bad is looked at again here: some take a UDP datagram without a
   *   checksum for bad
   */
  accept(bytes: Uint8Array, at: number, length: number, checksumStatus: ChecksumStatus): boolean {
    const { counters } = this;
    if (length < IPV4_HEADER_BYTES || ipv4Version(bytes, at) !== 4) return refuse(counters, 'malformed');
    const headerBytes = ipv4HeaderBytes(bytes, at);
    const totalBytes = ipv4TotalBytes(bytes, at);
    if (headerBytes < IPV4_HEADER_BYTES || totalBytes < headerBytes || totalBytes > length)
      return refuse(counters, 'malformed');
    if (checksumStatus !== ChecksumStatus.Good && !this.#headerIsIntact(bytes, at, headerBytes))
      return refuse(counters, 'badChecksum');
    const destination = ipv4Destination(bytes, at);
    const broadcast = this.isBroadcast(destination);
    if (destination !== this.address && !broadcast) return refuse(counters, 'foreign');
    const source = ipv4Source(bytes, at);
    if (!this.#isHost(source) || source === this.address) return refuse(counters, 'badSource');
    if (isIpv4Fragment(bytes, at)) return refuse(counters, 'fragments');
    this.protocol = ipv4Protocol(bytes, at);
    this.source = source;
    this.destination = destination;
    this.broadcast = broadcast;
    this.headerAt = at;
    this.payloadAt = at + headerBytes;
    this.payloadLength = totalBytes - headerBytes;
    return true;
  }

  /**
   * A frame with its Ethernet and IPv4 headers, PREPARED_BYTES long, for a payload that follows; null when
   * none is free. Until the neighbour is resolved, such a frame may only go to Neighbours.hold.
   *
   * @param payloadLength at most maxPayloadBytes
   */
  prepare(
    neighbour: Neighbour,
    destination: number,
    protocol: number,
    payloadLength: number,
  ): SgaSegment | null {
    const frame = this.#device.allocate();
    if (frame === null) {
      this.counters.noFrame++;
      return null;
    }
    if (neighbour.state === NeighbourState.Reachable) neighbour.used = true;
    else this.#neighbours.use(neighbour);
    const { bytes, offset } = frame;
    const headerAt = offset + ETHERNET_HEADER_BYTES;
    const view = this.#memory.view(bytes);
    view.setInt16(offset, neighbour.macHigh);
    view.setInt32(offset + 2, neighbour.macLow);
    view.setInt16(offset + 6, this.#macHigh);
    view.setInt32(offset + 8, this.#macLow);
    view.setInt16(offset + 12, EtherType.Ipv4);
    writeIpv4Header(view, headerAt, IPV4_HEADER_BYTES + payloadLength, protocol, this.address, destination);
    if (!this.#device.fillsChecksums) {
      this.#checksum.reset();
      this.#checksum.add(bytes, headerAt, IPV4_HEADER_BYTES);
      writeIpv4Checksum(bytes, headerAt, this.#checksum.result());
    }
    frame.length = PREPARED_BYTES;
    return frame;
  }

  /** Whether the address can be one host's (RFC 1122, section 3.2.1.3). */
  #isHost(address: number): boolean {
    const first = address >>> 24;
    return first !== 0 && first !== 127 && first < 224 && !this.isBroadcast(address);
  }

  #headerIsIntact(bytes: Uint8Array, at: number, headerBytes: number): boolean {
    this.#checksum.reset();
    this.#checksum.add(bytes, at, headerBytes);
    return this.#checksum.result() === 0;
  }
}

function refuse(counters: Ipv4['counters'], reason: keyof Ipv4['counters']): false {
  counters[reason]++;
  return false;
}
