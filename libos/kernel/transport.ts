/**
 * The backend over Linux sockets: the libOS interface without the bypass, each I/O still a system call.
 *
 * Sockets are non-blocking and watched by one epoll instance with every edge. A poll serves, in this order:
 * queues that are known to have something (`scheduled`); the few busiest queues (`hot`), by calling recv at
 * once; and what epoll reports.
 *
 * A hot queue is taken out of epoll. Each arrival on a watched socket would go through epoll's ready list,
 * under a lock that the sender's core and this one contend for: that costs a request of one busy connection 1
 * to 2 us. A queue gets hot when it was active time and again while few others were, and cools down when it
 * falls silent, when its socket buffer is full, or when more than HOT_QUEUES are active: then one epoll_wait
 * for all of them is cheaper than a recv on each.
 *
 * Where waits sleep it is an ordinary event loop: no queue is hot, and each turn asks epoll once, in sleep or, while
 * there is other work, in the poll.
 *
 * Pushes are sent at once, up to a bound; what a queue has beyond that it sends a turn at a time, one queue in each
 * poll: so what others have sent and ask waits for one turn, not for the whole of a large reply. A push of several
 * buffers is one system call, however long it is: in pieces, 256 kB there and back took a quarter longer.
 */
import { nowNs } from '../clock.ts';
import { formatIpv4 } from '../endpoint.ts';
import { hasPushes, LingeringSockets } from '../lingering-sockets.ts';
import type { BufferPool } from '../memory/pool.ts';
import { Errno, errno } from '../native/libc.ts';
import { socketCalls } from '../native/socket-calls.ts';
import { codeOfConnectErrno, codeOfErrno, systemError } from '../native/socket-errors.ts';
import * as sys from '../native/sockets.ts';
import type { SocketKind } from '../pdpi.ts';
import { NO_SLOT, type TokenTable } from '../tokens.ts';
import { QueueState, type Transport, type TransportHost } from '../transport.ts';
import { WorkList } from '../work-list.ts';
import { KernelQueue } from './queue.ts';
import { SocketReceiver } from './receiver.ts';
import { SocketSender } from './sender.ts';

const HOT_QUEUES = 4;
/** Times that epoll must report a queue, never with more than HOT_QUEUES others, before it gets hot. */
const REPORTS_TO_HEAT = 16;
/** How long nothing gets hot after more than HOT_QUEUES were active. */
const CROWDED_NS = 100_000_000;
/** After this time without data on any hot queue, all cool down. */
const FRUITLESS_NS = 2_000_000;
/**
 * While there are hot queues, epoll is asked for the others every so many polls, and the clock is read: a
 * share of the system calls, not a time, so that the hot queues pay the others the same part on every
 * machine.
 */
const POLLS_PER_EPOLL_WAIT = 16;
/** What a queue sends at once, and in a turn: two buffers of the pool, some 15 us for Linux over loopback. */
const BYTES_PER_TURN = 32 * 1024;
/** Where waits sleep: polls in a row that leave epoll alone, as completions wait to be taken. */
const POLLS_WITHOUT_EPOLL = 2;
/** Polls between two looks at the deadlines of connection attempts. */
const POLLS_PER_DEADLINE_CHECK = 256;

export class KernelTransport implements Transport {
  readonly name = 'kernel';
  readonly pool: BufferPool;
  readonly #connectTimeoutMs: number;
  readonly #epoll: number;
  /** By file descriptor, which is the tag of its events: a queue that lingers has no queue descriptor any more. */
  readonly #byFd: (KernelQueue | null)[] = [];
  readonly #tokens: TokenTable;
  readonly #host: TransportHost;
  readonly #receiver: SocketReceiver;
  readonly #sender: SocketSender;
  #scheduled: KernelQueue[] = [];
  #serving: KernelQueue[] = [];
  readonly #hot: KernelQueue[] = [];
  /** Whether a hot queue received since the clock was read, and the last reading of which that was true. */
  #hotReceived = false;
  #hotReceivedNs = 0;
  #crowdedUntilNs = 0;
  readonly #connecting: KernelQueue[] = [];
  /** Those that have had their turn to send and have more, the next one first. */
  readonly #waitingToSend = new WorkList<KernelQueue>();
  /** Closed, with pushes that are still to reach the peer. */
  readonly #lingering: LingeringSockets<KernelQueue>;
  /** Those with a pop for which there was no buffer. */
  readonly #starved = new WorkList<KernelQueue>();
  #polls = 0;
  /** Polls since epoll was asked last. */
  #pollsUnasked = 0;

