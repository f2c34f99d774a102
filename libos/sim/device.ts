/**
 * One end of a SimulatedLink. Beside moving frames it watches over its buffers: whoever gives one back twice,
 * writes to one that is not his, or sends what does not fit, gets an error at once.
 */
import { ChecksumStatus, type Device, MAX_BURST } from '../inet/device.ts';
import { Pieces } from '../inet/devices/pieces.ts';
import { SgaSegment, type Slab } from '../memory/sga.ts';
import type { Direction } from './direction.ts';

const ETHERNET_HEADER_BYTES = 14;
/** Room before a frame, as real devices leave it: an offset is not a buffer's first byte. */
const HEADROOM_BYTES = 128;
const POISON = 0xdb;
/** Buffers have addresses that no mapping has; nobody looks there. */
const ADDRESS = 0x1_0000_0000;

/** Where a buffer is. */
const Place = { Free: 0, Arrived: 1, Stack: 2, Queued: 3 } as const;
const placeNames = ['free', 'not received yet', "the stack's", 'queued for transmission'];

/** What a device knows of the link that it is an end of. */
interface Wire {
  readonly nowUs: number;
  readonly up: boolean;
  advanceTo(us: number): void;
  send(direction: Direction, bytes: Uint8Array, at: number, length: number): void;
}

export class SimulatedDevice implements Device {
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly fillsChecksums = false;
  readonly received: SgaSegment[] = [];
  readonly receivedChecksums = new Uint8Array(MAX_BURST).fill(ChecksumStatus.Unchecked);
  linkIsPeer = false;
  /** Frames that have arrived and wait for an exchange. */
  waitingFrames = 0;
  readonly #link: Wire;
  readonly #direction: Direction;
  readonly #slab: Pick<Slab, 'bytes' | 'address'>;
  /** The same bytes, to compare and to fill. */
  readonly #memory: Buffer;
  /** What a buffer holds that was never used, and one that was given back. */
  readonly #untouched: Buffer;
  readonly #poison: Buffer;
  readonly #capacity: number;
  readonly #buffers: number;
  /** Buffers that were used; the others are cut from the memory, in order, when these do not suffice. */
  readonly #free: SgaSegment[] = [];
  #cut = 0;
  readonly #places: Uint8Array;
  #firstArrived: SgaSegment | null = null;
  #lastArrived: SgaSegment | null = null;
  readonly #queued: SgaSegment[] = [];
  /** Of each queued frame, its pieces; behind these, the pieces of the frame that comes next. */
  readonly #queuedPieces: Pieces[] = [new Pieces()];
  #closed = false;

  constructor(link: Wire, direction: Direction, mac: Uint8Array, mtu: number, buffers: number) {
    this.#link = link;
    this.#direction = direction;
    this.mac = mac;
    this.mtu = mtu;
    this.#buffers = buffers;
    this.#capacity = HEADROOM_BYTES + ETHERNET_HEADER_BYTES + mtu;
    this.#slab = { bytes: new Uint8Array(new ArrayBuffer(buffers * this.#capacity)), address: ADDRESS };
    this.#memory = Buffer.from(this.#slab.bytes.buffer);
    this.#untouched = Buffer.alloc(this.#capacity);
    this.#poison = Buffer.alloc(this.#capacity, POISON);
    this.#places = new Uint8Array(buffers);
  }

  get nowUs(): number {
    return this.#link.nowUs;
  }

  get linkUp(): boolean {
    return this.#link.up && !this.#closed;
  }

  get freeBuffers(): number {
    return this.#free.length + this.#buffers - this.#cut;
  }

  /** Frames that the stack holds: 0 once it has given everything back. */
  get buffersOut(): number {
    return this.#cut - this.#free.length - this.waitingFrames - this.#queued.length;
  }

