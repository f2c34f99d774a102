/**
 * The backend over io_uring: Linux' sockets, and so its TCP and UDP, without a system call for each receive and send.
 * What is to be done is written to a ring, what was done is read from one, and the kernel is entered once for all
 * that is new: a turn. A poll looks at a word in the ring and takes no turn while that says that nothing is there.
 *
 * A request of the kernel's holds its socket open, so that a queue ends all of its requests before it closes it.
 */
import {
  type BufferPool,
  codeOfConnectErrno,
  Errno,
  type ErrorCode,
  errno,
  formatIpv4,
  NO_SLOT,
  nowNs,
  PUSHES_PER_BURST,
  QueueState,
  type SocketKind,
  systemError,
  type TokenTable,
  type Transport,
  type TransportHost,
  WorkList,
} from '../backend-api.ts';
import { hasPushes, LingeringSockets } from '../lingering-sockets.ts';
import * as sys from '../native/sockets.ts';
import { Acceptor } from './acceptor.ts';
import { GOES_ON, INDEX_MASK, IS_NOTIFICATION, KIND_SHIFT, RequestKind } from './layout.ts';
import { Standing, UringQueue } from './queue.ts';
import type { UringReceiver } from './receiver.ts';
import type { CompletionHandler, Ring } from './ring.ts';
import type { UringSender } from './sender.ts';

/** Polls between two looks at deadlines. */
const POLLS_PER_DEADLINE_CHECK = 256;
/** Turns, or with a thread of the kernel's waits, that the requests of a socket may take to end when it is closed. */
const TURNS_TO_END = 200;
const WAIT_TO_END_US = 500;
/** Deadlines, acknowledgements and memory that is free again complete nothing: so often a sleep looks. */
const LOOK_MS = 1;
const LONGEST_SLEEP_MS = 1000;

/** What a transport is made of; they share the ring. */
export interface UringParts {
  ring: Ring;
  pool: BufferPool;
  receiver: UringReceiver;
  sender: UringSender;
  /** Of the buffers that datagrams are received into. */
  datagramPool: BufferPool;
}

export interface UringTimes {
  connectTimeoutMs: number;
  /** 0: a poll that finds nothing does not wait. */
  napiBusyPollUs: number;
  /** A thread of the kernel's works on what is submitted. */
  polledByKernel: boolean;
}

export class UringTransport implements Transport, CompletionHandler {
  readonly name = 'uring';
  readonly pool: BufferPool;
  readonly #datagramPool: BufferPool;
  readonly #host: TransportHost;
  readonly #tokens: TokenTable;
  readonly #ring: Ring;
  readonly #receiver: UringReceiver;
  readonly #sender: UringSender;
  readonly #acceptor: Acceptor;
  readonly #times: UringTimes;
  /** By the number in completions; those that are closed stay until the kernel has no request of them. */
  readonly #queues: (UringQueue | null)[] = [];
  readonly #freeIndexes: number[] = [];
  readonly #toCheck = new WorkList<UringQueue>();
  readonly #connecting: UringQueue[] = [];
  /** Closed, with pushes that are still to reach the peer. */
  readonly #lingering: LingeringSockets<UringQueue>;
  #polls = 0;

