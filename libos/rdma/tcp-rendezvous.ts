/**
 * Peers that meet over the kernel's TCP: an address and port are a listening socket, and a line is a
 * connection, which stays for as long as the messages' connection does. Whoever dies closes it.
 *
 * First each side says hello (hello.ts), the connecting one first; then records of 12 bytes, big-endian:
 *
 *     0  kind   1  reason   2  zero   4  data   8  credits
 */
import { nowNs } from '../clock.ts';
import { formatIpv4 } from '../endpoint.ts';
import type { ErrorCode } from '../errors.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import { Errno, errno } from '../native/libc.ts';
import { codeOfErrno, systemError } from '../native/socket-errors.ts';
import * as sys from '../native/sockets.ts';
import { decodeHello, encodeHello, type Hello, HelloKind, MAX_HELLO_BYTES, type Refusal } from './hello.ts';
import type { Clock, Line, Rendezvous, RendezvousHandler, RendezvousListener } from './rendezvous.ts';

const RECORD_BYTES = 12;
/**
 * Between two looks at the sockets: connections begin and end so much later, and messages pay little for it.
 */
const LOOK_EVERY_US = 200;
/** Who has come and says nothing is sent away, and the first of them where there are so many. */
const HELLO_PATIENCE_MS = 5000;
const MAX_SILENT = 256;
/** Who has said hello and is beyond the backlog waits; more than so many are left to the kernel. */
const MAX_WAITING = 1024;
/** A host that is silent for so long is gone. */
const KEEP_ALIVE_S = 12;
/** What somebody reads who takes this port for a Redis server's, in Redis's protocol. */
const NOT_A_SERVER =
  '-ERR this is where peers of the Bypassbench backend rdma meet, and messages do not go over TCP: connect with bypassbench load --backend rdma\r\n';

const State = {
  Connecting: 0,
  AwaitingAnswer: 1,
  /** Has come: said nothing yet, has said hello, is being met. */
  AwaitingHello: 2,
  AwaitingRoom: 3,
  Meeting: 4,
  Open: 5,
  Closed: 6,
} as const;
type State = (typeof State)[keyof typeof State];

const scratch = mapAnonymous(4096);

export class TcpRendezvous implements Rendezvous {
  readonly #epoll: number;
  readonly #connectTimeoutMs: number;
  readonly #handler: RendezvousHandler;
  /** By file descriptor, which is the tag of its events. */
  readonly #sockets: (TcpLine | TcpListener | null)[] = [];
  /** Lines that must get on before their deadline: our own, and those of who has come and said nothing. */
  readonly #connecting = new Set<TcpLine>();
  readonly #silent = new Set<TcpLine>();
  /** One of those that connect has failed as it began. */
  #hasFailed = false;
  #lookUs = 0;

