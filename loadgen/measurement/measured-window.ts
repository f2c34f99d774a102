/** What both loops do in a measured window: count polls and, if asked to, stamp requests. */
import { type PollCounts, StampRing } from '../../libos/index.ts';
import type { Connections } from '../connections/connections.ts';
import { RequestStamps } from '../connections/request-stamps.ts';
import type { LoadOptions, LoadOutcome } from './options.ts';

export class MeasuredWindow {
  /** What connections note their requests in; null where nothing is stamped. */
  readonly notes: RequestStamps | null;
  readonly #connections: Connections;
  readonly #every: number;
  readonly #polls: boolean;
  readonly #ring: StampRing | null;
  readonly #serverRing: StampRing | null;
  #before: PollCounts = { polls: 0, idlePolls: 0 };
  #after: PollCounts = { polls: 0, idlePolls: 0 };
  #busyShare = 0;
  #counters: LoadOutcome['counters'] = {};
  #open = false;

  /** @param ring the one that the libOS stamps in, or null */
  constructor(
    connections: Connections,
    { stampsEvery, serverStamps, idle }: LoadOptions,
    ring: StampRing | null,
  ) {
    const { pauses } = connections;
    this.#connections = connections;
    this.#every = stampsEvery;
    this.#polls = idle === 'poll';
    this.#ring = ring;
    this.#serverRing = serverStamps === null ? null : StampRing.open(serverStamps);
    // A load that was killed may have left the server stamping.
    this.#serverRing?.stampEvery(0);
    this.notes = ring === null ? null : new RequestStamps(ring, (ns) => pauses.monotonicNs(ns));
  }

  open(): void {
    const { libos, pauses, busy } = this.#connections;
    this.#open = true;
    pauses.openWindow();
    busy.begin();
    this.#before = libos.pollCounts();
    if (this.notes !== null) this.notes.active = true;
    // The stamps in there are of other loads, perhaps of connections with the same ports.
    this.#serverRing?.clear();
    this.#serverRing?.stampEvery(this.#every);
    this.#ring?.stampEvery(this.#every);
  }

  /** Does nothing when the window is not open. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { libos, pauses, busy } = this.#connections;
    this.#ring?.stampEvery(0);
    this.#serverRing?.stampEvery(0);
    this.#after = libos.pollCounts();
    this.#counters = libos.counters();
    this.#busyShare = busy.share();
    pauses.closeWindow();
    this.#ring?.readClocks();
  }

  /** Share of the window in which the generator polled in vain; null where it sleeps. */
  get vainShare(): number | null {
    return this.#polls ? 1 - this.#busyShare : null;
  }

  outcome(): Pick<LoadOutcome, 'idle_polls' | 'busy_share' | 'counters' | 'stamps'> {
    const ring = this.#ring;
    const polls = this.#after.polls - this.#before.polls;
    return {
      idle_polls: (this.#after.idlePolls - this.#before.idlePolls) / polls,
      busy_share: this.#busyShare,
      counters: this.#counters,
      stamps:
        ring === null ? null : { client: ring.snapshot(), server: this.#serverRing?.snapshot() ?? null },
    };
  }
}
