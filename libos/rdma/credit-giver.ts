/**
 * When peers get more credits, and how they learn of them: with the next message that goes to them anyway, or
 * with one of its own.
 *
 * A credit message takes a receive as well. Each connection has one receive for them beside its window, and
 * sends the next one only when a message of the peer's has said that the last one arrived. That cannot get
 * stuck: who waits for credits has used those that he knew of, and has acknowledged with the last of these
 * messages every credit message that came before; the next one may be sent.
 */
import { WorkList } from '../work-list.ts';
import type { MessageConnection } from './connection.ts';
import type { MessageDevice } from './message-device.ts';
import type { ReceiveBudget } from './receive-budget.ts';

export class CreditGiver {
  /** Credit messages sent. */
  messages = 0;
  readonly #device: MessageDevice;
  readonly #budget: ReceiveBudget;
  /** Sends a credit message; false when there is no room for it now. */
  readonly #send: (connection: MessageConnection) => boolean;
  #owing = new WorkList<MessageConnection>();
  #served = new WorkList<MessageConnection>();
  /** Got fewer than they were to, as there were no receives. */
  #starved: MessageConnection[] = [];

  constructor(
    device: MessageDevice,
    budget: ReceiveBudget,
    send: (connection: MessageConnection) => boolean,
  ) {
    this.#device = device;
    this.#budget = budget;
    this.#send = send;
  }

  /** Raises the connection's limit to what its window allows by now. */
  renew(connection: MessageConnection): void {
    const budget = this.#budget;
    const fair = budget.fairWindow;
    if (connection.window > fair) connection.window = fair;
    else if (connection.outstanding * 2 < connection.window && connection.window < fair && budget.mayGrow) {
      // The peer uses what it has.
      connection.window = Math.min(connection.window * 2, fair);
    }
    const wanted = (connection.taken + connection.window - connection.limit) | 0;
    if (wanted > 0) {
      const promised = budget.promise(wanted);
      connection.limit = (connection.limit + promised) | 0;
      if (promised < wanted && !connection.starved) {
        connection.starved = true;
        this.#starved.push(connection);
      }
    }
    if (connection.owesMessage) this.owe(connection);
  }

  /** Notes that the connection owes its peer a credit message, unless another message comes first. */
  owe(connection: MessageConnection): void {
    if (connection.owing) return;
    connection.owing = true;
    this.#owing.add(connection);
  }

  /** Sends the credits that no data message has taken along meanwhile. */
  sendOwed(): void {
    if (this.#owing.count === 0) return;
    const owing = this.#owing;
    this.#owing = this.#served;
    this.#served = owing;
    for (let i = 0; i < owing.count; i++) {
      const connection = owing.at(i);
      connection.owing = false;
      if (!connection.owesMessage || connection.endSent || connection.peer < 0) continue;
      // The receive for the last one may be taken still: its acknowledgement brings us back.
      if (connection.creditsSent !== connection.creditsAcknowledged) continue;
      if (this.#send(connection)) {
        connection.creditsSent = (connection.creditsSent + 1) | 0;
        this.messages++;
      } else this.owe(connection);
    }
    owing.clear();
  }

  /** Goes on with those that got fewer than they were to, once there are receives again. */
  feedStarved(): void {
    if (this.#starved.length === 0 || !this.#device.canPost) return;
    const starved = this.#starved;
    this.#starved = [];
    for (const connection of starved) {
      connection.starved = false;
      if (connection.error === null && !connection.peerFinished && !connection.gone) this.renew(connection);
    }
  }
}
