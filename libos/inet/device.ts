/**
 * The seam between the network stack and what moves its frames: a port of DPDK (libos/dpdk), one end of a
 * simulated link (libos/sim), or a decorator around either that loses, delays, corrupts or records.
 *
 * Frames are read and written in place. A frame is an SgaSegment over the device's memory whose offset and
 * length span the whole Ethernet frame without its check sequence. The device owns it, except between a
 * receive or an allocate and the give or transmit that returns it.
 *
 *     allocate -> write headers -> append payload ... -> transmit      goes out with the next exchange
 *     exchange -> received[0 .. count) -> read, perhaps keep -> give   comes in with it
 */
import type { SegmentHome, SgaSegment } from '../memory/sga.ts';

/** What the device knows of the IPv4, TCP and UDP checksums of a received frame. */
export const ChecksumStatus = {
  /** The stack must look for itself. */
  Unchecked: 0,
  Good: 1,
  Bad: 2,
} as const;
export type ChecksumStatus = (typeof ChecksumStatus)[keyof typeof ChecksumStatus];

/** Pieces of payload that one frame may be given by append. */
export const MAX_PIECES = 16;
/** Frames that one exchange receives at most. */
export const MAX_BURST = 64;

export interface Device extends SegmentHome {
  /** Ethernet address, 6 bytes. */
  readonly mac: Uint8Array;
  /** Largest IPv4 packet in bytes: an Ethernet frame is 14 bytes longer. */
  readonly mtu: number;
  /** The device fills in the IPv4, TCP and UDP checksums of what it transmits; otherwise the stack must. */
  readonly fillsChecksums: boolean;
  /** Time of the last exchange in microseconds, monotonic, from any origin: the stack's only clock. */
  readonly nowUs: number;
  readonly linkUp: boolean;
  /** The link is up for as long as the process at its other end lives, and no longer. */
  readonly linkIsPeer: boolean;

  /** The frames that came with the last exchange; each is the stack's until it gives it back. */
  readonly received: readonly SgaSegment[];
  /** Of each of these, a ChecksumStatus. */
  readonly receivedChecksums: Uint8Array;
  /** Transmits what was queued and receives what has come: returns how many, at most MAX_BURST. */
  exchange(): number;

  /**
   * An empty frame (length 0, room for the largest frame behind `offset`), or null when none is free until
   * later.
   */
  allocate(): SgaSegment | null;
  /**
   * Puts bytes behind the headers of the frame that the next transmit queues. They are read when it is
   * exchanged and must not change until then.
   */
  append(payload: SgaSegment, offset: number, length: number): void;
  /** Queues a frame whose offset and length span its headers. */
  transmit(frame: SgaSegment): void;

  /** Buffers that can still be received into; the stack stops keeping frames when they get few. */
  readonly freeBuffers: number;

  /**
   * When the next exchange would let go of a frame that is held back; Infinity when there is none. Left out by devices
   * that hold nothing back.
   */
  readonly nextReleaseUs?: number;

  close(): void;
}
