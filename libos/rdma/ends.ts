/**
 * How connections end: in order, when both streams have; by a reset of either side; or by the loss of a peer.
 * The ends go over the line as numbers of messages, so that what was promised is free as soon as these have
 * come.
 */
import type { ErrorCode } from '../errors.ts';
import type { MessageConnection } from './connection.ts';
import type { MessageDevice } from './message-device.ts';
import type { PeerTable } from './peer-table.ts';
import type { ReceiveBudget } from './receive-budget.ts';
import { EndReason, RecordKind } from './rendezvous.ts';
import type { SendTable } from './send-table.ts';

/** A lost peer's messages may still be on their way for so long. */
const QUARANTINE_US = 1_000_000;
/**
 * For so long a closed connection waits for the end of the peer's stream, and one that has ended for the peer
 * to know.
 */
const END_PATIENCE_US = 60_000_000;
const TICK_US = 1000;

/** Who is notified of what happens to connections. */
export interface EndsOwner {
  /** Something has happened to it. */
  touch(connection: MessageConnection): void;
  /** It is no more: its number is free. */
  forgotten(connection: MessageConnection): void;
}

export class ConnectionEnds {
  readonly #owner: EndsOwner;
  readonly #device: MessageDevice;
  readonly #budget: ReceiveBudget;
  readonly #sends: SendTable;
  readonly #peers: PeerTable;
  /** Those that wait for a time to pass, or for a peer's last messages. */
  readonly #ending = new Set<MessageConnection>();
  #tickUs = 0;

  constructor(
    owner: EndsOwner,
    device: MessageDevice,
    budget: ReceiveBudget,
    sends: SendTable,
    peers: PeerTable,
  ) {
    this.#owner = owner;
    this.#device = device;
    this.#budget = budget;
    this.#sends = sends;
    this.#peers = peers;
  }

  /**
   * Whether peers that are there, and have ended their streams as well, have still to say that all has come.
   */
  get hasUnsettled(): boolean {
    for (const { lostUntilUs, peerFinished, endSent } of this.#ending) {
      if (lostUntilUs < 0 && (peerFinished || endSent)) return true;
    }
    return false;
  }

  /**
   * Nothing more will be sent but credits: the peer reads the end of the stream behind all messages so far.
   */
  finish(connection: MessageConnection): void {
    if (connection.finished || connection.endSent) return;
    connection.finished = true;
    connection.line?.send(RecordKind.Finish, EndReason.Orderly, connection.sent, 0);
    this.settle(connection);
  }

  /**
   * The application has closed a connection, and more is to be sent on it, for as long as the peer makes room for some
   * of it now and then: to be called again whenever it has.
   */
  linger(connection: MessageConnection): void {
    connection.closed = true;
    connection.endsUntilUs = this.#device.nowUs + END_PATIENCE_US;
    this.#ending.add(connection);
  }

  /** The application has closed a connection: what it sent arrives, unless it has left something unread. */
  closeByOwner(connection: MessageConnection): void {
    connection.closed = true;
    if (connection.gone || connection.error !== null) {
      this.#discardUnread(connection);
      return;
    }
    if (connection.hasUnread) {
      this.reset(connection);
      return;
    }
    connection.endsUntilUs = this.#device.nowUs + END_PATIENCE_US;
    this.finish(connection);
    if (!connection.gone) this.#ending.add(connection);
  }

  /** Ends both directions at once, and notifies the peer. */
  reset(connection: MessageConnection): void {
    if (connection.gone) return;
    this.#fail(connection, 'CONNECTION_RESET');
    this.#sendEnd(connection, EndReason.Reset);
    this.settle(connection);
  }

  /** A record has come over the connection's line. */
  record(connection: MessageConnection, kind: number, reason: number, data: number, credits: number): void {
    if (connection.gone) return;
    if (kind === RecordKind.Finish) {
      connection.peerFinished = true;
      connection.peerTotal = data | 0;
    } else {
      connection.endReceived = true;
      connection.peerData = data | 0;
      connection.peerCredits = credits | 0;
      // Orderly only behind the ends of both streams.
      const orderly = reason === EndReason.Orderly && connection.peerFinished;
      if (!orderly)
        this.#fail(connection, reason === EndReason.ProtocolError ? 'PROTOCOL_ERROR' : 'CONNECTION_RESET');
      if (connection.error !== null) this.#sendEnd(connection, EndReason.Reset);
    }
    // Fewer than have arrived, or more than it had credits for: no honest peer says so.
    const possible = ((data - connection.arrived) | 0) >= 0 && ((connection.limit - data) | 0) >= 0;
    if (!possible) this.lose(connection, 'PROTOCOL_ERROR');
    this.#owner.touch(connection);
    this.settle(connection);
  }

