/**
 * The libOS over a network stack: what libos/core.ts asks of a backend, for any device that moves Ethernet
 * frames.
 *
 * Sending copies nothing. A stream sends, and sends again, from the buffers that were pushed; so a push
 * completes as handed over when its bytes have been sent if the application has freed them by then, and
 * otherwise when the peer has acknowledged them and the buffers can be given back.
 */
import { type ErrorCode, LibosError } from '../errors.ts';
import type { BufferPool } from '../memory/pool.ts';
import { Owner, type SgaSegment } from '../memory/sga.ts';
import type { SocketKind } from '../pdpi.ts';
import { NO_SLOT, type TokenTable } from '../tokens.ts';
import {
  LINGER_US,
  PUSHES_PER_BURST,
  Queue,
  QueueState,
  type Transport,
  type TransportHost,
} from '../transport.ts';
import { WorkList } from '../work-list.ts';
import type { Device } from './device.ts';
import { Stack, type StackOptions } from './stack.ts';
import { connect } from './tcp/connect.ts';
import type { TcpConnection } from './tcp/connection.ts';
import { Listener } from './tcp/listener.ts';
import { reportedErrorInWords } from './tcp/reported-error.ts';
import { TcpState } from './tcp/states.ts';
import { UdpSocket } from './udp.ts';

/** How long the device is given for resets that were sent when it is to be closed. */
const SETTLE_US = 20_000;

class InetUdpSocket extends UdpSocket {
  readonly queue: InetQueue;

  constructor(queue: InetQueue) {
    super();
    this.queue = queue;
  }
}

class InetQueue extends Queue {
  connection: TcpConnection | null = null;
  listener: Listener | null = null;
  socket: InetUdpSocket | null = null;
  /** Bytes pushed so far: the position of a push in the stream. */
  pushedBytes = 0;
  /** Its port was taken by bind, and is to be released by close. */
  bound = false;
  /** Stands in the list of datagram sockets that have something to send. */
  sending = false;

  /** The connection of a stream that is connecting or connected. */
  get stream(): TcpConnection {
    return this.connection as TcpConnection;
  }
}

export interface InetOptions extends Omit<StackOptions<InetUdpSocket>, 'datagrams'> {
  /** 'dpdk', 'sim': what the libOS says that it runs on. */
  name: string;
  /** What the device has counted, by name. */
  counters: () => Record<string, number>;
  /** Transport.hint, of the device. */
  hint?: (error: ErrorCode) => string | null;
  /**
   * Sleeps until frames have come, for `timeoutMs` at most; false when the device cannot. Absent of devices that wake
   * nobody.
   */
  wait?: (timeoutMs: number) => boolean;
  /** Transport.about, of the device. */
  about?: () => string;
}

export class InetTransport implements Transport {
  readonly name: string;
  readonly pool: BufferPool;
  readonly stack: Stack<InetUdpSocket>;
  readonly #device: Device;
  readonly counters: () => Record<string, number>;
  readonly #deviceHint: (error: ErrorCode) => string | null;
  readonly about: (() => string) | undefined;
  readonly #wait: (timeoutMs: number) => boolean;
  readonly #host: TransportHost;
  readonly #tokens: TokenTable;
  readonly #listenersToServe = new WorkList<Listener>();
  #socketsToSend = new WorkList<InetQueue>();
  #socketsSending = new WorkList<InetQueue>();
  /** Datagrams that have been put into frames and complete once those are exchanged. */
  readonly #datagramsSent = new WorkList<number>();
  /** Before it is shut down. */
  #resetsSent = 0;

  constructor(host: TransportHost, device: Device, pool: BufferPool, options: InetOptions) {
    this.#host = host;
    this.#tokens = host.tokens;
    this.name = options.name;
    this.pool = pool;
    this.#device = device;
    this.counters = options.counters;
    this.#deviceHint = options.hint ?? (() => null);
    this.#wait = options.wait ?? (() => false);
    this.about = options.about;
    this.stack = new Stack(device, pool, { ...options, datagrams: this });
  }

