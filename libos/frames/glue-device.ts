/**
 * A device with a glue in C as the network stack sees it (libos/inet/device.ts): frames lie in one piece of memory,
 * which is seen as one Uint8Array, and one foreign call moves a burst both ways.
 *
 * Buffers are numbers. Those that nobody uses lie on a stack that both sides see: allocate and give take them
 * from there and put them back without a call, and the glue keeps it neither empty nor long at each exchange.
 * What was received last is therefore written into next, while it is still in the cache.
 */
import koffi from 'koffi';
import { type Device, MAX_BURST, MAX_PIECES } from '../inet/device.ts';
import { SgaSegment } from '../memory/sga.ts';

/** What a glue has for a device that is open. */
export interface GluePort {
  /** By which the functions below know it. */
  handle: number;
  /** Of its area, and how long that is. */
  address: number;
  bytes: number;
  exchange(handle: number): number;
  flush(handle: number): void;
  /** Brings what others have counted into the area. */
  readCounters(handle: number): void;
  /** In the order in which they stand in the area, separated by spaces. */
  counterNames: string;
  close(handle: number): void;
}

// The area that a glue shares with us: struct area of libos/native/frame-area.h, whose assertions hold these offsets.
// 32-bit words are counted in words, doubles in doubles, bytes in bytes.

/** Frames that may be queued for one exchange. */
const MAX_QUEUED = 256;
/** Room in front of an empty frame: DPDK's RTE_PKTMBUF_HEADROOM. */
const HEADROOM_BYTES = 128;

// Doubles.
const NOW_US = 0;
const COUNTERS = 1;
const POOL_ADDRESS = 272 / 8;
const POOL_BYTES = 280 / 8;

// Bytes.
const MAC = 288;
const RX_CHECKSUM = 1088;

// Words.
const LINK_UP = 256 / 4;
const PENDING = LINK_UP + 1;
const MTU = LINK_UP + 2;
const BUFFERS = LINK_UP + 3;
const BUFFER_BYTES = 296 / 4;
const HELD_BY_DEVICE = BUFFER_BYTES + 1;
const QUEUED = 304 / 4;
const FREE_COUNT = QUEUED + 1;
const RX_BUFFER = 320 / 4;
const RX_OFFSET = RX_BUFFER + MAX_BURST;
const RX_LENGTH = RX_OFFSET + MAX_BURST;
/** Of each queued frame: buffer, offset, length, and where its pieces end. */
const TX = 1152 / 4;
const TX_WORDS = 4;
/** Of each piece: a double, its address, and a word, its length. */
const PIECES = TX + MAX_QUEUED * TX_WORDS;
const PIECE_WORDS = 4;
/** Of each buffer where it begins in the pool's memory; behind that the stack of free buffers. */
const BASE_OF = PIECES + MAX_QUEUED * MAX_PIECES * PIECE_WORDS;

/** While frames wait for room in the device, nothing wakes who sleeps when there is some. */
const PENDING_MS = 0.1;
/** Sleep ends now and then, to look at the link. */
const LONGEST_WAIT_MS = 100;

export class GlueDevice implements Device {
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly fillsChecksums = true;
  readonly linkIsPeer: boolean;
  readonly received: SgaSegment[] = [];
  readonly receivedChecksums: Uint8Array;
  readonly #port: GluePort;
  readonly #exchange: (handle: number) => number;
  readonly #handle: number;
  readonly #segments: SgaSegment[] = [];
  /** First word of the stack of free buffers. */
  readonly #free: number;
  /** Buffers that are not in the device's own rings. */
  readonly #receivable: number;
  #words: Int32Array;
  #doubles: Float64Array;
  /** Pieces of all queued frames, and of the frame that is being made. */
  #pieces = 0;
  /** Buffers that the stack or the application holds. */
  #held = 0;
  #closed = false;

  /** The device closes the port. `linkIsPeer`: as of a Device. */
  constructor(port: GluePort, linkIsPeer: boolean) {
    this.linkIsPeer = linkIsPeer;
    this.#port = port;
    this.#exchange = port.exchange;
    this.#handle = port.handle;
    const area = koffi.view(BigInt(port.address), port.bytes);
    this.#words = new Int32Array(area, 0, port.bytes >> 2);
    this.#doubles = new Float64Array(area, 0, port.bytes >> 3);
    this.receivedChecksums = new Uint8Array(area, RX_CHECKSUM, MAX_BURST);
    this.mac = new Uint8Array(area.slice(MAC, MAC + 6));
    this.mtu = this.#words[MTU];
    this.#receivable = this.#words[BUFFERS] - this.#words[HELD_BY_DEVICE];
    this.#free = BASE_OF + this.#words[BUFFERS];
    this.#makeSegments();
  }

