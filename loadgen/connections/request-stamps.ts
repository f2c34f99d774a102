/**
 * Stamps the request of each right reply: where request and reply end in the connection's two streams. By
 * these places the stamps of the pushes and pops that carried them are found, on both sides.
 */
import { type Libos, portsOf, type QueueDescriptor, StampKind, type StampRing } from '../../libos/index.ts';
import { INTENDED, RECEIVED, type ReplyRecord, SENT } from './reply.ts';

export class RequestStamps {
  readonly #ring: StampRing;
  readonly #monotonicNs: (nowNs: number) => number;
  /** False until the measured window opens. */
  active = false;

  constructor(ring: StampRing, monotonicNs: (nowNs: number) => number) {
    this.#ring = ring;
    this.#monotonicNs = monotonicNs;
  }

  /** The two ports of a connection, as stamps have them. */
  portsOf(libos: Libos, qd: QueueDescriptor): number {
    return portsOf(libos.localEndpoint(qd).port, libos.peerEndpoint(qd).port);
  }

  /**
   * @param requestEnd bytes of the connection's stream up to the request's end; `replyEnd` likewise of the
   * other
   */
  stamp(ports: number, requestEnd: number, replyEnd: number, { operation, timesNs }: ReplyRecord): void {
    const ring = this.#ring;
    if (!this.active || !ring.stamping) return;
    const at = ring.take(StampKind.Request, ports) >> 3;
    const { doubles } = ring;
    doubles[at + 1] = requestEnd;
    doubles[at + 2] = replyEnd;
    doubles[at + 3] = timesNs[RECEIVED] - timesNs[SENT];
    doubles[at + 4] = timesNs[SENT] - timesNs[INTENDED];
    doubles[at + 5] = this.#monotonicNs(timesNs[SENT]);
    ring.words[2 * (at + 6)] = operation;
  }
}
