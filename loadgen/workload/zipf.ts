/**
 * Zipf's distribution: rank k of 1 to n has a probability proportional to k^-s, for any s from 0 on.
 *
 * Drawn by rejection-inversion (W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from monotone
 * discrete distributions", ACM TOMACS 6(3), 1996): the area under x^-s is inverted, and a draw is repeated where it
 * lies above the bars. No table, and fewer than 1.2 draws on the average, however many ranks there are.
 */
import type { SeededRandom } from './random.ts';

export class Zipf {
  readonly #exponent: number;
  #ranks = 0;
  /** The area up to the left end of the first bar, and up to the right end of the last one. */
  readonly #areaFirst: number;
  #areaLast = 0;
  /** Draws so near to the right end of a bar are under it. */
  readonly #near: number;

  /** @param exponent at least 0; @param ranks at least 1 */
  constructor(exponent: number, ranks: number) {
    this.#exponent = exponent;
    this.#areaFirst = this.#area(1.5) - 1;
    this.#near = 2 - this.#inverse(this.#area(2.5) - this.#height(2));
    this.grow(ranks);
  }

  /** There are so many ranks from now on. */
  grow(ranks: number): void {
    this.#ranks = ranks;
    this.#areaLast = this.#area(ranks + 0.5);
  }

  /** A rank, counted from 0: the first is the likeliest. */
  draw(random: SeededRandom): number {
    for (;;) {
      const area = this.#areaLast + random.fineFraction() * (this.#areaFirst - this.#areaLast);
      const x = this.#inverse(area);
      const rank = Math.min(this.#ranks, Math.max(1, Math.floor(x + 0.5)));
      if (rank - x <= this.#near || area >= this.#area(rank + 0.5) - this.#height(rank)) return rank - 1;
    }
  }

  #height(x: number): number {
    return Math.exp(-this.#exponent * Math.log(x));
  }

  /** Of x^-s from 1 to `x`: (x^(1-s) - 1) / (1 - s), or log x where s is 1; exact about that, too. */
  #area(x: number): number {
    const log = Math.log(x);
    const scaled = (1 - this.#exponent) * log;
    return Math.abs(scaled) > TINY ? (Math.expm1(scaled) / scaled) * log : log * (1 + scaled / 2);
  }

  #inverse(area: number): number {
    // Rounding may lead slightly beyond the whole area.
    const scaled = Math.max(-1, (1 - this.#exponent) * area);
    const log = Math.abs(scaled) > TINY ? (Math.log1p(scaled) / scaled) * area : area * (1 - scaled / 2);
    return Math.exp(log);
  }
}

/** Below it the next term of the series is less than what a double can tell. */
const TINY = 1e-8;
