/**
 * A device that records every frame sent and received as a pcap file with nanosecond timestamps, around any
 * other device. The format: draft-ietf-opsawg-pcap, link type 1 (Ethernet).
 *
 * A sent frame is recorded as the stack hands it over: where the device fills in checksums, they are not in
 * it yet, as in any capture on a host whose NIC does so.
 */

import type { SgaSegment } from '../../memory/sga.ts';
import type { Device } from '../device.ts';
import { Pieces } from './pieces.ts';

/** Takes the file piece by piece. The chunk is reused after the call. */
export type PcapSink = (chunk: Uint8Array) => void;

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const SNAP_BYTES = 0x40000;
const LINK_TYPE_ETHERNET = 1;
const ETHERNET_HEADER_BYTES = 14;

const CHUNK_BYTES = 0x10000;
/** What is lost at most when the process is killed. */
const FLUSH_EVERY_US = 100_000;

export class PcapDevice implements Device {
  readonly received: readonly SgaSegment[];
  readonly receivedChecksums: Uint8Array;
  readonly #inner: Device;
  readonly #sink: PcapSink;
  readonly #epochS: number;
  readonly #epochRestUs: number;
  readonly #pieces = new Pieces();
  readonly #chunk: Uint8Array;
  readonly #view: DataView;
  #filled = 0;
  #flushedUs: number;

  /** @param epochUs the Unix time in microseconds at which the device's nowUs was 0 */
  constructor(inner: Device, sink: PcapSink, epochUs: number) {
    this.#inner = inner;
    this.#sink = sink;
    // A double cannot carry nanoseconds since 1970: the whole seconds go apart.
    this.#epochS = Math.floor(epochUs / 1e6);
    this.#epochRestUs = epochUs - this.#epochS * 1e6;
    this.received = inner.received;
    this.receivedChecksums = inner.receivedChecksums;
    const recordBytesMax = RECORD_HEADER_BYTES + ETHERNET_HEADER_BYTES + inner.mtu;
    this.#chunk = new Uint8Array(Math.max(CHUNK_BYTES, recordBytesMax));
    this.#view = new DataView(this.#chunk.buffer);
    this.#flushedUs = inner.nowUs;
    this.#writeFileHeader();
    this.flush();
  }

  get mac(): Uint8Array {
    return this.#inner.mac;
  }
  get mtu(): number {
    return this.#inner.mtu;
  }
  get fillsChecksums(): boolean {
    return this.#inner.fillsChecksums;
  }
  get nowUs(): number {
    return this.#inner.nowUs;
  }
  get linkUp(): boolean {
    return this.#inner.linkUp;
  }
  get linkIsPeer(): boolean {
    return this.#inner.linkIsPeer;
  }
  get freeBuffers(): number {
    return this.#inner.freeBuffers;
  }

  exchange(): number {
    const inner = this.#inner;
    const count = inner.exchange();
    for (let i = 0; i < count; i++) this.#record(inner.received[i], null);
    if (this.#filled > 0 && inner.nowUs - this.#flushedUs >= FLUSH_EVERY_US) this.flush();
    return count;
  }

  allocate(): SgaSegment | null {
    return this.#inner.allocate();
  }

  append(payload: SgaSegment, offset: number, length: number): void {
    this.#pieces.add(payload, offset, length);
    this.#inner.append(payload, offset, length);
  }

  transmit(frame: SgaSegment): void {
    this.#record(frame, this.#pieces);
    this.#pieces.clear();
    this.#inner.transmit(frame);
  }

  give(frame: SgaSegment): void {
    this.#inner.give(frame);
  }

  /** Hands the sink what is recorded but not handed over yet. */
  flush(): void {
    this.#flushedUs = this.#inner.nowUs;
    if (this.#filled === 0) return;
    const filled = this.#filled;
    this.#filled = 0;
    this.#sink(this.#chunk.subarray(0, filled));
  }

  close(): void {
    this.flush();
    this.#inner.close();
  }

  #writeFileHeader(): void {
    const view = this.#view;
    view.setUint32(0, MAGIC_NANOSECONDS, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(8, 0, true);
    view.setUint32(12, 0, true);
    view.setUint32(16, SNAP_BYTES, true);
    view.setUint32(20, LINK_TYPE_ETHERNET, true);
    this.#filled = FILE_HEADER_BYTES;
  }

  #record(frame: SgaSegment, pieces: Pieces | null): void {
    const frameBytes = frame.length + (pieces === null ? 0 : pieces.byteLength);
    if (this.#filled + RECORD_HEADER_BYTES + frameBytes > this.#chunk.length) this.flush();
    const us = this.#epochRestUs + this.#inner.nowUs;
    let seconds = Math.floor(us / 1e6);
    let nanoseconds = Math.round((us - seconds * 1e6) * 1000);
    if (nanoseconds === 1e9) {
      seconds++;
      nanoseconds = 0;
    }
    const view = this.#view;
    let at = this.#filled;
    view.setUint32(at, this.#epochS + seconds, true);
    view.setUint32(at + 4, nanoseconds, true);
    view.setUint32(at + 8, frameBytes, true);
    view.setUint32(at + 12, frameBytes, true);
    at += RECORD_HEADER_BYTES;
    this.#chunk.set(frame.bytes.subarray(frame.offset, frame.offset + frame.length), at);
    if (pieces !== null) pieces.copyTo(this.#chunk, at + frame.length);
    this.#filled = at + frameBytes;
  }
}