  constructor(host: TransportHost, parts: UringParts, times: UringTimes) {
    const { ring, pool, datagramPool, receiver, sender } = parts;
    this.#host = host;
    this.#tokens = host.tokens;
    this.pool = pool;
    this.#datagramPool = datagramPool;
    this.#ring = ring;
    this.#receiver = receiver;
    this.#sender = sender;
    this.#times = times;
    this.#lingering = new LingeringSockets(
      host,
      (queue: UringQueue) => this.#release(queue),
      (queue) => this.#giveUp(queue),
    );
    const open = (fd: number) => this.#newQueue('stream', fd);
    this.#acceptor = new Acceptor(host, ring, open, (queue) => receiver.arm(queue));
  }

  open(kind: SocketKind): UringQueue {
    const fd = sys.openBlockingSocket(kind === 'stream' ? sys.SOCK_STREAM : sys.SOCK_DGRAM);
    if (fd < 0) throw systemError('socket', -1, kind);
    return this.#newQueue(kind, fd);
  }

  bind(queue: UringQueue, address: number, port: number): void {
    if (queue.kind === 'stream') sys.enableReuseAddress(queue.fd);
    if (sys.bind(queue.fd, address, port) < 0) {
      throw systemError('bind', queue.qd, `${formatIpv4(address)}:${port}`);
    }
    this.#readLocalAddress(queue);
    if (queue.kind === 'datagram') this.#receiver.arm(queue);
  }

  listen(queue: UringQueue, backlog: number): void {
    // The connections of a listener have it, too.
    sys.enableNoDelay(queue.fd);
    if (sys.listen(queue.fd, backlog) < 0) {
      throw systemError('listen', queue.qd, `${formatIpv4(queue.localAddress)}:${queue.localPort}`);
    }
    queue.backlog = backlog;
  }

  connect(queue: UringQueue, address: number, port: number): void {
    if (queue.kind === 'datagram') {
      const failed = sys.connect(queue.fd, address, port) < 0;
      this.#connectEnded(queue, failed ? errno() : 0);
      return;
    }
    sys.enableNoDelay(queue.fd);
    this.#ring.connect(queue.fd, queue.index, address, port);
    queue.inFlight++;
    queue.connectDeadlineNs = nowNs() + this.#times.connectTimeoutMs * 1e6;
    this.#connecting.push(queue);
  }

  /** What a listener has, its connections have from the kernel. */
  setOptions({ fd, userTimeoutMs, keepAliveMs }: UringQueue): void {
    if (userTimeoutMs !== null) sys.setUserTimeout(fd, userTimeoutMs);
    if (keepAliveMs !== null) sys.setKeepAlive(fd, keepAliveMs);
  }

  shutdownWrite(queue: UringQueue): void {
    if (queue.pushes.head === NO_SLOT) sys.shutdown(queue.fd, sys.SHUT_WR);
  }

  close(queue: UringQueue): void {
    queue.closed = true;
    remove(this.#connecting, queue);
    this.#receiver.drop(queue);
    const delivers = queue.kind === 'stream' && queue.error === null && !queue.unread && hasPushes(queue);
    if (delivers) this.#lingering.add(queue);
    else {
      if (queue.kind === 'datagram' && queue.pushes.head !== NO_SLOT) this.#sendLastDatagrams(queue);
      this.#release(queue);
    }
  }

  reset(queue: UringQueue): void {
    this.#lingering.remove(queue);
    queue.unread = true;
    this.#release(queue);
  }

  accept(queue: UringQueue): void {
    this.#acceptor.serve(queue);
  }

  push(queue: UringQueue): void {
    if (queue.error !== null && queue.kind === 'stream') {
      this.#sender.fail(queue, queue.error);
      return;
    }
    this.#sender.add(queue);
    if (this.#host.pushesSincePoll % PUSHES_PER_BURST === 0) {
      this.#sender.submit();
      this.#ring.turn(false);
      this.#ring.reap(this);
    }
  }

  pop(queue: UringQueue): void {
    this.#receiver.serve(queue);
    if (queue.receive === Standing.Off) this.#receiver.arm(queue);
  }

  poll(): void {
    this.#polls++;
    this.#prepare();
    const { napiBusyPollUs } = this.#times;
    if (this.#ring.wantsTurn) this.#ring.turn(false);
    else if (napiBusyPollUs > 0 && !this.#ring.hasWork) this.#ring.wait(napiBusyPollUs);
    this.#ring.reap(this);
    if (this.#sender.awaits) this.#sender.collect();
    if (this.#lingering.count > 0) this.#lingering.poll();
    if (this.#connecting.length > 0 && this.#polls % POLLS_PER_DEADLINE_CHECK === 0) this.#expireConnects();
  }

  counters(): Record<string, number> {
    const counts = { ...this.#ring.counters(), ...this.#sender.counters() };
    return { ...counts, receive_ran_dry: this.#receiver.ranDry };
  }

  sleep(timeoutMs: number): void {
    const before = this.#tokens.readyCount;
    this.#prepare();
    if (this.#tokens.readyCount !== before) return;
    const looks =
      this.#connecting.length > 0 ||
      this.#lingering.count > 0 ||
      this.#receiver.hasStarved ||
      this.#sender.awaits;
    const longestMs = looks ? LOOK_MS : LONGEST_SLEEP_MS;
    this.#ring.wait(Math.min(timeoutMs, longestMs) * 1000);
    this.#ring.reap(this);
    this.#expireConnects();
  }

  linger(): void {
    this.#lingering.drain(() => this.poll());
  }

  shutdown(): void {
    this.#ring.close();
    this.#receiver.close();
    this.#datagramPool.destroy();
    this.pool.destroy();
  }

  /** One completion (CompletionHandler). */
  completed(first: number, token: number, result: number, flags: number): void {
    const queue = this.#queues[first & INDEX_MASK] as UringQueue;
    const kind = (first >>> KIND_SHIFT) as RequestKind;
    this.#count(queue, kind, flags);
    switch (kind) {
      case RequestKind.Receive:
        this.#received(queue, result, flags);
        break;
      case RequestKind.Accept:
        this.#acceptor.accepted(queue, result, flags);
        if (!queue.closed) this.#check(queue);
        break;
      case RequestKind.Connect:
        this.#connected(queue, result);
        break;
      case RequestKind.Send:
      case RequestKind.SendZeroCopy: {
        const broken = this.#sender.sent(queue, kind, token, result, flags);
        if (broken !== null) this.#break(queue, broken);
        break;
      }
      case RequestKind.SendDatagram:
      case RequestKind.SendDatagramAgain:
        this.#sender.sentDatagram(queue, kind, token, result);
        break;
      case RequestKind.Cancel:
        break;
    }
    if (queue.closed && !queue.lingers) this.#forgetEnded(queue);
  }

  /** Keeps count of what the kernel has of a queue. */
  #count(queue: UringQueue, kind: RequestKind, flags: number): void {
    if ((flags & IS_NOTIFICATION) !== 0) queue.notices--;
    else if ((flags & GOES_ON) === 0) queue.inFlight--;
    else if (kind === RequestKind.SendZeroCopy) {
      queue.inFlight--;
      queue.notices++;
    }
  }

  #received(queue: UringQueue, result: number, flags: number): void {
    const broken = this.#receiver.received(queue, result, flags);
    if (broken !== null) this.#break(queue, broken);
    // The peer goes on to send to who reads no more (RFC 2525, section 2.17).
    if (queue.lingers && queue.unread && queue.error === null) this.#break(queue, 'CONNECTION_RESET');
    else if (queue.firstReceived !== null) this.#check(queue);
  }

  #connected(queue: UringQueue, result: number): void {
    if (queue.closed || queue.state !== QueueState.Connecting) return;
    remove(this.#connecting, queue);
    this.#connectEnded(queue, result < 0 ? -result : 0);
  }

  #connectEnded(queue: UringQueue, error: number): void {
    if (error === 0) this.#readLocalAddress(queue);
    this.#host.connectEnded(queue, error === 0 ? null : codeOfConnectErrno(error));
    if (error === 0) this.#receiver.arm(queue);
  }

  /** What every later push and pop completes with; those that are pending do now. */
  #break(queue: UringQueue, error: ErrorCode): void {
    if (queue.closed && !queue.lingers) return;
    queue.error = error;
    this.#sender.fail(queue, error);
    if (queue.firstReceived === null) this.#receiver.serve(queue);
  }

  /** What is due before the kernel is entered. */
  #prepare(): void {
    if (this.#toCheck.count > 0) this.#checkAll();
    this.#receiver.refill();
    if (this.#sender.hasMore) this.#sender.submit();
  }

  #check(queue: UringQueue): void {
    if (queue.toCheck) return;
    queue.toCheck = true;
    this.#toCheck.add(queue);
  }

  #checkAll(): void {
    const count = this.#toCheck.count;
    for (let i = 0; i < count; i++) {
      const queue = this.#toCheck.at(i);
      queue.toCheck = false;
      if (queue.closed) continue;
      if (queue.state === QueueState.Listening) this.#acceptor.check(queue);
      else this.#receiver.holdBack(queue);
    }
    this.#toCheck.dropFirst(count);
  }

  /** What the device takes at once of a datagram queue that is closed. */
  #sendLastDatagrams(queue: UringQueue): void {
    queue.closed = false;
    this.#sender.submit();
    this.#ring.turn(true);
    this.#ring.reap(this);
    queue.closed = true;
  }

  /** Gives the socket back. */
  #release(queue: UringQueue): void {
    queue.lingers = false;
    this.#sender.forget(queue);
    if (queue.inFlight > 0) this.#endRequests(queue);
    this.#receiver.drop(queue);
    this.#acceptor.drop(queue);
    if (queue.unread && queue.kind === 'stream') sys.enableResetAtClose(queue.fd);
    // A child of this process may have the socket open still, and its port would be in use.
    if (queue.state === QueueState.Listening) sys.shutdown(queue.fd, sys.SHUT_RDWR);
    sys.close(queue.fd);
    this.#forgetEnded(queue);
  }

  /**
   * Cancels what the kernel has of a queue, and waits for it to say so: its turn does, and needs no other host. A
   * request that is about to be tried again is not found by a cancellation, and stays: the next one finds it.
   */
  #endRequests(queue: UringQueue): void {
    for (let turns = 0; queue.inFlight > 0 && turns < TURNS_TO_END; turns++) {
      this.#ring.cancelAll(queue.fd, queue.index);
      queue.inFlight++;
      if (this.#times.polledByKernel) this.#ring.wait(WAIT_TO_END_US);
      else this.#ring.turn(true);
      this.#ring.reap(this);
    }
  }

  #forgetEnded(queue: UringQueue): void {
    if (queue.inFlight > 0 || queue.notices > 0 || this.#queues[queue.index] !== queue) return;
    this.#queues[queue.index] = null;
    this.#freeIndexes.push(queue.index);
  }

  /** The peer of one that lingers takes nothing. */
  #giveUp(queue: UringQueue): void {
    queue.unread = true;
    this.#break(queue, 'TIMED_OUT');
    this.#ring.cancelAll(queue.fd, queue.index);
    queue.inFlight++;
  }

  #expireConnects(): void {
    const now = nowNs();
    for (let i = this.#connecting.length - 1; i >= 0; i--) {
      if (this.#connecting[i].connectDeadlineNs > now) continue;
      const [queue] = this.#connecting.splice(i, 1);
      this.#connectEnded(queue, Errno.ETIMEDOUT);
      this.#ring.cancel(queue.index, RequestKind.Connect);
      queue.inFlight++;
    }
  }

  #newQueue(kind: SocketKind, fd: number): UringQueue {
    const queue = new UringQueue(kind, fd, this.#freeIndexes.pop() ?? this.#queues.length);
    this.#queues[queue.index] = queue;
    return queue;
  }

  #readLocalAddress(queue: UringQueue): void {
    if (sys.getsockname(queue.fd) < 0) throw systemError('getsockname', queue.qd, 'socket');
    queue.localAddress = sys.writtenAddress();
    queue.localPort = sys.writtenPort();
  }
}

function remove(queues: UringQueue[], queue: UringQueue): void {
  const index = queues.indexOf(queue);
  if (index >= 0) queues.splice(index, 1);
}
