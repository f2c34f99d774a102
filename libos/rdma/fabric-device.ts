/**
 * An endpoint of libfabric as the engine of messages sees it. Messages are queued in an area that both sides
 * see, and one foreign call posts receives, sends, and reads completions.
 *
 * A receive buffer lies so that the header ends where the payload begins, at the start of a cache line:
 *
 *     slab:  | 40 bytes | header, 24 | payload, bufferBytes ... | 512 | 40 | header | payload ...
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { LibosError } from '../errors.ts';
import { HUGE_PAGE_BYTES, mapAnonymous } from '../memory/anonymous.ts';
import { SgaSegment, type Slab } from '../memory/sga.ts';
import { type FabricGlue, fabricGlue } from './glue.ts';
import {
  ADDRESS,
  ADDRESS_LENGTH,
  COUNTERS,
  FINISHED,
  FINISHED_ERROR,
  FINISHED_SEND,
  MAX_BURST,
  MAX_MESSAGE_BYTES,
  MAX_PIECES,
  MAX_QUEUED,
  MAX_SENDS,
  NOW_US,
  PIECE_WORDS,
  POST,
  POSTED,
  QUEUED,
  RX_BUFFER,
  RX_HEADER,
  RX_LENGTH,
  RX_LIMIT,
  SendFlag,
  TO_POST,
  TX,
  TX_FLAGS,
  TX_HEADER,
  TX_PEER,
  TX_PIECE_COUNT,
  TX_SEND,
  TX_WORDS,
} from './layout.ts';
import { CONNECTION, HEADER_BYTES, HEADER_WORDS, KIND_AND_LENGTH, KIND_SHIFT, Kind } from './message.ts';
import type { MessageDevice } from './message-device.ts';
import type { FabricOptions } from './options.ts';
import { claimSharedMemory } from './shared-memory.ts';

/** Before the header, so that the payload is aligned. */
const LEAD_BYTES = 64 - HEADER_BYTES;
/**
 * Between two buffers, so that they do not begin at multiples of a power of two: their first lines would all
 * fall into the same few places of the processor's caches (as in memory/pool.ts).
 */
const SPREAD_BYTES = 8 * 64;

export class FabricDevice implements MessageDevice {
  readonly address: Uint8Array;
  readonly bufferBytes: number;
  readonly receiveLimit: number;
  readonly maxPieces: number;
  readonly received: SgaSegment[] = [];
  readonly headers: Int32Array;
  readonly messageBytes: Int32Array;
  readonly finishedSends: Int32Array;
  readonly finishedErrors: Int32Array;
  readonly queuedHeaders: Int32Array;
  droppedCredits = 0;
  /** Of libfabric, as it calls them. */
  readonly provider: string;
  readonly device: string;
  readonly #glue: FabricGlue;
  readonly #exchange: (endpoint: number) => number;
  readonly #flush: (endpoint: number) => void;
  readonly #endpoint: number;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  /** Number at the glue of each slab that was mapped for the pool of buffers to send, in that order. */
  readonly #poolSlabs: number[] = [];
  readonly #receiveSlabs: { slab: Slab; number: number }[] = [];
  /** Bytes from one receive buffer to the next. */
  readonly #stride: number;
  readonly #buffersPerSlab: number;
  readonly #buffers: SgaSegment[] = [];
  #free: SgaSegment[] = [];
  #freeCount = 0;
  #closed = false;

