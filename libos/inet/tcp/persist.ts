/**
 * The persist timer of one connection (RFC 9293, section 3.8.6.1): when the peer is asked for its window, which is
 * closed, or too small to be worth a segment, and whether it has answered. It stands in the deadlines in place of the
 * retransmission timer.
 *
 * Its intervals are its own. Probes that are not accepted are no sign of congestion, so they leave the retransmission
 * timeout as it is: what is sent when the window opens is waited for as long as was measured.
 *
 * As long as the peer answers, the user timeout waits: it counts from the first probe without an answer (MUST-36). When
 * the application has closed the connection, answers count for nothing.
 */
import type { Neighbour } from '../neighbours.ts';
import type { Context } from './context.ts';
import type { Deadlines } from './deadlines.ts';
import type { UserTimeout } from './user-timeout.ts';

/**
 * How long at most until the next try where nothing can be sent, for want of a frame or because the neighbour does not
 * answer.
 */
const UNSENT_PATIENCE_US = 1e6;
/** A double that is no integer: the engine stores a field that starts with one as a double for ever. */
const NEVER = Number.POSITIVE_INFINITY;

/** The sender, to its persist timer. */
export interface Prober {
  /** Sends a probe, and says by `probed` or `stop` what it was. Returns false when the device had no frame for it. */
  sendProbe(): boolean;
}

export class PersistTimer {
  readonly #context: Context;
  readonly #deadlines: Deadlines;
  readonly #neighbour: Neighbour;
  readonly #userTimeout: UserTimeout;
  runs = false;
  /** The peer has answered since the last probe, or none was sent yet. */
  #answered = false;
  /** Between the last probe and the next. */
  #intervalUs: number = NEVER;
  #dueAtUs: number = NEVER;

  constructor(context: Context, deadlines: Deadlines, neighbour: Neighbour, userTimeout: UserTimeout) {
    this.#context = context;
    this.#deadlines = deadlines;
    this.#neighbour = neighbour;
    this.#userTimeout = userTimeout;
  }

  /**
   * Starts with the retransmission timeout as its interval.
   *
   * @param firstInUs until the first probe
   * @param orphaned the application has closed the connection
   */
  start(timeoutUs: number, firstInUs: number, orphaned: boolean): void {
    this.runs = true;
    this.#answered = !orphaned;
    this.#intervalUs = timeoutUs;
    this.#dueAtUs = this.#context.nowUs + firstInUs;
    this.#wait();
  }

  /** The deadline is somebody else's from now on. */
  stop(): void {
    this.runs = false;
  }

  // The peer

  /** It has answered, and the user timeout waits. */
  get peerAnswers(): boolean {
    return this.runs && this.#answered;
  }

  /** The peer was heard. */
  answered(): void {
    this.#answered = true;
  }

  /** The application has closed the connection: the peer has the user timeout from now on to take something. */
  orphaned(): void {
    this.#answered = false;
    this.#userTimeout.restart();
    this.#wait();
  }

  // Probes

  /** The deadline has come. A probe may be due. */
  expired(prober: Prober): void {
    const { nowUs, counters, neighbours } = this.#context;
    if (this.#dueAtUs > nowUs) {
      this.#wait();
      return;
    }
    if (this.#answered) {
      this.#answered = false;
      this.#userTimeout.restart();
    }
    if (!this.#neighbour.resolved) neighbours.use(this.#neighbour);
    else if (prober.sendProbe()) {
      counters.probes++;
      return;
    }
    this.#dueAtUs = nowUs + Math.min(this.#intervalUs, UNSENT_PATIENCE_US);
    this.#wait();
  }

  /** A probe was sent: the next one follows after twice the time. */
  probed(): void {
    const { nowUs, options } = this.#context;
    this.#intervalUs = Math.min(2 * this.#intervalUs, options.maxRtoUs);
    this.#dueAtUs = nowUs + this.#intervalUs;
    this.#wait();
  }

  /** Until the next probe is due, or the user timeout is over. */
  #wait(): void {
    const { endsAtUs } = this.#userTimeout;
    const gaveUpFirst = !this.#answered && endsAtUs < this.#dueAtUs;
    this.#deadlines.retransmitAt(gaveUpFirst ? endsAtUs : this.#dueAtUs);
  }

  // A neighbour that has not answered yet

  /** It is asked, and again by the timer should it not answer. */
  askForNeighbour(): void {
    this.#context.neighbours.use(this.#neighbour);
    if (!this.#deadlines.retransmissionRuns) this.#deadlines.retransmitIn(UNSENT_PATIENCE_US);
  }
}
