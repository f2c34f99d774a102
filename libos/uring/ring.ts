/**
 * A ring of io_uring: submissions are written to the memory that the kernel reads, completions are read where it writes
 * them, and one foreign call enters it for all of them. While the kernel has nothing to do for this thread, looking
 * for completions is reading a word.
 *
 * A submission's place has a piece of scratch memory beside it, for the addresses and messages that the submission
 * points to: the kernel has read them when it has taken the submission (IORING_FEAT_SUBMIT_STABLE).
 */
import koffi from 'koffi';
import { errnoName, LibosError, mapAnonymous, type SgaSegment, type Slab } from '../backend-api.ts';
import { type UringGlue, uringGlue } from './glue.ts';
import {
  ACCEPT_MULTISHOT,
  CANCEL_ALL_OF_FILE,
  CQE_FLAGS,
  CQE_RESULT,
  CQE_WORDS,
  Described,
  KIND_SHIFT,
  Opcode,
  RECEIVE_MULTISHOT,
  RequestKind,
  SELECT_BUFFER,
  SQE_ADDRESS,
  SQE_BUFFER_GROUP,
  SQE_FD,
  SQE_FLAGS,
  SQE_LENGTH,
  SQE_OFFSET,
  SQE_USER_DATA,
  SQE_WORDS,
  TURN_WANTED,
} from './layout.ts';
import type { UringOptions } from './options.ts';
import { refusal } from './refusal.ts';

const ENTRIES = 256;
const COMPLETIONS = 4096;
/** SINGLE_MMAP, NODROP, SUBMIT_STABLE, FAST_POLL, EXT_ARG. */
const NEEDED_FEATURES = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 5) | (1 << 8);

const AF_INET = 2;
const SOCKADDR_BYTES = 16;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/** Pieces of memory that one submission sends at most. */
export const MAX_PIECES = 64;
/** Scratch of a place: sockaddr_in, msghdr (56 bytes), iovec of 16 bytes each. */
const SCRATCH_MESSAGE = 16;
const SCRATCH_PIECES = 80;
const SCRATCH_BYTES = SCRATCH_PIECES + 16 * MAX_PIECES;
const TWO_32 = 0x1_0000_0000;

/** Called with each completion, in their order: both words of user data, result, flags. */
export interface CompletionHandler {
  completed(first: number, second: number, result: number, flags: number): void;
}

export class Ring {
  readonly #glue: UringGlue;
  readonly #turn: UringGlue['turn'];
  readonly #ring: number;
  readonly #shared: Int32Array;
  readonly #sqes: Int32Array;
  readonly #scratch: Slab;
  readonly #scratchView: DataView;
  readonly #sqMask: number;
  readonly #cqMask: number;
  /** Where in the shared memory these stand, in words. */
  readonly #sqHead: number;
  readonly #sqFlags: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqes: number;
  /** Submissions written, and those of them that the kernel has been shown; both wrap. */
  #tail = 0;
  #shown = 0;
  /** Completions read; wraps. */
  #head = 0;
  /** Pieces of the message that is being written, and where its submission stands. */
  #message = 0;
  #pieces = 0;
  readonly #counts = { turns: 0, waits: 0, submissions: 0, completions: 0 };

