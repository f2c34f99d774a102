/** What goes on in a measured window whatever the loop: polls are counted, and requests stamped where that was asked for. */
import { type Libos, type PauseLog, type PollCounts, StampRing } from '../libos/index.ts';
import type { LoadOptions, LoadOutcome } from './options.ts';
import { RequestStamps } from './request-stamps.ts';

export class MeasuredWindow {
  /** What connections note their requests in; null where nothing is stamped. */
  readonly notes: RequestStamps | null;
  readonly #libos: Libos;
  readonly #pauses: PauseLog;
  readonly #every: number;
  readonly #ring: StampRing | null;
  readonly #serverRing: StampRing | null;
  #before: PollCounts = { polls: 0, idlePolls: 0 };
  #after: PollCounts = { polls: 0, idlePolls: 0 };

  /** @param ring the one that `libos` stamps in, or null */
  constructor(
    libos: Libos,
    { stampsEvery, serverStamps }: LoadOptions,
    ring: StampRing | null,
    pauses: PauseLog,
  ) {
    this.#libos = libos;
    this.#pauses = pauses;
    this.#every = stampsEvery;
    this.#ring = ring;
    this.#serverRing = serverStamps === null ? null : StampRing.open(serverStamps);
    this.notes = ring === null ? null : new RequestStamps(ring, (ns) => pauses.monotonicNs(ns));
  }

  open(): void {
    this.#pauses.openWindow();
    this.#before = this.#libos.pollCounts();
    if (this.notes !== null) this.notes.active = true;
    this.#serverRing?.recordEvery(this.#every);
    this.#ring?.recordEvery(this.#every);
  }

  close(): void {
    this.#pauses.closeWindow();
    this.#ring?.recordEvery(0);
    this.#serverRing?.recordEvery(0);
    this.#after = this.#libos.pollCounts();
    this.#ring?.noteClocks();
  }

  outcome(): Pick<LoadOutcome, 'idle_polls' | 'stamps'> {
    const ring = this.#ring;
    const polls = this.#after.polls - this.#before.polls;
    return {
      idle_polls: (this.#after.idlePolls - this.#before.idlePolls) / polls,
      stamps:
        ring === null ? null : { client: ring.snapshot(), server: this.#serverRing?.snapshot() ?? null },
    };
  }
}
