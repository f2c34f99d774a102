/**
 * The libOS over RDMA: what libos/core.ts asks of a backend, with streams and datagrams as messages of a
 * reliable datagram endpoint (engine.ts), and connections made and ended over a rendezvous (rendezvous.ts).
 */
import type { ErrorCode, LibosError } from '../errors.ts';
import type { BufferPool } from '../memory/pool.ts';
import { Owner } from '../memory/sga.ts';
import type { SocketKind } from '../pdpi.ts';
import { NO_SLOT, type TokenTable } from '../tokens.ts';
import { LINGER_US, PUSHES_PER_BURST, QueueState, type Transport, type TransportHost } from '../transport.ts';
import { Channel, DatagramSocket, RdmaQueue } from './channel.ts';
import { Datagrams } from './datagrams.ts';
import {
  type EndpointOpener,
  type EndpointOptions,
  EndpointTable,
  type MessageEndpoint,
} from './endpoint-table.ts';
import type { MessageEngine } from './engine.ts';
import { type Hello, HelloKind, type Refusal } from './hello.ts';
import type { MessageDevice } from './message-device.ts';
import type { SharedReceives } from './receive-budget.ts';
import type {
  CreateRendezvous,
  Line,
  Rendezvous,
  RendezvousHandler,
  RendezvousListener,
} from './rendezvous.ts';
import { wakeWay } from './wake-way.ts';
import { Warnings } from './warnings.ts';

/** How long providers below which there are others are given to end what they do by themselves. */
const SETTLE_US = 20_000;
/** A sleep ends now and then, for what has a deadline: connections that end, memory that is idle. */
const LONGEST_SLEEP_MS = 100;
/** Peers of a datagram socket that may open a connection to it at a time. */
const DATAGRAM_BACKLOG = 128;

export interface RdmaTransportOptions extends EndpointOptions {
  /** The provider, as it calls itself: peers must have the same one. */
  provider: string;
  /** 16 bytes that are another for each machine, and whether the provider reaches this machine alone. */
  host: Uint8Array;
  hostOnly: boolean;
  /** Where a line for people goes. */
  say: (line: string) => void;
}

export class RdmaTransport implements Transport, RendezvousHandler {
  readonly name = 'rdma';
  readonly pool: BufferPool;
  readonly #endpoints: EndpointTable;
  readonly #rendezvous: Rendezvous;
  readonly #options: RdmaTransportOptions;
  readonly #host: TransportHost;
  readonly #tokens: TokenTable;
  readonly #datagrams: Datagrams;
  readonly #warnings: Warnings;