  /** Throws BACKEND_UNAVAILABLE with reason and remedy where the kernel has not got what is needed, or forbids it. */
  constructor(options: UringOptions, deviceTimesAddress: number) {
    const { sqpoll, napiBusyPollUs } = options;
    this.#glue = uringGlue();
    this.#turn = this.#glue.turn;
    this.#ring = this.#glue.open(ENTRIES, COMPLETIONS, sqpoll?.idleMs ?? 0, sqpoll?.core ?? -1);
    if (this.#ring < 0) throw refusal(-this.#ring, options);
    const described = new Float64Array(Described.Count);
    this.#glue.describe(this.#ring, described);
    const features = described[Described.Features];
    const lacks = (features & NEEDED_FEATURES) !== NEEDED_FEATURES;
    if (lacks || this.#glue.hasOpcode(this.#ring, Opcode.SendMessageZeroCopy) === 0) {
      this.#glue.close(this.#ring);
      throw refusal(0, options);
    }
    if (napiBusyPollUs > 0) this.#registerNapi(napiBusyPollUs);
    this.#glue.setDeviceTimes(this.#ring, deviceTimesAddress);
    this.#shared = new Int32Array(
      koffi.view(BigInt(described[Described.Shared]), described[Described.SharedBytes]),
    );
    const sqEntries = described[Described.SqEntries];
    this.#sqes = new Int32Array(koffi.view(BigInt(described[Described.Sqes]), sqEntries * SQE_WORDS * 4));
    this.#sqMask = sqEntries - 1;
    this.#cqMask = described[Described.CqEntries] - 1;
    this.#sqHead = described[Described.SqHead] >> 2;
    this.#sqFlags = described[Described.SqFlags] >> 2;
    this.#cqHead = described[Described.CqHead] >> 2;
    this.#cqTail = described[Described.CqTail] >> 2;
    this.#cqes = described[Described.Cqes] >> 2;
    this.#scratch = mapAnonymous(sqEntries * SCRATCH_BYTES);
    this.#scratchView = new DataView(this.#scratch.bytes.buffer);
  }