  /**
   * `deviceTimesAddress`: where the socket calls write their times (libos/native/device-times.h); 0 for
   * nowhere.
   */
  constructor(host: TransportHost, pool: BufferPool, connectTimeoutMs: number, deviceTimesAddress: number) {
    const calls = socketCalls(deviceTimesAddress);
    this.#host = host;
    this.#tokens = host.tokens;
    this.pool = pool;
    this.#receiver = new SocketReceiver(host.tokens, pool, calls);
    this.#sender = new SocketSender(host.tokens, calls);
    this.#lingering = new LingeringSockets(
      host,
      (queue: KernelQueue) => this.#release(queue),
      (queue) => this.#giveUp(queue),
    );
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#epoll = sys.epollCreate();
    if (this.#epoll < 0) throw systemError('start', -1, 'epoll_create1');
  }

  open(kind: SocketKind): KernelQueue {
    const fd = sys.openSocket(kind === 'stream' ? sys.SOCK_STREAM : sys.SOCK_DGRAM);
    if (fd < 0) throw systemError('socket', -1, kind);
    return new KernelQueue(kind, fd);
  }

  bind(queue: KernelQueue, address: number, port: number): void {
    if (queue.kind === 'stream') sys.enableReuseAddress(queue.fd);
    if (sys.bind(queue.fd, address, port) < 0) {
      throw systemError('bind', queue.qd, `${formatIpv4(address)}:${port}`);
    }
    this.#readLocalAddress(queue);
    if (queue.kind === 'datagram') this.#watch(queue, 'bind');
  }

  listen(queue: KernelQueue, backlog: number): void {
    if (sys.listen(queue.fd, backlog) < 0) {
      throw systemError('listen', queue.qd, `${formatIpv4(queue.localAddress)}:${queue.localPort}`);
    }
    this.#watch(queue, 'listen');
  }

  connect(queue: KernelQueue, address: number, port: number): void {
    if (queue.kind === 'stream') sys.enableNoDelay(queue.fd);
    const result = sys.connect(queue.fd, address, port);
    const error = result < 0 ? errno() : 0;
    if (result < 0 && error !== Errno.EINPROGRESS) {
      this.#connectEnded(queue, error);
      return;
    }
    if (!queue.watched) this.#watch(queue, 'connect');
    if (result === 0) {
      this.#connectEnded(queue, 0);
      return;
    }
    queue.connectDeadlineNs = nowNs() + this.#connectTimeoutMs * 1e6;
    this.#connecting.push(queue);
  }

  /** What a listener has, its connections have from the kernel. */
  setOptions({ fd, userTimeoutMs, keepAliveMs }: KernelQueue): void {
    if (userTimeoutMs !== null) sys.setUserTimeout(fd, userTimeoutMs);
    if (keepAliveMs !== null) sys.setKeepAlive(fd, keepAliveMs);
  }

  shutdownWrite(queue: KernelQueue): void {
    if (queue.pushes.head === NO_SLOT) sys.shutdown(queue.fd, sys.SHUT_WR);
  }

