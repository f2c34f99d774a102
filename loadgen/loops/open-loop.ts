/**
 * The open loop: requests are due by a schedule that does not depend on replies. Each goes to the next
 * connection with room in its window, round robin; without room it waits, in order.
 *
 *                 lag                service time
 *     intended ---------> sent -------------------> received
 *        └──────────────── response time ─────────────┘
 *
 * Response time starts at the intended time. A generator that measures from the moment of sending, and sends
 * less while the server stalls, leaves out just the requests that a stall delays: coordinated omission (Gil
 * Tene, "How NOT to Measure Latency"; wrk2 corrects it in this way).
 *
 * There is no queue of waiting requests: the schedule stands still at the oldest one that was not sent.
 * Whether a request was late by the loop itself, or waited for room, own-lag.ts tells apart.
 *
 * Bulk beside it gets one piece of work after each look for replies.
 */
import { type Libos, nowNs } from '../../libos/index.ts';
import { type Connections, LATE_LOOK_NS, WAIT_MS } from '../connections/connections.ts';
import type { SendingConnection } from '../connections/exchange.ts';
import {
  INTENDED,
  POSSIBLE,
  RECEIVED,
  ReplyRecord,
  type ReplySink,
  ReplyStatus,
  SENT,
} from '../connections/reply.ts';
import type { Arrivals } from '../workload/arrivals.ts';
import { IntendedTimes } from './intended-times.ts';
import { OwnLag } from './own-lag.ts';

/** The loop looks for replies after this many sends, even when more is due: a reply is timed when it is found. */
const SENDS_PER_TURN = 4;
/** A turn reads so many replies at most, and looks at the schedule after every few: what is due waits for no more. */
const COMPLETIONS_PER_TURN = 8;
const COMPLETIONS_PER_LOOK = 2;
const LOOK_EVERY_NS = 1e6;

/** Places in the array of times. Doubles change in place there; as arguments each could become an object. */
const NOW = 0;
/** Requests intended from here on are not sent. */
const END = 1;
/** When the loop looks next for requests that have waited too long. */
const LATE = 2;
/** When the control is called next. */
const LOOK = 3;
/** When the loop last looked for replies. */
const LOOKED = 4;
/** When it did so before that: what had come by then, the last look has found, though the thread stood still since. */
const BEFORE = 5;
/** How long the loop has had nothing to do: turns in which it sent nothing and found nothing. */
const IDLE = 6;

/** Gets every reply, whenever its request was intended, and each request that was given up. */
export interface OpenLoopControl extends ReplySink {
  /** Called about every millisecond, with the time: whether to give up. */
  stopped(nowNs: number): boolean;
}

export class OpenLoop implements ReplySink {
  readonly #libos: Libos;
  readonly #connections: Connections;
  readonly #arrivals: Arrivals;
  readonly #control: OpenLoopControl;
  readonly #sleeps: boolean;
  readonly ownLag = new OwnLag();
  /** By queue descriptor. */
  readonly #intended: IntendedTimes[] = [];
  /** Intended times of the connection whose replies are being read. */
  #reading: IntendedTimes;
  /** Index of the connection whose turn it is. */
  #next = 0;
  /** Free places in the windows of all connections. */
  #room = 0;
  #outstanding = 0;
  /** Something was found, or sent, since the last look. */
  #hasWorked = false;
  /** Bulk has, or may have, something to do that waits for nothing. */
  #hasWork = false;
  /** Of a request that was due and never sent. */
  readonly #unsent = new ReplyRecord();
  /** In ns. */
  readonly #times = new Float64Array(7);

