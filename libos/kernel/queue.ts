/** What the kernel backend keeps of one socket. */
import type { SocketKind } from '../pdpi.ts';
import { Queue } from '../transport.ts';

export class KernelQueue extends Queue {
  readonly fd: number;
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
  closed = false;
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
  /** Progress of the push at the head: segments done, and bytes of the next one. */
  pushSegment = 0;
  pushOffset = 0;
  /** Bytes of the stream handed to the kernel so far. */
  sentBytes = 0;
  /** Of a queue that lingers: what the peer's host had when it was looked at last, and until when it may stay so. */
  takenBytes = 0;
  lingersUntilNs = 0;
  /** Stands in the transport's list of those with a pop for which there was no buffer. */
  starved = false;
  connectDeadlineNs = 0;

  constructor(kind: SocketKind, fd: number) {
    super(kind);
    this.fd = fd;
  }
}
