/**
 * Header prediction (Jacobson; in TCP/IP Illustrated, volume 2, section 28.4): a connection that stands knows what its
 * next segment will most probably be: data in order, an acknowledgement of all that is in flight, or both, with
 * nothing else going on. For such a segment most of RFC 9293, section 3.10.7.4, has nothing to do.
 *
 * What happens here is what TcpConnection.arrives does with the same segment, in fewer steps: that is its
 * specification, and header-prediction.test.ts holds the one against the other.
 */
import type { SgaSegment } from '../../memory/sga.ts';
import { Flag, type TcpSegment } from '../wire/tcp.ts';
import type { TcpConnection } from './connection.ts';
import { AckDue, Taken } from './receiver.ts';
import { TcpState } from './states.ts';

/** Whether the segment was as predicted and is dealt with; and whether its frame was kept. */
export const Predicted = { No: 0, Given: 1, Kept: 2 } as const;
export type Predicted = (typeof Predicted)[keyof typeof Predicted];

/** Takes the segment in `frame` if it is as predicted; otherwise nothing has changed. */
export function takePredicted(connection: TcpConnection, segment: TcpSegment, frame: SgaSegment): Predicted {
  const { context, receiver, sender } = connection;
  if (connection.state !== TcpState.Established || (segment.flags & ~Flag.Psh) !== Flag.Ack)
    return Predicted.No;
  if (segment.sequence !== receiver.next || segment.sackCount > 0) return Predicted.No;
  if (receiver.timestamps && (!segment.hasTimestamps || receiver.isOld(segment))) return Predicted.No;
  const { payloadLength } = segment;
  const isNews = segment.acknowledgement !== sender.unacknowledged;
  // Of two that say the same the second says something of the window, or that something is missing.
  if (isNews ? segment.acknowledgement !== sender.next : payloadLength === 0) return Predicted.No;
  if (!sender.isCalm || receiver.finPending || sender.orphaned) return Predicted.No;
  if (payloadLength > 0 && receiver.answersBefore(segment)) return Predicted.No;
  connection.wasHeard();
  let sends = isNews;
  if (isNews) sender.allAcknowledged(segment);
  else sends = sender.windowIsTold(segment);
  let taken: number = Taken.Nothing;
  if (payloadLength > 0) taken = receiver.take(segment, frame, sender.mss);
  else if (receiver.timestamps) receiver.noteTimestamp(segment);
  if (sends || receiver.ackDue === AckDue.Now) context.markDirty(connection);
  if (isNews || taken & Taken.News) context.touch(connection);
  return taken & Taken.Kept ? Predicted.Kept : Predicted.Given;
}
