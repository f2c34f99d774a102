/**
 * Segments on their way out: writes headers, options and checksum into a frame of the device. The sender
 * decides when; a segment of no connection is answered here with a reset.
 */
import { Checksum } from '../checksum.ts';
import type { Device } from '../device.ts';
import { type Ipv4, PREPARED_BYTES } from '../ipv4.ts';
import type { Neighbour, Neighbours } from '../neighbours.ts';
import { advance } from '../sequence.ts';
import { PacketMemory, writeU16 } from '../wire/bytes.ts';
import { Protocol } from '../wire/ipv4.ts';
import {
  CHECKSUM_AT,
  Flag,
  HEADER_BYTES,
  MAX_SACK_BLOCKS,
  MAX_SACK_BLOCKS_BESIDE_TIMESTAMPS,
  SACK_BLOCK_BYTES,
  SACK_BYTES,
  type TcpSegment,
  TIMESTAMPS_BYTES,
  writeHeader,
  writeHeaderWords,
  writeSack,
  writeSynOptions,
  writeTimestamps,
  writeTimestampWords,
} from '../wire/tcp.ts';
import type { TcpCounters } from './counters.ts';
import type { SendQueue } from './send-queue.ts';

/** Between whom a connection is, and where its segments go. Addresses are signed 32-bit integers. */
export interface Path {
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly neighbour: Neighbour;
}

/** What a SYN says of the receiving side of its connection, and what each segment needs of it as well. */
export interface Opening {
  /** The acknowledgement number. */
  readonly next: number;
  /** Both sides use timestamps, and the one to echo. */
  readonly timestamps: boolean;
  readonly recentTimestamp: number;
  /** Both sides use SACK. */
  readonly sackPermitted: boolean;
  /** The shift of the window; 0: none. */
  readonly windowScale: number;
  /** The window of a SYN. */
  readonly initialWindow: number;
}

/** What each segment says of the receiving side of its connection. */
export interface Acknowledging extends Opening {
  /** Writes at most `max` SACK blocks into `out` as start, end ...; returns how many. */
  writeSackBlocks(out: Int32Array, max: number): number;
  /** The segment goes out. Returns its window, scaled. `told`: the latest SACK block, if there is one, goes with it. */
  acknowledge(mss: number, told: boolean): number;
}

export class Output {
  readonly #device: Device;
  readonly #ipv4: Ipv4;
  readonly #neighbours: Neighbours;
  readonly #counters: TcpCounters;
  readonly #checksum = new Checksum();
  readonly #memory = new PacketMemory();
  readonly #sackBlocks = new Int32Array(2 * MAX_SACK_BLOCKS);

  constructor(device: Device, ipv4: Ipv4, neighbours: Neighbours, counters: TcpCounters) {
    this.#device = device;
    this.#ipv4 = ipv4;
    this.#neighbours = neighbours;
    this.#counters = counters;
  }

