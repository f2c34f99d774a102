/** The window that the peer offers, and which segments may change it (RFC 9293, section 3.10.7.4). */
import { isAtOrBefore, isBefore } from '../sequence.ts';
import type { TcpSegment } from '../wire/tcp.ts';

export class SendWindow {
  /** From the oldest unacknowledged number on. */
  bytes = 0;
  /** The largest that the peer has offered. */
  maxBytes = 0;
  /** The shift of both sides' agreement (RFC 7323, section 2.3). */
  scale = 0;
  /** Sequence and acknowledgement number of the segment that set the window (SND.WL1, SND.WL2). */
  #sequence = 0;
  #acknowledgement = 0;

  /** The peer's SYN came, whose window is not scaled. */
  openedBy(segment: TcpSegment, initialSendSequence: number): void {
    if (segment.windowScale >= 0) this.scale = segment.windowScale;
    this.bytes = segment.window;
    this.#sequence = segment.sequence;
    this.#acknowledgement = initialSendSequence;
  }

  established(bytes: number): void {
    this.bytes = bytes;
    this.maxBytes = bytes;
  }

  /** The window of a segment without SYN, in bytes. */
  of(segment: TcpSegment): number {
    return segment.window << this.scale;
  }

  /** Takes the window of a segment that acknowledges something for the first time, whatever its number. */
  updateBy(segment: TcpSegment): void {
    const bytes = segment.window << this.scale;
    this.#sequence = segment.sequence;
    this.#acknowledgement = segment.acknowledgement;
    this.bytes = bytes;
    if (bytes > this.maxBytes) this.maxBytes = bytes;
  }

  /**
   * Takes the window of a segment, which is `bytes`, unless the segment is an older one. Of two that acknowledge the
   * same the later number is the newer one. What acknowledges more is newer in any case: a peer that sends lost data
   * again tells its present window with an old number, and may have no other way to say that it has closed, or opened.
   * Returns whether the window has opened.
   *
   * @param advances the segment acknowledges something for the first time
   */
  update(segment: TcpSegment, bytes: number, advances: boolean): boolean {
    const { sequence, acknowledgement } = segment;
    const newer =
      advances ||
      isBefore(this.#sequence, sequence) ||
      (this.#sequence === sequence && isAtOrBefore(this.#acknowledgement, acknowledgement));
    if (!newer) return false;
    this.#sequence = sequence;
    this.#acknowledgement = acknowledgement;
    const opened = bytes > this.bytes;
    this.bytes = bytes;
    if (bytes > this.maxBytes) this.maxBytes = bytes;
    return opened;
  }

  /**
   * Whether `length` of `queued` bytes, where `allowed` would fit, are worth a segment: avoids silly windows
   * on the sender's side (RFC 9293, section 3.8.6.2.1).
   *
   * @param mss payload of a full segment
   * @param holds Nagle's algorithm holds back what is shorter
   */
  isWorth(length: number, queued: number, allowed: number, mss: number, holds: boolean): boolean {
    // A FIN alone needs no room in the window, but goes behind no byte that the peer has no room for.
    if (queued === 0) return allowed >= 0;
    if (length === 0) return false;
    if (length >= mss) return true;
    // Cut by the number of pieces a frame takes, not by the window.
    if (length < queued && length < allowed) return true;
    if (length === queued) return !holds;
    return length >= this.maxBytes / 2;
  }
}
