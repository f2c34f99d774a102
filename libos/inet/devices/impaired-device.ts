/**
 * A device whose frames get lost, doubled, held back and corrupted, both ways, around any other device: the
 * same faults on a simulated link, on shared memory and on a NIC.
 *
 * A frame that nothing happens to passes through without a copy. What is sent with a fault is first joined
 * with its pieces in its own buffer. Faults of received frames lie behind the inner device's view of the
 * checksums, so a corrupted frame is marked as unchecked.
 */

import type { SgaSegment } from '../../memory/sga.ts';
import { ChecksumStatus, type Device, MAX_BURST } from '../device.ts';
import { Dice, type ImpairmentOptions, noImpairmentYet } from './impairment.ts';
import { Pieces } from './pieces.ts';

/** Frames that can be held back each way at a time; beyond it they pass. */
const HELD_MAX = 64;

/** Frames held back, in the order in which they come free, for all are held equally long. */
class Held {
  readonly #frames: SgaSegment[] = [];
  readonly #checksums: ChecksumStatus[] = [];
  readonly #releaseUs: number[] = [];

  get full(): boolean {
    return this.#frames.length === HELD_MAX;
  }
  get nextUs(): number {
    return this.#frames.length === 0 ? Infinity : this.#releaseUs[0];
  }
  /** Of the frame that shift hands out next. */
  get nextChecksum(): ChecksumStatus {
    return this.#checksums[0];
  }

  push(frame: SgaSegment, checksum: ChecksumStatus, releaseUs: number): void {
    this.#frames.push(frame);
    this.#checksums.push(checksum);
    this.#releaseUs.push(releaseUs);
  }

  shift(): SgaSegment {
    this.#checksums.shift();
    this.#releaseUs.shift();
    return this.#frames.shift()!;
  }
}

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
  readonly #heldSent = new Held();
  readonly #heldReceived = new Held();
  #count = 0;

  constructor(inner: Device, options: ImpairmentOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#sendDice = new Dice(options, 0);
    this.#receiveDice = new Dice(options, 1);
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

  /** When the next exchange would let go of a frame that is held back; Infinity when there is none. */
  get nextReleaseUs(): number {
    return Math.min(this.#heldSent.nextUs, this.#heldReceived.nextUs);
  }

  exchange(): number {
    const inner = this.#inner;
    while (this.#heldSent.nextUs <= inner.nowUs) inner.transmit(this.#heldSent.shift());
    const arrived = inner.exchange();
    this.#count = 0;
    for (let i = 0; i < arrived; i++) {
      this.#receive(inner.received[i], inner.receivedChecksums[i] as ChecksumStatus, arrived - i - 1);
    }
    while (this.#heldReceived.nextUs <= inner.nowUs && this.#count < MAX_BURST) {
      const checksum = this.#heldReceived.nextChecksum;
      this.#handOut(this.#heldReceived.shift(), checksum);
    }
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
    if (!corrupted && !dice.duplicated && !dice.reordered) {
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
    if (dice.reordered && !this.#heldSent.full) {
      this.sentCounters.reordered++;
      this.#heldSent.push(frame, ChecksumStatus.Unchecked, inner.nowUs + this.#options.reorderDelayUs);
    } else {
      inner.transmit(frame);
    }
    if (second === null) return;
    this.sentCounters.duplicated++;
    inner.transmit(second);
  }

  give(frame: SgaSegment): void {
    this.#inner.give(frame);
  }

  close(): void {
    while (this.#heldSent.nextUs < Infinity) this.#inner.give(this.#heldSent.shift());
    while (this.#heldReceived.nextUs < Infinity) this.#inner.give(this.#heldReceived.shift());
    this.#inner.close();
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
    const hasRoom = this.#count + remaining + 2 <= MAX_BURST;
    const second = dice.duplicated && hasRoom ? this.#copy(frame) : null;
    if (dice.reordered && !this.#heldReceived.full) {
      counters.reordered++;
      this.#heldReceived.push(frame, checksum, this.#inner.nowUs + this.#options.reorderDelayUs);
    } else {
      this.#handOut(frame, checksum);
    }
    if (second === null) return;
    counters.duplicated++;
    this.#handOut(second, checksum);
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
