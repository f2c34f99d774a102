/**
 * The bulk streams beside a load: connections of the same thread and the same libOS as those of the small requests.
 * A loop gives them one piece of work after each look for replies to small ones: these wait in the generator for that
 * piece at most. How long the pieces take is counted, since that is a delay of the generator's own.
 */
import { type Completion, type Libos, nowNs } from '../../libos/index.ts';
import { BulkMessage } from '../workload/bulk-message.ts';
import { BulkStream } from './bulk-stream.ts';
import type { ReplySink } from './reply.ts';

export interface BulkOptions {
  connections: number;
  valueBytes: number;
  operation: 'get' | 'set';
}

/** Places in the array of times. */
const SUM = 0;
/** Of the squares, in us^2. */
const SQUARES = 1;
const LONGEST = 2;

export class BulkStreams {
  readonly options: BulkOptions;
  readonly streams: BulkStream[] = [];
  /** New requests are sent. */
  isSending = false;
  readonly #libos: Libos;
  readonly #seed: number;
  /** By queue descriptor. */
  readonly #byQueue: (BulkStream | undefined)[] = [];
  #sink: ReplySink = { reply() {} };
  #sets = true;
  /** Whose turn it is. */
  #next = 0;
  /** How long pieces of work have taken, in ns. */
  readonly #spent = new Float64Array(3);

  constructor(libos: Libos, options: BulkOptions, seed: number) {
    this.#libos = libos;
    this.options = options;
    this.#seed = seed;
  }

  /** Adds a connection that is open, with a pop under way. */
  add(qd: number): void {
    const { valueBytes } = this.options;
    const message = new BulkMessage(this.streams.length, valueBytes, this.#seed);
    const stream = new BulkStream(this.#libos, qd, message);
    this.streams.push(stream);
    this.#byQueue[qd] = stream;
  }

  /** From now on requests are SETs or GETs, and replies go to `sink`. None is under way. */
  begin(sets: boolean, sink: ReplySink): void {
    this.#sets = sets;
    this.#sink = sink;
  }

  /** Takes a completion, if it is of one of its streams. Returns whether there is nothing left to do about it. */
  takes(completion: Completion): boolean {
    const stream = this.#byQueue[completion.qd];
    if (stream === undefined) return false;
    if (completion.operation === 'push') {
      stream.sent();
      return completion.error === null || stream.isGivenUp;
    }
    const { sga } = completion;
    if (sga !== null && !stream.isGivenUp) {
      stream.receive(sga);
      return true;
    }
    if (sga !== null) this.#libos.free(sga);
    return stream.isGivenUp;
  }

  /**
   * Does one piece of work, of the stream whose turn it is. Returns whether there was one: then there may be another
   * that waits for nothing. Throws NOT_RESP.
   */
  work(): boolean {
    const { streams } = this;
    for (let looked = 0; looked < streams.length; looked++) {
      const stream = streams[this.#next];
      this.#next = this.#next + 1 === streams.length ? 0 : this.#next + 1;
      const begins = this.isSending && !stream.isAwaiting && !stream.isGivenUp;
      if (!begins && !stream.hasWork) continue;
      const startNs = nowNs();
      if (stream.hasWork) stream.work(this.#sink);
      else stream.begin(this.#sets);
      this.#count(nowNs() - startNs);
      return true;
    }
    return false;
  }

  /** Sends the first request of each stream. */
  start(): void {
    for (const stream of this.streams) stream.begin(this.#sets);
  }

  /** Requests under way. */
  get outstanding(): number {
    let sum = 0;
    for (const { isAwaiting } of this.streams) if (isAwaiting) sum++;
    return sum;
  }

  /** Whether a request that was sent at `sentNs` or later has no reply so far. */
  awaits(sentNs: number): boolean {
    for (const stream of this.streams) if (stream.isAwaiting && stream.sentNs >= sentNs) return true;
    return false;
  }

  /** Gives up the streams whose requests were sent before `sentNs`. */
  giveUpSentBefore(sentNs: number, nowNs: number): void {
    for (const stream of this.streams) {
      if (stream.isAwaiting && stream.sentNs < sentNs) stream.giveUp(nowNs, this.#sink);
    }
  }

  /** The connections were closed: gives back what was not looked at. */
  closed(): void {
    for (const stream of this.streams) stream.drop();
    this.streams.length = 0;
    this.#byQueue.length = 0;
  }

  /** From now on time is counted anew. */
  startCounting(): void {
    this.#spent.fill(0);
  }

  /**
   * What the pieces of work took since startCounting(), in `elapsedNs`: their share of that time, the longest, and how
   * long a reply that comes at any moment has to wait for the piece under way, on average: half the sum of their
   * squares over the time (of arrivals that see time averages; Wolff, "Poisson Arrivals See Time Averages", 1982).
   */
  spent(elapsedNs: number): { share: number; longest_us: number; mean_wait_us: number } {
    const spent = this.#spent;
    return {
      share: Math.min(1, spent[SUM] / elapsedNs),
      longest_us: spent[LONGEST] / 1000,
      mean_wait_us: spent[SQUARES] / (2 * (elapsedNs / 1000)),
    };
  }

  #count(ns: number): void {
    const spent = this.#spent;
    spent[SUM] += ns;
    spent[SQUARES] += (ns / 1000) * (ns / 1000);
    if (ns > spent[LONGEST]) spent[LONGEST] = ns;
  }
}
