/**
 * Streams over Unix sockets: what every backend owes (Transport of bypassbench/backend-api), the short way. It looks at
 * each connection in every poll, a system call for each that has something pending; a backend that is to be fast asks
 * its device once for all of them.
 */
import {
  type BackendSetup,
  type BufferPool,
  codeOfErrno,
  type DeviceMoments,
  Errno,
  type ErrorCode,
  errno,
  formatIpv4,
  LINGER_US,
  LibosError,
  mapAnonymous,
  NO_SLOT,
  nowNs,
  Owner,
  parseIpv4,
  Queue,
  QueueState,
  type SgaSegment,
  type SocketKind,
  systemError,
  type Transport,
  type TransportHost,
  USER_TIMEOUT_MS,
} from 'bypassbench/backend-api';
import { type UnixGlue, unixGlue } from './glue.ts';

/** The only address that there is: all ends are on this machine. */
const HERE = parseIpv4('127.0.0.1', 'unix', -1);
const FIRST_FREE_PORT = 32_768;
const FREE_PORTS = 28_232;
/** What no event tells, such as a deadline, is looked at so often while the thread sleeps. */
const LOOK_MS = 1;

class UnixQueue extends Queue {
  readonly fd: number;
  /** Of the push at the head, the segment that is sent next. */
  segment = 0;
  /** The end of our stream is to be sent behind the last push; it has been. */
  endIsDue = false;
  endWasSent = false;
  /** The end of the peer's stream has come. */
  ended = false;
  /** Until then a connect must be answered, and who takes nothing of what lingers is waited for. */
  deadlineNs = 0;

  constructor(kind: SocketKind, fd: number) {
    super(kind);
    this.fd = fd;
  }
}

export class UnixTransport implements Transport {
  readonly name = 'unix';
  readonly pool: BufferPool;
  readonly #host: TransportHost;
  readonly #glue: UnixGlue = unixGlue();
  readonly #network: string;
  readonly #connectTimeoutMs: number;
  readonly #moments: DeviceMoments | null;
  readonly #watcher: number;
  /** Those that a poll looks at: all that listen, connect, are connected or linger. */
  readonly #active: UnixQueue[] = [];
  /** The buffer that the next record is received into. */
  #spare: SgaSegment | null = null;
  /** There was no buffer for a pop. */
  #starved = false;
  #nextPort = Math.floor(Math.random() * FREE_PORTS);
  #recordsSent = 0;
  #recordsReceived = 0;