  /** `device`: the first one, opened with `shared`; `opener` opens others. */
  constructor(
    host: TransportHost,
    device: MessageDevice,
    shared: SharedReceives,
    opener: EndpointOpener,
    createRendezvous: CreateRendezvous,
    pool: BufferPool,
    options: RdmaTransportOptions,
  ) {
    this.#host = host;
    this.#tokens = host.tokens;
    this.pool = pool;
    this.#options = options;
    this.#endpoints = new EndpointTable(host.tokens, device, shared, opener, options);
    this.#rendezvous = createRendezvous(this);
    this.#warnings = new Warnings(options.say);
    this.#datagrams = new Datagrams(host.tokens, pool, device, (socket, address, port) =>
      this.#openChannel(HelloKind.Datagram, socket.queue.localPort, address, port, 0, 0),
    );
  }

  /** Of the first endpoint. */
  get engine(): MessageEngine {
    return this.#endpoints.all[0].engine;
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
      channel.endpoint.engine.ends.finish(channel.connection);
    }
  }

  close(queue: RdmaQueue): void {
    if (queue.socket !== null) this.#datagrams.close(queue.socket);
    if (queue.listener !== null) queue.listener.close();
    for (const { endpoint, connection } of queue.backlog) endpoint.engine.ends.reset(connection);
    if (queue.channel !== null) this.#closeStream(queue, queue.channel);
  }

  /** What was pushed still goes, as credits come, and then the end of the stream; unless the peer's data is unread. */
  #closeStream(queue: RdmaQueue, channel: Channel): void {
    const { sender, engine } = channel.endpoint;
    const { ends } = engine;
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
      sender.fail(channel, 'CANCELLED');
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
    channel.endpoint.engine.ends.reset(channel.connection);
    channel.endpoint.sender.fail(channel, 'CANCELLED');
  }

  /** Something has happened to a closed stream that still had pushes. */
  #serveLingering(channel: Channel): void {
    const { ends } = channel.endpoint.engine;
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
    const { sender, engine } = queue.channel!.endpoint;
    sender.push(queue.channel!);
    // The first push of a burst goes at once.
    if (this.#host.pushesSincePoll % PUSHES_PER_BURST === 1) engine.flush();
  }

  pop(queue: RdmaQueue): void {
    if (queue.kind === 'datagram') this.#datagrams.servePops(queue.socket!);
    else this.#servePops(queue, queue.channel!);
  }

  poll(): void {
    const { all } = this.#endpoints;
    let stirs = this.#host.pushesSincePoll > 0;
    for (let i = 0; i < all.length; i++) {
      all[i].sender.serveWaiting();
      if (all[i].engine.poll()) stirs = true;
    }
    if (stirs) this.#host.stirred();
    this.#rendezvous.poll(all[0].device);
    for (let i = all.length - 1; i >= 0; i--) {
      if (all[i].device.isLost && !all[i].isGivenUp) this.#endpointLost(all[i]);
      else if (all[i].engine.touched.count > 0) this.#serveTouched(all[i].engine);
    }
    this.#endpoints.tick();
    this.#warnings.tick(this.#nowUs);
  }

  #serveTouched({ touched }: MessageEngine): void {
    for (let i = 0; i < touched.count; i++) {
      const connection = touched.at(i);
      connection.touched = false;
      const channel = connection.owner as Channel | null;
      if (channel !== null) this.#serve(channel);
    }
    touched.clear();
  }

  /** All its connections are reset, and it is closed: a peer that lives connects anew. */
  #endpointLost(endpoint: MessageEndpoint): void {
    const { device, engine } = endpoint;
    endpoint.isGivenUp = true;
    this.#warn(`the endpoint of a peer was given up: ${device.loss}`, 'CONNECTION_RESET');
    engine.breakAll();
    this.#serveTouched(engine);
    this.#endpoints.close(endpoint);
  }

  sleep(timeoutMs: number): void {
    const { all } = this.#endpoints;
    // Credits, too, go before.
    for (const { sender, engine } of all) {
      if (sender.hasWaiting) return;
      if (engine.device.queued > 0) engine.flush();
    }
    const dueMs = Math.min(timeoutMs, this.#rendezvous.dueMs());
    if (dueMs <= 0) return;
    const ms = Math.min(dueMs, this.#isWoken() ? LONGEST_SLEEP_MS : this.#host.pauseMs());
    if (all[0].device.wait(this.#rendezvous.file, ms)) this.#rendezvous.hasNews();
  }

  /** Whatever comes wakes a thread that sleeps: where no peer is connected all that comes is over the rendezvous. */
  #isWoken(): boolean {
    const { all, shared } = this.#endpoints;
    for (const { device, engine } of all) {
      if (device.queued > 0 || device.isLost) return false;
      if (engine.unfinishedSends > 0 && !device.wakes) return false;
    }
    if (this.#rendezvous.file < 0) return false;
    return shared.connections === 0 || (all.length === 1 && all[0].device.wakes);
  }

  about(): string | null {
    return this.#host.sleeps ? wakeWay(this.#endpoints.all[0].device) : null;
  }

  counters(): Record<string, number> {
    const { all, shared } = this.#endpoints;
    let posted = 0;
    for (const { device } of all) posted += device.posted;
    return {
      ...this.#endpoints.counters(),
      endpoints: all.length,
      connections: shared.connections,
      posted_receives: posted,
      promised_receives: shared.promised,
      posted_receive_bytes: posted * all[0].device.bufferBytes,
    };
  }

  linger(): void {
    const startUs = this.#nowUs;
    while (!this.#hasEnded(startUs)) {
      this.poll();
      if (this.#nowUs - startUs > LINGER_US) break;
    }
  }

  #hasEnded(startUs: number): boolean {
    if (this.#host.lingering.size > 0 || !this.#hasSettled(startUs)) return false;
    return this.#endpoints.all.every(
      ({ engine }) => engine.unfinishedSends === 0 && !engine.ends.hasUnsettled,
    );
  }

  shutdown(): void {
    const { all } = this.#endpoints;
    for (const { engine } of all) engine.shutdown();
    this.#rendezvous.close();
    this.#endpoints.shutdown();
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
    const channel = this.#meet(line, hello);
    if (channel === null) return;
    line.answer(this.#hello(channel, hello.kind, queue.kind === 'datagram' ? queue.localPort : 0));
    if (queue.socket !== null) {
      listener.release();
      this.#datagrams.arrived(queue.socket, channel, hello, line);
      return;
    }
    queue.backlog.push(channel);
    this.#serveAccepts(queue);
  }

  /** A channel over the endpoint for the peer; or null, when the line has been refused. */
  #meet(line: Line, hello: Hello): Channel | null {
    const refuse = (code: Refusal['code'], reason: string) => {
      line.refuse({ kind: HelloKind.Refusal, code, reason });
      return null;
    };
    const endpoint = this.#endpointFor(`from ${Buffer.from(hello.address).toString('latin1')}`, true);
    if (endpoint === null) return refuse('CONNECTION_REFUSED', 'it cannot open an endpoint for another peer');
    const { engine } = endpoint;
    const connection = engine.open();
    if (connection === null) {
      const reason = 'it has no receive buffers left for another connection (receive_memory_mb)';
      this.#warn(
        `no receive buffers are left for another connection (receive_memory_mb)`,
        'CONNECTION_REFUSED',
      );
      return refuse('CONNECTION_REFUSED', reason);
    }
    if (!engine.establish(connection, hello)) {
      engine.ends.lineBroken(connection);
      return refuse('PROTOCOL_ERROR', 'the address of the endpoint means nothing to the provider here');
    }
    connection.line = line;
    return new Channel(endpoint, connection, line);
  }

  answered(line: Line, hello: Hello): void {
    const channel = line.owner as Channel;
    const { connection, queue, socket } = channel;
    const problem = this.#incompatibility(hello);
    const { engine } = channel.endpoint;
    if (problem !== null || !engine.establish(connection, hello)) {
      line.close();
      // It may have died right behind its answer, and its endpoint with it.
      if (problem === null && !engine.device.lives(hello.address)) this.failed(line, 'CONNECTION_RESET', '');
      else this.failed(line, 'PROTOCOL_ERROR', problem ?? 'the address of its endpoint means nothing here');
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
    if (reason !== '') this.#warn(`a peer would not be met: ${reason}`, code);
    channel.endpoint.engine.ends.lineBroken(channel.connection);
    if (channel.socket !== null) this.#datagrams.failed(channel, code);
    else if (channel.queue !== null) this.#host.connectEnded(channel.queue, code);
  }

  record(line: Line, kind: number, reason: number, data: number, credits: number): void {
    const { endpoint, connection } = line.owner as Channel;
    endpoint.engine.ends.record(connection, kind, reason, data, credits);
  }

  broken(line: Line): void {
    const { endpoint, connection } = line.owner as Channel;
    this.#endpoints.spoil(endpoint);
    endpoint.engine.ends.lineBroken(connection);
  }

  // Inside

  get #nowUs(): number {
    return this.#endpoints.all[0].device.nowUs;
  }

  /** A completion carries no more than a code. */
  #warn(reason: string, code: ErrorCode): void {
    this.#warnings.add(this.#nowUs, reason, code);
  }

  #hello(
    { endpoint, connection }: Pick<Channel, 'endpoint' | 'connection'>,
    kind: Hello['kind'],
    port: number,
  ): Hello {
    const { provider, host } = this.#options;
    const { engine } = endpoint;
    return { ...engine.hello(connection), kind, provider, host, port, address: engine.device.address };
  }

  /** Null where there is none and none can be opened, which is said. */
  #endpointFor(peer: string, hasCome: boolean): MessageEndpoint | null {
    try {
      return hasCome ? this.#endpoints.forArrival(peer) : this.#endpoints.for(peer);
    } catch (error) {
      const { message } = error as LibosError;
      this.#warn(`there is no endpoint for another peer: ${message}`, 'BACKEND_UNAVAILABLE');
      return null;
    }
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
    const endpoint = this.#endpointFor(`to ${address}:${port}`, false);
    const connection = endpoint?.engine.open() ?? null;
    if (endpoint === null || connection === null) return null;
    const hello = this.#hello({ endpoint, connection }, kind, ownPort);
    const line = this.#rendezvous.connect(address, port, localAddress, localPort, hello);
    return new Channel(endpoint, connection, line);
  }

  /** A layered provider has business of its own to end with its peers before its endpoint is closed. */
  #hasSettled(startUs: number): boolean {
    return this.#endpoints.all[0].device.forgetsPeers || this.#nowUs - startUs >= SETTLE_US;
  }

  #serve(channel: Channel): void {
    if (channel.socket !== null) {
      this.#datagrams.serve(channel);
      return;
    }
    const { connection, queue } = channel;
    const { sender } = channel.endpoint;
    if (connection.error !== null) sender.fail(channel, connection.error);
    else if (channel.established && (channel.pushes.head !== NO_SLOT || channel.shut)) sender.send(channel);
    if (channel.lingers) this.#serveLingering(channel);
    else if (queue !== null && queue.pops.head !== NO_SLOT) this.#servePops(queue, channel);
  }

  #servePops(queue: RdmaQueue, channel: Channel): void {
    const tokens = this.#tokens;
    const { connection } = channel;
    const { engine } = channel.endpoint;
    while (queue.pops.head !== NO_SLOT) {
      const segment = engine.take(connection);
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
      // It has been reset since.
      if (channel.connection.error !== null) {
        queue.listener!.release();
        continue;
      }
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
      // The next one is met at once, and may be accepted.
      queue.listener!.release();
    }
  }
}
