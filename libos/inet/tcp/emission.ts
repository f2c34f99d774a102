/** What all segments of one connection have in common: where they go, its clock, and what its receiver says. */
import type { Context } from './context.ts';
import type { Output, Path } from './output.ts';
import type { Receiver } from './receiver.ts';
import type { SendQueue } from './send-queue.ts';
import { TimestampClock } from './timestamp-clock.ts';

/** What returns a boolean returns false when the device had no frame for the segment. */
export class Emission {
  readonly clock: TimestampClock;
  readonly #output: Output;
  readonly #path: Path;
  readonly #receiver: Receiver;

  constructor(context: Context, path: Path, receiver: Receiver) {
    this.clock = new TimestampClock(context, path);
    this.#output = context.output;
    this.#path = path;
    this.#receiver = receiver;
  }

  /** `length` bytes of the queue from `sequence` on, to which it has been moved. */
  segment(queue: SendQueue, sequence: number, length: number, flags: number, mss: number): boolean {
    const timestamp = this.clock.now();
    return this.#output.segment(this.#path, this.#receiver, queue, sequence, length, flags, mss, timestamp);
  }

  /** @param answers with an acknowledgement of the peer's */
  syn(sequence: number, answers: boolean, peerWindowScale: number): boolean {
    const timestamp = this.clock.now();
    return this.#output.syn(this.#path, this.#receiver, sequence, answers, peerWindowScale, timestamp);
  }

  /** The connection has ended. */
  reset(sequence: number): void {
    this.#output.reset(this.#path, this.#receiver, sequence, this.clock.now());
  }

  /** A segment has acknowledged `sequence`, which was never sent, while the connection is half open. */
  refuse(sequence: number): void {
    this.#output.refuse(this.#path, this.#receiver, sequence, this.clock.now());
  }
}
