/**
 * The ring of stamps, each of a fixed size, the newest over the oldest, in memory that was mapped before. The
 * memory is a file's, so that another process on this machine can turn the stamping on and off and read the
 * stamps, or nobody else's.
 *
 *     page 0   header: magic, machine, clocks, device times (libos/native/device-times.h), busy time of the loop
 *     then     stamps of 64 bytes, little-endian:
 *
 *       offset  push and pop                            request (written by the load generator)
 *            0  u32 kind                                u32 kind
 *            4  u16 local port, u16 peer's port         u16 local port, u16 peer's port
 *            8  f64 bytes of the stream up to its end   f64 bytes of requests up to this one's end
 *           16  u64 counter: the application's side     f64 bytes of replies up to its reply's end
 *           24  u64 counter: device or kernel entered   f64 its latency as measured, ns
 *           32  u64 counter: device or kernel left      f64 ns that it was sent behind its schedule
 *           40  f64 bytes of it                         f64 monotonic clock when it was sent, ns
 *           48                                          u32 operation
 *
 * A stamp belongs to a connection by its ports, and to a request by the bytes: the push that holds a
 * request's last byte carried it, and the pop of the same byte received it. So neither side sends anything
 * for this, and a server need not know.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { LibosError } from '../errors.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import { type MappedFile, mapFile } from '../memory/shared-file.ts';
import { type StampGlue, stampGlue } from './glue.ts';

export const HEADER_BYTES = 4096;
export const STAMP_BYTES = 64;
/** 'BBSTAMP1' */
const MAGIC = [0x54534242, 0x31504d41] as const;

export const StampKind = { Push: 1, Pop: 2, Request: 3 } as const;

// Words of the header.
const CAPACITY = 2;
// Doubles of the header.
const WRITTEN = 2;
const CLOCKS = 3;
const MACHINE_BYTE = 64;
/** First byte of the device times within the header. */
const DEVICE_TIMES_BYTE = 128;
// Doubles behind them, on a cache line of their own: 1 where the loop says how long it was busy, and that in ns.
const SAYS_BUSY = 32;
const BUSY_NS = 33;
// Words of the device times: two readings each, then when to stamp.
export const HANDED = DEVICE_TIMES_BYTE / 4;
export const DELIVERED = HANDED + 4;
/** Every n-th window of time is stamped; 0 for none. */
export const EVERY = HANDED + 8;
/** Not 0 while the present window of time is stamped. */
export const ON = HANDED + 9;
/** A window has so many bits of the counter. */
export const WINDOW_BITS = HANDED + 10;

/**
 * A window is some milliseconds long, so that what is slow at its beginning, the stamps' own code and memory
 * having been left alone, is little of it: windows of a third of a millisecond cost a request of 4 us more
 * than half of that. The generic timer counts some 25 to 1,000 million a second.
 */
const X64_WINDOW_BITS = 24;
const ARM_WINDOW_BITS = 20;

/** Stamps in a ring by default: 16 MiB. */
export const DEFAULT_CAPACITY = 1 << 18;

const FILE_REMEDY = 'give the file that the server on this machine was started with (serve --stamps)';

export class StampRing {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly glue: StampGlue;
  readonly capacity: number;
  readonly deviceTimesAddress: number;
  readonly #address: number;
  readonly #bytes: Uint8Array;