  get nowUs(): number {
    return this.#doubles[NOW_US];
  }

  get linkUp(): boolean {
    return this.#words[LINK_UP] !== 0;
  }

  get freeBuffers(): number {
    return this.#receivable - this.#held - this.#words[FREE_COUNT];
  }

  /** Frames that wait for room in the device. */
  get pendingFrames(): number {
    return this.#words[PENDING];
  }

  /** Buffers that the stack or the application holds. */
  get heldBuffers(): number {
    return this.#held;
  }

  /** For how long a thread may sleep that has nothing to do for `timeoutMs`: not at all while an answer is queued. */
  protected longestWaitMs(timeoutMs: number): number {
    if (this.#words[QUEUED] > 0) return 0;
    return Math.min(timeoutMs, this.pendingFrames > 0 ? PENDING_MS : LONGEST_WAIT_MS);
  }

  exchange(): number {
    if (this.#closed) return 0;
    const count = this.#exchange(this.#handle);
    const words = this.#words;
    this.#pieces = 0;
    for (let i = 0; i < count; i++) {
      const segment = this.#segments[words[RX_BUFFER + i]];
      segment.offset = words[RX_OFFSET + i];
      segment.length = words[RX_LENGTH + i];
      this.received[i] = segment;
    }
    this.#held += count;
    return count;
  }

  allocate(): SgaSegment | null {
    const words = this.#words;
    const free = words[FREE_COUNT] - 1;
    if (free < 0 || words[QUEUED] + words[PENDING] >= MAX_QUEUED) return null;
    words[FREE_COUNT] = free;
    const segment = this.#segments[words[this.#free + free]];
    segment.offset = segment.base + HEADROOM_BYTES;
    segment.length = 0;
    this.#held++;
    return segment;
  }

  /** Throws RangeError beyond MAX_PIECES on every frame. */
  append(payload: SgaSegment, offset: number, length: number): void {
    if (this.#pieces === MAX_QUEUED * MAX_PIECES) throw new RangeError('frames with too many pieces');
    const at = PIECES + this.#pieces * PIECE_WORDS;
    this.#doubles[at >> 1] = payload.address + (offset - payload.base);
    this.#words[at + 2] = length;
    this.#pieces++;
  }

  transmit(frame: SgaSegment): void {
    const words = this.#words;
    const queued = words[QUEUED];
    const at = TX + queued * TX_WORDS;
    words[at] = frame.slabIndex;
    words[at + 1] = frame.offset;
    words[at + 2] = frame.length;
    words[at + 3] = this.#pieces;
    words[QUEUED] = queued + 1;
    this.#held--;
    if (queued + 1 === MAX_QUEUED) this.#flush();
  }

  give(segment: SgaSegment): void {
    const words = this.#words;
    const free = words[FREE_COUNT];
    words[this.#free + free] = segment.slabIndex;
    words[FREE_COUNT] = free + 1;
    this.#held--;
  }

  /** Everything that was counted, by name. */
  counters(): Record<string, number> {
    if (!this.#closed) this.#port.readCounters(this.#handle);
    const names = this.#port.counterNames.trim().split(' ');
    return Object.fromEntries(names.map((name, index) => [name, this.#doubles[COUNTERS + index]]));
  }

  /** Frees the device. Frames that are still out must not be read or written any more, only given back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const words = this.#words.slice();
    words[LINK_UP] = 0;
    this.#words = words;
    this.#doubles = new Float64Array(words.buffer, 0, words.length >> 1);
    this.#port.close(this.#handle);
  }

  #flush(): void {
    if (this.#closed) this.#words[QUEUED] = 0;
    else this.#port.flush(this.#handle);
    this.#pieces = 0;
  }

  #makeSegments(): void {
    const address = this.#doubles[POOL_ADDRESS];
    const pool = { bytes: new Uint8Array(koffi.view(BigInt(address), this.#doubles[POOL_BYTES])), address };
    const bufferBytes = this.#words[BUFFER_BYTES];
    for (let i = 0; i < this.#words[BUFFERS]; i++) {
      this.#segments.push(new SgaSegment(this, pool, i, this.#words[BASE_OF + i], bufferBytes));
    }
    for (let i = 0; i < MAX_BURST; i++) this.received.push(this.#segments[0]);
  }
}