  hint(error: ErrorCode): string | null {
    const { lastReported } = this.stack.tcp.context;
    const tells = error === 'HOST_UNREACHABLE' && lastReported !== null;
    return tells ? reportedErrorInWords(lastReported) : this.#deviceHint(error);
  }

  open(kind: SocketKind): InetQueue {
    return new InetQueue(kind);
  }

  bind(queue: InetQueue, address: number, port: number): void {
    const { stack } = this;
    if (address !== 0 && (address | 0) !== stack.ipv4.address) {
      throw new LibosError('ADDRESS_NOT_AVAILABLE', 'bind', queue.qd);
    }
    const ports = queue.kind === 'stream' ? stack.tcpPorts : stack.udpPorts;
    const ephemeral = queue.kind === 'stream' ? stack.ephemeralTcpPort(0, 0) : stack.ephemeralUdpPort();
    const chosen = port === 0 ? ephemeral : port;
    if (chosen === 0 || !ports.take(chosen)) {
      const detail = `port ${port}: stop who uses it, or choose another port (0 takes any free one)`;
      throw new LibosError('ADDRESS_IN_USE', 'bind', queue.qd, detail);
    }
    queue.bound = true;
    queue.localAddress = address;
    queue.localPort = chosen;
    if (queue.kind === 'datagram') this.#openSocket(queue);
  }

  listen(queue: InetQueue, backlog: number): void {
    const onComplete = (complete: Listener) => this.#listenersToServe.add(complete);
    const listener = new Listener(queue.localAddress | 0, queue.localPort, backlog, onComplete, queue);
    queue.listener = listener;
    this.stack.tcp.listeners.set(queue.localPort, listener);
  }

  connect(queue: InetQueue, address: number, port: number): void {
    if (queue.kind === 'datagram') this.#connectSocket(queue, address, port);
    else this.#connectStream(queue, address, port);
  }

  setOptions({ connection, userTimeoutMs, keepAliveMs }: InetQueue): void {
    if (userTimeoutMs !== null) connection?.sender.giveUpAfter(userTimeoutMs * 1000);
    if (keepAliveMs !== null) connection?.keepAliveAfter(keepAliveMs * 1000);
  }

  shutdownWrite(queue: InetQueue): void {
    queue.stream.finish();
  }

  close(queue: InetQueue): void {
    if (queue.listener !== null) this.#closeListener(queue.listener);
    if (queue.connection !== null) this.#closeStream(queue, queue.connection);
    if (queue.socket !== null) {
      // What the device takes goes still.
      if (queue.pushes.head !== NO_SLOT) this.poll();
      this.stack.udp.unbind(queue.socket);
    }
    if (queue.bound) {
      const ports = queue.kind === 'stream' ? this.stack.tcpPorts : this.stack.udpPorts;
      ports.release(queue.localPort);
    }
  }

  accept(queue: InetQueue): void {
    if (queue.listener !== null) this.#serveAccepts(queue.listener);
  }