  /** A ring in `file`, which is made anew, or in memory of its own. */
  static create(file: string | null, capacity = DEFAULT_CAPACITY): StampRing {
    const bytes = HEADER_BYTES + capacity * STAMP_BYTES;
    const ring = new StampRing(file === null ? mapAnonymous(bytes) : mapFile(file, bytes));
    const { words } = ring;
    words.fill(0, 0, HEADER_BYTES / 4);
    words[CAPACITY] = capacity;
    words[WINDOW_BITS] = process.arch === 'x64' ? X64_WINDOW_BITS : ARM_WINDOW_BITS;
    const machine = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
    ring.#bytes.set(Buffer.from(machine, 'hex'), MACHINE_BYTE);
    ring.readClocks();
    [words[0], words[1]] = MAGIC;
    return new StampRing({ bytes: ring.#bytes, address: ring.#address });
  }

  /** The ring that another process has made in `file`. Throws INVALID_ARGUMENT where there is none. */
  static open(file: string): StampRing {
    return new StampRing(mapFile(file, readHeader(file).bytes));
  }

  /**
   * How long the loop that has made `file` was busy by now, in ns since it began; null where it does not say. Reads the
   * file, so that nothing is mapped. Throws INVALID_ARGUMENT where there is none.
   */
  static readBusyNs(file: string): number | null {
    const { header } = readHeader(file);
    return header.readDoubleLE(SAYS_BUSY * 8) === 1 ? header.readDoubleLE(BUSY_NS * 8) : null;
  }

  /**
   * Has whoever made `file` stamp every n-th window of time from now on, and forget what it stamped before; 0 for no
   * more. Writes to the file, so that nothing is mapped. Throws INVALID_ARGUMENT where there are no stamps.
   */
  static stampEveryIn(file: string, windows: number): void {
    readHeader(file);
    const fd = openSync(file, 'r+');
    try {
      if (windows > 0) writeSync(fd, Buffer.alloc(8), 0, 8, WRITTEN * 8);
      const every = Buffer.alloc(4);
      every.writeInt32LE(windows);
      writeSync(fd, every, 0, 4, EVERY * 4);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * A snapshot of the ring in `file`, whose maker still runs here: this moment is the newest reading of both clocks, so
   * that it tells how fast the counter runs. Reads the file, so that nothing is mapped.
   */
  static snapshotOf(file: string): Uint8Array {
    const { header } = readHeader(file);
    const stamps = Math.min(header.readDoubleLE(WRITTEN * 8), header.readInt32LE(CAPACITY * 4));
    const bytes = Buffer.alloc(HEADER_BYTES + stamps * STAMP_BYTES);
    const fd = openSync(file, 'r');
    try {
      for (let at = 0; at < bytes.length; ) {
        const read = readSync(fd, bytes, at, bytes.length - at, at);
        if (read === 0) throw new LibosError('INVALID_ARGUMENT', 'stamps', -1, `${file} is cut off`);
        at += read;
      }
    } finally {
      closeSync(fd);
    }
    newestClocks().copy(bytes, (CLOCKS + 2) * 8);
    return bytes;
  }

  private constructor(memory: MappedFile) {
    this.#bytes = memory.bytes;
    this.#address = memory.address;
    this.deviceTimesAddress = memory.address + DEVICE_TIMES_BYTE;
    const { buffer, byteOffset, byteLength } = memory.bytes;
    this.words = new Int32Array(buffer, byteOffset, byteLength >> 2);
    this.doubles = new Float64Array(buffer, byteOffset, byteLength >> 3);
    this.capacity = this.words[CAPACITY];
    this.glue = stampGlue();
  }

  /** Whether the present window of time is stamped. */
  get stamping(): boolean {
    return this.words[ON] !== 0 && this.words[EVERY] !== 0;
  }

  /** Stamps every n-th window of time from now on; 0 for none. Whoever has the ring may say so. */
  stampEvery(windows: number): void {
    this.words[EVERY] = windows;
  }

  /** Takes the next stamp. Returns its first byte within the ring. */
  take(kind: number, ports: number): number {
    const index = this.doubles[WRITTEN]++ % this.capacity;
    const at = HEADER_BYTES + index * STAMP_BYTES;
    this.words[at >> 2] = kind;
    this.words[(at >> 2) + 1] = ports;
    return at;
  }

  /** Writes the counter to a byte within the ring. */
  writeCounter(at: number): void {
    this.glue.writeCounter(this.#address + at);
  }

  /**
   * Reads both clocks, for turning counts into time: the header has the first pair of readings and the
   * newest.
   */
  readClocks(): void {
    const first = this.doubles[CLOCKS] === 0;
    const at = (CLOCKS + (first ? 0 : 2)) * 8;
    this.glue.writeClocks(this.#address + at, this.#address + at + 8);
  }

  /** The double for the busy time of the loop that stamps here: from now on it is said. */
  sayBusyNs(): Float64Array {
    this.doubles[SAYS_BUSY] = 1;
    return this.doubles.subarray(BUSY_NS, BUSY_NS + 1);
  }

  /** Forgets all stamps. */
  clear(): void {
    this.doubles[WRITTEN] = 0;
  }

  /** Header and stamps, as a file has them: of the ring what was written. */
  snapshot(): Uint8Array {
    const stamps = Math.min(this.doubles[WRITTEN], this.capacity);
    return this.#bytes.slice(0, HEADER_BYTES + stamps * STAMP_BYTES);
  }
}

let clocks: StampRing | null = null;

/** Counter and monotonic clock by now, as a header has them. */
function newestClocks(): Buffer {
  clocks ??= StampRing.create(null, 1);
  clocks.readClocks();
  return Buffer.from(clocks.snapshot()).subarray((CLOCKS + 2) * 8, (CLOCKS + 4) * 8);
}

/** The header of a ring in `file`, and the length of all. Throws INVALID_ARGUMENT where there is none. */
function readHeader(file: string): { header: Buffer; bytes: number } {
  const header = Buffer.alloc(HEADER_BYTES);
  let bytes: number;
  try {
    const fd = openSync(file, 'r');
    try {
      readSync(fd, header);
      bytes = fstatSync(fd).size;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const detail = `${file} cannot be read (${(error as Error).message}): ${FILE_REMEDY}`;
    throw new LibosError('INVALID_ARGUMENT', 'stamps', -1, detail);
  }
  if (header.readInt32LE(0) !== MAGIC[0] || header.readInt32LE(4) !== MAGIC[1]) {
    throw new LibosError('INVALID_ARGUMENT', 'stamps', -1, `${file} has no stamps: ${FILE_REMEDY}`);
  }
  return { header, bytes };
}

/** The two ports of a connection as a stamp has them. */
export function portsOf(local: number, peer: number): number {
  return local | (peer << 16);
}
