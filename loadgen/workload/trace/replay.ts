/**
 * A trace as a load sends it: when its requests are due, and what they are. A loop advances both, the arrivals first;
 * for what it gives up unsent, it is the other way round.
 */
import type { Arrivals } from '../arrivals.ts';
import type { RequestSource } from '../requests.ts';
import { type RingMemory, RingReader } from './ring.ts';

const KEYS = 1e12;

/** Takes each request from the ring once, whoever asks for it first. */
export class TraceReplay {
  readonly arrivals: TraceArrivals;
  readonly requests: TraceRequests;
  readonly #reader: RingReader;
  readonly #speed: number;
  /** Requests that the arrivals are ahead of the source. */
  #ahead = 0;

  /** @param speed times as fast as it was recorded */
  constructor(ring: RingMemory, speed: number, stopRequested: () => boolean) {
    this.#reader = new RingReader(ring, stopRequested);
    this.#speed = speed;
    this.arrivals = new TraceArrivals(this);
    this.requests = new TraceRequests(this, this.#reader.bytes);
  }

  /** Its time 0 is at `beginNs`. Waits for the first request. */
  begin(beginNs: number): void {
    this.arrivals.beginNs = beginNs;
    this.#find();
  }

  /** For the arrivals (+1) or the source (-1). */
  advance(who: 1 | -1): void {
    const isTaken = this.#ahead * who < 0;
    this.#ahead += who;
    if (isTaken) return;
    const reader = this.#reader;
    const { requests } = this;
    if (!this.arrivals.isOver) {
      requests.operation = reader.operation;
      requests.valueBytes = reader.valueBytes;
      requests.keyAt = reader.keyAt;
      requests.keyBytes = reader.keyBytes;
      // The place of this one is needed until the next but one is found.
      reader.releaseBefore();
      this.#find();
    }
  }

  #find(): void {
    const { arrivals } = this;
    arrivals.isOver = !this.#reader.find();
    arrivals.nextNs = arrivals.isOver
      ? Number.POSITIVE_INFINITY
      : arrivals.beginNs + this.#reader.timeNs / this.#speed;
  }
}

export class TraceArrivals implements Arrivals {
  /** Infinite behind the last request. */
  nextNs = Number.POSITIVE_INFINITY;
  beginNs = 0;
  isOver = false;
  readonly #replay: TraceReplay;

  constructor(replay: TraceReplay) {
    this.#replay = replay;
  }

  advance(): void {
    this.#replay.advance(1);
  }
}

export class TraceRequests implements RequestSource {
  operation = 0;
  key = 0;
  detail = 0;
  valueBytes = 0;
  /** The bytes of the key: bytes[keyAt, keyAt + keyBytes). */
  readonly bytes: Uint8Array;
  keyAt = 0;
  keyBytes = 0;
  readonly #replay: TraceReplay;

  constructor(replay: TraceReplay, bytes: Uint8Array) {
    this.#replay = replay;
    this.bytes = bytes;
  }

  advance(): boolean {
    this.#replay.advance(-1);
    this.key = numberOfKey(this.bytes, this.keyAt, this.keyBytes);
    return true;
  }
}

/** The keys of a trace that are to be filled, one after the other. */
export class TraceFill implements RequestSource {
  operation = 0;
  key = 0;
  detail = 0;
  valueBytes = 0;
  keyAt = 0;
  keyBytes = 0;
  readonly bytes: Uint8Array;
  readonly #reader: RingReader;

  constructor(ring: RingMemory, stopRequested: () => boolean) {
    this.#reader = new RingReader(ring, stopRequested);
    this.bytes = this.#reader.bytes;
  }

  advance(): boolean {
    const reader = this.#reader;
    if (!reader.find()) return false;
    reader.releaseBefore();
    this.operation = reader.operation;
    this.valueBytes = reader.valueBytes;
    this.keyAt = reader.keyAt;
    this.keyBytes = reader.keyBytes;
    this.key = numberOfKey(this.bytes, this.keyAt, this.keyBytes);
    return true;
  }
}

/**
 * Twelve digits that stand for a key of any bytes in its values: two multiplicative hashes of 32 bits (FNV-1a's step
 * with two offsets). Two of a million keys have the same number in every second trace, and then a value of the one is
 * taken for one of the other.
 */
export function numberOfKey(bytes: Uint8Array, at: number, length: number): number {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (let i = at; i < at + length; i++) {
    first = Math.imul(first ^ bytes[i], 0x01000193);
    second = Math.imul(second ^ bytes[i], 0x85ebca6b);
  }
  return ((first >>> 0) * 0x10_0000 + ((second ^ (second >>> 15)) >>> 12)) % KEYS;
}