  constructor(handler: RendezvousHandler, connectTimeoutMs: number) {
    this.#handler = handler;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#epoll = sys.epollCreate();
    if (this.#epoll < 0) throw systemError('start', -1, 'epoll_create1');
  }

  get file(): number {
    return this.#epoll;
  }

  hasNews(): void {
    this.#lookUs = 0;
  }

  dueMs(): number {
    if (this.#hasFailed) return 0;
    let ns = Number.POSITIVE_INFINITY;
    // The first of each are due first.
    for (const { deadlineNs } of this.#connecting) {
      ns = deadlineNs;
      break;
    }
    for (const { deadlineNs } of this.#silent) {
      ns = Math.min(ns, deadlineNs);
      break;
    }
    return (ns - nowNs()) / 1e6;
  }

  bind(address: number, port: number, qd: number): RendezvousListener {
    const fd = sys.openSocket(sys.SOCK_STREAM);
    if (fd < 0) throw systemError('bind', qd, 'socket');
    sys.enableReuseAddress(fd);
    if (sys.bind(fd, address, port) < 0 || sys.getsockname(fd) < 0) {
      const error = systemError('bind', qd, `${formatIpv4(address)}:${port}`);
      sys.close(fd);
      throw error;
    }
    return new TcpListener(this, fd, sys.writtenAddress(), sys.writtenPort(), qd);
  }

  connect(address: number, port: number, localAddress: number, localPort: number, hello: Hello): Line {
    const fd = sys.openSocket(sys.SOCK_STREAM);
    const line = new TcpLine(this, fd, State.Connecting);
    line.peerAddress = address;
    line.peerPort = port;
    line.hello = encodeHello(hello);
    line.deadlineNs = nowNs() + this.#connectTimeoutMs * 1e6;
    this.#connecting.add(line);
    let result = fd < 0 ? -1 : 0;
    if (result === 0 && (localAddress !== 0 || localPort !== 0)) {
      sys.enableReuseAddress(fd);
      result = sys.bind(fd, localAddress, localPort);
    }
    if (result === 0) {
      sys.enableNoDelay(fd);
      result = sys.connect(fd, address, port);
    }
    // Reported with the next look, as everything is.
    if (result < 0 && errno() !== Errno.EINPROGRESS) {
      line.failure = codeOfErrno(errno());
      this.#hasFailed = true;
    } else this.watch(line);
    return line;
  }

  poll(clock: Clock): void {
    const { nowUs } = clock;
    // Somebody here waits for a connection: it is worth a look each time.
    if (nowUs < this.#lookUs && this.#connecting.size === 0) return;
    this.#lookUs = nowUs + LOOK_EVERY_US;
    const count = sys.epollWait(this.#epoll, 0);
    if (count > 0) this.#serveEvents(count);
    // Behind the events: an answer that has come is not late because somebody was stopped before looking.
    if (this.#connecting.size + this.#silent.size > 0) this.#expire();
  }

  #serveEvents(count: number): void {
    // Its memory is used again by what the events lead to.
    const events: [number, number][] = [];
    for (let i = 0; i < count; i++) events.push([sys.eventTag(i), sys.eventMask(i)]);
    for (const [fd, mask] of events) {
      const socket = this.#sockets[fd];
      if (socket instanceof TcpLine) this.#serve(socket, mask);
      else if (socket) this.acceptAll(socket);
    }
  }

  close(): void {
    for (const socket of this.#sockets) {
      if (socket) sys.close(socket.fd);
    }
    this.#sockets.length = 0;
    sys.close(this.#epoll);
  }

  // For its sockets

  watch(socket: TcpLine | TcpListener): void {
    this.#sockets[socket.fd] = socket;
    sys.epollAdd(this.#epoll, socket.fd, socket.fd);
  }

  forget(socket: TcpLine | TcpListener): void {
    if (this.#sockets[socket.fd] === socket) this.#sockets[socket.fd] = null;
    if (socket instanceof TcpLine) {
      this.#connecting.delete(socket);
      this.#silent.delete(socket);
      if (this.#connecting.size === 0) this.#hasFailed = false;
    }
    if (socket.fd >= 0) sys.close(socket.fd);
  }

  acceptAll(listener: TcpListener): void {
    while (listener.mayAccept) {
      const fd = sys.accept4(listener.fd);
      if (fd < 0) return;
      const line = new TcpLine(this, fd, State.AwaitingHello);
      line.listener = listener;
      line.peerAddress = sys.writtenAddress();
      line.peerPort = sys.writtenPort();
      line.deadlineNs = nowNs() + HELLO_PATIENCE_MS * 1e6;
      this.#opened(line);
      this.#silent.add(line);
      this.watch(line);
      listener.came(line);
    }
  }

  meet(line: TcpLine, hello: Hello): void {
    line.state = State.Meeting;
    this.#handler.arrived(line.listener!, line, hello);
  }

  // Events

  #opened(line: TcpLine): void {
    sys.enableNoDelay(line.fd);
    sys.enableKeepAlive(line.fd, KEEP_ALIVE_S);
    sys.getsockname(line.fd);
    line.localAddress = sys.writtenAddress();
    line.localPort = sys.writtenPort();
  }

  #serve(line: TcpLine, mask: number): void {
    if (line.state === State.Connecting) {
      const error = sys.takeSocketError(line.fd);
      if (error !== 0) {
        this.#fail(line, codeOfErrno(error));
        return;
      }
      if ((mask & sys.EPOLLOUT) === 0) return;
      this.#opened(line);
      line.state = State.AwaitingAnswer;
      line.write(line.hello!);
    }
    if ((mask & sys.EPOLLOUT) !== 0) line.writeRest();
    if (line.state !== State.Closed) this.#read(line);
  }

  #read(line: TcpLine): void {
    for (;;) {
      const bytes = sys.recv(line.fd, scratch.address, scratch.bytes.length, sys.MSG_DONTWAIT);
      if (bytes < 0 && errno() === Errno.EINTR) continue;
      if (bytes < 0 && errno() === Errno.EAGAIN) return;
      if (bytes <= 0) {
        this.#ended(line);
        return;
      }
      line.received = Buffer.concat([line.received, scratch.bytes.subarray(0, bytes)]);
      this.#understand(line);
      if (line.state === State.Closed) return;
    }
  }

  #understand(line: TcpLine): void {
    if (line.state === State.AwaitingRoom) {
      // An honest one has nothing to say before it is answered.
      if (line.received.length > MAX_HELLO_BYTES) line.close();
      return;
    }
    if (line.state !== State.Open && !this.#meet(line)) return;
    while (line.received.length >= RECORD_BYTES && line.state === State.Open) {
      const [kind, reason] = line.received;
      const data = line.received.readInt32BE(4);
      const credits = line.received.readInt32BE(8);
      line.received = line.received.subarray(RECORD_BYTES);
      this.#handler.record(line, kind, reason, data, credits);
    }
  }

  /** Reads the peer's hello. Returns whether the line is open by now. */
  #meet(line: TcpLine): boolean {
    const read = decodeHello(line.received);
    if (read === null) return false;
    if (typeof read === 'string') {
      if (line.state === State.AwaitingAnswer) this.#fail(line, 'PROTOCOL_ERROR');
      else line.sendAway(NOT_A_SERVER);
      return false;
    }
    line.received = Buffer.from(line.received.subarray(read.length));
    const { hello } = read;
    if (hello.kind === HelloKind.Refusal) {
      this.#fail(line, hello.code, hello.reason);
      return false;
    }
    if (line.state === State.AwaitingAnswer) {
      this.#connecting.delete(line);
      line.state = State.Open;
      this.#handler.answered(line, hello);
    } else {
      this.#silent.delete(line);
      line.listener!.said(line, hello);
    }
    return (line.state as State) === State.Open;
  }

  #ended(line: TcpLine): void {
    if (line.state === State.Open) {
      line.close();
      this.#handler.broken(line);
    } else if (line.state === State.AwaitingAnswer) {
      this.#fail(line, 'CONNECTION_REFUSED');
    } else {
      line.close();
    }
  }

  #fail(line: TcpLine, code: ErrorCode, reason = ''): void {
    const ours = line.listener === null;
    line.close();
    if (ours) this.#handler.failed(line, code, reason);
  }

  #expire(): void {
    const now = nowNs();
    this.#hasFailed = false;
    for (const line of this.#connecting) {
      if (line.failure !== null) this.#fail(line, line.failure);
      else if (line.deadlineNs <= now) this.#fail(line, 'TIMED_OUT');
    }
    // In the order in which they came.
    for (const line of this.#silent) {
      if (line.deadlineNs > now) return;
      line.close();
    }
  }
}

class TcpListener implements RendezvousListener {
  owner: unknown = null;
  readonly fd: number;
  readonly address: number;
  readonly port: number;
  readonly #rendezvous: TcpRendezvous;
  readonly #qd: number;
  #backlog = 0;
  /** Met, and not released. */
  #taken = 0;
  /** Have come and said nothing, in that order: strangers, who must not take the places of the others. */
  readonly #silent = new Set<TcpLine>();
  /** Have said hello, and wait for one of the backlog's places. */
  readonly #waiting = new Map<TcpLine, Hello>();

