/**
 * Sending again: what is known to be lost, the last segment of which nothing is heard (RFC 8985, section 7), and what
 * asks for the peer's window.
 */
import { advance, distance } from '../sequence.ts';
import type { LossRecovery } from './recovery.ts';
import type { SendQueue } from './send-queue.ts';
import type { SendWindow } from './send-window.ts';

/** The sender, to what sends again. */
export interface Resending {
  readonly queue: SendQueue;
  readonly recovery: LossRecovery;
  readonly window: SendWindow;
  readonly unacknowledged: number;
  readonly next: number;
  readonly inFlight: number;
  readonly mss: number;
  readonly finQueued: boolean;
  readonly finSent: boolean;
  /**
   * Sends `length` bytes of the queue, or as many as a frame takes, and the FIN if it follows them. Returns how many
   * numbers were sent, or -1 when the device had no frame.
   */
  sendData(sequence: number, length: number, withFin: boolean): number;
  /** The same again; the last number may be the FIN's. */
  sendAgain(sequence: number, length: number): number;
}

/** Where nextHole puts its range. */
const hole = new Int32Array(2);

/** What is lost, as far as the congestion window allows. Returns false when the device had no frame for some of it. */
export function retransmitLost(sender: Resending): boolean {
  const { recovery, unacknowledged, next, mss } = sender;
  let inNetwork = recovery.bytesInNetwork(unacknowledged, next, mss);
  while (recovery.nextHole(unacknowledged, next, mss, hole)) {
    const start = hole[0];
    const length = Math.min(distance(start, hole[1]), mss);
    if (!recovery.maySendAgain(inNetwork, length)) break;
    const sent = sender.sendAgain(start, length);
    if (sent < 0) return false;
    inNetwork += sent;
  }
  return true;
}

/**
 * One segment, new if there is one, else the last one again (RFC 8985, section 7.3), whatever the congestion window
 * says. Returns false when the device had no frame for it.
 */
export function sendTailProbe(sender: Resending): boolean {
  const { next, queue, recovery, mss, inFlight } = sender;
  const queued = distance(next, queue.end);
  const isNew = queued > 0 && !sender.finSent && sender.window.bytes - inFlight >= Math.min(queued, mss);
  const length = Math.min(isNew ? queued : recovery.flight.bytes(recovery.flight.count - 1), mss);
  const start = isNew ? next : advance(next, -length);
  if (isNew || inFlight > 0) {
    const fin = sender.finQueued && length === queued;
    const sent = isNew ? sender.sendData(start, length, fin) : sender.sendAgain(start, length);
    if (sent < 0) return false;
    recovery.probeWasSent(advance(start, sent), !isNew);
  }
  recovery.probeDue = false;
  return true;
}

/**
 * Asks a peer whose window is closed, or too small to be worth a segment, for news: sends a byte beyond it, or what it
 * takes (RFC 9293, section 3.8.6.1), or again what is in flight. Returns false when the device had no frame for it.
 */
export function sendWindowProbe(sender: Resending): boolean {
  const { inFlight, mss, next, unacknowledged, window } = sender;
  if (inFlight > 0) return sender.sendAgain(unacknowledged, Math.min(inFlight, mss)) >= 0;
  const length = Math.min(Math.max(1, window.bytes), distance(next, sender.queue.end), mss);
  return sender.sendData(next, length, false) >= 0;
}
