/**
 * Notes each right reply's request in the ring of stamps: which bytes of the connection's two streams were the request and
 * its reply, so that the stamps of the pushes and pops that carried these can be found, on both sides.
 */
import { type Libos, portsOf, type QueueDescriptor, RecordKind, type StampRing } from '../../libos/index.ts';

export class RequestStamps {
  readonly #ring: StampRing;
  readonly #monotonicNs: (nowNs: number) => number;
  /** Off until the measured window opens. */
  active = false;
  /** How far behind its schedule the request was sent whose reply is being told of (open loop), ns. */
  behindNs = 0;

  constructor(ring: StampRing, monotonicNs: (nowNs: number) => number) {
    this.#ring = ring;
    this.#monotonicNs = monotonicNs;
  }

  /** The two ports of a connection, as records have them. */
  portsOf(libos: Libos, qd: QueueDescriptor): number {
    return portsOf(libos.localEndpoint(qd).port, libos.peerEndpoint(qd).port);
  }

  /** `requestEnd`, `replyEnd`: bytes of either stream up to their ends; times by this thread's clock. */
  note(
    ports: number,
    requestEnd: number,
    replyEnd: number,
    sentNs: number,
    receivedNs: number,
    operation: number,
  ): void {
    const ring = this.#ring;
    if (!this.active || !ring.recording) return;
    const at = ring.take(RecordKind.Request, ports) >> 3;
    const { doubles } = ring;
    doubles[at + 1] = requestEnd;
    doubles[at + 2] = replyEnd;
    doubles[at + 3] = receivedNs - sentNs;
    doubles[at + 4] = this.behindNs;
    doubles[at + 5] = this.#monotonicNs(sentNs);
    ring.words[2 * (at + 6)] = operation;
  }
}