  constructor(host: TransportHost, setup: BackendSetup, network: string) {
    this.#host = host;
    this.#network = network;
    this.#connectTimeoutMs = setup.connectTimeoutMs;
    this.#moments = setup.moments;
    this.#watcher = this.#glue.watcher();
    if (this.#watcher < 0) throw systemError('start', -1, 'epoll_create1');
    this.pool = setup.createPool(mapAnonymous);
  }

  open(kind: SocketKind): UnixQueue {
    if (kind !== 'stream') {
      throw new LibosError('NOT_SUPPORTED', 'socket', -1, 'the backend unix has streams and no datagrams');
    }
    const fd = this.#glue.open(this.#watcher);
    if (fd < 0) throw systemError('socket', -1, kind);
    return new UnixQueue(kind, fd);
  }

  bind(queue: UnixQueue, address: number, port: number): void {
    if (address !== 0 && address !== HERE) {
      const detail = `${formatIpv4(address)} is not here: the backend unix has ${formatIpv4(HERE)} alone`;
      throw new LibosError('ADDRESS_NOT_AVAILABLE', 'bind', queue.qd, detail);
    }
    const bound = this.#bindTo(queue, port);
    if (bound < 0) throw systemError('bind', queue.qd, `${formatIpv4(address)}:${port}`);
    queue.localAddress = address;
    queue.localPort = bound;
  }

  /** The port that it is bound to now, 0 standing for any free one; -1 where that fails. */
  #bindTo(queue: UnixQueue, port: number): number {
    const tries = port === 0 ? FREE_PORTS : 1;
    for (let i = 0; i < tries; i++) {
      const tried = port === 0 ? FIRST_FREE_PORT + (this.#nextPort++ % FREE_PORTS) : port;
      if (this.#glue.bind(queue.fd, this.#network, tried) === 0) return tried;
      if (errno() !== Errno.EADDRINUSE) return -1;
    }
    return -1;
  }

  listen(queue: UnixQueue, backlog: number): void {
    if (this.#glue.listen(queue.fd, backlog) < 0) {
      throw systemError('listen', queue.qd, `${formatIpv4(queue.localAddress)}:${queue.localPort}`);
    }
    this.#active.push(queue);
  }

  connect(queue: UnixQueue, address: number): void {
    if (address !== HERE) {
      this.#host.connectEnded(queue, 'HOST_UNREACHABLE');
      return;
    }
    const port = queue.localPort === 0 ? this.#bindTo(queue, 0) : queue.localPort;
    if (port < 0) {
      this.#host.connectEnded(queue, codeOfErrno(errno()));
      return;
    }
    queue.localAddress = HERE;
    queue.localPort = port;
    queue.deadlineNs = nowNs() + this.#connectTimeoutMs * 1e6;
    this.#active.push(queue);
    this.#tryToConnect(queue);
  }

  #tryToConnect(queue: UnixQueue): void {
    if (this.#glue.connect(queue.fd, this.#network, queue.peerPort) === 0) {
      this.#host.connectEnded(queue, null);
      return;
    }
    const error = errno();
    // The backlog is full: a later poll tries again.
    if (error !== Errno.EAGAIN) this.#host.connectEnded(queue, codeOfErrno(error));
    else if (nowNs() >= queue.deadlineNs) this.#host.connectEnded(queue, 'TIMED_OUT');
  }

  accept(): void {
    // The next poll looks.
  }

  /** Returns whether there may be another one. */
  #accept(listener: UnixQueue): boolean {
    const { tokens } = this.#host;
    const fd = this.#glue.accept(listener.fd, this.#watcher);
    if (fd < 0) {
      const error = errno();
      if (error === Errno.EAGAIN) return false;
      tokens.complete(tokens.shift(listener.accepts), codeOfErrno(error));
      return true;
    }
    const queue = new UnixQueue('stream', fd);
    queue.localAddress = HERE;
    queue.localPort = listener.localPort;
    queue.peerAddress = HERE;
    queue.peerPort = this.#glue.peerPort(fd);
    this.#active.push(queue);
    this.#host.accepted(listener, queue);
    return true;
  }

  push(queue: UnixQueue): void {
    this.#send(queue);
  }

  shutdownWrite(queue: UnixQueue): void {
    queue.endIsDue = true;
    this.#send(queue);
  }

  /** Sends what the peer's socket has room for: pushes in their order, and the end of the stream behind the last. */
  #send(queue: UnixQueue): void {
    const { tokens } = this.#host;
    if (queue.error !== null) {
      queue.endIsDue = false;
      tokens.completeAll(queue.pushes, queue.error);
      return;
    }
    while (queue.pushes.head !== NO_SLOT) {
      const sga = tokens.pushed(queue.pushes.head);
      for (; queue.segment < sga.segmentCount; queue.segment++) {
        const { address, base, offset, length } = sga.segments[queue.segment];
        // A record of no bytes would be the end of the stream.
        if (length > 0 && !this.#sendRecord(queue, address - base + offset, length)) return;
      }
      queue.segment = 0;
      tokens.complete(tokens.shift(queue.pushes), null);
    }
    if (queue.endIsDue && this.#sendRecord(queue, 0, 0)) {
      queue.endIsDue = false;
      queue.endWasSent = true;
    }
  }

