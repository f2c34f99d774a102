/**
 * The open loop: requests are due by a schedule, whatever replies do, and each is sent on the next connection that has
 * room in its window, round robin. What finds no room waits in order.
 *
 *                 lag                service time
 *     intended ---------> sent -------------------> received
 *        └──────────────── response time ─────────────┘
 *
 * Response time runs from the intended time. A generator that measures from the moment of sending, and sends less while
 * the server stalls, leaves out just the requests that a stall delays: coordinated omission (Gil Tene, "How NOT to
 * Measure Latency"; wrk2 corrects it in this way).
 *
 * Nothing is queued for what waits: the schedule itself stands still at the oldest request that was not sent.
 */
import { type Libos, nowNs } from '../../libos/index.ts';
import type { Connection } from '../connections/connection.ts';
import { COMPLETIONS_PER_WAIT, type Connections, WAIT_MS } from '../connections/connections.ts';
import { INTENDED, RECEIVED, type ReplyRecord, type ReplySink } from '../connections/reply.ts';
import type { Arrivals } from '../workload/arrivals.ts';
import type { RequestSource } from '../workload/requests.ts';
import { IntendedTimes } from './intended-times.ts';

/** After so many sends replies are looked for, also when more is due: a reply's time is that of the look. */
const SENDS_PER_TURN = 4;
const LOOK_EVERY_NS = 1e6;

/** Places in the array of times, whose doubles change in place: as arguments each would be an object, turn by turn. */
const NOW = 0;
/** What is intended from here on is not sent. */
const END = 1;
/** Since when the server owes a reply: the last one that came, or the request that was sent after a silence. */
const OWING = 2;
/** When the control is asked next. */
const LOOK = 3;

/** Takes every reply, whenever its request was intended. */
export interface OpenLoopControl extends ReplySink {
  /** Asked every millisecond or so, with the time: whether to give up. */
  stopped(nowNs: number): boolean;
}

export class OpenLoop implements ReplySink {
  readonly #libos: Libos;
  readonly #connections: Connections;
  readonly #source: RequestSource;
  readonly #arrivals: Arrivals;
  readonly #control: OpenLoopControl;
  readonly #sleeps: boolean;
  /** By queue descriptor. */
  readonly #intended: IntendedTimes[] = [];
  /** Of the connection whose replies are being read. */
  #reading: IntendedTimes;
  /** Place of the connection whose turn it is. */
  #next = 0;
  /** Requests that the windows of all connections have room for. */
  #room = 0;
  #outstanding = 0;
  /** In ns. */
  readonly #times = new Float64Array(4);

  /**
   * @param sleeps whether to sleep in the kernel until the next request is due, where that is long enough
   */
  constructor(
    connections: Connections,
    source: RequestSource,
    arrivals: Arrivals,
    control: OpenLoopControl,
    sleeps: boolean,
  ) {
    this.#libos = connections.libos;
    this.#connections = connections;
    this.#source = source;
    this.#arrivals = arrivals;
    this.#control = control;
    this.#sleeps = sleeps;
    for (const { qd, pipeline } of connections.sending) {
      this.#intended[qd] = new IntendedTimes(pipeline);
      this.#room += pipeline;
    }
    this.#reading = this.#intended[connections.sending[0].qd];
  }

  /**
   * Sends what is due before `endNs` and reads replies, until that time has come or the control has stopped it.
   * Throws CONNECTION_LOST, REPLY_TIMEOUT, NOT_RESP.
   */
  sendUntil(endNs: number): void {
    const times = this.#times;
    this.#begin(endNs);
    while (times[NOW] < times[END] && !this.#stopped()) this.#turn();
  }

  /**
   * Sends what was due before `endNs` and waits for what is outstanding, until `deadlineNs`. Returns how many of the
   * requests intended from `startNs` to `endNs` were not answered by then.
   */
  drain(startNs: number, endNs: number, deadlineNs: number): number {
    const arrivals = this.#arrivals;
    const times = this.#times;
    this.#begin(endNs);
    while (this.#outstanding > 0 || arrivals.nextNs < endNs) {
      if (times[NOW] >= deadlineNs || this.#stopped()) break;
      this.#turn();
    }
    let unanswered = 0;
    this.#intended.forEach((times) => {
      unanswered += times.countFrom(startNs);
    });
    for (; arrivals.nextNs < endNs; arrivals.advance()) {
      if (arrivals.nextNs >= startNs) unanswered++;
    }
    return unanswered;
  }

  /** For the connection that reads replies. */
  reply(reply: ReplyRecord): void {
    const { timesNs } = reply;
    this.#outstanding--;
    this.#room++;
    this.#times[OWING] = timesNs[RECEIVED];
    timesNs[INTENDED] = this.#reading.shift();
    this.#control.reply(reply);
  }

  #begin(endNs: number): void {
    this.#times[NOW] = nowNs();
    this.#times[END] = endNs;
  }

  #stopped(): boolean {
    const times = this.#times;
    if (times[NOW] < times[LOOK]) return false;
    times[LOOK] = times[NOW] + LOOK_EVERY_NS;
    return this.#control.stopped(times[NOW]);
  }

  /** Sends what is due, then looks for replies once; the time is that of this look afterwards. */
  #turn(): void {
    const libos = this.#libos;
    const times = this.#times;
    this.#sendDue();
    this.#connections.busy.turnEnded(times[NOW]);
    const count = libos.waitNext(COMPLETIONS_PER_WAIT, this.#sleeps ? this.#sleepMs() : 0);
    times[NOW] = nowNs();
    this.#connections.pauses.look(times[NOW]);
    for (let i = 0; i < count; i++) {
      const completion = libos.completions[i];
      const connection = this.#connections.receiverOf(completion);
      if (connection === null) continue;
      this.#reading = this.#intended[connection.qd];
      connection.receive(completion.sga!, times[NOW], this);
      libos.pop(connection.qd);
    }
    const late = times[NOW] - times[OWING] > this.#connections.replyTimeoutNs;
    if (late && this.#outstanding > 0) throw this.#connections.timedOut();
  }

  #sendDue(): void {
    const arrivals = this.#arrivals;
    const times = this.#times;
    for (let sends = 0; sends < SENDS_PER_TURN && this.#room > 0; sends++) {
      const intendedNs = arrivals.nextNs;
      if (intendedNs > times[NOW] || intendedNs >= times[END]) return;
      arrivals.advance();
      const connection = this.#nextWithRoom();
      this.#intended[connection.qd].append(intendedNs);
      if (this.#outstanding === 0) times[OWING] = times[NOW];
      this.#outstanding++;
      this.#room--;
      connection.fillWindow(this.#source, 1);
    }
  }

  /** There must be one. */
  #nextWithRoom(): Connection {
    const { sending } = this.#connections;
    for (;;) {
      const connection = sending[this.#next];
      this.#next = this.#next + 1 === sending.length ? 0 : this.#next + 1;
      if (connection.outstanding < connection.pipeline) return connection;
    }
  }

  /** How long there is nothing to send, in whole milliseconds less one: the kernel's sleep is no finer, and longer. */
  #sleepMs(): number {
    const { nextNs } = this.#arrivals;
    const timeNs = this.#times[NOW];
    const endNs = this.#times[END];
    // What waits for room, or is the last, waits for a reply: that wakes.
    const becomesDue = this.#room > 0 && nextNs < endNs;
    const untilNs = becomesDue ? nextNs : endNs > timeNs ? endNs : Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(WAIT_MS, Math.floor((untilNs - timeNs) / 1e6) - 1));
  }
}
