/**
 * A device whose frames get lost, doubled, delayed and corrupted, both ways, around any other device: the
 * same faults on a simulated link, on shared memory and on a NIC.
 *
 *     transmit -> dice -> held back -> inner device          one exchange hands over all that is due by then
 *     exchange <- held back <- dice <- inner device
 *
 * A frame that nothing happens to passes through without a copy. What is sent with a fault is first joined
 * with its pieces in its own buffer. Faults of received frames lie behind the inner device's view of the
 * checksums, so a corrupted frame is marked as unchecked.
 */

import type { SgaSegment } from '../../memory/sga.ts';
import { ChecksumStatus, type Device, MAX_BURST } from '../device.ts';
import { HeldFrames } from './held-frames.ts';
import { Dice, type ImpairmentCounters, type ImpairmentOptions, noImpairmentYet } from './impairment.ts';
import { Pieces } from './pieces.ts';

const ETHERNET_HEADER_BYTES = 14;

export class ImpairedDevice implements Device {
  readonly received: SgaSegment[] = [];
  readonly receivedChecksums = new Uint8Array(MAX_BURST);
  readonly sentCounters = noImpairmentYet();
  readonly receivedCounters = noImpairmentYet();
  readonly #inner: Device;
  readonly #options: ImpairmentOptions;
  readonly #sendDice: Dice;
  readonly #receiveDice: Dice;
  readonly #pieces = new Pieces();
  readonly #heldSent: HeldFrames;
  readonly #heldReceived: HeldFrames;
  #count = 0;

  constructor(inner: Device, options: ImpairmentOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#sendDice = new Dice(options, 0);
    this.#receiveDice = new Dice(options, 1);
    const frameBytesMax = inner.mtu + ETHERNET_HEADER_BYTES;
    this.#heldSent = new HeldFrames(frameBytesMax);
    this.#heldReceived = new HeldFrames(frameBytesMax);
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

  get nextReleaseUs(): number {
    return Math.min(this.#heldSent.nextUs, this.#heldReceived.nextUs);
  }

  exchange(): number {
    const inner = this.#inner;
    this.#sendDue();
    const arrived = inner.exchange();
    this.#count = 0;
    for (let i = 0; i < arrived; i++) {
      this.#receive(inner.received[i], inner.receivedChecksums[i] as ChecksumStatus, arrived - i - 1);
    }
    this.#handOutDue();
    return this.#count;
  }

  allocate(): SgaSegment | null {
    return this.#inner.allocate();
  }

  append(payload: SgaSegment, offset: number, length: number): void {
    this.#pieces.add(payload, offset, length);
  }

  transmit(frame: SgaSegment): void {
    const inner = this.#inner;
    const dice = this.#sendDice;
    dice.roll();
    if (dice.lost) {
      this.sentCounters.lost++;
      this.#pieces.clear();
      inner.give(frame);
      return;
    }
    // A device that fills in the checksums would make a corrupted frame look sound.
    const corrupted = dice.corrupted && !inner.fillsChecksums;
    const releaseUs = this.#releaseUs(dice);
    if (!corrupted && !dice.duplicated && releaseUs <= inner.nowUs) {
      this.#pieces.passTo(inner);
      this.#pieces.clear();
      inner.transmit(frame);
      return;
    }
    this.#pieces.joinTo(frame);
    if (corrupted) {
      this.sentCounters.corrupted++;
      dice.flipBit(frame.bytes, frame.offset, frame.length);
    }
    const second = dice.duplicated ? this.#copy(frame) : null;
    if (dice.reordered) this.sentCounters.reordered++;
    this.#send(frame, releaseUs);
    if (second === null) return;
    this.sentCounters.duplicated++;
    // The second one is not held back for others to overtake it, so that a frame can be both overtaken and repeated.
    this.#send(second, dice.reordered ? releaseUs - this.#options.reorderDelayUs : releaseUs);
  }

  give(frame: SgaSegment): void {
    this.#inner.give(frame);
  }

  /** Loses what it holds back. */
  close(): void {
    this.#inner.close();
  }

  /** When a frame comes free on which the dice have been thrown. */
  #releaseUs(dice: Dice): number {
    const arrivalUs = dice.arrivalUs(this.#inner.nowUs);
    return dice.reordered ? arrivalUs + this.#options.reorderDelayUs : arrivalUs;
  }

  #send(frame: SgaSegment, releaseUs: number): void {
    const inner = this.#inner;
    if (releaseUs <= inner.nowUs) inner.transmit(frame);
    else this.#hold(frame, ChecksumStatus.Unchecked, releaseUs, this.#heldSent, this.sentCounters);
  }

  #hold(
    frame: SgaSegment,
    checksum: ChecksumStatus,
    releaseUs: number,
    held: HeldFrames,
    counters: ImpairmentCounters,
  ): void {
    if (held.count < this.#options.queueFrames) held.add(frame, checksum, releaseUs);
    else counters.droppedByQueue++;
    this.#inner.give(frame);
  }

  /** Those for which the device has no buffer wait on. */
  #sendDue(): void {
    const inner = this.#inner;
    const held = this.#heldSent;
    while (held.nextUs <= inner.nowUs) {
      const frame = inner.allocate();
      if (frame === null) return;
      held.moveFirstTo(frame);
      inner.transmit(frame);
    }
  }

  /** The same for what was received, as far as a burst goes. */
  #handOutDue(): void {
    const inner = this.#inner;
    const held = this.#heldReceived;
    while (held.nextUs <= inner.nowUs && this.#count < MAX_BURST) {
      const frame = inner.allocate();
      if (frame === null) return;
      const checksum = held.nextChecksum;
      held.moveFirstTo(frame);
      this.#handOut(frame, checksum);
    }
  }

  /** @param remaining frames of this burst that must find room behind this one */
  #receive(frame: SgaSegment, checksum: ChecksumStatus, remaining: number): void {
    const dice = this.#receiveDice;
    const counters = this.receivedCounters;
    dice.roll();
    if (dice.lost) {
      counters.lost++;
      this.#inner.give(frame);
      return;
    }
    if (dice.corrupted) {
      counters.corrupted++;
      dice.flipBit(frame.bytes, frame.offset, frame.length);
      checksum = ChecksumStatus.Unchecked;
    }
    const releaseUs = this.#releaseUs(dice);
    const hasRoom = this.#count + remaining + 2 <= MAX_BURST;
    const second = dice.duplicated && hasRoom ? this.#copy(frame) : null;
    if (dice.reordered) counters.reordered++;
    this.#pass(frame, checksum, releaseUs);
    if (second === null) return;
    counters.duplicated++;
    this.#pass(second, checksum, dice.reordered ? releaseUs - this.#options.reorderDelayUs : releaseUs);
  }

  #pass(frame: SgaSegment, checksum: ChecksumStatus, releaseUs: number): void {
    if (releaseUs <= this.#inner.nowUs) this.#handOut(frame, checksum);
    else this.#hold(frame, checksum, releaseUs, this.#heldReceived, this.receivedCounters);
  }

  #handOut(frame: SgaSegment, checksum: ChecksumStatus): void {
    this.received[this.#count] = frame;
    this.receivedChecksums[this.#count] = checksum;
    this.#count++;
  }

  /** The same frame in a buffer of its own, or null when none is free. */
  #copy(frame: SgaSegment): SgaSegment | null {
    const copy = this.#inner.allocate();
    if (copy === null) return null;
    copy.bytes.set(frame.bytes.subarray(frame.offset, frame.offset + frame.length), copy.offset);
    copy.length = frame.length;
    return copy;
  }
}