  #registerNapi(busyPollUs: number): void {
    const result = this.#glue.setNapi(this.#ring, busyPollUs);
    if (result === 0) return;
    this.#glue.close(this.#ring);
    const detail =
      `napi_busy_poll_us=${busyPollUs}: this kernel does not poll network cards for io_uring ` +
      `(${errnoName(-result)}); it takes Linux 6.9 with CONFIG_NET_RX_BUSY_POLL: leave the option out`;
    throw new LibosError('BACKEND_UNAVAILABLE', 'uring', -1, detail);
  }

  /** A ring of buffers, `entries` struct io_uring_buf at this address. Throws BACKEND_UNAVAILABLE. */
  addBuffers(group: number, address: number, entries: number): void {
    const result = this.#glue.addBuffers(this.#ring, group, address, entries);
    if (result === 0) return;
    const detail = `the kernel takes no ring of ${entries} buffers (${errnoName(-result)}): it takes Linux 5.19`;
    throw new LibosError('BACKEND_UNAVAILABLE', 'uring', -1, detail);
  }

  // Submissions

  /** Asks for all that comes, into buffers of the group, until it is cancelled or nothing more can come. */
  receive(fd: number, index: number, group: number): void {
    const at = this.#next(Opcode.Receive, RECEIVE_MULTISHOT, fd, RequestKind.Receive, index, 0);
    this.#sqes[at] |= SELECT_BUFFER << 8;
    this.#sqes[at + SQE_BUFFER_GROUP] = group;
  }

  /** The same of datagrams, with their senders. */
  receiveDatagrams(fd: number, index: number, group: number): void {
    const at = this.#next(Opcode.ReceiveMessage, RECEIVE_MULTISHOT, fd, RequestKind.Receive, index, 0);
    const sqes = this.#sqes;
    sqes[at] |= SELECT_BUFFER << 8;
    sqes[at + SQE_BUFFER_GROUP] = group;
    const scratch = this.#scratchOf(at);
    this.#writeMessage(scratch, SOCKADDR_BYTES, 0);
    this.#pointTo(at + SQE_ADDRESS, scratch + SCRATCH_MESSAGE);
    sqes[at + SQE_LENGTH] = 1;
  }

  accept(fd: number, index: number): void {
    const at = this.#next(Opcode.Accept, ACCEPT_MULTISHOT, fd, RequestKind.Accept, index, 0);
    this.#sqes[at + SQE_FLAGS] = SOCK_CLOEXEC;
  }

  connect(fd: number, index: number, address: number, port: number): void {
    const at = this.#next(Opcode.Connect, 0, fd, RequestKind.Connect, index, 0);
    const scratch = this.#scratchOf(at);
    this.#writeAddress(scratch, address, port);
    this.#pointTo(at + SQE_ADDRESS, scratch);
    this.#sqes[at + SQE_OFFSET] = SOCKADDR_BYTES;
  }

  /**
   * Sends `length` bytes of a segment from `skip` on, or as many as there is room for. It does not wait until all are
   * sent (MSG_WAITALL): where some were, io_uring reports these and no error, and the receive reads an end instead.
   */
  send(
    fd: number,
    index: number,
    kind: RequestKind,
    token: number,
    flags: number,
    segment: SgaSegment,
    skip: number,
    length: number,
  ): void {
    const opcode = kind === RequestKind.SendZeroCopy ? Opcode.SendZeroCopy : Opcode.Send;
    const at = this.#next(opcode, flags, fd, kind, index, token);
    const sqes = this.#sqes;
    const address = segment.address - segment.base + segment.offset + skip;
    sqes[at + SQE_ADDRESS] = address;
    sqes[at + SQE_ADDRESS + 1] = address / TWO_32;
    sqes[at + SQE_LENGTH] = length;
    sqes[at + SQE_FLAGS] = MSG_NOSIGNAL;
  }

  /** Begins a submission that sends the pieces which addPiece adds; `port` 0 to the connected peer. */
  startMessage(
    fd: number,
    index: number,
    kind: RequestKind,
    token: number,
    flags: number,
    address: number,
    port: number,
  ): void {
    const opcode = kind === RequestKind.SendZeroCopy ? Opcode.SendMessageZeroCopy : Opcode.SendMessage;
    const at = this.#next(opcode, flags, fd, kind, index, token);
    const scratch = this.#scratchOf(at);
    if (port !== 0) this.#writeAddress(scratch, address, port);
    this.#writeMessage(scratch, port === 0 ? 0 : SOCKADDR_BYTES, 0);
    this.#pointTo(at + SQE_ADDRESS, scratch + SCRATCH_MESSAGE);
    this.#sqes[at + SQE_LENGTH] = 1;
    this.#sqes[at + SQE_FLAGS] = MSG_NOSIGNAL;
    this.#message = scratch;
    this.#pieces = 0;
  }

  addPiece(segment: SgaSegment, skip: number, length: number): void {
    const at = this.#message + SCRATCH_PIECES + 16 * this.#pieces++;
    const view = this.#scratchView;
    const address = segment.address - segment.base + segment.offset + skip;
    view.setUint32(at, address % TWO_32, true);
    view.setUint32(at + 4, address / TWO_32, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, 0, true);
    view.setUint32(this.#message + SCRATCH_MESSAGE + 24, this.#pieces, true);
  }

  /** Ends all requests of a file. */
  cancelAll(fd: number, index: number): void {
    const at = this.#next(Opcode.Cancel, 0, fd, RequestKind.Cancel, index, 0);
    this.#sqes[at + SQE_FLAGS] = CANCEL_ALL_OF_FILE;
  }

  /** Ends one, of a kind whose second word is 0. */
  cancel(index: number, kind: RequestKind): void {
    const at = this.#next(Opcode.Cancel, 0, -1, RequestKind.Cancel, index, 0);
    this.#sqes[at + SQE_ADDRESS] = index | (kind << KIND_SHIFT);
  }

  // Turns

  /** Whether there is anything to submit, or the kernel wants to be entered, or completions are there. */
  get hasWork(): boolean {
    return (
      this.#tail !== this.#shown ||
      (Atomics.load(this.#shared, this.#sqFlags) & TURN_WANTED) !== 0 ||
      Atomics.load(this.#shared, this.#cqTail) !== this.#head
    );
  }

  /** Whether a foreign call is due for that. */
  get wantsTurn(): boolean {
    return this.#tail !== this.#shown || (Atomics.load(this.#shared, this.#sqFlags) & TURN_WANTED) !== 0;
  }

  /** Enters the kernel without waiting; `events`: also for what it has not said that it has. */
  turn(events: boolean): void {
    this.#counts.turns++;
    const left = this.#turn(this.#ring, this.#tail >>> 0, events ? 1 : 0);
    this.#shown = (this.#tail - left) | 0;
  }

  /** Enters it until there is a completion, for `timeoutUs` at most. */
  wait(timeoutUs: number): void {
    this.#counts.waits++;
    const left = this.#glue.wait(this.#ring, this.#tail >>> 0, timeoutUs);
    this.#shown = (this.#tail - left) | 0;
  }

  /** Hands out the completions that are there. Returns how many. */
  reap(handler: CompletionHandler): number {
    const shared = this.#shared;
    const tail = Atomics.load(shared, this.#cqTail);
    const begun = this.#head;
    if (tail === begun) return 0;
    for (let head = begun; head !== tail; head = (head + 1) | 0) {
      const at = this.#cqes + (head & this.#cqMask) * CQE_WORDS;
      handler.completed(shared[at], shared[at + 1], shared[at + CQE_RESULT], shared[at + CQE_FLAGS]);
    }
    this.#head = tail;
    Atomics.store(shared, this.#cqHead, tail);
    const count = (tail - begun) | 0;
    this.#counts.completions += count;
    return count;
  }

  counters(): Record<string, number> {
    const { turns, waits, submissions, completions } = this.#counts;
    return { turns, waits, submissions, completions };
  }

  /** Every request has ended. */
  close(): void {
    this.#glue.close(this.#ring);
    this.#scratch.unmap();
  }

  // Inside

  /** Writes the head of the next submission, and nothing else. Returns where it stands, in words. */
  #next(
    opcode: Opcode,
    priority: number,
    fd: number,
    kind: RequestKind,
    index: number,
    token: number,
  ): number {
    if (((this.#tail - Atomics.load(this.#shared, this.#sqHead)) | 0) > this.#sqMask) this.#makeRoom();
    const sqes = this.#sqes;
    const at = (this.#tail & this.#sqMask) * SQE_WORDS;
    this.#tail = (this.#tail + 1) | 0;
    this.#counts.submissions++;
    for (let i = at + SQE_OFFSET; i < at + SQE_WORDS; i++) sqes[i] = 0;
    sqes[at] = opcode | (priority << 16);
    sqes[at + SQE_FD] = fd;
    sqes[at + SQE_USER_DATA] = index | (kind << KIND_SHIFT);
    sqes[at + SQE_USER_DATA + 1] = token;
    return at;
  }

  #makeRoom(): void {
    while (((this.#tail - Atomics.load(this.#shared, this.#sqHead)) | 0) > this.#sqMask) this.turn(false);
  }

  /** Where in the scratch memory that of a submission begins, in bytes. */
  #scratchOf(at: number): number {
    return (at / SQE_WORDS) * SCRATCH_BYTES;
  }

  #pointTo(word: number, scratch: number): void {
    const address = this.#scratch.address + scratch;
    this.#sqes[word] = address;
    this.#sqes[word + 1] = address / TWO_32;
  }

  #writeAddress(at: number, address: number, port: number): void {
    const view = this.#scratchView;
    view.setUint16(at, AF_INET, true);
    view.setUint16(at + 2, port);
    view.setUint32(at + 4, address);
  }

  /** struct msghdr: address, pieces, no control data. */
  #writeMessage(scratch: number, addressBytes: number, pieces: number): void {
    const view = this.#scratchView;
    const at = scratch + SCRATCH_MESSAGE;
    const name = addressBytes === 0 ? 0 : this.#scratch.address + scratch;
    const iovec = this.#scratch.address + scratch + SCRATCH_PIECES;
    view.setUint32(at, name % TWO_32, true);
    view.setUint32(at + 4, name / TWO_32, true);
    view.setUint32(at + 8, addressBytes, true);
    view.setUint32(at + 16, iovec % TWO_32, true);
    view.setUint32(at + 20, iovec / TWO_32, true);
    view.setUint32(at + 24, pieces, true);
    for (let i = 28; i < 56; i += 4) view.setUint32(at + i, 0, true);
  }
}