  /**
   * @param sleeps whether to sleep in the kernel until the next request is due, if that is long enough
   */
  constructor(connections: Connections, arrivals: Arrivals, control: OpenLoopControl, sleeps: boolean) {
    this.#libos = connections.libos;
    this.#connections = connections;
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
   * Sends what is due before `endNs` and reads replies, until that time, until the control stops it, or until all
   * connections are given up: each is with a request that has waited for longer than the reply timeout. Throws
   * CONNECTION_LOST, NOT_RESP.
   */
  sendUntil(endNs: number): void {
    const times = this.#times;
    this.#begin(endNs);
    this.#sendBulk(true);
    while (times[NOW] < times[END] && !this.#stopped()) this.#turn();
  }

  /**
   * Goes on, without new bulk, until nothing is outstanding and nothing due for `gapNs`, at most for `patienceNs`.
   * Returns whether there is such a gap now, or at least no bulk, no more than `most` requests outstanding and none
   * behind its schedule by that much.
   */
  findGap(endNs: number, gapNs: number, patienceNs: number, most: number): boolean {
    const arrivals = this.#arrivals;
    const times = this.#times;
    this.#begin(endNs);
    this.#sendBulk(false);
    const deadlineNs = times[NOW] + patienceNs;
    while (this.#outstanding > 0 || this.#carriesBulk() || arrivals.nextNs - times[NOW] < gapNs) {
      if (this.#stopped()) return false;
      if (times[NOW] >= deadlineNs) {
        return this.#outstanding <= most && !this.#carriesBulk() && times[NOW] - arrivals.nextNs < gapNs;
      }
      this.#turn();
    }
    return true;
  }

  /**
   * Sends what was due before `endNs` and waits for all replies, at most until `deadlineNs`. The control gets what has
   * none by then: each request that was sent, and of the others those intended from `startNs` on; nothing where it
   * stops the loop.
   */
  drain(startNs: number, endNs: number, deadlineNs: number): void {
    const arrivals = this.#arrivals;
    const times = this.#times;
    this.#begin(endNs);
    while (this.#outstanding > 0 || arrivals.nextNs < endNs) {
      if (times[BEFORE] >= deadlineNs) break;
      if (this.#stopped()) {
        if (this.#connections.isDeserted) break;
        return;
      }
      this.#turn();
    }
    this.#sendBulk(false);
    while (this.#carriesBulk() && times[BEFORE] < deadlineNs && !this.#stopped()) this.#turn();
    this.#connections.giveUpLateBulk(times[NOW]);
    for (const connection of this.#connections.sending) {
      if (connection.outstanding > 0) this.#giveUp(connection, Number.POSITIVE_INFINITY);
    }
    for (; arrivals.nextNs < endNs; arrivals.advance()) {
      if (arrivals.nextNs >= startNs) this.#neverSent(arrivals.nextNs);
    }
  }

  /** How long it has had nothing to do so far, in ns: it found nothing, and nothing was due. */
  get idleNs(): number {
    return this.#times[IDLE];
  }

  /** Called by the connection whose replies are read. */
  reply(reply: ReplyRecord): void {
    const { timesNs } = reply;
    this.#outstanding--;
    this.#room++;
    this.#reading.shiftInto(timesNs);
    this.#control.reply(reply);
  }

  goesOn(): void {
    this.#reading.rotate();
  }

  #begin(endNs: number): void {
    this.#times[NOW] = nowNs();
    this.#times[LOOKED] = this.#times[NOW];
    this.#times[BEFORE] = this.#times[NOW];
    this.#times[END] = endNs;
  }

  #sendBulk(sends: boolean): void {
    const { bulk } = this.#connections;
    if (bulk === null) return;
    bulk.isSending = sends;
    this.#hasWork = true;
  }

  #carriesBulk(): boolean {
    const { bulk } = this.#connections;
    return bulk !== null && bulk.outstanding > 0;
  }

  #stopped(): boolean {
    const times = this.#times;
    if (times[NOW] < times[LOOK]) return false;
    times[LOOK] = times[NOW] + LOOK_EVERY_NS;
    if (times[NOW] >= times[LATE]) {
      times[LATE] = times[NOW] + LATE_LOOK_NS;
      this.#giveUpLate();
    }
    return this.#control.stopped(times[NOW]) || this.#connections.isDeserted;
  }

  #giveUpLate(): void {
    const connections = this.#connections;
    const lookedNs = this.#times[BEFORE];
    for (let late = connections.late(lookedNs); late !== null; late = connections.late(lookedNs))
      this.#giveUp(late, lookedNs - connections.replyTimeoutNs);
    connections.giveUpLateBulk(lookedNs);
  }

