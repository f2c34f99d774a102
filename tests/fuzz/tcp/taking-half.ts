/**
 * The half of the odd peer that takes the stack's stream: which bytes it has, what it acknowledges and when, and which
 * window it offers. Positions count from the stack's SYN, which is at 0; the first byte is at 1.
 */
import type { Random } from '../../../libos/inet/devices/random.ts';
import type { Taking } from './case.ts';
import { Ranges, requireStream } from './stream.ts';

/** What a half sends, with numbers that count from the SYNs. */
export interface Said {
  /** Position in the peer's own stream. Left out: behind all that it has sent. */
  at?: number;
  payload?: Uint8Array;
  fin?: boolean;
  acknowledgement?: number;
  sack?: readonly number[];
}

export interface Mouth {
  readonly random: Random;
  after(us: number, act: () => void): void;
  say(said: Said): void;
}

const CALM_WINDOW_BYTES = 60_000;
const BLOCKS_MAX = 3;
const UNSCALED_MAX = 65_535;

export class TakingHalf {
  /** The next byte that is missing. */
  next = 0;
  /** All data and the FIN have come. */
  ended = false;
  /** Shift of the windows that it tells. */
  scale = 0;
  readonly #whims: Taking;
  readonly #usesSack: boolean;
  readonly #mouth: Mouth;
  readonly #has = new Ranges();
  #calm = false;
  #finAt = -1;
  /** Right edge of the window offered last, and of the largest. */
  #edge = 0;
  #farthestEdge = 0;
  #window = 0;
  #acknowledged = 0;
  #waiting = 0;
  #planned = 0;
  #latest: readonly [number, number] = [0, 0];

  constructor(whims: Taking, usesSack: boolean, mouth: Mouth) {
    this.#whims = whims;
    this.#usesSack = usesSack;
    this.#mouth = mouth;
  }

  get acknowledgement(): number {
    return this.ended ? this.next + 1 : this.next;
  }

  /** The window of a SYN, as it stands there. */
  synWindow(): number {
    const bytes = Math.min(UNSCALED_MAX, this.#windowBytes);
    this.#edge = 1 + bytes;
    this.#farthestEdge = Math.max(this.#farthestEdge, this.#edge);
    return bytes;
  }

  opened(): void {
    this.next = 1;
    this.#acknowledged = 1;
    this.#planWindow();
  }

  calmDown(): void {
    this.#calm = true;
    if (this.next > 0) this.#acknowledge(this.acknowledgement);
  }

  /** The window that stands in a segment with this acknowledgement. */
  windowFor(acknowledgement: number): number {
    let edge = acknowledgement + this.#windowBytes;
    if (!this.#whims.takesBack || this.#calm) edge = Math.max(edge, this.#farthestEdge);
    const field = Math.max(0, Math.min(UNSCALED_MAX, Math.floor((edge - acknowledgement) / 2 ** this.scale)));
    this.#edge = acknowledgement + field * 2 ** this.scale;
    this.#farthestEdge = Math.max(this.#farthestEdge, this.#edge);
    return field;
  }

  get #windowBytes(): number {
    return this.#calm ? CALM_WINDOW_BYTES : this.#whims.windows[this.#window].bytes;
  }

  #planWindow(): void {
    const { windows } = this.#whims;
    this.#mouth.after(windows[this.#window].forUs, () => {
      if (this.#calm) return;
      const before = this.#windowBytes;
      this.#window = (this.#window + 1) % windows.length;
      if (this.#whims.tellsOpening && this.#windowBytes > before) this.#acknowledge(this.acknowledgement);
      this.#planWindow();
    });
  }

  /** A segment with data, a FIN, or a number that asks for an answer. */
  take(at: number, payload: Uint8Array, fin: boolean): void {
    requireStream('stack', at - 1, payload);
    const { random } = this.#mouth;
    const end = at + payload.length;
    const limit = this.#whims.takesBack && !this.#calm ? this.#edge : this.#farthestEdge;
    const taken = Math.min(end, limit);
    const before = this.acknowledgement;
    if (at < taken) {
      this.#has.add(at, taken);
      this.#latest = [at, taken];
    }
    if (fin && taken === end) this.#finAt = end;
    this.next = this.#has.endFrom(this.next);
    this.ended ||= this.next === this.#finAt;
    if (!this.#calm && random.fraction() < this.#whims.reneges) {
      this.#has.cutFrom(this.next);
      if (!this.ended) this.#finAt = -1;
    }
    const inOrder = at <= before && this.acknowledgement > before;
    this.#waiting++;
    if (this.#calm || !inOrder || this.ended || this.#waiting >= this.#whims.every) {
      this.#answer(payload.length);
      return;
    }
    const planned = ++this.#planned;
    this.#mouth.after(this.#whims.delayUs, () => {
      if (planned === this.#planned && this.#waiting > 0) this.#answer(0);
    });
  }

  /** Acknowledges all that it has, in as many pieces as it likes. */
  #answer(lastBytes: number): void {
    this.#waiting = 0;
    const from = this.#acknowledged;
    const to = this.acknowledgement;
    const { pieces, copies, halves, delayUs, stale } = this.#whims;
    if (this.#calm) {
      this.#acknowledge(to);
      return;
    }
    if (halves && lastBytes > 1 && to - from > 1) {
      this.#acknowledge(Math.max(from, to - (lastBytes >> 1)));
      this.#mouth.after(delayUs, () => this.#acknowledge(this.acknowledgement));
      return;
    }
    const steps = Math.max(1, Math.min(pieces, to - from));
    for (let step = 1; step <= steps; step++) {
      for (let copy = 0; copy < copies; copy++) {
        this.#acknowledge(from + Math.floor(((to - from) * step) / steps));
      }
    }
    const { random } = this.#mouth;
    if (random.fraction() < stale) this.#acknowledge(1 + random.below(to));
  }

  #acknowledge(acknowledgement: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, acknowledgement);
    this.#mouth.say({ acknowledgement, sack: this.#blocks() });
  }

  /** Of what it has out of order, the latest first. */
  #blocks(): readonly number[] {
    if (!this.#usesSack) return [];
    const { random } = this.#mouth;
    const ahead = this.#has.all.filter(([start]) => start > this.next);
    const [latest] = this.#latest;
    const first = Math.max(
      0,
      ahead.findIndex(([start, end]) => start <= latest && latest < end),
    );
    const blocks = [...ahead.slice(first), ...ahead.slice(0, first)].slice(0, BLOCKS_MAX).flat();
    if (!this.#calm && random.fraction() < this.#whims.lies) {
      const start = this.next - 2000 + random.below(100_000);
      blocks.splice(0, 2, start, start - 10 + random.below(3000));
    }
    return blocks;
  }
}
