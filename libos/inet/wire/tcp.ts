/**
 * The TCP header (RFC 9293, section 3.1) and its options: maximum segment size (RFC 9293, 3.7.1), window
 * scale and timestamps (RFC 7323), selective acknowledgement (RFC 2018).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |          source port          |       destination port        |
 *     |                        sequence number                        |
 *     |                    acknowledgement number                     |
 *     | offset|  res. |C E U A P R S F|            window             |
 *     |           checksum            |        urgent pointer         |
 *     |                       options ...                             |
 */
import { PacketMemory, readI32, readU16, writeI32, writeU16 } from './bytes.ts';

export const HEADER_BYTES = 20;
export const CHECKSUM_AT = 16;

export const Flag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16 } as const;

const OptionKind = {
  End: 0,
  Nop: 1,
  Mss: 2,
  WindowScale: 3,
  SackPermitted: 4,
  Sack: 5,
  Timestamps: 8,
} as const;

/** Bytes of the timestamps option with the two NOPs that align it (RFC 7323, appendix A). */
export const TIMESTAMPS_BYTES = 12;
/** SACK blocks that fit into a header, and beside timestamps (RFC 2018, section 3). */
export const MAX_SACK_BLOCKS = 4;
export const MAX_SACK_BLOCKS_BESIDE_TIMESTAMPS = 3;
/** Bytes of a SACK option with the two NOPs that align it, without its blocks, and of each block. */
export const SACK_BYTES = 4;
export const SACK_BLOCK_BYTES = 8;
/** RFC 7323, section 2.3: a larger shift count is taken as this one. */
export const MAX_WINDOW_SCALE = 14;
/** RFC 9293, 3.7.1: what a peer takes that names no maximum segment size. */
export const DEFAULT_MSS = 536;

/**
 * One segment that came in, read in place; a single object is used for all. Numbers are signed 32-bit
 * integers.
 */
export class TcpSegment {
  sourcePort = 0;
  destinationPort = 0;
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  /** As on the wire, not scaled. */
  window = 0;
  payloadAt = 0;
  payloadLength = 0;
  /** 0: no such option. */
  mss = 0;
  /** -1: no such option. */
  windowScale = -1;
  sackPermitted = false;
  hasTimestamps = false;
  timestamp = 0;
  timestampEcho = 0;
  sackCount = 0;
  /** Starts and ends of the SACK blocks. */
  readonly sack = new Int32Array(8);
  readonly #memory = new PacketMemory();

  /** Payload and the numbers that SYN and FIN take. */
  get sequenceLength(): number {
    return this.payloadLength + (this.flags & Flag.Syn ? 1 : 0) + (this.flags & Flag.Fin ? 1 : 0);
  }

  /** Reads the segment of `length` bytes at `at`. Returns false when its header cannot be one. */
  read(bytes: Uint8Array, at: number, length: number): boolean {
    if (length < HEADER_BYTES) return false;
    const packet = this.#memory.view(bytes);
    const offsetFlagsWindow = packet.getInt32(at + 12);
    const headerBytes = (offsetFlagsWindow >>> 28) * 4;
    if (headerBytes < HEADER_BYTES || headerBytes > length) return false;
    const ports = packet.getInt32(at);
    this.sourcePort = ports >>> 16;
    this.destinationPort = ports & 0xffff;
    this.sequence = packet.getInt32(at + 4);
    this.acknowledgement = packet.getInt32(at + 8);
    this.flags = (offsetFlagsWindow >> 16) & 0x1f;
    this.window = offsetFlagsWindow & 0xffff;
    this.payloadAt = at + headerBytes;
    this.payloadLength = length - headerBytes;
    this.mss = 0;
    this.windowScale = -1;
    this.sackPermitted = false;
    this.hasTimestamps = false;
    this.sackCount = 0;
    if (headerBytes === HEADER_BYTES) return true;
    // The form that nearly every segment has: NOP, NOP, timestamps, nothing else.
    if (
      headerBytes === HEADER_BYTES + TIMESTAMPS_BYTES &&
      packet.getInt32(at + HEADER_BYTES) === TIMESTAMPS_WORD
    ) {
      this.hasTimestamps = true;
      this.timestamp = packet.getInt32(at + HEADER_BYTES + 4);
      this.timestampEcho = packet.getInt32(at + HEADER_BYTES + 8);
    } else this.#readOptions(bytes, at + HEADER_BYTES, at + headerBytes);
    return true;
  }

