/** What the kernel backend keeps of one socket. */
import { SocketQueue } from '../lingering-sockets.ts';

export class KernelQueue extends SocketQueue {
  /**
   * Data, an end of stream or a connection may be there: the edge was seen, and recv has not said EAGAIN
   * since.
   */
  readable = false;
  writable = true;
  /** The last receive filled a whole buffer: there may be much, and the next one fills several. */
  receivesMuch = false;
  /** The peer has sent the end of the stream, so a short read does not mean that nothing is left. */
  peerFinished = false;
  endOfStream = false;
  /** The queue stands in the transport's list of those to serve in the next poll. */
  scheduled = false;
  /** The queue has had its turn to send, and stands in the transport's list of those with more. */
  waitsToSend = false;
  /** The poll in which it sent last, and how much it has sent since. */
  turn = -1;
  turnBytes = 0;
  /** Polled by recv, outside epoll. */
  hot = false;
  /** Times that epoll reported it, with few others, since it was last hot. */
  reports = 0;
  /** epoll reports its events. */
  watched = false;
  /** Stands in the transport's list of those with a pop for which there was no buffer. */
  starved = false;
  connectDeadlineNs = 0;
}