  push(queue: InetQueue): void {
    if (queue.kind === 'datagram') {
      this.#pushDatagram(queue);
      return;
    }
    const tokens = this.#tokens;
    const connection = queue.stream;
    const slot = queue.pushes.tail;
    if (connection.error !== null) {
      this.#failPushes(queue);
      return;
    }
    const sga = tokens.pushed(slot);
    queue.pushedBytes += sga.byteLength;
    tokens.position[slot] = queue.pushedBytes;
    connection.sender.queue.append(sga);
    connection.context.markDirty(connection);
    if (this.#host.pushesSincePoll % PUSHES_PER_BURST === 0) this.poll();
  }

  pop(queue: InetQueue): void {
    if (queue.kind === 'datagram') {
      this.#servePopsOfSocket(queue);
      return;
    }
    const connection = queue.stream;
    const { receiver } = connection;
    receiver.queue.want();
    if (!receiver.queue.isEmpty || receiver.finReceived || connection.error !== null) {
      this.#servePops(queue, connection);
    }
  }

  poll(): void {
    const { context } = this.stack.tcp;
    if (this.#socketsToSend.count > 0) this.#sendDatagrams();
    if (this.#host.pushesSincePoll > 0) this.#host.stirred();
    if (this.stack.poll() > 0) this.#host.stirred();
    for (let touched = context.takeTouched(); touched !== null; touched = context.takeTouched()) {
      const queue = touched.owner as InetQueue | null;
      if (queue !== null) this.#serve(queue, touched);
    }
    if (this.#datagramsSent.count > 0) this.#completeDatagrams();
    if (this.#listenersToServe.count > 0) this.#serveListeners();
  }

  sleep(timeoutMs: number): void {
    // Some have more to send.
    if (!this.stack.tcp.context.turns.isEmpty) return;
    const { nowUs, nextReleaseUs = Infinity } = this.#device;
    const dueMs = (Math.min(this.stack.pollAt(), nextReleaseUs) - nowUs) / 1000;
    if (dueMs <= 0) return;
    const ms = Math.min(timeoutMs, dueMs);
    if (!this.#wait(ms)) this.#host.sleep(ms);
  }

  reset(queue: InetQueue): void {
    const connection = queue.stream;
    connection.abandon();
    connection.sendReset();
    connection.remove();
  }

  linger(): void {
    const { tcp } = this.stack;
    const startUs = this.#device.nowUs;
    while (tcp.hasUnfinished && this.#device.linkUp && this.#device.nowUs - startUs < LINGER_US) this.poll();
    this.#resetsSent = tcp.counters.resetsSent;
  }

  shutdown(): void {
    const { tcp } = this.stack;
    const left: TcpConnection[] = [];
    tcp.connections.forEach((connection) => void left.push(connection));
    for (const connection of left) {
      const open = connection.isSynchronized && connection.state < TcpState.TimeWait;
      if (open && connection.state !== TcpState.FinWait2) connection.sendReset();
      connection.remove();
    }
    this.stack.poll();
    // A link in memory forgets what its other end has not taken when it is closed, and nobody sends a reset again.
    const settleUs = tcp.counters.resetsSent > this.#resetsSent ? SETTLE_US : 0;
    const startUs = this.#device.nowUs;
    while (this.#device.linkUp && this.#device.nowUs - startUs < settleUs) this.stack.poll();
    this.#device.close();
    this.pool.destroy();
  }

  // For UDP

  datagramArrived(socket: InetUdpSocket): void {
    if (socket.queue.pops.head !== NO_SLOT) this.#servePopsOfSocket(socket.queue);
  }

  /**
   * An ICMP error that belongs to a datagram sent earlier: it is reported once, and the socket stays usable.
   */
  datagramRefused(localPort: number, peerAddress: number, peerPort: number): void {
    for (const { queue, peerAddress: address, peerPort: port } of this.stack.udp.boundTo(localPort) ?? []) {
      if (address !== peerAddress || port !== peerPort || queue.pops.head === NO_SLOT) continue;
      this.#tokens.complete(this.#tokens.shift(queue.pops), 'CONNECTION_REFUSED');
    }
  }

  // Streams

  #connectStream(queue: InetQueue, address: number, port: number): void {
    const { stack } = this;
    const neighbour = stack.ipv4.nextHop(address | 0);
    if (!queue.bound) queue.localPort = stack.ephemeralTcpPort(address | 0, port);
    const { connections, context } = stack.tcp;
    // A port that was bound may have a connection to that peer, as may all that there are to choose from.
    const previous = connections.find(queue.localPort, address | 0, port);
    const taken = queue.localPort === 0 || (previous !== null && !previous.isReusable);
    if (neighbour === null || neighbour.failed || taken) {
      const error = neighbour === null || neighbour.failed ? 'HOST_UNREACHABLE' : 'ADDRESS_IN_USE';
      context.lastReported = null;
      this.#host.connectEnded(queue, error);
      return;
    }
    queue.localAddress = stack.ipv4.address >>> 0;
    queue.connection = connect(context, queue.localPort, address | 0, port, neighbour, previous);
    queue.connection.attach(queue);
    this.setOptions(queue);
  }

  #serve(queue: InetQueue, connection: TcpConnection): void {
    const connected = queue.state === QueueState.Connecting;
    if (connected && (connection.error !== null || connection.isSynchronized)) {
      this.#host.connectEnded(queue, connection.error);
    }
    if (queue.pushes.head !== NO_SLOT || queue.unacknowledged.head !== NO_SLOT) {
      this.#servePushes(queue, connection);
    }
    if (queue.pops.head !== NO_SLOT) this.#servePops(queue, connection);
    if (queue.lingers) this.#endLingering(queue, connection);
  }

  /** Nobody looks at a closed connection any more when its last push has completed; it ends by itself. */
  #endLingering(queue: InetQueue, connection: TcpConnection): void {
    if (queue.pushes.head !== NO_SLOT || queue.unacknowledged.head !== NO_SLOT) return;
    queue.lingers = false;
    connection.abandon();
    this.#host.lingered(queue);
  }

  #servePops(queue: InetQueue, connection: TcpConnection): void {
    const tokens = this.#tokens;
    const { receiver } = connection;
    let taken = false;
    while (queue.pops.head !== NO_SLOT) {
      const segment = receiver.queue.shift();
      if (segment === null) {
        if (connection.error === null && !receiver.finReceived) break;
        tokens.complete(tokens.shift(queue.pops), connection.error);
        continue;
      }
      this.#tokens.completePop(queue.pops, this.pool.wrap(segment, Owner.Libos));
      taken = true;
    }
    if (queue.pops.head === NO_SLOT) receiver.queue.wantNoMore();
    if (taken) connection.roomWasMade();
  }

  #servePushes(queue: InetQueue, connection: TcpConnection): void {
    const tokens = this.#tokens;
    const { acknowledgedBytes, sentBytes } = connection.sender;
    const { pushes, unacknowledged } = queue;
    tokens.completeUpTo(unacknowledged, acknowledgedBytes);
    while (pushes.head !== NO_SLOT && tokens.position[pushes.head] <= sentBytes) {
      const slot = tokens.shift(pushes);
      const sga = tokens.pushed(slot);
      if (tokens.position[slot] <= acknowledgedBytes) tokens.complete(slot, null);
      else if (
        tokens.acknowledged[slot] === 0 &&
        sga.owner === Owner.LibosThenFree &&
        connection.state !== TcpState.Closed
      ) {
        // It stays in the send queue, which gives it back.
        sga.owner = Owner.Transport;
        tokens.sga[slot] = null;
        tokens.complete(slot, null);
      } else {
        tokens.handedOver(slot);
        tokens.append(unacknowledged, slot);
      }
    }
    if (connection.error !== null) this.#failPushes(queue);
  }

  #failPushes(queue: InetQueue): void {
    const { error } = queue.stream;
    this.#tokens.completeAll(queue.unacknowledged, error);
    this.#tokens.completeAll(queue.pushes, error);
  }

  /**
   * What was pushed still reaches the peer, from the pushed buffers, and then the end of the stream. Data that nobody
   * has read makes it a reset (RFC 9293, section 3.10.4; RFC 2525, section 2.17), unless the peer has ended its side
   * and has all of ours: it is gone, and TIME-WAIT stays.
   */
  #closeStream(queue: InetQueue, connection: TcpConnection): void {
    const stands = connection.state !== TcpState.Closed && connection.isSynchronized;
    const unread = !connection.receiver.queue.isEmpty && connection.state !== TcpState.TimeWait;
    if (!stands || unread) {
      connection.abandon();
      if (stands) connection.sendReset();
      connection.remove();
      connection.receiver.queue.clear();
      return;
    }
    queue.lingers = queue.pushes.head !== NO_SLOT || queue.unacknowledged.head !== NO_SLOT;
    if (queue.lingers) connection.orphan();
    else connection.abandon();
    if (connection.state === TcpState.TimeWait) connection.receiver.queue.clear();
    connection.finish();
  }

  // Listeners

  #serveListeners(): void {
    const listeners = this.#listenersToServe;
    for (let i = 0; i < listeners.count; i++) {
      const listener = listeners.at(i);
      listener.looked();
      this.#serveAccepts(listener);
    }
    listeners.clear();
  }

