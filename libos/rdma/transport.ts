/**
 * The libOS over RDMA: what libos/core.ts asks of a backend, with streams and datagrams as messages of a
 * reliable datagram endpoint (engine.ts), and connections made and ended over a rendezvous (rendezvous.ts).
 */
import type { ErrorCode } from '../errors.ts';
import type { BufferPool } from '../memory/pool.ts';
import { Owner } from '../memory/sga.ts';
import type { SocketKind } from '../pdpi.ts';
import { NO_SLOT, type TokenTable } from '../tokens.ts';
import { LINGER_US, PUSHES_PER_BURST, QueueState, type Transport, type TransportHost } from '../transport.ts';
import { Channel, DatagramSocket, RdmaQueue } from './channel.ts';
import { Datagrams } from './datagrams.ts';
import type { EngineOptions, MessageEngine } from './engine.ts';
import { type Hello, HelloKind } from './hello.ts';
import type { MessageDevice } from './message-device.ts';
import type {
  CreateRendezvous,
  Line,
  Rendezvous,
  RendezvousHandler,
  RendezvousListener,
} from './rendezvous.ts';
import { MessageSender } from './sender.ts';

/** How long providers below which there are others are given to end what they do by themselves. */
const SETTLE_US = 20_000;
/** Peers of a datagram socket that may open a connection to it at a time. */
const DATAGRAM_BACKLOG = 128;

export interface RdmaTransportOptions extends EngineOptions {
  /** The provider, as it calls itself: peers must have the same one. */
  provider: string;
  /** 16 bytes that are another for each machine, and whether the provider reaches this machine alone. */
  host: Uint8Array;
  hostOnly: boolean;
}

export class RdmaTransport implements Transport, RendezvousHandler {
  readonly name = 'rdma';
  readonly pool: BufferPool;
  readonly #device: MessageDevice;
  readonly #rendezvous: Rendezvous;
  readonly #options: RdmaTransportOptions;
  readonly #host: TransportHost;
  readonly #tokens: TokenTable;
  readonly #sender: MessageSender;
  readonly #engine: MessageEngine;
  readonly #datagrams: Datagrams;
  readonly #warned = new Set<string>();

