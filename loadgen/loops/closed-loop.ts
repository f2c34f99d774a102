/**
 * The closed loop: each connection keeps its window full and sends a new request for every reply. Bulk beside them gets
 * one piece of work after each look for replies.
 */
import { nowNs } from '../../libos/index.ts';
import { COMPLETIONS_PER_WAIT, type Connections, LATE_LOOK_NS, WAIT_MS } from '../connections/connections.ts';
import type { ReplySink } from '../connections/reply.ts';

export interface LoopControl extends ReplySink {
  /** Called after every wait, with its time: whether the loop is to end. */
  finished(nowNs: number): boolean;
}

export class ClosedLoop {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Sends the first window of every connection. */
  start(): void {
    for (const connection of this.#connections.sending) {
      if (!connection.isGivenUp) connection.fillWindow();
    }
  }

  /**
   * Sends a request for each reply until `control` says that it is finished. A request that has waited for longer than
   * the reply timeout is given up, and its connection with it, but for one of datagrams: when it had by the look
   * before, and this one has not found its reply. So a thread that stood still finds what has come meanwhile. Throws
   * CONNECTION_LOST, NOT_RESP.
   */
  run(control: LoopControl): void {
    this.#run(control, true);
  }

  /** The same, but it sends nothing. */
  drain(control: LoopControl): void {
    this.#run(control, false);
  }

  #run(control: LoopControl, sends: boolean): void {
    const connections = this.#connections;
    const { libos, pauses, bulk } = connections;
    if (bulk !== null) bulk.isSending = sends;
    pauses.resume();
    let lookNs = nowNs();
    let beforeNs = lookNs;
    let hasWork = bulk !== null;
    for (;;) {
      const count = libos.waitNext(COMPLETIONS_PER_WAIT, hasWork ? 0 : WAIT_MS);
      const receivedNs = nowNs();
      pauses.look(receivedNs);
      for (let i = 0; i < count; i++) {
        const completion = libos.completions[i];
        const connection = connections.receiverOf(completion);
        if (connection === null) continue;
        connection.receive(completion.sga!, receivedNs, control);
        if (connection.renews && connection.outstanding === 0) {
          connections.renew(connection);
          continue;
        }
        libos.pop(connection.qd);
        if (sends) connection.fillWindow();
      }
      if (bulk !== null) hasWork = bulk.work();
      connections.busy.turnEnded(receivedNs);
      if (receivedNs >= lookNs) {
        lookNs = receivedNs + LATE_LOOK_NS;
        this.#giveUpLate(beforeNs, control, sends);
      }
      beforeNs = receivedNs;
      if (control.finished(receivedNs)) return;
    }
  }

  #giveUpLate(nowNs: number, control: LoopControl, sends: boolean): void {
    const connections = this.#connections;
    for (let late = connections.late(nowNs); late !== null; late = connections.late(nowNs)) {
      const isGivenUp = connections.giveUp(late, nowNs, control);
      if (sends && !isGivenUp) late.fillWindow();
    }
    connections.giveUpLateBulk(nowNs);
  }
}
