/**
 * The half of the odd peer that writes its own stream: in segments of any size, out of order, again and again, beyond
 * the window. Positions count from its SYN, which is at 0; the first byte is at 1.
 */
import type { Giving } from './case.ts';
import { streamBytes } from './stream.ts';
import type { Mouth } from './taking-half.ts';

const CALM_RETRANSMIT_US = 300_000;
const CALM_SEGMENT_BYTES = 1400;
/** How far a segment reaches beyond the window that is not to. */
const EXCESS_BYTES_MAX = 1000;

interface Piece {
  at: number;
  length: number;
  fin: boolean;
}

export class GivingHalf {
  /** The oldest that is not acknowledged, and behind all that was sent. */
  unacknowledged = 0;
  sent = 0;
  /** Largest payload of a segment. */
  mss = 536;
  readonly #whims: Giving;
  readonly #mouth: Mouth;
  /** Where the FIN is. */
  readonly #end: number;
  #calm = false;
  #stopped = false;
  #finSent = false;
  #mayEnd = false;
  #holdsFin = false;
  /** Right edge of the stack's window. */
  #edge = 0;
  #size = 0;
  #pumps = false;
  #unacknowledgedBefore = 0;

  constructor(whims: Giving, mouth: Mouth) {
    this.#whims = whims;
    this.#mouth = mouth;
    this.#end = 1 + whims.bytes;
  }

  get isAcknowledged(): boolean {
    return this.unacknowledged > this.#end;
  }

  /** The position that empty segments have. */
  get next(): number {
    return this.#finSent ? this.#end + 1 : this.sent;
  }

  opened(): void {
    this.unacknowledged = 1;
    this.sent = 1;
    if (this.#whims.holdsFinUs === 0) this.#mayEnd = true;
    this.#planTick();
    this.#pump();
  }

  calmDown(): void {
    this.#calm = true;
    this.#mayEnd = true;
    this.#pump();
  }

  /** It says nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  /** The stack has acknowledged all before `position`, and takes what lies before `edge`. */
  acknowledged(position: number, edge: number): void {
    this.unacknowledged = Math.max(this.unacknowledged, position);
    this.sent = Math.max(this.sent, Math.min(position, this.#end));
    this.#edge = Math.max(this.#edge, edge);
    this.#pump();
  }

  #pump(): void {
    if (this.#pumps || this.#stopped || this.unacknowledged === 0) return;
    const pieces: Piece[] = [];
    const { random } = this.#mouth;
    const { burst, exceeds, shuffles, paceUs } = this.#whims;
    while (pieces.length < burst) {
      const piece = this.#piece(this.sent, this.#edge);
      if (piece === null) break;
      this.sent += piece.length;
      this.#finSent ||= piece.fin;
      pieces.push(piece);
    }
    if (!this.#calm) {
      if (this.sent < this.#end && random.fraction() < exceeds) {
        const beyond = this.#edge - this.sent + 1 + random.below(EXCESS_BYTES_MAX);
        const length = Math.min(this.#end - this.sent, beyond, this.mss);
        if (length > 0) pieces.push({ at: this.sent, length, fin: false });
      }
      if (shuffles) pieces.sort(() => random.fraction() - 0.5);
    }
    for (const piece of pieces) this.#send(piece);
    if (this.sent === this.#end && !this.#mayEnd && !this.#holdsFin) {
      this.#holdsFin = true;
      this.#mouth.after(this.#whims.holdsFinUs, () => {
        this.#mayEnd = true;
        this.#pump();
      });
    }
    if (pieces.length < burst) return;
    this.#pumps = true;
    this.#mouth.after(this.#calm ? 100 : paceUs, () => {
      this.#pumps = false;
      this.#pump();
    });
  }

  /** What would go next from `at` on, or null. */
  #piece(at: number, edge: number): Piece | null {
    const { sizes, finWithData } = this.#whims;
    const left = this.#end - at;
    const wanted = this.#calm ? CALM_SEGMENT_BYTES : sizes[this.#size % sizes.length];
    const size = Math.min(wanted, this.mss, left, edge - at);
    if (size > 0) {
      this.#size++;
      return { at, length: size, fin: size === left && finWithData && this.#mayEnd };
    }
    return left === 0 && this.#mayEnd && !this.#finSent ? { at, length: 0, fin: true } : null;
  }

  /** What is not acknowledged goes again, unless something was since the last time. */
  #planTick(): void {
    this.#mouth.after(this.#calm ? CALM_RETRANSMIT_US : this.#whims.retransmitUs, () => {
      if (this.#stopped || this.isAcknowledged) return;
      if (this.unacknowledged === this.#unacknowledgedBefore) this.#sendAgain();
      this.#unacknowledgedBefore = this.unacknowledged;
      this.#pump();
      this.#planTick();
    });
  }

  #sendAgain(): void {
    let at = this.unacknowledged;
    // A window that is closed is asked by a byte.
    const edge = Math.max(this.#edge, at + 1);
    const until = this.sent > at ? Math.min(this.sent, edge) : edge;
    for (let count = 0; count < this.#whims.burst; count++) {
      const piece = at < until ? this.#piece(at, until) : null;
      if (piece === null) break;
      this.#finSent ||= piece.fin;
      this.#send(piece);
      at += piece.length;
    }
    if (this.#finSent && at === this.#end) this.#send({ at, length: 0, fin: true });
  }

  #send({ at, length, fin }: Piece): void {
    this.#mouth.say({ at, payload: streamBytes('peer', at - 1, length), fin });
  }
}
