/**
 * When the requests of an open loop are due: pattern, rate and seed fix the schedule, replies do not change it.
 *
 *     constant   one every 1/rate, exactly
 *     poisson    gaps from the exponential distribution of mean 1/rate: independent users together
 *     onoff      bursts: a Poisson process of rate * (on + off) / on while on, nothing while off
 *     pareto     gaps from Pareto's distribution of mean 1/rate: heavy-tailed
 *
 * docs/load-generator.md has the formulas. Of several generator threads each one makes the same schedule and takes its
 * own part of it (DealtArrivals), so that all of them together send what one would.
 */
import type { ArrivalPattern, OnOffPattern } from '../../results/formats/arrival-patterns.ts';
import { SeededRandom } from './random.ts';

/** Tell the streams of gaps and of bursts from those of keys and values, which are drawn with the seed itself. */
const GAP_STREAM = 0x61727276;
const BURST_STREAM = 0x62757273;

/** A schedule. A thread has one kind of them, so that its loop sees one shape. */
export interface Arrivals {
  /** When the next request is due, in ns by the clock of the start. */
  readonly nextNs: number;
  /** Moves to the next request. */
  advance(): void;
}

/** @param rateOps requests per second, on average; more than 0 */
export function createArrivals(
  pattern: ArrivalPattern,
  rateOps: number,
  seed: number,
  startNs: number,
): Arrivals {
  const meanGapNs = 1e9 / rateOps;
  if (pattern === 'constant') return new ConstantArrivals(meanGapNs, startNs);
  if (pattern === 'poisson') return new PoissonArrivals(meanGapNs, seed, startNs);
  if (pattern.kind === 'pareto') return new ParetoArrivals(pattern.shape, meanGapNs, seed, startNs);
  return new OnOffArrivals(pattern, meanGapNs, seed, startNs);
}

/** Moves to the first request due at `ns` or later, then past `requests` more. */
export function skipArrivals(arrivals: Arrivals, ns: number, requests: number): void {
  while (arrivals.nextNs < ns) arrivals.advance();
  for (let i = 0; i < requests; i++) arrivals.advance();
}

class ConstantArrivals implements Arrivals {
  nextNs: number;
  readonly #startNs: number;
  readonly #gapNs: number;
  /** Counted, not added up: rounding does not add up then. */
  #passed = 0;

  constructor(gapNs: number, startNs: number) {
    this.nextNs = startNs;
    this.#startNs = startNs;
    this.#gapNs = gapNs;
  }

  advance(): void {
    this.nextNs = this.#startNs + ++this.#passed * this.#gapNs;
  }
}

class PoissonArrivals implements Arrivals {
  nextNs: number;
  readonly #random: SeededRandom;
  readonly #startNs: number;
  readonly #meanGapNs: number;
  #passedNs = 0;

  /** A Poisson process has no arrival at its start. */
  constructor(meanGapNs: number, seed: number, startNs: number) {
    this.nextNs = startNs;
    this.#random = new SeededRandom(seed ^ GAP_STREAM);
    this.#startNs = startNs;
    this.#meanGapNs = meanGapNs;
    this.advance();
  }

  advance(): void {
    // 1 - fraction() is never 0.
    this.#passedNs -= Math.log(1 - this.#random.fraction()) * this.#meanGapNs;
    this.nextNs = this.#startNs + this.#passedNs;
  }
}

/**
 * A renewal process with gaps of P(gap > t) = (least / t)^shape from `least` on, which begins with a gap. Its mean gap
 * is least * shape / (shape - 1). Up to a shape of 2 the variance is infinite.
 */
class ParetoArrivals implements Arrivals {
  nextNs: number;
  readonly #random: SeededRandom;
  readonly #startNs: number;
  readonly #leastNs: number;
  readonly #exponent: number;
  #passedNs = 0;

  constructor(shape: number, meanGapNs: number, seed: number, startNs: number) {
    this.nextNs = startNs;
    this.#random = new SeededRandom(seed ^ GAP_STREAM);
    this.#startNs = startNs;
    this.#leastNs = (meanGapNs * (shape - 1)) / shape;
    this.#exponent = -1 / shape;
    this.advance();
  }

  advance(): void {
    this.#passedNs += this.#leastNs * (1 - this.#random.fineFraction()) ** this.#exponent;
    this.nextNs = this.#startNs + this.#passedNs;
  }
}

/**
 * Bursts: the time while on is a clock of its own, on which requests are a Poisson process; what was off is added. With
 * exponential times it is an interrupted Poisson process (Kuczura, "The Interrupted Poisson Process as an Overflow
 * Process", Bell System Technical Journal 1973). It starts at a random moment of its cycle, so that the mean rate is
 * right from the start.
 */
class OnOffArrivals implements Arrivals {
  nextNs: number;
  readonly #gaps: SeededRandom;
  readonly #bursts: SeededRandom;
  readonly #startNs: number;
  readonly #isFixed: boolean;
  readonly #onNs: number;
  readonly #offNs: number;
  /** Between requests while on. */
  readonly #meanGapNs: number;
  /** By the clock of the time while on: the next request, and the end of the burst. */
  #passedOnNs = 0;
  #burstEndNs = 0;
  /** Time off since the start. */
  #passedOffNs = 0;

  constructor({ on_ms, off_ms, times }: OnOffPattern, meanGapNs: number, seed: number, startNs: number) {
    this.nextNs = startNs;
    this.#gaps = new SeededRandom(seed ^ GAP_STREAM);
    this.#bursts = new SeededRandom(seed ^ BURST_STREAM);
    this.#startNs = startNs;
    this.#isFixed = times === 'fixed';
    this.#onNs = on_ms * 1e6;
    this.#offNs = off_ms * 1e6;
    this.#meanGapNs = (meanGapNs * this.#onNs) / (this.#onNs + this.#offNs);
    this.#begin(this.#bursts.fraction() * (this.#onNs + this.#offNs));
    this.advance();
  }

  advance(): void {
    this.#passedOnNs -= Math.log(1 - this.#gaps.fraction()) * this.#meanGapNs;
    while (this.#passedOnNs >= this.#burstEndNs) {
      this.#burstEndNs += this.#time(this.#onNs);
      this.#passedOffNs += this.#time(this.#offNs);
    }
    this.nextNs = this.#startNs + this.#passedOnNs + this.#passedOffNs;
  }

  /** @param phaseNs place in a cycle, which is off first. What is left of an exponential time is like all of it. */
  #begin(phaseNs: number): void {
    const isOff = phaseNs < this.#offNs;
    const leftNs = (isOff ? this.#offNs : this.#offNs + this.#onNs) - phaseNs;
    if (isOff) this.#passedOffNs = this.#isFixed ? leftNs : this.#time(this.#offNs);
    this.#burstEndNs = isOff || !this.#isFixed ? this.#time(this.#onNs) : leftNs;
  }

  #time(meanNs: number): number {
    return this.#isFixed ? meanNs : -Math.log(1 - this.#bursts.fraction()) * meanNs;
  }
}

/** Of a schedule every `threads`-th request, from `thread` on: the parts of all threads are the whole of it. */
export class DealtArrivals implements Arrivals {
  nextNs: number;
  readonly #whole: Arrivals;
  readonly #threads: number;

  constructor(whole: Arrivals, thread: number, threads: number) {
    for (let i = 0; i < thread; i++) whole.advance();
    this.nextNs = whole.nextNs;
    this.#whole = whole;
    this.#threads = threads;
  }

  advance(): void {
    for (let i = 0; i < this.#threads; i++) this.#whole.advance();
    this.nextNs = this.#whole.nextNs;
  }
}
