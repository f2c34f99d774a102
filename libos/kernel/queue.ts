/** What the kernel backend keeps of one socket, and how errno becomes a stable code. */
import { type ErrorCode, LibosError } from '../errors.ts';
import { Errno, errno, errnoName } from '../native/libc.ts';
import type { SocketKind } from '../pdpi.ts';
import { Queue } from '../transport.ts';

export class KernelQueue extends Queue {
  readonly fd: number;
  /** Data, an end of stream or a connection may be there: the edge was seen, and recv has not said EAGAIN since. */
  readable = false;
  writable = true;
  /** The peer has sent the end of the stream, so a short read does not mean that nothing is left. */
  peerFinished = false;
  endOfStream = false;
  /** The queue stands in the transport's list of those to serve in the next poll. */
  scheduled = false;
  closed = false;
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
  connectDeadlineNs = 0;

  constructor(kind: SocketKind, fd: number) {
    super(kind);
    this.fd = fd;
  }
}

/** The stable code for an error number of a socket call. */
export function codeOfErrno(number: number): ErrorCode {
  switch (number) {
    case Errno.EADDRINUSE:
      return 'ADDRESS_IN_USE';
    case Errno.EADDRNOTAVAIL:
      return 'ADDRESS_NOT_AVAILABLE';
    case Errno.EACCES:
    case Errno.EPERM:
      return 'PERMISSION_DENIED';
    case Errno.ECONNREFUSED:
      return 'CONNECTION_REFUSED';
    case Errno.ECONNRESET:
    case Errno.ECONNABORTED:
    case Errno.EPIPE:
      return 'CONNECTION_RESET';
    case Errno.EHOSTUNREACH:
    case Errno.ENETUNREACH:
      return 'HOST_UNREACHABLE';
    case Errno.ETIMEDOUT:
      return 'TIMED_OUT';
    case Errno.EMSGSIZE:
      return 'MESSAGE_TOO_LONG';
    case Errno.EMFILE:
    case Errno.ENFILE:
      return 'TOO_MANY_OPEN_FILES';
    default:
      return 'SYSTEM_ERROR';
  }
}

/** The error for a socket call that just failed. `what` names the thing: '127.0.0.1:6379'. */
export function systemError(operation: string, qd: number, what: string): LibosError {
  const number = errno();
  const code = codeOfErrno(number);
  const remedy =
    code === 'ADDRESS_IN_USE' ? ': stop who uses it, or choose another port (0 takes any free one)' : '';
  return new LibosError(code, operation, qd, `${what}: ${errnoName(number)}${remedy}`);
}