  exchange(): number {
    if (this.#closed) return 0;
    for (let i = 0; i < this.#queued.length; i++) this.#send(this.#queued[i], this.#queuedPieces[i]);
    // The pieces that were appended for the next frame stay with it.
    const next = this.#queued.length;
    if (next > 0) {
      const current = this.#queuedPieces[next];
      this.#queuedPieces[next] = this.#queuedPieces[0];
      this.#queuedPieces[0] = current;
      this.#queued.length = 0;
    }
    this.#link.advanceTo(this.#link.nowUs);
    return this.#receive();
  }

  allocate(): SgaSegment | null {
    return this.#closed ? null : this.#take(Place.Stack);
  }

  append(payload: SgaSegment, offset: number, length: number): void {
    this.#queuedPieces[this.#queued.length].add(payload, offset, length);
  }

  transmit(frame: SgaSegment): void {
    this.#requireStacks(frame, 'transmit');
    const pieces = this.#queuedPieces[this.#queued.length];
    const frameBytes = frame.length + pieces.byteLength;
    if (frame.length < ETHERNET_HEADER_BYTES || frameBytes > this.mtu + ETHERNET_HEADER_BYTES)
      throw new RangeError(`transmit: a frame of ${frameBytes} bytes, of which ${frame.length} are headers`);
    if (frame.offset < frame.base || frame.offset + frameBytes > frame.base + frame.capacity)
      throw new RangeError(`transmit: ${frameBytes} bytes at ${frame.offset} lie outside the frame's buffer`);
    this.#places[frame.slabIndex] = Place.Queued;
    this.#queued.push(frame);
    if (this.#queuedPieces.length === this.#queued.length) this.#queuedPieces.push(new Pieces());
  }

  give(frame: SgaSegment): void {
    this.#requireStacks(frame, 'give');
    this.#release(frame);
  }

  /** Takes no more frames, and loses those that wait; what the stack holds may still be given back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (let i = 0; i < this.#queued.length; i++) this.#release(this.#queued[i]);
    this.#queued.length = 0;
    this.#queuedPieces.length = 0;
    this.#queuedPieces.push(new Pieces());
    while (this.#firstArrived !== null) this.#release(this.#shiftArrived());
  }

  /** Called by the link when a frame arrives: whether there was a buffer for it. */
  deliver(bytes: Uint8Array, length: number): boolean {
    const frame = this.#closed ? null : this.#take(Place.Arrived);
    if (frame === null) return false;
    frame.bytes.set(bytes.subarray(0, length), frame.offset);
    frame.length = length;
    if (this.#lastArrived === null) this.#firstArrived = frame;
    else this.#lastArrived.next = frame;
    this.#lastArrived = frame;
    this.waitingFrames++;
    return true;
  }

  #send(frame: SgaSegment, pieces: Pieces): void {
    pieces.joinTo(frame);
    this.#link.send(this.#direction, frame.bytes, frame.offset, frame.length);
    this.#release(frame);
  }

  #receive(): number {
    let count = 0;
    while (this.#firstArrived !== null && count < MAX_BURST) {
      const frame = this.#shiftArrived();
      this.#places[frame.slabIndex] = Place.Stack;
      this.received[count++] = frame;
    }
    return count;
  }

  #shiftArrived(): SgaSegment {
    const frame = this.#firstArrived!;
    this.#firstArrived = frame.next;
    if (this.#firstArrived === null) this.#lastArrived = null;
    frame.next = null;
    this.waitingFrames--;
    return frame;
  }

  #take(place: number): SgaSegment | null {
    const used = this.#free.pop();
    const frame = used ?? this.#cutNext();
    if (frame === null) return null;
    const { base, capacity } = frame;
    const expected = used === undefined ? this.#untouched : this.#poison;
    if (this.#memory.compare(expected, 0, capacity, base, base + capacity) !== 0)
      throw new Error('a buffer was written to after it had been given back or transmitted');
    this.#places[frame.slabIndex] = place;
    frame.offset = base + HEADROOM_BYTES;
    frame.length = 0;
    frame.next = null;
    return frame;
  }

  #cutNext(): SgaSegment | null {
    if (this.#cut === this.#buffers) return null;
    const index = this.#cut++;
    return new SgaSegment(this, this.#slab, index, index * this.#capacity, this.#capacity);
  }

  #release(frame: SgaSegment): void {
    this.#places[frame.slabIndex] = Place.Free;
    this.#memory.fill(POISON, frame.base, frame.base + frame.capacity);
    this.#free.push(frame);
  }

  #requireStacks(frame: SgaSegment, operation: string): void {
    if (frame.home !== this) throw new Error(`${operation}: the frame is another device's`);
    const place = this.#places[frame.slabIndex];
    if (place !== Place.Stack) throw new Error(`${operation}: the frame is ${placeNames[place]}`);
  }
}