  /**
   * Unknown options are skipped; what follows a malformed one is ignored (RFC 9293, 3.1, MUST-6 and MUST-7).
   */
  #readOptions(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const kind = bytes[at];
      if (kind === OptionKind.End) return;
      if (kind === OptionKind.Nop) {
        at++;
        continue;
      }
      if (at + 1 >= end) return;
      const length = bytes[at + 1];
      if (length < 2 || at + length > end) return;
      this.#readOption(bytes, kind, at + 2, length - 2);
      at += length;
    }
  }

  #readOption(bytes: Uint8Array, kind: number, at: number, length: number): void {
    if (kind === OptionKind.Mss && length === 2) this.mss = readU16(bytes, at);
    else if (kind === OptionKind.WindowScale && length === 1) {
      this.windowScale = Math.min(bytes[at], MAX_WINDOW_SCALE);
    } else if (kind === OptionKind.SackPermitted && length === 0) this.sackPermitted = true;
    else if (kind === OptionKind.Timestamps && length === 8) {
      this.hasTimestamps = true;
      this.timestamp = readI32(bytes, at);
      this.timestampEcho = readI32(bytes, at + 4);
    } else if (kind === OptionKind.Sack && length % 8 === 0 && length <= 32) {
      this.sackCount = length / 8;
      for (let i = 0; i < length / 4; i++) this.sack[i] = readI32(bytes, at + i * 4);
    }
  }
}

/** Writes the fixed header with a zero checksum. `optionBytes` is a multiple of 4. */
export function writeHeader(
  bytes: Uint8Array,
  at: number,
  sourcePort: number,
  destinationPort: number,
  sequence: number,
  acknowledgement: number,
  flags: number,
  window: number,
  optionBytes: number,
): void {
  writeU16(bytes, at, sourcePort);
  writeU16(bytes, at + 2, destinationPort);
  writeI32(bytes, at + 4, sequence);
  writeI32(bytes, at + 8, acknowledgement);
  bytes[at + 12] = ((HEADER_BYTES + optionBytes) / 4) << 4;
  bytes[at + 13] = flags;
  writeU16(bytes, at + 14, window);
  writeI32(bytes, at + CHECKSUM_AT, 0);
}

/** The same through a view of the packet's memory, in words. */
export function writeHeaderWords(
  packet: DataView,
  at: number,
  sourcePort: number,
  destinationPort: number,
  sequence: number,
  acknowledgement: number,
  flags: number,
  window: number,
  optionBytes: number,
): void {
  packet.setInt32(at, (sourcePort << 16) | destinationPort);
  packet.setInt32(at + 4, sequence);
  packet.setInt32(at + 8, acknowledgement);
  packet.setInt32(at + 12, (((HEADER_BYTES + optionBytes) / 4) << 28) | (flags << 16) | window);
  packet.setInt32(at + CHECKSUM_AT, 0);
}

/** NOP, NOP, timestamps. */
const TIMESTAMPS_WORD = 0x0101080a;

export function writeTimestampWords(packet: DataView, at: number, timestamp: number, echo: number): void {
  packet.setInt32(at, TIMESTAMPS_WORD);
  packet.setInt32(at + 4, timestamp);
  packet.setInt32(at + 8, echo);
}

/** Writes NOP, NOP, timestamps: TIMESTAMPS_BYTES. */
export function writeTimestamps(bytes: Uint8Array, at: number, timestamp: number, echo: number): void {
  bytes[at] = OptionKind.Nop;
  bytes[at + 1] = OptionKind.Nop;
  bytes[at + 2] = OptionKind.Timestamps;
  bytes[at + 3] = 10;
  writeI32(bytes, at + 4, timestamp);
  writeI32(bytes, at + 8, echo);
}

/** Writes NOP, NOP, SACK with `count` blocks. Returns the bytes it took. */
export function writeSack(bytes: Uint8Array, at: number, blocks: Int32Array, count: number): number {
  bytes[at] = OptionKind.Nop;
  bytes[at + 1] = OptionKind.Nop;
  bytes[at + 2] = OptionKind.Sack;
  bytes[at + 3] = 2 + 8 * count;
  for (let i = 0; i < 2 * count; i++) writeI32(bytes, at + 4 + 4 * i, blocks[i]);
  return 4 + 8 * count;
}

/**
 * Writes the options of a SYN: MSS, then what is offered of SACK, timestamps and window scale (-1: not
 * offered), padded with NOPs. Returns the bytes it took.
 */
export function writeSynOptions(
  bytes: Uint8Array,
  at: number,
  mss: number,
  sackPermitted: boolean,
  timestamps: boolean,
  timestamp: number,
  echo: number,
  windowScale: number,
): number {
  let to = at;
  bytes[to] = OptionKind.Mss;
  bytes[to + 1] = 4;
  writeU16(bytes, to + 2, mss);
  to += 4;
  if (timestamps) {
    writeTimestamps(bytes, to, timestamp, echo);
    to += TIMESTAMPS_BYTES;
  }
  if (sackPermitted) {
    bytes[to] = OptionKind.Nop;
    bytes[to + 1] = OptionKind.Nop;
    bytes[to + 2] = OptionKind.SackPermitted;
    bytes[to + 3] = 2;
    to += 4;
  }
  if (windowScale >= 0) {
    bytes[to] = OptionKind.Nop;
    bytes[to + 1] = OptionKind.WindowScale;
    bytes[to + 2] = 3;
    bytes[to + 3] = windowScale;
    to += 4;
  }
  return to - at;
}