  #serveAccepts(listener: Listener): void {
    const queue = listener.owner as InetQueue;
    while (queue.accepts.head !== NO_SLOT) {
      const connection = listener.take();
      if (connection === null) return;
      // It has been reset since.
      if (connection.state === TcpState.Closed) continue;
      const accepted = new InetQueue('stream');
      accepted.connection = connection;
      accepted.localAddress = connection.localAddress >>> 0;
      accepted.localPort = connection.localPort;
      accepted.peerAddress = connection.remoteAddress >>> 0;
      accepted.peerPort = connection.remotePort;
      connection.attach(accepted);
      this.#host.accepted(queue, accepted);
      this.setOptions(accepted);
    }
  }

  #closeListener(listener: Listener): void {
    const { tcp } = this.stack;
    tcp.listeners.delete(listener.port);
    const waiting: TcpConnection[] = [];
    tcp.connections.forEach((connection) => {
      if (connection.listener === listener) waiting.push(connection);
    });
    for (const connection of waiting) {
      if (connection.isSynchronized) connection.sendReset();
      connection.remove();
    }
  }

  // Datagrams

  #openSocket(queue: InetQueue): InetUdpSocket {
    const socket = new InetUdpSocket(queue);
    socket.localAddress = queue.localAddress | 0;
    socket.localPort = queue.localPort;
    queue.socket = socket;
    this.stack.udp.bind(socket);
    return socket;
  }

  /** The socket of a queue that may not be bound yet. */
  #socketOf(queue: InetQueue): InetUdpSocket {
    if (queue.socket === null) this.bind(queue, 0, 0);
    return queue.socket as InetUdpSocket;
  }

  #connectSocket(queue: InetQueue, address: number, port: number): void {
    const socket = this.#socketOf(queue);
    socket.peerAddress = address | 0;
    socket.peerPort = port;
    queue.localAddress = this.stack.ipv4.address >>> 0;
    this.#host.connectEnded(queue, null);
  }

  #pushDatagram(queue: InetQueue): void {
    this.#socketOf(queue);
    if (queue.state === QueueState.Fresh) queue.state = QueueState.Bound;
    if (queue.sending) return;
    queue.sending = true;
    this.#socketsToSend.add(queue);
  }

  /** Puts the datagrams that were pushed into frames, which the next exchange sends. */
  #sendDatagrams(): void {
    const sending = this.#socketsToSend;
    this.#socketsToSend = this.#socketsSending;
    this.#socketsSending = sending;
    for (let i = 0; i < sending.count; i++) {
      const queue = sending.at(i);
      queue.sending = false;
      // Where no frame was free it goes on with the next poll.
      if (queue.pushes.head !== NO_SLOT && !this.#sendQueued(queue)) this.#pushDatagram(queue);
    }
    sending.clear();
  }

  /** Returns false when no frame was free for one of them. */
  #sendQueued(queue: InetQueue): boolean {
    const tokens = this.#tokens;
    const socket = this.#socketOf(queue);
    while (queue.pushes.head !== NO_SLOT) {
      const slot = queue.pushes.head;
      const connected = tokens.peerPort[slot] === 0;
      const address = connected ? queue.peerAddress : tokens.peerAddress[slot];
      const port = connected ? queue.peerPort : tokens.peerPort[slot];
      const result = this.stack.udp.send(socket, address | 0, port, tokens.pushed(slot));
      if (result === 'again') return false;
      tokens.shift(queue.pushes);
      if (result === 'sent') this.#datagramsSent.add(slot);
      else tokens.complete(slot, result === 'too-long' ? 'MESSAGE_TOO_LONG' : 'HOST_UNREACHABLE');
    }
    return true;
  }

  #completeDatagrams(): void {
    const sent = this.#datagramsSent;
    for (let i = 0; i < sent.count; i++) this.#tokens.complete(sent.at(i), null);
    sent.clear();
  }

  #servePopsOfSocket(queue: InetQueue): void {
    const socket = this.#socketOf(queue);
    while (queue.pops.head !== NO_SLOT) {
      const segment: SgaSegment | null = socket.take();
      if (segment === null) return;
      const sga = this.pool.wrap(segment, Owner.Libos);
      this.#tokens.completePopFrom(queue.pops, sga, socket.senderAddress >>> 0, socket.senderPort);
    }
  }
}