  /** Returns whether it was sent; else there is no room, or the connection has broken. */
  #sendRecord(queue: UnixQueue, address: number, bytes: number): boolean {
    this.#moments?.handing();
    const result = this.#glue.send(queue.fd, address, bytes);
    const error = result < 0 ? errno() : 0;
    this.#moments?.handed();
    if (error === 0) {
      this.#recordsSent++;
      if (queue.lingers) queue.deadlineNs = nowNs() + USER_TIMEOUT_MS * 1e6;
      return true;
    }
    if (error !== Errno.EAGAIN) this.#broke(queue, codeOfErrno(error));
    return false;
  }

  /** Nothing more goes over this connection, in either direction. Pops learn it in the next poll. */
  #broke(queue: UnixQueue, error: ErrorCode): void {
    queue.error = error;
    this.#send(queue);
    this.#glue.reset(queue.fd);
  }

  pop(): void {
    // The next poll looks.
  }

  #receive(queue: UnixQueue): void {
    const { tokens } = this.#host;
    while (queue.pops.head !== NO_SLOT) {
      if (queue.ended || queue.error !== null) {
        tokens.complete(tokens.shift(queue.pops), queue.error);
        continue;
      }
      this.#spare ??= this.pool.tryTake();
      if (this.#spare === null) {
        this.#starved = true;
        return;
      }
      const segment = this.#spare;
      this.#moments?.delivering();
      const bytes = this.#glue.receive(queue.fd, segment.address, segment.capacity);
      const error = bytes < 0 ? errno() : 0;
      this.#moments?.delivered();
      if (error === Errno.EAGAIN) return;
      if (error !== 0) this.#broke(queue, codeOfErrno(error));
      else if (bytes === 0) queue.ended = true;
      else {
        this.#recordsReceived++;
        this.#spare = null;
        segment.offset = segment.base;
        segment.length = bytes;
        tokens.completePop(queue.pops, this.pool.wrap(segment, Owner.Libos));
      }
    }
  }

  close(queue: UnixQueue): void {
    if (queue.state !== QueueState.Connected || queue.error !== null) {
      this.#release(queue);
      return;
    }
    if (this.#glue.stopReceiving(queue.fd) !== 0) {
      // The peer has sent what nobody has read: it must not take this for a good end.
      this.#broke(queue, 'CONNECTION_RESET');
      this.#release(queue);
      return;
    }
    queue.endIsDue = !queue.endWasSent;
    this.#send(queue);
    if (this.#hasToSend(queue)) {
      queue.lingers = true;
      queue.deadlineNs = nowNs() + USER_TIMEOUT_MS * 1e6;
    } else this.#release(queue);
  }

  reset(queue: UnixQueue): void {
    this.#glue.reset(queue.fd);
    this.#release(queue);
  }

  #hasToSend(queue: UnixQueue): boolean {
    return queue.pushes.head !== NO_SLOT || queue.endIsDue;
  }

  #release(queue: UnixQueue): void {
    queue.lingers = false;
    const index = this.#active.indexOf(queue);
    if (index >= 0) this.#active.splice(index, 1);
    this.#glue.close(queue.fd);
  }

  poll(): void {
    this.#starved = false;
    // Backwards, since one that has lingered long enough goes.
    for (let i = this.#active.length - 1; i >= 0; i--) this.#serve(this.#active[i]);
  }

  #serve(queue: UnixQueue): void {
    while (queue.accepts.head !== NO_SLOT && this.#accept(queue));
    if (queue.connects.head !== NO_SLOT) this.#tryToConnect(queue);
    if (this.#hasToSend(queue)) this.#send(queue);
    if (queue.pops.head !== NO_SLOT) this.#receive(queue);
    if (queue.lingers) this.#endLingering(queue);
  }

  #endLingering(queue: UnixQueue): void {
    if (this.#hasToSend(queue)) {
      if (nowNs() < queue.deadlineNs) return;
      this.#broke(queue, 'TIMED_OUT');
    }
    this.#release(queue);
    this.#host.lingered(queue);
  }

  counters(): Record<string, number> {
    return { records_sent: this.#recordsSent, records_received: this.#recordsReceived };
  }

  sleep(timeoutMs: number): void {
    const looks =
      this.#starved || this.#active.some(({ connects, lingers }) => lingers || connects.head !== NO_SLOT);
    this.#glue.wait(this.#watcher, Math.ceil(Math.min(timeoutMs, looks ? LOOK_MS : 1000)));
  }

  linger(): void {
    const untilNs = nowNs() + LINGER_US * 1000;
    while (this.#active.some(({ lingers }) => lingers) && nowNs() < untilNs) this.poll();
  }

  shutdown(): void {
    this.#glue.close(this.#watcher);
    this.pool.destroy();
  }
}
