/**
 * An endpoint of libfabric as the engine of messages sees it. Messages are queued in an area that both sides
 * see, and one foreign call posts receives, sends, and reads completions.
 */
import { readFileSync, statfsSync } from 'node:fs';
import koffi from 'koffi';
import { LibosError } from '../errors.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import type { SgaSegment, Slab } from '../memory/sga.ts';
import { type FabricGlue, fabricGlue } from './glue.ts';
import {
  ADDRESS,
  ADDRESS_LENGTH,
  COUNTERS,
  FINISHED,
  FINISHED_ERROR,
  FINISHED_SEND,
  LOST,
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
  REGISTERS,
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
  WAKES,
} from './layout.ts';
import { CONNECTION, HEADER_BYTES, HEADER_WORDS, KIND_AND_LENGTH, KIND_SHIFT, Kind } from './message.ts';
import type { MessageDevice } from './message-device.ts';
import type { FabricOptions } from './options.ts';
import { checkOwnAddress } from './own-address.ts';
import type { SharedReceives } from './receive-budget.ts';
import { ReceiveBuffers } from './receive-buffers.ts';
import { claimSharedMemory, isShmAddress, processOfAddress } from './shared-memory.ts';

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
  queuedHeaders: Int32Array;
  droppedCredits = 0;
  /** Of libfabric, as it calls them. */
  readonly provider: string;
  readonly device: string;
  readonly #glue: FabricGlue;
  readonly #exchange: (endpoint: number) => number;
  readonly #flush: (endpoint: number) => void;
  /** Of the endpoint, at the glue. */
  readonly number: number;
  /** The device reads and writes only memory that it was told of. */
  readonly #registers: boolean;
  #words: Int32Array;
  #doubles: Float64Array;
  /** Number at the glue of each slab that was mapped for the pool of buffers to send, in that order. */
  readonly #poolSlabs: number[] = [];
  readonly #buffers: ReceiveBuffers;
  #closed = false;
  #loss = '';

  /**
   * `shared`: what all endpoints of the libOS may have. `sleeps`: its thread will, by `wait`. `opened`: the number of
   * an endpoint that is open already, or -1. Throws BACKEND_UNAVAILABLE, with what libfabric said and the remedy where
   * we know one, and INVALID_ARGUMENT for options that this provider cannot fulfil.
   */
  constructor(options: FabricOptions, shared: SharedReceives, sleeps = false, opened = -1) {
    this.#glue = fabricGlue();
    this.#exchange = this.#glue.exchange;
    this.#flush = this.#glue.flush;
    this.bufferBytes = options.bufferBytes;
    this.number = opened < 0 ? open(this.#glue, options, sleeps) : opened;
    const areaBytes = this.#glue.areaBytes(this.number);
    const area = koffi.view(BigInt(this.#glue.area(this.number)), areaBytes);
    this.#words = new Int32Array(area, 0, areaBytes >> 2);
    this.#doubles = new Float64Array(area, 0, areaBytes >> 3);
    const words = (at: number, count: number) => new Int32Array(area, at * 4, count);
    this.headers = words(RX_HEADER, MAX_BURST * HEADER_WORDS);
    this.messageBytes = words(RX_LENGTH, MAX_BURST);
    this.finishedSends = words(FINISHED_SEND, MAX_SENDS);
    this.finishedErrors = words(FINISHED_ERROR, MAX_SENDS);
    this.queuedHeaders = words(TX, MAX_QUEUED * TX_WORDS);
    this.address = new Uint8Array(area.slice(ADDRESS, ADDRESS + this.#words[ADDRESS_LENGTH]));
    this.provider = this.#glue.provider(this.number);
    this.device = this.#glue.device(this.number);
    this.receiveLimit = Math.min(this.#words[RX_LIMIT], options.receiveBuffers);
    this.maxPieces = this.#words[MAX_PIECES];
    this.#registers = this.#words[REGISTERS] !== 0;
    this.#checkMessageLimit();
    this.#buffers = new ReceiveBuffers(this.bufferBytes, this.receiveLimit, shared, {
      map: (bytes) => {
        const slab = mapAnonymous(bytes);
        return { slab, number: this.#register(slab, bytes) };
      },
      addReceives: (number, address, count, stride) =>
        this.#glue.addReceives(this.number, number, address, count, stride),
      mayDiscard: !this.#registers,
    });
    for (let i = 0; i < MAX_BURST; i++) this.received.push(this.#buffers.all[0]);
  }

  get nowUs(): number {
    return this.#doubles[NOW_US];
  }

  get posted(): number {
    return this.#words[POSTED] + this.#words[TO_POST];
  }

  get canPost(): boolean {
    return !this.#closed && this.#buffers.hasMore;
  }

  post(count: number): number {
    const words = this.#words;
    let posted = 0;
    while (posted < count && !this.#closed) {
      const buffer = this.#buffers.take();
      if (buffer === null) break;
      words[POST + words[TO_POST]++] = buffer.slabIndex;
      posted++;
    }
    return posted;
  }

  give(segment: SgaSegment): void {
    this.#buffers.give(segment);
  }

  addPeer(address: Uint8Array): number {
    if (this.#closed || !this.#isAddress(address)) return -1;
    const process = this.provider === 'shm' ? processOfAddress(address) : 0;
    return this.#glue.addPeer(this.number, address, process);
  }

  /** The provider reads as many bytes as its addresses have, or up to a zero: a stranger's may lack them. */
  #isAddress(address: Uint8Array): boolean {
    return this.provider === 'shm' ? isShmAddress(address) : address.length === this.address.length;
  }

  lives(address: Uint8Array): boolean {
    const process = this.provider === 'shm' ? processOfAddress(address) : 0;
    return process === 0 || this.#glue.processIsGone(process) === 0;
  }

  /**
   * shm has few places for peers and needs them back. ofi_rxm 1.17 sometimes crashes when an endpoint is
   * closed after peers were removed from it.
   */
  get forgetsPeers(): boolean {
    return this.provider === 'shm';
  }

  removePeer(peer: number): void {
    if (!this.#closed) this.#glue.removePeer(this.number, peer);
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
    if (!this.#closed) this.#flush(this.number);
  }

  exchange(): number {
    if (this.#closed) return 0;
    const words = this.#words;
    const count = this.#exchange(this.number);
    const { all } = this.#buffers;
    for (let i = 0; i < count; i++) {
      const buffer = all[words[RX_BUFFER + i]];
      buffer.offset = buffer.base;
      this.received[i] = buffer;
    }
    return count;
  }

  get wakes(): boolean {
    return this.#words[WAKES] !== 0;
  }

  wait(file: number, timeoutMs: number): boolean {
    return !this.#closed && this.#glue.wait(this.number, file, timeoutMs * 1000) === 1;
  }

  takeFinished(): number {
    const count = this.#words[FINISHED];
    this.#words[FINISHED] = 0;
    return count;
  }

  get isLost(): boolean {
    return this.#words[LOST] !== 0;
  }

  get loss(): string {
    return this.#closed ? this.#loss : this.#glue.loss(this.number);
  }

  giveBackIdle(): void {
    if (!this.#closed) this.#buffers.giveBackIdle();
  }

  /**
   * Memory to send from, for all endpoints of the libOS where the device need not know what it sends from. Throws
   * NO_BUFFERS.
   */
  readonly mapSlab = (bytes: number): Slab => {
    const memory = mapAnonymous(bytes);
    if (!this.#registers) return memory;
    this.#poolSlabs.push(this.#register(memory, bytes));
    // The device has the pages: they must stay where they are.
    return { bytes: memory.bytes, address: memory.address, discard() {}, unmap: memory.unmap };
  };

  /**
   * Writes from now on when messages enter and leave the provider, to this address
   * (libos/native/device-times.h).
   */
  setDeviceTimes(address: number): void {
    this.#glue.setDeviceTimes(this.number, address);
  }

  counters(): Record<string, number> {
    const names = this.#glue.counterNames().trim().split(' ');
    return Object.fromEntries(names.map((name, index) => [name, this.#doubles[COUNTERS + index]]));
  }

  /** Closes the endpoint. What was mapped for the pool belongs to no device any more. */
  close(): void {
    if (this.#closed) return;
    const { posted } = this;
    this.#loss = this.loss;
    this.#closed = true;
    // The area goes: what is asked or noted afterwards has a place of its own.
    this.#words = this.#words.slice();
    this.#doubles = this.#doubles.slice();
    this.queuedHeaders = new Int32Array(this.queuedHeaders.length);
    this.#glue.close(this.number);
    this.#buffers.close(posted);
  }

  #writePiece(at: number, segment: SgaSegment, offset: number, length: number): void {
    this.#doubles[at >> 1] = segment.address + (offset - segment.base);
    this.#words[at + 2] = length;
    this.#words[at + 3] = this.#slabOf(segment);
  }

  /** Of a device that knows no slabs any. */
  #slabOf(segment: SgaSegment): number {
    if (!this.#registers) return 0;
    // What was received may be pushed again as it is.
    return segment.home === this.#buffers
      ? this.#buffers.slabNumber(segment)
      : this.#poolSlabs[segment.slabIndex];
  }

  #checkMessageLimit(): void {
    const most = this.#words[MAX_MESSAGE_BYTES] - HEADER_BYTES;
    if (this.bufferBytes <= most) return;
    this.#glue.close(this.number);
    const detail = `buffer_bytes=${this.bufferBytes}: provider ${this.provider} sends messages of at most ${most} bytes beside our header`;
    throw new LibosError('INVALID_ARGUMENT', 'rdma', -1, detail);
  }

  #register(memory: Slab, bytes: number): number {
    const number = this.#glue.register(this.number, memory.address, bytes);
    if (number >= 0) return number;
    const reason = this.#glue.error();
    memory.unmap();
    throw new LibosError('NO_BUFFERS', 'rdma', -1, `${reason}.${lockedMemoryRemedy(reason)}`);
  }
}

/**
 * Of /dev/shm, for an endpoint of shm: a part for its peers, and one for each of its receives, which are no fewer than
 * these (fabric.c); made up to a power of two of bytes.
 */
const SHM_PEERS_BYTES = 8.47e6;
const SHM_BYTES_PER_RECEIVE = 4400;
const LEAST_SHM_RECEIVES = 1024;

function shmMbFor(receives: number): number {
  const perReceive =
    2 ** Math.ceil(Math.log2(Math.max(receives, LEAST_SHM_RECEIVES))) * SHM_BYTES_PER_RECEIVE;
  return Math.ceil(2 ** Math.ceil(Math.log2(SHM_PEERS_BYTES + perReceive)) / 1e6);
}

function freeShmMb(): number {
  const { bavail, bsize } = statfsSync('/dev/shm');
  return Math.floor((bavail * bsize) / 1e6);
}

/** Its pages are taken as they are used: without room the process would end by a signal then. */
export function hasRoomForShm(receives: number): boolean {
  return freeShmMb() >= shmMbFor(receives);
}

function checkRoomForShm(receives: number): void {
  if (hasRoomForShm(receives)) return;
  const detail = `an endpoint of shm needs ${shmMbFor(receives)} MB of /dev/shm, which has ${freeShmMb()}: mount -o remount,size=1g /dev/shm, or set less receive_memory_mb`;
  throw new LibosError('BACKEND_UNAVAILABLE', 'rdma', -1, detail);
}

function open(glue: FabricGlue, options: FabricOptions, sleeps: boolean): number {
  const { provider, device, receiveBuffers, bufferBytes } = options;
  if (provider === 'shm') checkRoomForShm(receiveBuffers);
  if (options.address !== null) checkOwnAddress(options.address);
  const node = provider === 'shm' ? claimSharedMemory() : (options.address ?? '');
  const receiveBytes = HEADER_BYTES + bufferBytes;
  const endpoint = glue.open(provider, device ?? '', node, receiveBuffers, receiveBytes, sleeps ? 1 : 0);
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