  /**
   * Throws BACKEND_UNAVAILABLE, with what libfabric said and the remedy where we know one, and
   * INVALID_ARGUMENT for options that this provider cannot fulfil.
   */
  constructor(options: FabricOptions) {
    this.#glue = fabricGlue();
    this.#exchange = this.#glue.exchange;
    this.#flush = this.#glue.flush;
    this.bufferBytes = options.bufferBytes;
    this.#stride = LEAD_BYTES + HEADER_BYTES + roundUp(this.bufferBytes, 64) + SPREAD_BYTES;
    this.#buffersPerSlab = Math.max(1, Math.floor(HUGE_PAGE_BYTES / this.#stride));
    this.#endpoint = open(this.#glue, options);
    const areaBytes = this.#glue.areaBytes(this.#endpoint);
    const area = koffi.view(BigInt(this.#glue.area(this.#endpoint)), areaBytes);
    this.#words = new Int32Array(area, 0, areaBytes >> 2);
    this.#doubles = new Float64Array(area, 0, areaBytes >> 3);
    const words = (at: number, count: number) => new Int32Array(area, at * 4, count);
    this.headers = words(RX_HEADER, MAX_BURST * HEADER_WORDS);
    this.messageBytes = words(RX_LENGTH, MAX_BURST);
    this.finishedSends = words(FINISHED_SEND, MAX_SENDS);
    this.finishedErrors = words(FINISHED_ERROR, MAX_SENDS);
    this.queuedHeaders = words(TX, MAX_QUEUED * TX_WORDS);
    this.address = new Uint8Array(area.slice(ADDRESS, ADDRESS + this.#words[ADDRESS_LENGTH]));
    this.provider = this.#glue.provider(this.#endpoint);
    this.device = this.#glue.device(this.#endpoint);
    this.receiveLimit = Math.min(this.#words[RX_LIMIT], options.receiveBuffers);
    this.maxPieces = this.#words[MAX_PIECES];
    this.#checkMessageLimit();
    this.#grow();
    for (let i = 0; i < MAX_BURST; i++) this.received.push(this.#buffers[0]);
  }

  get nowUs(): number {
    return this.#doubles[NOW_US];
  }

  get posted(): number {
    return this.#words[POSTED] + this.#words[TO_POST];
  }

  get canPost(): boolean {
    return this.#freeCount > 0 || this.#buffers.length < this.receiveLimit;
  }

  post(count: number): number {
    const words = this.#words;
    let posted = 0;
    while (posted < count) {
      if (this.#freeCount === 0 && !this.#grow()) break;
      const buffer = this.#free[--this.#freeCount];
      words[POST + words[TO_POST]++] = buffer.slabIndex;
      posted++;
    }
    return posted;
  }

  give(segment: SgaSegment): void {
    this.#free[this.#freeCount++] = segment;
  }

  addPeer(address: Uint8Array): number {
    return this.#glue.addPeer(this.#endpoint, address);
  }

  /**
   * shm has few places for peers and needs them back. ofi_rxm 1.17 sometimes crashes when an endpoint is
   * closed after peers were removed from it.
   */
  get forgetsPeers(): boolean {
    return this.provider === 'shm';
  }

  removePeer(peer: number): void {
    this.#glue.removePeer(this.#endpoint, peer);
  }

  get room(): number {
    return MAX_QUEUED - this.#words[QUEUED];
  }

  get queued(): number {
    return this.#words[QUEUED];
  }

  queue(
    peer: number,
    send: number,
    delivered: boolean,
    payload: SgaSegment | null,
    offset: number,
    length: number,
  ): number {
    const words = this.#words;
    const at = TX + words[QUEUED]++ * TX_WORDS;
    if (payload !== null && length > 0) {
      this.#writePiece(at, payload, offset, length);
      words[at + TX_PIECE_COUNT] = 1;
    } else {
      words[at + TX_PIECE_COUNT] = 0;
    }
    words[at + TX_PEER] = peer;
    words[at + TX_SEND] = send;
    words[at + TX_FLAGS] = delivered ? SendFlag.Delivered : 0;
    return at - TX + TX_HEADER;
  }

  addPiece(segment: SgaSegment, offset: number, length: number): void {
    const words = this.#words;
    const message = TX + (words[QUEUED] - 1) * TX_WORDS;
    this.#writePiece(message + words[message + TX_PIECE_COUNT]++ * PIECE_WORDS, segment, offset, length);
  }

  drop(peer: number, connection: number): number {
    const words = this.#words;
    let data = 0;
    this.droppedCredits = 0;
    for (let i = 0; i < words[QUEUED]; i++) {
      const at = TX + i * TX_WORDS;
      if (words[at + TX_PEER] !== peer || words[at + TX_HEADER + CONNECTION] !== connection) continue;
      if ((words[at + TX_FLAGS] & SendFlag.Dropped) !== 0) continue;
      words[at + TX_FLAGS] |= SendFlag.Dropped;
      if (words[at + TX_HEADER + KIND_AND_LENGTH] >>> KIND_SHIFT === Kind.Data) data++;
      else this.droppedCredits++;
    }
    return data;
  }

  flush(): void {
    if (!this.#closed) this.#flush(this.#endpoint);
  }

  exchange(): number {
    if (this.#closed) return 0;
    const words = this.#words;
    const count = this.#exchange(this.#endpoint);
    for (let i = 0; i < count; i++) {
      const buffer = this.#buffers[words[RX_BUFFER + i]];
      buffer.offset = buffer.base;
      this.received[i] = buffer;
    }
    return count;
  }

  takeFinished(): number {
    const count = this.#words[FINISHED];
    this.#words[FINISHED] = 0;
    return count;
  }

  /** Memory to send from. Throws NO_BUFFERS. */
  readonly mapSlab = (bytes: number): Slab => {
    const memory = mapAnonymous(bytes);
    this.#poolSlabs.push(this.#register(memory, bytes));
    // A device may have the pages: they must stay where they are.
    return { bytes: memory.bytes, address: memory.address, discard() {}, unmap: memory.unmap };
  };

  /**
   * Writes from now on when messages enter and leave the provider, to this address
   * (libos/native/device-times.h).
   */
  setDeviceTimes(address: number): void {
    this.#glue.setDeviceTimes(this.#endpoint, address);
  }

  counters(): Record<string, number> {
    const names = this.#glue.counterNames().trim().split(' ');
    return Object.fromEntries(names.map((name, index) => [name, this.#doubles[COUNTERS + index]]));
  }

  /** Closes the endpoint. Its memory, and what was mapped for the pool, belongs to no device any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#glue.close(this.#endpoint);
    for (const { slab } of this.#receiveSlabs) slab.unmap();
  }

  #writePiece(at: number, segment: SgaSegment, offset: number, length: number): void {
    this.#doubles[at >> 1] = segment.address + (offset - segment.base);
    this.#words[at + 2] = length;
    this.#words[at + 3] = this.#slabOf(segment);
  }

  #slabOf(segment: SgaSegment): number {
    // What was received may be pushed again as it is.
    if (segment.home === this)
      return this.#receiveSlabs[(segment.slabIndex / this.#buffersPerSlab) | 0].number;
    return this.#poolSlabs[segment.slabIndex];
  }

  #checkMessageLimit(): void {
    const most = this.#words[MAX_MESSAGE_BYTES] - HEADER_BYTES;
    if (this.bufferBytes <= most) return;
    this.#glue.close(this.#endpoint);
    const detail = `buffer_bytes=${this.bufferBytes}: provider ${this.provider} sends messages of at most ${most} bytes beside our header`;
    throw new LibosError('INVALID_ARGUMENT', 'rdma', -1, detail);
  }

  #register(memory: Slab, bytes: number): number {
    const number = this.#glue.register(this.#endpoint, memory.address, bytes);
    if (number >= 0) return number;
    const reason = this.#glue.error();
    memory.unmap();
    throw new LibosError('NO_BUFFERS', 'rdma', -1, `${reason}.${lockedMemoryRemedy(reason)}`);
  }

  /** More receive buffers. Returns false when there are as many as may be. */
  #grow(): boolean {
    const count = Math.min(this.#buffersPerSlab, this.receiveLimit - this.#buffers.length);
    if (count <= 0) return false;
    const stride = this.#stride;
    const slab = mapAnonymous(count * stride);
    const number = this.#register(slab, count * stride);
    this.#receiveSlabs.push({ slab, number });
    const first = this.#glue.addReceives(this.#endpoint, number, slab.address + LEAD_BYTES, count, stride);
    for (let i = 0; i < count; i++) {
      const base = i * stride + LEAD_BYTES + HEADER_BYTES;
      const buffer = new SgaSegment(this, slab, first + i, base, this.bufferBytes);
      this.#buffers.push(buffer);
      this.give(buffer);
    }
    return true;
  }
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function open(glue: FabricGlue, options: FabricOptions): number {
  const { provider, device, receiveBuffers, bufferBytes } = options;
  const node = provider === 'shm' ? claimSharedMemory() : (options.address ?? '');
  const endpoint = glue.open(provider, device ?? '', node, receiveBuffers, HEADER_BYTES + bufferBytes);
  if (endpoint >= 0) return endpoint;
  const reason = glue.error();
  const remedy = lockedMemoryRemedy(reason) || ' bypassbench doctor lists what libfabric finds here.';
  throw new LibosError('BACKEND_UNAVAILABLE', 'rdma', -1, `${reason}.${remedy}`);
}

/** The remedy when memory could not be locked for a device, else ''. */
function lockedMemoryRemedy(reason: string): string {
  if (!/register|memory/i.test(reason)) return '';
  const limit = /^Max locked memory\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (limit === undefined || limit === 'unlimited') return '';
  return ` This process may lock ${limit} bytes of memory: raise that with ulimit -l unlimited (limits.conf: memlock).`;
}