  /**
   * One segment of a connection that stands, with `length` bytes of the queue from `sequence` on, to which
   * the queue has been moved. Returns false when the device has no frame for it; then nothing has changed.
   *
   * @param mss payload that fits beside timestamps
   */
  segment(
    path: Path,
    receiver: Acknowledging,
    queue: SendQueue,
    sequence: number,
    length: number,
    flags: number,
    mss: number,
    timestamp: number,
  ): boolean {
    const device = this.#device;
    const { timestamps } = receiver;
    const most = timestamps ? MAX_SACK_BLOCKS_BESIDE_TIMESTAMPS : MAX_SACK_BLOCKS;
    let blocks = receiver.writeSackBlocks(this.#sackBlocks, most);
    let told = true;
    let optionBytes = timestamps ? TIMESTAMPS_BYTES : 0;
    if (blocks > 0) {
      // As many as fit beside data, the latest first. If none does, a bare acknowledgement follows soon.
      const roomBytes = mss - length - SACK_BYTES;
      const fitting = roomBytes > 0 ? (roomBytes / SACK_BLOCK_BYTES) | 0 : 0;
      told = fitting > 0;
      if (blocks > fitting) blocks = fitting;
      if (told) optionBytes += SACK_BYTES + blocks * SACK_BLOCK_BYTES;
    }
    const headerBytes = HEADER_BYTES + optionBytes;
    const frame = this.#ipv4.prepare(path.neighbour, path.remoteAddress, Protocol.Tcp, headerBytes + length);
    if (frame === null) return false;
    const at = frame.offset + PREPARED_BYTES;
    const { bytes } = frame;
    const packet = this.#memory.view(bytes);
    const window = receiver.acknowledge(mss, told);
    writeHeaderWords(
      packet,
      at,
      path.localPort,
      path.remotePort,
      sequence,
      receiver.next,
      flags,
      window,
      optionBytes,
    );
    let optionAt = at + HEADER_BYTES;
    if (timestamps) {
      writeTimestampWords(packet, optionAt, timestamp, receiver.recentTimestamp);
      optionAt += TIMESTAMPS_BYTES;
    }
    if (blocks > 0) writeSack(bytes, optionAt, this.#sackBlocks, blocks);
    if (device.fillsChecksums) {
      if (length > 0) queue.attach(device, length, null);
    } else {
      const checksum = this.#checksum;
      this.#startChecksum(path.remoteAddress, bytes, at, headerBytes, length);
      if (length > 0) queue.attach(device, length, checksum);
      writeU16(bytes, at + CHECKSUM_AT, checksum.result());
    }
    frame.length += headerBytes;
    device.transmit(frame);
    this.#counters.segmentsSent++;
    return true;
  }

  /**
   * A SYN offers SACK, timestamps and a window scale; a SYN-ACK, which `answers` one, offers what the peer's
   * SYN has offered. Returns false when the device has no frame for it.
   *
   * @param peerWindowScale 0: the peer offers none
   */
  syn(
    path: Path,
    receiver: Opening,
    sequence: number,
    answers: boolean,
    peerWindowScale: number,
    timestamp: number,
  ): boolean {
    const sackPermitted = !answers || receiver.sackPermitted;
    const timestamps = !answers || receiver.timestamps;
    const scales = !answers || receiver.windowScale > 0 || peerWindowScale > 0;
    const windowScale = scales ? receiver.windowScale : -1;
    const flags = answers ? Flag.Syn | Flag.Ack : Flag.Syn;
    const acknowledgement = answers ? receiver.next : 0;
    const echo = answers ? receiver.recentTimestamp : 0;
    const roomBytes = 4 + (timestamps ? TIMESTAMPS_BYTES : 0) + (sackPermitted ? 4 : 0) + (scales ? 4 : 0);
    const { neighbour, remoteAddress, localPort, remotePort } = path;
    const frame = this.#ipv4.prepare(neighbour, remoteAddress, Protocol.Tcp, HEADER_BYTES + roomBytes);
    if (frame === null) return false;
    const at = frame.offset + PREPARED_BYTES;
    const { bytes } = frame;
    const optionBytes = writeSynOptions(
      bytes,
      at + HEADER_BYTES,
      this.#device.mtu - 40,
      sackPermitted,
      timestamps,
      timestamp,
      echo,
      windowScale,
    );
    const window = receiver.initialWindow;
    writeHeader(bytes, at, localPort, remotePort, sequence, acknowledgement, flags, window, optionBytes);
    if (!this.#device.fillsChecksums) {
      this.#startChecksum(remoteAddress, bytes, at, HEADER_BYTES + optionBytes, 0);
      writeU16(bytes, at + CHECKSUM_AT, this.#checksum.result());
    }
    frame.length += HEADER_BYTES + optionBytes;
    if (neighbour.resolved) this.#device.transmit(frame);
    else this.#neighbours.hold(neighbour, frame);
    this.#counters.segmentsSent++;
    return true;
  }

  /**
   * Shows the peer of a connection that it has ended (RFC 9293, section 3.10.5). As all its segments it has timestamps
   * where they are agreed on (RFC 7323, section 3.2).
   */
  reset(path: Path, receiver: Acknowledging, sequence: number, timestamp: number): void {
    const { neighbour, remoteAddress, localPort, remotePort } = path;
    const { next, recentTimestamp, timestamps } = receiver;
    const flags = Flag.Rst | Flag.Ack;
    const echo = timestamps ? recentTimestamp : 0;
    this.#bare(
      neighbour,
      remoteAddress,
      localPort,
      remotePort,
      sequence,
      next,
      flags,
      timestamps,
      timestamp,
      echo,
    );
  }

  /**
   * Answers an acknowledgement of something that a half-open connection has not sent, `sequence` (RFC 9293, section
   * 3.10.7.4). Without an ACK it has no timestamp to echo (RFC 7323, section 3.2).
   */
  refuse(path: Path, receiver: Acknowledging, sequence: number, timestamp: number): void {
    const { neighbour, remoteAddress, localPort, remotePort } = path;
    const { timestamps } = receiver;
    this.#bare(
      neighbour,
      remoteAddress,
      localPort,
      remotePort,
      sequence,
      0,
      Flag.Rst,
      timestamps,
      timestamp,
      0,
    );
  }

  /**
   * Answers a segment that belongs to no connection, whose packet IPv4 has accepted last (RFC 9293, section
   * 3.10.7.1), unless it is a reset itself.
   *
   * @param neighbour by way of whom; null: there is no way
   */
  reject(segment: TcpSegment, neighbour: Neighbour | null): void {
    if (segment.flags & Flag.Rst || neighbour === null) return;
    const { source } = this.#ipv4;
    const { destinationPort, sourcePort, sequence, sequenceLength, acknowledgement } = segment;
    if (segment.flags & Flag.Ack) {
      this.#bare(neighbour, source, destinationPort, sourcePort, acknowledgement, 0, Flag.Rst, false, 0, 0);
    } else {
      const end = advance(sequence, sequenceLength);
      this.#bare(neighbour, source, destinationPort, sourcePort, 0, end, Flag.Rst | Flag.Ack, false, 0, 0);
    }
  }

  /** A reset: nothing but a header, and timestamps if there are to be, as far as there is a frame for it. */
  #bare(
    neighbour: Neighbour,
    address: number,
    localPort: number,
    remotePort: number,
    sequence: number,
    acknowledgement: number,
    flags: number,
    timestamps: boolean,
    timestamp: number,
    echo: number,
  ): void {
    const optionBytes = timestamps ? TIMESTAMPS_BYTES : 0;
    const length = HEADER_BYTES + optionBytes;
    const frame = this.#ipv4.prepare(neighbour, address, Protocol.Tcp, length);
    if (frame === null) return;
    const at = frame.offset + PREPARED_BYTES;
    const { bytes } = frame;
    writeHeader(bytes, at, localPort, remotePort, sequence, acknowledgement, flags, 0, optionBytes);
    if (timestamps) writeTimestamps(bytes, at + HEADER_BYTES, timestamp, echo);
    if (!this.#device.fillsChecksums) {
      this.#startChecksum(address, bytes, at, length, 0);
      writeU16(bytes, at + CHECKSUM_AT, this.#checksum.result());
    }
    frame.length += length;
    this.#counters.resetsSent++;
    this.#counters.segmentsSent++;
    if (neighbour.resolved) this.#device.transmit(frame);
    else this.#neighbours.hold(neighbour, frame);
  }

  #startChecksum(
    address: number,
    bytes: Uint8Array,
    at: number,
    headerBytes: number,
    payloadBytes: number,
  ): void {
    const checksum = this.#checksum;
    checksum.reset();
    checksum.addPseudoHeader(this.#ipv4.address, address, Protocol.Tcp, headerBytes + payloadBytes);
    checksum.add(bytes, at, headerBytes);
  }
}