  /** Its places are no room any more. */
  #giveUp(connection: SendingConnection, sentNs: number): void {
    this.#reading = this.#intended[connection.qd];
    const isGivenUp = this.#connections.giveUp(connection, this.#times[NOW], this, sentNs);
    if (isGivenUp) this.#room -= connection.pipeline;
  }

  #neverSent(intendedNs: number): void {
    const reply = this.#unsent;
    const { sending } = this.#connections;
    reply.operation = sending[this.#next].skipRequest();
    this.#next = this.#next + 1 === sending.length ? 0 : this.#next + 1;
    reply.status = ReplyStatus.Unanswered;
    reply.timesNs[INTENDED] = intendedNs;
    reply.timesNs[POSSIBLE] = this.ownLag.possibleNs(intendedNs, this.#times[NOW]);
    reply.timesNs[SENT] = this.#times[NOW];
    reply.timesNs[RECEIVED] = this.#times[NOW];
    this.#control.reply(reply);
  }

  /** Sends what is due, then looks for replies once. Now is the time of the last send, and then of this look. */
  #turn(): void {
    const libos = this.#libos;
    const times = this.#times;
    this.#sendDue();
    this.#connections.busy.turnEnded(times[LOOKED]);
    times[BEFORE] = times[LOOKED];
    const count = libos.waitNext(COMPLETIONS_PER_TURN, this.#sleeps && !this.#hasWork ? this.#sleepMs() : 0);
    // A loop that polls may not have come to look for a while; one that sleeps is woken by the reply that makes room.
    if (this.#room === 0 && !this.#sleeps) this.ownLag.hadNoRoom(times[NOW]);
    times[NOW] = nowNs();
    if (this.#room === 0 && this.#sleeps) this.ownLag.hadNoRoom(times[NOW]);
    if (count === 0 && !this.#hasWorked) times[IDLE] += times[NOW] - times[LOOKED];
    this.#hasWorked = count > 0;
    times[LOOKED] = times[NOW];
    this.#connections.pauses.look(times[NOW]);
    for (let i = 0; i < count; i++) {
      const completion = libos.completions[i];
      const connection = this.#connections.receiverOf(completion);
      if (connection === null) continue;
      this.#reading = this.#intended[connection.qd];
      connection.receive(completion.sga!, times[LOOKED], this);
      libos.pop(connection.qd);
      if (i % COMPLETIONS_PER_LOOK === COMPLETIONS_PER_LOOK - 1) {
        times[NOW] = nowNs();
        this.#sendDue();
      }
    }
    const { bulk } = this.#connections;
    if (bulk === null) return;
    this.#hasWork = bulk.work();
    this.#hasWorked ||= this.#hasWork;
  }

  #sendDue(): void {
    const arrivals = this.#arrivals;
    const times = this.#times;
    for (let sends = 0; sends < SENDS_PER_TURN && this.#room > 0; sends++) {
      const intendedNs = arrivals.nextNs;
      if (intendedNs > times[NOW]) {
        this.ownLag.forget();
        return;
      }
      if (intendedNs >= times[END]) return;
      arrivals.advance();
      const connection = this.#nextWithRoom();
      this.#intended[connection.qd].append(intendedNs, this.ownLag.possibleNs(intendedNs, times[NOW]));
      this.#outstanding++;
      this.#room--;
      this.#hasWorked = true;
      connection.fillWindow(1);
      times[NOW] = connection.newestSentNs;
    }
  }

  /** The next connection with room in its window, of which there is one. */
  #nextWithRoom(): SendingConnection {
    const { sending } = this.#connections;
    for (;;) {
      const connection = sending[this.#next];
      this.#next = this.#next + 1 === sending.length ? 0 : this.#next + 1;
      if (!connection.isGivenUp && connection.outstanding < connection.pipeline) return connection;
    }
  }

  /**
   * How long nothing is due, in whole milliseconds less one: the kernel's sleep is no finer, and lasts
   * longer.
   */
  #sleepMs(): number {
    const { nextNs } = this.#arrivals;
    const timeNs = this.#times[NOW];
    const endNs = this.#times[END];
    // A request that waits for room, or the end of the load, waits for a reply, and a reply wakes the thread.
    const becomesDue = this.#room > 0 && nextNs < endNs;
    const untilNs = becomesDue ? nextNs : endNs > timeNs ? endNs : Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(WAIT_MS, Math.floor((untilNs - timeNs) / 1e6) - 1));
  }
}