  constructor(rendezvous: TcpRendezvous, fd: number, address: number, port: number, qd: number) {
    this.#rendezvous = rendezvous;
    this.fd = fd;
    this.address = address;
    this.port = port;
    this.#qd = qd;
  }

  get mayAccept(): boolean {
    return this.#backlog > 0 && this.#waiting.size < MAX_WAITING;
  }

  listen(backlog: number): void {
    this.#backlog = backlog;
    if (sys.listen(this.fd, backlog) < 0) {
      throw systemError('listen', this.#qd, `${formatIpv4(this.address)}:${this.port}`);
    }
    this.#rendezvous.watch(this);
  }

  came(line: TcpLine): void {
    this.#silent.add(line);
    if (this.#silent.size <= MAX_SILENT) return;
    const [first] = this.#silent;
    first.close();
  }

  said(line: TcpLine, hello: Hello): void {
    this.#silent.delete(line);
    line.state = State.AwaitingRoom;
    this.#waiting.set(line, hello);
    this.#meetWaiting();
  }

  /** A line is gone before it was met. */
  left(line: TcpLine): void {
    this.#silent.delete(line);
    const wasFull = this.#waiting.size === MAX_WAITING;
    if (this.#waiting.delete(line) && wasFull) this.#rendezvous.acceptAll(this);
  }

  release(): void {
    this.#taken--;
    this.#meetWaiting();
  }

  close(): void {
    this.#backlog = 0;
    for (const line of [...this.#silent, ...this.#waiting.keys()]) line.close();
    this.#rendezvous.forget(this);
  }

  #meetWaiting(): void {
    const wasFull = this.#waiting.size === MAX_WAITING;
    for (const [line, hello] of this.#waiting) {
      if (this.#taken >= this.#backlog) break;
      this.#waiting.delete(line);
      this.#taken++;
      this.#rendezvous.meet(line, hello);
    }
    // Edges are reported once: those who have waited in the kernel come now.
    if (wasFull) this.#rendezvous.acceptAll(this);
  }
}

class TcpLine implements Line {
  owner: unknown = null;
  listener: TcpListener | null = null;
  localAddress = 0;
  localPort = 0;
  peerAddress = 0;
  peerPort = 0;
  state: State;
  /** What to say first. */
  hello: Uint8Array | null = null;
  received: Buffer = Buffer.alloc(0);
  deadlineNs = 0;
  /** It failed before it began. */
  failure: ErrorCode | null = null;
  readonly fd: number;
  readonly #rendezvous: TcpRendezvous;
  /** What the socket has not taken yet. */
  #unsent: Buffer = Buffer.alloc(0);

  constructor(rendezvous: TcpRendezvous, fd: number, state: State) {
    this.#rendezvous = rendezvous;
    this.fd = fd;
    this.state = state;
  }

  answer(hello: Hello): void {
    this.state = State.Open;
    this.write(encodeHello(hello));
  }

  refuse(refusal: Refusal): void {
    this.write(encodeHello(refusal));
    this.close();
  }

  /** Answers somebody who is no peer. */
  sendAway(text: string): void {
    this.write(Buffer.from(text));
    this.close();
  }

  send(kind: number, reason: number, data: number, credits: number): void {
    if (this.state !== State.Open) return;
    const record = Buffer.alloc(RECORD_BYTES);
    record[0] = kind;
    record[1] = reason;
    record.writeInt32BE(data, 4);
    record.writeInt32BE(credits, 8);
    this.write(record);
  }

  close(): void {
    if (this.state === State.Closed) return;
    const { state } = this;
    this.state = State.Closed;
    this.#rendezvous.forget(this);
    if (state === State.Meeting) this.listener?.release();
    else if (state !== State.Open) this.listener?.left(this);
  }

  write(bytes: Uint8Array): void {
    this.#unsent = Buffer.concat([this.#unsent, bytes]);
    this.writeRest();
  }

  writeRest(): void {
    while (this.#unsent.length > 0 && this.state !== State.Closed) {
      const piece = this.#unsent.subarray(0, scratch.bytes.length);
      scratch.bytes.set(piece);
      const sent = sys.send(this.fd, scratch.address, piece.length, sys.MSG_NOSIGNAL | sys.MSG_DONTWAIT);
      // A full socket goes on with its next event; a broken one is found when it is read.
      if (sent < 0) return;
      this.#unsent = this.#unsent.subarray(sent);
    }
  }
}