  close(queue: KernelQueue): void {
    queue.closed = true;
    remove(this.#connecting, queue);
    if (queue.kind === 'stream' && queue.error === null && hasPushes(queue)) {
      // Only epoll reports when there is room again.
      if (queue.hot) this.#cool(queue);
      this.#lingering.add(queue);
    } else this.#release(queue);
  }

  reset(queue: KernelQueue): void {
    this.#lingering.remove(queue);
    sys.enableResetAtClose(queue.fd);
    this.#release(queue);
  }

  /** Gives the socket back. */
  #release(queue: KernelQueue): void {
    queue.lingers = false;
    remove(this.#hot, queue);
    this.#sender.forget(queue);
    this.#byFd[queue.fd] = null;
    // A child of this process may have the socket open still: epoll would go on reporting it, and its port be in use.
    if (queue.watched && !queue.hot) sys.epollDelete(this.#epoll, queue.fd);
    if (queue.state === QueueState.Listening) sys.shutdown(queue.fd, sys.SHUT_RDWR);
    sys.close(queue.fd);
  }

  accept(queue: KernelQueue): void {
    if (queue.readable) this.#schedule(queue);
  }

  push(queue: KernelQueue): void {
    if (!queue.watched) this.#watch(queue, 'push');
    if (queue.writable && !queue.waitsToSend) this.#send(queue);
  }

  pop(queue: KernelQueue): void {
    if (queue.readable || queue.endOfStream || queue.error !== null) this.#schedule(queue);
  }

  poll(): void {
    this.#polls++;
    if (this.#scheduled.length > 0) this.#serveScheduled();
    if (this.#hot.length > 0) this.#serveHot();
    if (this.#starved.count > 0) this.#serveStarved();
    if (this.#waitingToSend.count > 0) this.#sendNext();
    if (this.#sender.awaitsAcknowledgements) this.#sender.collectAcknowledgements();
    if (this.#host.sleeps) this.#askEpollInTurn();
    else if (this.#hot.length === 0) this.#askEpoll(0);
    else if (this.#polls % POLLS_PER_EPOLL_WAIT === 0) {
      this.#coolWhenFruitless();
      this.#askEpoll(0);
    }
    if (this.#lingering.count > 0) this.#lingering.poll();
    if (this.#connecting.length > 0 && this.#polls % POLLS_PER_DEADLINE_CHECK === 0) this.#expireConnects();
  }

  counters(): Record<string, number> {
    return {};
  }

  sleep(timeoutMs: number): void {
    if (this.#scheduled.length > 0 || this.#waitingToSend.count > 0) return;
    // A deadline, an acknowledgement and memory that is free again raise no event: look again soon.
    const looks =
      this.#connecting.length > 0 ||
      this.#lingering.count > 0 ||
      this.#starved.count > 0 ||
      this.#sender.awaitsAcknowledgements;
    const longestMs = looks ? 1 : 1000;
    this.#askEpoll(Math.ceil(Math.min(timeoutMs, longestMs)));
    this.#expireConnects();
  }

  linger(): void {
    this.#lingering.drain(() => this.poll());
  }

  shutdown(): void {
    sys.close(this.#epoll);
    this.pool.destroy();
  }

  /**
   * In a poll of waits that sleep: not before a sleep, which asks, and not while the application has completions to
   * take, but for so many of such polls.
   */
  #askEpollInTurn(): void {
    const hasWork = this.#scheduled.length > 0 || this.#waitingToSend.count > 0;
    const mayWait = this.#host.sleepsNext || this.#tokens.readyCount > 0;
    if (!hasWork && mayWait && this.#pollsUnasked < POLLS_WITHOUT_EPOLL) this.#pollsUnasked++;
    else this.#askEpoll(0);
  }

  #askEpoll(timeoutMs: number): void {
    this.#pollsUnasked = 0;
    const count = sys.epollWait(this.#epoll, timeoutMs);
    for (let i = 0; i < count; i++) {
      const queue = this.#byFd[sys.eventTag(i)];
      const received = queue && this.#serveEvents(queue, sys.eventMask(i));
      if (received && !this.#host.sleeps) this.#noteActive(queue, count);
    }
  }

  /** A queue received something by way of epoll, which reported `count` queues at once. */
  #noteActive(queue: KernelQueue, count: number): void {
    queue.reports = count > HOT_QUEUES ? 0 : queue.reports + 1;
    if (queue.reports < REPORTS_TO_HEAT) return;
    queue.reports = 0;
    const ns = nowNs();
    if (ns < this.#crowdedUntilNs) return;
    if (this.#hot.length === HOT_QUEUES) {
      this.#crowdedUntilNs = ns + CROWDED_NS;
      this.#coolAll();
    } else if (queue.writable) {
      sys.epollDelete(this.#epoll, queue.fd);
      queue.hot = true;
      this.#hot.push(queue);
      this.#hotReceivedNs = ns;
    }
  }

  #serveHot(): void {
    for (let i = 0; i < this.#hot.length; i++) {
      const queue = this.#hot[i];
      if (queue.pops.head !== NO_SLOT && this.#receive(queue)) this.#hotReceived = true;
    }
  }

  #coolWhenFruitless(): void {
    const ns = nowNs();
    if (this.#hotReceived) {
      this.#hotReceived = false;
      this.#hotReceivedNs = ns;
    } else if (ns - this.#hotReceivedNs > FRUITLESS_NS) this.#coolAll();
  }

  /** Back to epoll, which reports at once what is there already. */
  #coolAll(): void {
    while (this.#hot.length > 0) this.#cool(this.#hot[0]);
  }

  #cool(queue: KernelQueue): void {
    remove(this.#hot, queue);
    queue.hot = false;
    this.#watch(queue, 'wait');
  }

  /** Sends what is left of the queue's turn in this poll. */
  #send(queue: KernelQueue): void {
    if (queue.turn !== this.#polls) {
      queue.turn = this.#polls;
      queue.turnBytes = 0;
    }
    const before = queue.sentBytes;
    if (this.#sender.send(queue, BYTES_PER_TURN - queue.turnBytes)) {
      queue.waitsToSend = true;
      this.#waitingToSend.add(queue);
    }
    queue.turnBytes += queue.sentBytes - before;
    // Only epoll reports when there is room again.
    if (!queue.writable && queue.hot) this.#cool(queue);
  }

  /** The next turn of those that have more to send. */
  #sendNext(): void {
    const queue = this.#waitingToSend.at(0);
    this.#waitingToSend.dropFirst(1);
    queue.waitsToSend = false;
    if ((!queue.closed || queue.lingers) && queue.writable) this.#send(queue);
  }

  /** Serves the pops of a queue. Returns whether one completed. */
  #receive(queue: KernelQueue): boolean {
    const received = this.#receiver.receive(queue);
    if (this.#receiver.ranDry && !queue.starved) {
      queue.starved = true;
      this.#starved.add(queue);
    }
    return received;
  }

  /** Buffers may be free again. Edges are reported once, so that nothing else would come back to these queues. */
  #serveStarved(): void {
    const count = this.#starved.count;
    for (let i = 0; i < count; i++) {
      const queue = this.#starved.at(i);
      queue.starved = false;
      if (!queue.closed && queue.pops.head !== NO_SLOT) this.#receive(queue);
    }
    this.#starved.dropFirst(count);
  }

  /** The peer of one that lingers takes nothing. */
  #giveUp(queue: KernelQueue): void {
    sys.enableResetAtClose(queue.fd);
    this.#tokens.completeAll(queue.unacknowledged, 'TIMED_OUT');
    this.#tokens.completeAll(queue.pushes, 'TIMED_OUT');
  }

  /** Acts on one event. Returns whether a pop completed. */
  #serveEvents(queue: KernelQueue, events: number): boolean {
    let received = false;
    if (queue.state === QueueState.Listening) {
      queue.readable = true;
      this.#acceptPending(queue);
      return false;
    }
    if (queue.state === QueueState.Connecting) {
      if ((events & (sys.EPOLLOUT | sys.EPOLLERR | sys.EPOLLHUP)) === 0) return false;
      remove(this.#connecting, queue);
      this.#connectEnded(queue, sys.takeSocketError(queue.fd));
      if (queue.error !== null) return false;
    }
    if ((events & (sys.EPOLLRDHUP | sys.EPOLLHUP | sys.EPOLLERR)) !== 0) queue.peerFinished = true;
    if ((events & (sys.EPOLLIN | sys.EPOLLRDHUP | sys.EPOLLHUP | sys.EPOLLERR)) !== 0) {
      queue.readable = true;
      if (queue.pops.head !== NO_SLOT) received = this.#receive(queue);
    }
    if ((events & (sys.EPOLLOUT | sys.EPOLLERR | sys.EPOLLHUP)) !== 0) {
      queue.writable = true;
      if (queue.pushes.head !== NO_SLOT && !queue.waitsToSend) this.#send(queue);
    }
    // No pop and no push was there to fail: the acknowledgements that are awaited will not come.
    const broken = (events & sys.EPOLLERR) !== 0 && queue.unacknowledged.head !== NO_SLOT;
    if (broken && queue.error === null) queue.error = codeOfErrno(sys.takeSocketError(queue.fd));
    return received;
  }

  #serveScheduled(): void {
    const serving = this.#scheduled;
    this.#scheduled = this.#serving;
    this.#serving = serving;
    for (let i = 0; i < serving.length; i++) {
      const queue = serving[i];
      queue.scheduled = false;
      if (queue.closed) continue;
      if (queue.state === QueueState.Listening) this.#acceptPending(queue);
      else if (queue.pops.head !== NO_SLOT) this.#receive(queue);
    }
    serving.length = 0;
  }

  #schedule(queue: KernelQueue): void {
    if (queue.scheduled) return;
    queue.scheduled = true;
    this.#scheduled.push(queue);
  }

  #acceptPending(listener: KernelQueue): void {
    while (listener.accepts.head !== NO_SLOT && listener.readable) {
      const fd = sys.accept4(listener.fd);
      if (fd < 0) {
        const error = errno();
        if (error === Errno.EAGAIN) listener.readable = false;
        else if (error !== Errno.EINTR && error !== Errno.ECONNABORTED) {
          this.#tokens.complete(this.#tokens.shift(listener.accepts), codeOfErrno(error));
        }
        continue;
      }
      const queue = new KernelQueue('stream', fd);
      queue.peerAddress = sys.writtenAddress();
      queue.peerPort = sys.writtenPort();
      sys.enableNoDelay(fd);
      this.#readLocalAddress(queue);
      if (this.#tryWatch(queue)) this.#host.accepted(listener, queue);
      else {
        this.#tokens.complete(this.#tokens.shift(listener.accepts), codeOfErrno(errno()));
        sys.close(fd);
      }
    }
  }

  #connectEnded(queue: KernelQueue, error: number): void {
    if (error === 0) this.#readLocalAddress(queue);
    this.#host.connectEnded(queue, error === 0 ? null : codeOfConnectErrno(error));
  }

  #expireConnects(): void {
    const now = nowNs();
    for (let i = this.#connecting.length - 1; i >= 0; i--) {
      if (this.#connecting[i].connectDeadlineNs > now) continue;
      const [queue] = this.#connecting.splice(i, 1);
      this.#connectEnded(queue, Errno.ETIMEDOUT);
    }
  }

  #watch(queue: KernelQueue, operation: string): void {
    if (!this.#tryWatch(queue)) throw systemError(operation, queue.qd, 'epoll_ctl');
  }

  #tryWatch(queue: KernelQueue): boolean {
    if (sys.epollAdd(this.#epoll, queue.fd, queue.fd) < 0) return false;
    this.#byFd[queue.fd] = queue;
    queue.watched = true;
    return true;
  }

  #readLocalAddress(queue: KernelQueue): void {
    if (sys.getsockname(queue.fd) < 0) throw systemError('getsockname', queue.qd, 'socket');
    queue.localAddress = sys.writtenAddress();
    queue.localPort = sys.writtenPort();
  }
}

function remove(queues: KernelQueue[], queue: KernelQueue): void {
  const index = queues.indexOf(queue);
  if (index >= 0) queues.splice(index, 1);
}
