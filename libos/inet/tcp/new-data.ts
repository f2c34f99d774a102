/**
 * Sending for the first time: new data, as far as the peer's window, the congestion window and a turn go, and the FIN
 * behind the last of it.
 */
import { distance } from '../sequence.ts';
import { Recovery } from './recovery.ts';
import type { Resending } from './retransmit.ts';
import type { SegmentSize } from './segment-size.ts';
import { Turn } from './send-turns.ts';

/** New segments of one turn, so that a stream with an open window does not keep others from the device's frames. */
const SEGMENTS_PER_TURN = 16;

/** The sender, to what sends new data. */
export interface Sending extends Resending {
  /** What is queued is not worth a segment in the peer's window, and nothing is in flight. */
  startPersisting(): void;
  /** What waited for room, or for the neighbour, goes now, and nothing is in flight. */
  endWaiting(): void;
  /**
   * Sends `bytes` that one frame takes, to which the queue has been moved, and the FIN if `fin`. Returns how many
   * numbers were sent, or -1 when the device had no frame.
   */
  sendSought(sequence: number, bytes: number, fin: boolean): number;
}

/** What there is, in segments of full size but for the last. `nagle`: that one waits for an acknowledgement. */
export function sendNew(sender: Sending, nagle: boolean): Turn {
  const { queue, recovery, mss, window } = sender;
  const { flight } = recovery;
  let inNetwork = recovery.bytesInNetwork(sender.unacknowledged, sender.next, mss);
  for (let left = SEGMENTS_PER_TURN; ; left--) {
    const queued = distance(sender.next, queue.end);
    const fin = sender.finQueued;
    if (queued === 0 && !fin) return Turn.Done;
    const { inFlight } = sender;
    const allowed = window.bytes - inFlight;
    let length = queued < mss ? queued : mss;
    if (length > allowed) length = allowed < 0 ? 0 : allowed;
    if (inNetwork > 0 && inNetwork + length > recovery.window) return Turn.Done;
    if (flight.isFull) return Turn.Done;
    if (length > 0) length = queue.seek(sender.next, length);
    const last = length === queued;
    if (!window.isWorth(length, queued, allowed, mss, nagle && inFlight > 0 && !fin)) {
      if (inFlight === 0) sender.startPersisting();
      return Turn.Done;
    }
    if (left === 0) return Turn.Over;
    if (inFlight === 0) sender.endWaiting();
    if (sender.sendSought(sender.next, length, last && fin) < 0) return Turn.NoFrame;
    inNetwork += length;
    if (last && fin) return Turn.Done;
  }
}

/**
 * New data in a segment that is larger than the others, if it is time and there is enough. Returns false when the
 * device had no frame for it.
 */
export function sendSizeProbe(sender: Sending, size: SegmentSize): boolean {
  const { inFlight, mss, next, queue, recovery, unacknowledged, window } = sender;
  const length = recovery.state === Recovery.Open ? size.probeBytes : 0;
  if (length === 0) return true;
  const inNetwork = recovery.bytesInNetwork(unacknowledged, next, mss);
  const room = Math.min(window.bytes - inFlight, recovery.window - inNetwork);
  if (length > room || length > distance(next, queue.end) || queue.seek(next, length) < length) return true;
  if (inFlight === 0) sender.endWaiting();
  if (sender.sendSought(next, length, false) < 0) return false;
  size.probeWasSent(next, sender.next);
  return true;
}