  constructor(
    host: TransportHost,
    device: MessageDevice,
    createRendezvous: CreateRendezvous,
    pool: BufferPool,
    options: RdmaTransportOptions,
  ) {
    this.#host = host;
    this.#tokens = host.tokens;
    this.#device = device;
    this.pool = pool;
    this.#options = options;
    this.#sender = new MessageSender(host.tokens, device, options);
    this.#engine = this.#sender.engine;
    this.#rendezvous = createRendezvous(this);
    this.#datagrams = new Datagrams(host.tokens, pool, this.#engine, this.#sender, (socket, address, port) =>
      this.#openChannel(HelloKind.Datagram, socket.queue.localPort, address, port, 0, 0),
    );
  }

  get engine(): MessageEngine {
    return this.#engine;
  }

  open(kind: SocketKind): RdmaQueue {
    return new RdmaQueue(kind);
  }

  bind(queue: RdmaQueue, address: number, port: number): void {
    const listener = this.#rendezvous.bind(address, port, queue.qd);
    listener.owner = queue;
    queue.listener = listener;
    queue.localAddress = listener.address;
    queue.localPort = listener.port;
    if (queue.kind === 'stream') return;
    queue.socket = new DatagramSocket(queue);
    listener.listen(DATAGRAM_BACKLOG);
  }

  listen(queue: RdmaQueue, backlog: number): void {
    queue.listener!.listen(backlog);
  }

  connect(queue: RdmaQueue, address: number, port: number): void {
    if (queue.kind === 'datagram') {
      if (queue.socket === null) this.bind(queue, 0, 0);
      this.#host.connectEnded(queue, null);
      return;
    }
    // What was bound is bound again by the line.
    queue.listener?.close();
    queue.listener = null;
    const { localAddress, localPort } = queue;
    const channel = this.#openChannel(HelloKind.Stream, 0, address, port, localAddress, localPort);
    if (channel === null) {
      this.#host.connectEnded(queue, 'NO_BUFFERS');
      return;
    }
    channel.queue = queue;
    channel.pushes = queue.pushes;
    queue.channel = channel;
  }

  shutdownWrite(queue: RdmaQueue): void {
    const channel = queue.channel!;
    channel.shut = true;
    if (queue.pushes.head === NO_SLOT && channel.connection.error === null) {
      this.#engine.ends.finish(channel.connection);
    }
  }

  close(queue: RdmaQueue): void {
    if (queue.socket !== null) this.#datagrams.close(queue.socket);
    if (queue.listener !== null) queue.listener.close();
    for (const channel of queue.backlog) this.#engine.ends.reset(channel.connection);
    if (queue.channel !== null) this.#closeStream(queue, queue.channel);
  }

  /** What was pushed still goes, as credits come, and then the end of the stream; unless the peer's data is unread. */
  #closeStream(queue: RdmaQueue, channel: Channel): void {
    const { ends } = this.#engine;
    const { connection } = channel;
    if (!channel.established) {
      channel.queue = null;
      channel.line.close();
      ends.lineBroken(connection);
      return;
    }
    queue.lingers = channel.hasPushes && connection.error === null && !connection.hasUnread;
    if (!queue.lingers) {
      channel.queue = null;
      ends.closeByOwner(connection);
      this.#sender.fail(channel, 'CANCELLED');
      return;
    }
    channel.lingers = true;
    channel.shut = true;
    ends.linger(connection);
    if (channel.pushes.head === NO_SLOT) ends.finish(connection);
  }

  reset(queue: RdmaQueue): void {
    const channel = queue.channel!;
    channel.queue = null;
    channel.lingers = false;
    this.#engine.ends.reset(channel.connection);
    this.#sender.fail(channel, 'CANCELLED');
  }

  /** Something has happened to a closed stream that still had pushes. */
  #serveLingering(channel: Channel): void {
    const { ends } = this.#engine;
    if (channel.hasPushes) {
      ends.linger(channel.connection);
      return;
    }
    const queue = channel.queue!;
    channel.queue = null;
    channel.lingers = false;
    ends.closeByOwner(channel.connection);
    this.#host.lingered(queue);
  }

  accept(queue: RdmaQueue): void {
    this.#serveAccepts(queue);
  }

  push(queue: RdmaQueue): void {
    if (queue.kind === 'datagram') {
      if (queue.socket === null) this.bind(queue, 0, 0);
      if (queue.state === QueueState.Fresh) queue.state = QueueState.Bound;
      this.#datagrams.push(queue.socket!);
      return;
    }
    this.#sender.push(queue.channel!);
    // The first push of a burst goes at once.
    if (this.#host.pushesSincePoll % PUSHES_PER_BURST === 1) this.#engine.flush();
  }

  pop(queue: RdmaQueue): void {
    if (queue.kind === 'datagram') this.#datagrams.servePops(queue.socket!);
    else this.#servePops(queue, queue.channel!);
  }

  poll(): void {
    const engine = this.#engine;
    this.#sender.serveWaiting();
    engine.poll();
    this.#rendezvous.poll(this.#device);
    const { touched } = engine;
    if (touched.count === 0) return;
    for (let i = 0; i < touched.count; i++) {
      const connection = touched.at(i);
      connection.touched = false;
      const channel = connection.owner as Channel | null;
      if (channel !== null) this.#serve(channel);
    }
    touched.clear();
  }

  sleep(timeoutMs: number): void {
    if (!this.#sender.hasWaiting) this.#host.sleep(timeoutMs);
  }

  counters(): Record<string, number> {
    const { budget, strayMessages, creditMessages } = this.#engine;
    const device = this.#device;
    return {
      ...device.counters(),
      connections: budget.connections,
      posted_receives: device.posted,
      promised_receives: budget.promised,
      posted_receive_bytes: device.posted * device.bufferBytes,
      credit_messages: creditMessages,
      stray_messages: strayMessages,
    };
  }

  linger(): void {
    const engine = this.#engine;
    const startUs = this.#device.nowUs;
    const { lingering } = this.#host;
    while (
      lingering.size > 0 ||
      engine.unfinishedSends > 0 ||
      engine.ends.hasUnsettled ||
      !this.#hasSettled(startUs)
    ) {
      this.poll();
      if (this.#device.nowUs - startUs > LINGER_US) break;
    }
  }

  shutdown(): void {
    this.#engine.shutdown();
    this.#rendezvous.close();
    this.#device.close();
    this.pool.destroy();
  }

  // For the rendezvous

  arrived(listener: RendezvousListener, line: Line, hello: Hello): void {
    const queue = listener.owner as RdmaQueue;
    const wanted = queue.kind === 'stream' ? HelloKind.Stream : HelloKind.Datagram;
    const problem =
      hello.kind === wanted ? this.#incompatibility(hello) : `a ${queue.kind} socket is bound here`;
    if (problem !== null) {
      line.refuse({ kind: HelloKind.Refusal, code: 'PROTOCOL_ERROR', reason: problem });
      return;
    }
    const connection = this.#engine.open();
    if (connection === null) {
      const reason = 'it has no receive buffers left for another connection (receive_memory_mb)';
      line.refuse({ kind: HelloKind.Refusal, code: 'CONNECTION_REFUSED', reason });
      return;
    }
    if (!this.#engine.establish(connection, hello)) {
      this.#engine.ends.lineBroken(connection);
      const reason = 'the address of the endpoint means nothing to the provider here';
      line.refuse({ kind: HelloKind.Refusal, code: 'PROTOCOL_ERROR', reason });
      return;
    }
    const channel = new Channel(connection, line);
    connection.line = line;
    line.answer(this.#hello(connection, hello.kind, queue.kind === 'datagram' ? queue.localPort : 0));
    if (queue.socket !== null) {
      listener.release();
      this.#datagrams.arrived(queue.socket, channel, hello, line);
      return;
    }
    queue.backlog.push(channel);
    this.#serveAccepts(queue);
  }

  answered(line: Line, hello: Hello): void {
    const channel = line.owner as Channel;
    const { connection, queue, socket } = channel;
    const problem = this.#incompatibility(hello);
    if (problem !== null || !this.#engine.establish(connection, hello)) {
      line.close();
      this.failed(line, 'PROTOCOL_ERROR', problem ?? 'the address of its endpoint means nothing here');
      return;
    }
    connection.line = line;
    if (socket !== null) {
      if (socket.queue.localAddress === 0) socket.queue.localAddress = line.localAddress;
      this.#datagrams.established(channel);
    } else if (queue !== null) {
      queue.localAddress = line.localAddress;
      queue.localPort = line.localPort;
      this.#host.connectEnded(queue, null);
    }
    this.#serve(channel);
  }

  failed(line: Line, code: ErrorCode, reason: string): void {
    const channel = line.owner as Channel;
    if (reason !== '') this.#warn(reason, code);
    this.#engine.ends.lineBroken(channel.connection);
    if (channel.socket !== null) this.#datagrams.failed(channel, code);
    else if (channel.queue !== null) this.#host.connectEnded(channel.queue, code);
  }

  record(line: Line, kind: number, reason: number, data: number, credits: number): void {
    this.#engine.ends.record((line.owner as Channel).connection, kind, reason, data, credits);
  }

  broken(line: Line): void {
    this.#engine.ends.lineBroken((line.owner as Channel).connection);
  }

  // Inside

  /** A completion carries no more than a code: the reason goes to standard error, each once. */
  #warn(reason: string, code: ErrorCode): void {
    if (this.#warned.has(reason)) return;
    this.#warned.add(reason);
    process.emitWarning(`a peer would not be met: ${reason}`, { type: 'RendezvousWarning', code });
  }

  #hello(connection: Channel['connection'], kind: Hello['kind'], port: number): Hello {
    const { provider, host } = this.#options;
    return { ...this.#engine.hello(connection), kind, provider, host, port, address: this.#device.address };
  }

  /** Why nothing can go between us and the peer, or null. */
  #incompatibility(hello: Hello): string | null {
    const { provider, host, hostOnly } = this.#options;
    if (hello.provider !== provider) {
      return `one side has the provider ${hello.provider}, the other one ${provider}: give both the same`;
    }
    if (hostOnly && Buffer.compare(hello.host, host) !== 0) {
      return `the provider ${provider} reaches one machine alone, and the other side is on another one`;
    }
    return null;
  }

  #openChannel(
    kind: Hello['kind'],
    ownPort: number,
    address: number,
    port: number,
    localAddress: number,
    localPort: number,
  ): Channel | null {
    const connection = this.#engine.open();
    if (connection === null) return null;
    const hello = this.#hello(connection, kind, ownPort);
    return new Channel(connection, this.#rendezvous.connect(address, port, localAddress, localPort, hello));
  }

  /** A layered provider has business of its own to end with its peers before its endpoint is closed. */
  #hasSettled(startUs: number): boolean {
    return this.#device.forgetsPeers || this.#device.nowUs - startUs >= SETTLE_US;
  }

  #serve(channel: Channel): void {
    if (channel.socket !== null) {
      this.#datagrams.serve(channel);
      return;
    }
    const { connection, queue } = channel;
    if (connection.error !== null) this.#sender.fail(channel, connection.error);
    else if (channel.established && (channel.pushes.head !== NO_SLOT || channel.shut)) {
      this.#sender.send(channel);
    }
    if (channel.lingers) this.#serveLingering(channel);
    else if (queue !== null && queue.pops.head !== NO_SLOT) this.#servePops(queue, channel);
  }

  #servePops(queue: RdmaQueue, channel: Channel): void {
    const tokens = this.#tokens;
    const { connection } = channel;
    while (queue.pops.head !== NO_SLOT) {
      const segment = this.#engine.take(connection);
      if (segment === null) {
        if (!connection.atEnd && connection.error === null) return;
        tokens.complete(tokens.shift(queue.pops), connection.atEnd ? null : connection.error);
        continue;
      }
      this.#tokens.completePop(queue.pops, this.pool.wrap(segment, Owner.Libos));
    }
  }

  #serveAccepts(queue: RdmaQueue): void {
    while (queue.accepts.head !== NO_SLOT && queue.backlog.length > 0) {
      const channel = queue.backlog.shift()!;
      queue.listener!.release();
      // It has been reset since.
      if (channel.connection.error !== null) continue;
      const { line } = channel;
      const accepted = new RdmaQueue('stream');
      accepted.channel = channel;
      accepted.localAddress = line.localAddress;
      accepted.localPort = line.localPort;
      accepted.peerAddress = line.peerAddress;
      accepted.peerPort = line.peerPort;
      channel.queue = accepted;
      channel.pushes = accepted.pushes;
      this.#host.accepted(queue, accepted);
    }
  }
}