  /** The line is gone: the peer has died, or a network between us. */
  lineBroken(connection: MessageConnection): void {
    connection.line?.close();
    connection.line = null;
    if (connection.gone) return;
    const { peerFinished, finished, received, peerTotal } = connection;
    const orderly = finished && peerFinished && received === peerTotal;
    if (!orderly && connection.error === null) {
      connection.error = 'CONNECTION_RESET';
      // What a peer sent before its end can still be read.
      if (!peerFinished) this.#discardUnread(connection);
      this.#dropSends(connection);
    }
    connection.endSent = true;
    connection.lostUntilUs = this.#device.nowUs + QUARANTINE_US;
    this.#ending.add(connection);
    this.#owner.touch(connection);
  }

  /** The peer cannot be believed: what it says it has sent counts for nothing, as if it were gone. */
  lose(connection: MessageConnection, code: ErrorCode): void {
    this.#fail(connection, code);
    this.#sendEnd(connection, EndReason.ProtocolError);
    connection.lostUntilUs = this.#device.nowUs + QUARANTINE_US;
    this.#ending.add(connection);
  }

  /** Goes as far towards the end of a connection as what has happened allows. */
  settle(connection: MessageConnection): void {
    if (connection.gone) return;
    const allRead = connection.peerFinished && connection.received === connection.peerTotal;
    if (connection.finished && allRead && connection.error === null)
      this.#sendEnd(connection, EndReason.Orderly);
    if (!connection.endSent && !connection.endReceived) return;
    const allArrived =
      connection.endReceived &&
      connection.arrived === connection.peerData &&
      connection.creditsReceived === connection.peerCredits;
    if (connection.endSent && allArrived) {
      this.forget(connection);
      return;
    }
    if (connection.endsUntilUs < 0) connection.endsUntilUs = this.#device.nowUs + END_PATIENCE_US;
    this.#ending.add(connection);
  }

  /**
   * The libOS is shut down. One to whom all was sent that there was, with the end of the stream, can still
   * read that.
   */
  leave(connection: MessageConnection): void {
    this.#discardUnread(connection);
    if (!connection.finished) this.#sendEnd(connection, EndReason.Reset);
    connection.line?.close();
  }

  /** Looks for those whose time is over, once in a while. */
  tick(): void {
    const { nowUs } = this.#device;
    if (nowUs < this.#tickUs) return;
    this.#tickUs = nowUs + TICK_US;
    for (const connection of this.#ending) {
      if (connection.lostUntilUs >= 0 && nowUs >= connection.lostUntilUs) this.forget(connection);
      else if (connection.endsUntilUs >= 0 && nowUs >= connection.endsUntilUs) {
        connection.endsUntilUs = -1;
        if (!connection.endSent) this.reset(connection);
        if (!connection.gone) this.lineBroken(connection);
      }
    }
  }

  /** Nothing can come any more: what was promised is free, and its number is. */
  forget(connection: MessageConnection): void {
    connection.gone = true;
    this.#budget.redeem(connection.outstanding + 1);
    this.#budget.leave();
    connection.limit = connection.arrived;
    connection.line?.close();
    connection.line = null;
    this.#ending.delete(connection);
    this.#sends.forget(connection.number);
    if (connection.peer >= 0) this.#peers.remove(connection.peer, connection.lostUntilUs >= 0);
    this.#owner.forgotten(connection);
  }

  // Inside

  #fail(connection: MessageConnection, code: ErrorCode): void {
    if (connection.error === null) connection.error = code;
    this.#discardUnread(connection);
    this.#dropSends(connection);
    this.#owner.touch(connection);
  }

  #dropSends(connection: MessageConnection): void {
    if (connection.peer < 0) return;
    const dropped = this.#device.drop(connection.peer, connection.peerNumber);
    connection.sent = (connection.sent - dropped) | 0;
    connection.creditsSent = (connection.creditsSent - this.#device.droppedCredits) | 0;
    this.#sends.silence(connection.number);
  }

  #discardUnread(connection: MessageConnection): void {
    for (let data = connection.shift(); data !== null; data = connection.shift()) this.#device.give(data);
    for (const { data } of connection.early?.values() ?? []) {
      if (data !== null) this.#device.give(data);
      else connection.creditsReceived = (connection.creditsReceived + 1) | 0;
    }
    connection.early = null;
    // They have arrived, whatever became of them.
    connection.received = connection.arrived;
    connection.taken = connection.received;
  }

  #sendEnd(connection: MessageConnection, reason: number): void {
    if (connection.endSent) return;
    connection.endSent = true;
    connection.line?.send(RecordKind.End, reason, connection.sent, connection.creditsSent);
  }
}
