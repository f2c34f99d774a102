/**
 * The deadlines of one connection: retransmission or probe, finding loss, delayed acknowledgement, end,
 * keep-alive. Each is set by how long it is until then, in microseconds; the connection stands in the stack's
 * timers under the earliest.
 *
 * A deadline that is moved later leaves the timers as they are, so `expired` may be called before anything is
 * due.
 */
import type { Timed } from '../timers.ts';
import type { Attended, Context } from './context.ts';

/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

export class Deadlines {
  readonly #context: Context;
  readonly #connection: Attended;
  #retransmitAtUs: number = NEVER;
  #lossAtUs: number = NEVER;
  #ackAtUs: number = NEVER;
  #endAtUs: number = NEVER;
  #keepAliveAtUs: number = NEVER;
  #isOver = false;

  constructor(context: Context, connection: Attended) {
    this.#context = context;
    this.#connection = connection;
  }

  // Retransmission, or the next probe of a closed window or of a silent neighbour

  get retransmissionRuns(): boolean {
    return this.#retransmitAtUs !== NEVER;
  }

  retransmitIn(us: number): void {
    const atUs = this.#context.nowUs + us;
    this.#retransmitAtUs = atUs;
    this.#arm(atUs);
  }

  retransmitAt(atUs: number): void {
    this.#retransmitAtUs = atUs;
    this.#arm(atUs);
  }

  /** Not later than `atUs`, if it runs. */
  retransmitBy(atUs: number): void {
    if (atUs < this.#retransmitAtUs && this.#retransmitAtUs !== NEVER) this.retransmitAt(atUs);
  }

  stopRetransmission(): void {
    this.#retransmitAtUs = NEVER;
  }

  /** Whether it is due; then it is over. */
  takeRetransmission(): boolean {
    if (this.#retransmitAtUs > this.#context.nowUs) return false;
    this.#retransmitAtUs = NEVER;
    return true;
  }

  // Finding loss: the end of a reordering window, or a tail loss probe

  lossTimerIn(us: number): void {
    const atUs = this.#context.nowUs + us;
    this.#lossAtUs = atUs;
    this.#arm(atUs);
  }

  /** A probe goes no later than the retransmission timer would expire (RFC 8985, section 7.2). */
  probeIn(us: number): void {
    const atUs = Math.min(this.#context.nowUs + us, this.#retransmitAtUs);
    this.#lossAtUs = atUs;
    this.#arm(atUs);
  }

  stopLossTimer(): void {
    this.#lossAtUs = NEVER;
  }

  /** Whether it is due; then it is over. */
  takeLossTimer(): boolean {
    if (this.#lossAtUs > this.#context.nowUs) return false;
    this.#lossAtUs = NEVER;
    return true;
  }

  // Delayed acknowledgement

  ackIn(us: number): void {
    const atUs = this.#context.nowUs + us;
    this.#ackAtUs = atUs;
    this.#arm(atUs);
  }

  takeAck(): boolean {
    if (this.#ackAtUs > this.#context.nowUs) return false;
    this.#ackAtUs = NEVER;
    return true;
  }

  /** A segment was sent, and an acknowledgement with it. */
  ackWasSent(): void {
    this.#ackAtUs = NEVER;
  }

  /**
   * The same, with data, a FIN or a SYN, for which the retransmission timer runs unless it does so already.
   */
  dataWasSent(retransmitInUs: number): void {
    this.#ackAtUs = NEVER;
    if (this.#retransmitAtUs === NEVER) this.retransmitIn(retransmitInUs);
  }

  // End of TIME-WAIT, of an orphan's FIN-WAIT-2, or of the time for connecting

  endIn(us: number): void {
    const atUs = this.#context.nowUs + us;
    this.#endAtUs = atUs;
    this.#arm(atUs);
  }

  stopEnd(): void {
    this.#endAtUs = NEVER;
  }

  takeEnd(): boolean {
    if (this.#endAtUs > this.#context.nowUs) return false;
    this.#endAtUs = NEVER;
    return true;
  }

  // Keep-alive

  keepAliveIn(us: number): void {
    this.keepAliveAt(this.#context.nowUs + us);
  }

  keepAliveAt(atUs: number): void {
    this.#keepAliveAtUs = atUs;
    this.#arm(atUs);
  }

  stopKeepAlive(): void {
    this.#keepAliveAtUs = NEVER;
  }

  takeKeepAlive(): boolean {
    if (this.#keepAliveAtUs > this.#context.nowUs) return false;
    this.#keepAliveAtUs = NEVER;
    return true;
  }

  // All of them

  /** Puts the connection back into the timers, which have dropped it because something seemed due. */
  reschedule(): void {
    const earliestUs = Math.min(this.#retransmitAtUs, this.#ackAtUs, this.#endAtUs, this.#keepAliveAtUs);
    this.#context.timers.set(this.#connection, Math.min(earliestUs, this.#lossAtUs));
  }

  /** The connection has ended: nothing is to happen any more, whatever is set from now on. */
  end(): void {
    this.#isOver = true;
    this.#context.timers.cancel(this.#connection);
  }

  #arm(atUs: number): void {
    const timed: Timed = this.#connection;
    if (atUs < timed.deadlineUs && !this.#isOver) this.#context.timers.set(this.#connection, atUs);
  }
}
