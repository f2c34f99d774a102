/**
 * PDPI over any Transport: descriptors, tokens, waiting, ownership of buffers, and the checks that are the
 * same for every backend.
 */
import type { BusyTime } from './busy-time.ts';
import { ClockCadence, nowNs } from './clock.ts';
import { checkedIpv4, checkPort, formatIpv4, parseIpv4 } from './endpoint.ts';
import { type ErrorCode, LibosError } from './errors.ts';
import { Owner, type ScatterGatherArray } from './memory/sga.ts';
import type { PauseLog } from './pauses.ts';
import type {
  Completion,
  Destination,
  Endpoint,
  Libos,
  PollCounts,
  PushCompletion,
  QToken,
  QueueDescriptor,
  SocketKind,
  SocketOptions,
  Unsent,
} from './pdpi.ts';
import { checkSocketOptions } from './socket-options.ts';
import type { StampWriter } from './stamps/writer.ts';
import { NO_SLOT, type TokenTable } from './tokens.ts';
import { type CreateTransport, type Queue, QueueState, type Transport, TransportHost } from './transport.ts';

/**
 * Pushes of one queue whose completions have not been handed out. Each holds a buffer at least, so that somebody who
 * never waits would take all memory: 128 MiB then, whatever the backend.
 */
export const MAX_UNAWAITED_PUSHES = 8192;

export interface CoreOptions {
  /** Find use after push, double free and leaks; costs a pass over the bytes at each push. */
  checked: boolean;
  /** What a wait does while nothing happens: spin, or sleep in the operating system. */
  idle: 'poll' | 'sleep';
  /** Stamps pushes and pops; null or absent for none. */
  stamps?: StampWriter | null;
  /** Gets the time whenever a wait reads it, and what is pushed and handed out; null or absent for none. */
  pauses?: PauseLog | null;
  /** Counts how long the application works from one waitNext to the next; null or absent for none. */
  busy?: BusyTime | null;
}

export class LibosCore<T extends Transport = Transport> implements Libos {
  readonly tokens: TokenTable;
  readonly completions: Completion[] = [];
  readonly transport: T;
  readonly #host: TransportHost;
  readonly #queues: readonly (Queue | null)[];
  readonly #options: CoreOptions;
  readonly #stamps: StampWriter | null;
  readonly #pauses: PauseLog | null;
  readonly #busy: BusyTime | null;
  /** The queue of each push, by slot; it may have been closed since. */
  readonly #pushedOn: Queue[] = [];
  /** Checked mode: digest of what was pushed, by slot. */
  readonly #digests = new Map<number, number>();
  /** Polls, and polls without a completion: in an array, whose doubles change in place. */
  readonly #pollCounts = new Float64Array(2);
  /** When a wait reads the clock. */
  readonly #cadence = new ClockCadence();
  #shut = false;

  constructor(createTransport: CreateTransport<T>, options: CoreOptions) {
    this.#options = options;
    this.#stamps = options.stamps ?? null;
    this.#pauses = options.pauses ?? null;
    this.#busy = options.busy ?? null;
    this.#host = new TransportHost(this.#stamps, options.idle === 'sleep');
    this.tokens = this.#host.tokens;
    this.#queues = this.#host.queues;
    this.transport = createTransport(this.#host);
  }

  get backend(): string {
    return this.transport.name;
  }

  // Sockets

  socket(kind: SocketKind): QueueDescriptor {
    if (this.#shut) throw new LibosError('SHUT_DOWN', 'socket');
    if (kind !== 'stream' && kind !== 'datagram') {
      throw new LibosError(
        'INVALID_ARGUMENT',
        'socket',
        -1,
        `'${kind}' is not a socket kind: stream or datagram`,
      );
    }
    const queue = this.transport.open(kind);
    this.#host.register(queue);
    return queue.qd;
  }

  bind(qd: QueueDescriptor, endpoint: Endpoint): void {
    const queue = this.#queue(qd, 'bind');
    const address = parseIpv4(endpoint.address, 'bind', qd);
    checkPort(endpoint.port, 0, 'bind', qd);
    if (queue.state !== QueueState.Fresh) throw wrongState('bind', qd, 'it is bound or connected already');
    this.transport.bind(queue, address, endpoint.port);
    queue.state = QueueState.Bound;
  }

  listen(qd: QueueDescriptor, backlog: number): void {
    const queue = this.#queue(qd, 'listen');
    if (queue.kind !== 'stream') throw wrongState('listen', qd, 'it is a datagram socket');
    if (!Number.isInteger(backlog) || backlog < 1) {
      throw new LibosError(
        'INVALID_ARGUMENT',
        'listen',
        qd,
        `a backlog of ${backlog} is not a positive integer`,
      );
    }
    if (queue.state !== QueueState.Bound) throw wrongState('listen', qd, 'bind it first');
    this.transport.listen(queue, backlog);
    queue.state = QueueState.Listening;
  }

  accept(qd: QueueDescriptor): QToken {
    const queue = this.#queue(qd, 'accept');
    if (queue.state !== QueueState.Listening) throw wrongState('accept', qd, 'it does not listen');
    const slot = this.tokens.create('accept', qd, null);
    this.tokens.append(queue.accepts, slot);
    this.transport.accept(queue);
    return this.tokens.token(slot);
  }

  connect(qd: QueueDescriptor, endpoint: Endpoint): QToken {
    const queue = this.#queue(qd, 'connect');
    const address = parseIpv4(endpoint.address, 'connect', qd);
    checkPort(endpoint.port, 1, 'connect', qd);
    if (queue.state !== QueueState.Fresh && queue.state !== QueueState.Bound) {
      throw wrongState('connect', qd, 'it listens, connects or was connected already');
    }
    const slot = this.tokens.create('connect', qd, null);
    this.tokens.append(queue.connects, slot);
    queue.state = QueueState.Connecting;
    queue.peerAddress = address;
    queue.peerPort = endpoint.port;
    this.transport.connect(queue, address, endpoint.port);
    return this.tokens.token(slot);
  }

  close(qd: QueueDescriptor, unsent: Unsent = 'deliver'): void {
    const queue = this.#queue(qd, 'close');
    this.transport.close(queue);
    this.tokens.completeAll(queue.accepts, 'CANCELLED');
    this.tokens.completeAll(queue.connects, 'CANCELLED');
    this.tokens.completeAll(queue.pops, 'CANCELLED');
    if (queue.lingers) {
      this.#host.hide(queue);
      if (unsent === 'reset') this.#giveUp(queue);
    } else {
      this.tokens.completeAll(queue.pushes, 'CANCELLED');
      this.tokens.completeAll(queue.unacknowledged, 'CANCELLED');
      this.#host.unregister(queue);
    }
  }

  setOptions(qd: QueueDescriptor, options: SocketOptions): void {
    const queue = this.#queue(qd, 'setOptions');
    checkSocketOptions(options, qd);
    const { transport } = this;
    if (queue.kind !== 'stream' || transport.setOptions === undefined) {
      const whose = queue.kind === 'stream' ? `a stream over ${transport.name}` : 'a datagram socket';
      throw new LibosError('NOT_SUPPORTED', 'setOptions', qd, `${whose} has no options of its own`);
    }
    queue.userTimeoutMs = options.userTimeoutMs ?? queue.userTimeoutMs;
    queue.keepAliveMs = options.keepAliveMs ?? queue.keepAliveMs;
    transport.setOptions(queue);
  }

  shutdownWrite(qd: QueueDescriptor): void {
    const queue = this.#queue(qd, 'shutdownWrite');
    if (queue.kind !== 'stream' || queue.state !== QueueState.Connected) {
      throw wrongState('shutdownWrite', qd, 'it is not a connected stream');
    }
    if (queue.writeShut) return;
    queue.writeShut = true;
    this.transport.shutdownWrite(queue);
  }

  pollCounts(): PollCounts {
    return { polls: this.#pollCounts[0], idlePolls: this.#pollCounts[1] };
  }

  counters(): Readonly<Record<string, number>> {
    if (this.#shut) throw new LibosError('SHUT_DOWN', 'counters');
    return this.transport.counters();
  }

  about(): string | null {
    return this.transport.about?.() ?? null;
  }

  hint(error: ErrorCode): string | null {
    return this.transport.hint?.(error) ?? null;
  }

  localEndpoint(qd: QueueDescriptor): Endpoint {
    const queue = this.#queue(qd, 'localEndpoint');
    return { address: formatIpv4(queue.localAddress), port: queue.localPort };
  }

  peerEndpoint(qd: QueueDescriptor): Endpoint {
    const queue = this.#queue(qd, 'peerEndpoint');
    if (queue.state !== QueueState.Connected) throw wrongState('peerEndpoint', qd, 'it is not connected');
    return { address: formatIpv4(queue.peerAddress), port: queue.peerPort };
  }

  // Data

  push(qd: QueueDescriptor, sga: ScatterGatherArray, until: PushCompletion = 'handed-over'): QToken {
    const queue = this.#queue(qd, 'push');
    if (queue.state !== QueueState.Connected) throw wrongState('push', qd, 'it is not connected');
    if (queue.writeShut) throw wrongState('push', qd, 'its sending half was shut down');
    if (until === 'acknowledged' && queue.kind !== 'stream') {
      throw new LibosError('NOT_SUPPORTED', 'push', qd, 'nobody acknowledges a datagram');
    }
    return this.#push(queue, sga, until === 'acknowledged', 0, 0);
  }

  pushTo(qd: QueueDescriptor, sga: ScatterGatherArray, { address, port }: Destination): QToken {
    const queue = this.#queue(qd, 'pushTo');
    if (queue.kind !== 'datagram')
      throw wrongState('pushTo', qd, 'it is a stream; push to where it is connected');
    checkPort(port, 1, 'pushTo', qd);
    const to =
      typeof address === 'number' ? checkedIpv4(address, 'pushTo', qd) : parseIpv4(address, 'pushTo', qd);
    return this.#push(queue, sga, false, to, port);
  }

  pop(qd: QueueDescriptor): QToken {
    const queue = this.#queue(qd, 'pop');
    const receives =
      queue.kind === 'stream' ? queue.state === QueueState.Connected : queue.state !== QueueState.Fresh;
    if (!receives) throw wrongState('pop', qd, 'it is neither connected nor a bound datagram socket');
    const slot = this.tokens.create('pop', qd, null);
    this.tokens.append(queue.pops, slot);
    this.transport.pop(queue);
    return this.tokens.token(slot);
  }

  alloc(bytes: number): ScatterGatherArray {
    if (this.#shut) throw new LibosError('SHUT_DOWN', 'alloc');
    if (!Number.isSafeInteger(bytes) || bytes < 1) {
      throw new LibosError('INVALID_ARGUMENT', 'alloc', -1, `${bytes} is not a positive number of bytes`);
    }
    return this.transport.pool.alloc(bytes, Owner.Application);
  }

  free(sga: ScatterGatherArray): void {
    if (this.#shut) throw new LibosError('SHUT_DOWN', 'free');
    this.transport.pool.freeByApplication(sga);
  }

  // Waiting

  wait(token: QToken, timeoutMs = Number.POSITIVE_INFINITY): Completion | null {
    const slot = this.tokens.slotOf(token);
    const deadlineNs = this.#startWait(timeoutMs);
    while (!this.tokens.isReady(slot)) {
      if (!this.#progress(deadlineNs)) return null;
    }
    return this.#handOut(slot, 0);
  }

  waitAny(tokens: ArrayLike<QToken>, timeoutMs = Number.POSITIVE_INFINITY): Completion | null {
    if (tokens.length === 0) throw new LibosError('INVALID_ARGUMENT', 'waitAny', -1, 'no tokens to wait for');
    for (let i = 0; i < tokens.length; i++) this.tokens.slotOf(tokens[i]);
    const deadlineNs = this.#startWait(timeoutMs);
    for (;;) {
      for (let i = 0; i < tokens.length; i++) {
        const slot = this.tokens.slotOf(tokens[i]);
        if (this.tokens.isReady(slot)) return this.#handOut(slot, 0);
      }
      if (!this.#progress(deadlineNs)) return null;
    }
  }

  waitAll(tokens: ArrayLike<QToken>, timeoutMs = Number.POSITIVE_INFINITY): boolean {
    for (let i = 0; i < tokens.length; i++) {
      this.tokens.slotOf(tokens[i]);
      for (let j = 0; j < i; j++) {
        if (tokens[i] === tokens[j])
          throw new LibosError('INVALID_ARGUMENT', 'waitAll', -1, 'a token stands twice');
      }
    }
    const deadlineNs = this.#startWait(timeoutMs);
    for (let i = 0; i < tokens.length; i++) {
      const slot = this.tokens.slotOf(tokens[i]);
      while (!this.tokens.isReady(slot)) {
        if (!this.#progress(deadlineNs)) return false;
      }
    }
    for (let i = 0; i < tokens.length; i++) this.#handOut(this.tokens.slotOf(tokens[i]), i);
    return true;
  }

  waitNext(max: number, timeoutMs = Number.POSITIVE_INFINITY): number {
    if (!(max >= 0)) throw new LibosError('INVALID_ARGUMENT', 'waitNext', -1, `${max} is not a maximum`);
    if (this.#shut) throw new LibosError('SHUT_DOWN', 'waitNext');
    const tokens = this.tokens;
    // Who is going to sleep polls right before.
    const sleeps = this.#host.sleeps && timeoutMs > 0 && tokens.readyCount === 0;
    // What was pushed leaves with this call, however much there is to hand out.
    if (!sleeps && (tokens.readyCount < max || this.#host.pushesSincePoll > 0 || max === 0)) this.#poll();
    // The first poll sends what the application has pushed: it belongs to the turn that ends.
    if (this.#busy !== null) this.#busy.turnEnded();
    if (tokens.readyCount === 0 && timeoutMs > 0) {
      const deadlineNs = this.#startWait(timeoutMs);
      while (tokens.readyCount === 0 && this.#progress(deadlineNs));
    }
    if (this.#busy !== null) this.#busy.turnBegan();
    let count = 0;
    for (let slot = tokens.firstReady; slot !== NO_SLOT && count < max; slot = tokens.firstReady) {
      this.#handOut(slot, count++);
    }
    return count;
  }

  shutdown(): void {
    if (this.#shut) return;
    // First where it listens: who connects anew when its connection ends is refused, not accepted and dropped.
    for (const listeners of [true, false]) {
      for (let qd = 0; qd < this.#queues.length; qd++) {
        const queue = this.#queues[qd];
        if (queue && (!listeners || queue.state === QueueState.Listening)) this.close(qd);
      }
    }
    this.transport.linger();
    for (const queue of this.#host.lingering) this.#giveUp(queue);
    // What the libOS still holds for the application goes back unread; it is not the application's leak.
    for (let slot = this.tokens.firstReady; slot !== NO_SLOT; slot = this.tokens.firstReady) {
      const sga = this.tokens.sga[slot];
      if (sga) this.transport.pool.release(sga);
      this.tokens.consume(slot);
    }
    this.#shut = true;
    this.transport.shutdown();
  }

  // Inside

  #queue(qd: QueueDescriptor, operation: string): Queue {
    const queue = this.#queues[qd];
    if (!queue) throw new LibosError(this.#shut ? 'SHUT_DOWN' : 'BAD_QUEUE', operation, qd);
    return queue;
  }

  /** Resets a connection that is closed and lingers. */
  #giveUp(queue: Queue): void {
    this.transport.reset(queue);
    this.tokens.completeAll(queue.pushes, 'CANCELLED');
    this.tokens.completeAll(queue.unacknowledged, 'CANCELLED');
    this.#host.lingered(queue);
  }

  #push(queue: Queue, sga: ScatterGatherArray, acknowledged: boolean, address: number, port: number): QToken {
    const { pool } = this.transport;
    if (sga.owner !== Owner.Application) throw new LibosError('NOT_OWNED', 'push', queue.qd);
    if (queue.unawaited >= MAX_UNAWAITED_PUSHES) throw tooManyUnawaited(queue.qd);
    const bytes = sga.byteLength;
    if (bytes === 0 && queue.kind === 'stream') {
      throw new LibosError('INVALID_ARGUMENT', 'push', queue.qd, 'there are no bytes to push');
    }
    const slot = this.tokens.create('push', queue.qd, sga);
    queue.unawaited++;
    this.#pushedOn[slot] = queue;
    pool.takeFromApplication(sga);
    this.tokens.acknowledged[slot] = acknowledged ? 1 : 0;
    this.tokens.peerAddress[slot] = address;
    this.tokens.peerPort[slot] = port;
    if (this.#options.checked) this.#digests.set(slot, digest(sga));
    if (this.#stamps !== null) this.#stamps.pushed(queue, slot, sga, port);
    if (this.#pauses !== null) this.#pauses.worked(bytes);
    this.tokens.append(queue.pushes, slot);
    this.#host.pushesSincePoll++;
    this.transport.push(queue);
    return this.tokens.token(slot);
  }

  #poll(): void {
    const before = this.tokens.readyCount;
    this.#host.pushesSincePoll = 0;
    this.transport.poll();
    this.#pollCounts[0]++;
    if (this.tokens.readyCount === before) this.#pollCounts[1]++;
  }

  /** Returns the deadline of a wait that starts now. */
  #startWait(timeoutMs: number): number {
    const ns = nowNs();
    this.#cadence.start(ns);
    return ns + timeoutMs * 1e6;
  }

  /**
   * Polls until something completed or the clock is to be read. Returns false when the deadline has passed.
   */
  #progress(deadlineNs: number): boolean {
    const { tokens } = this;
    if (this.#host.sleeps) return this.#pollOrSleep(deadlineNs);
    const before = tokens.readyCount;
    for (let left = this.#cadence.polls; left > 0; left--) {
      this.#poll();
      if (tokens.readyCount !== before) return true;
    }
    const ns = nowNs();
    this.#cadence.read(ns);
    if (this.#pauses !== null) this.#pauses.look(ns);
    return ns < deadlineNs;
  }

  /** Polls, and sleeps if nothing completed. Returns false when the deadline has passed. */
  #pollOrSleep(deadlineNs: number): boolean {
    const { tokens } = this;
    const before = tokens.readyCount;
    const leftMs = (deadlineNs - nowNs()) / 1e6;
    this.#host.sleepsNext = leftMs > 0;
    this.#poll();
    this.#host.sleepsNext = false;
    if (tokens.readyCount !== before) return true;
    if (leftMs <= 0) return false;
    this.transport.sleep(leftMs);
    const ns = nowNs();
    if (this.#pauses !== null) this.#pauses.woke(ns);
    return tokens.readyCount !== before || ns < deadlineNs;
  }

  #handOut(slot: number, index: number): Completion {
    const { tokens } = this;
    const { pool } = this.transport;
    const completion = this.completions[index] ?? this.#newCompletion(index);
    let sga = tokens.sga[slot];
    if (tokens.operation[slot] === 'push') {
      this.#pushedOn[slot].unawaited--;
      if (this.#options.checked) this.#verify(slot, sga);
    }
    if (sga !== null) {
      if (sga.owner === Owner.LibosThenFree) {
        pool.release(sga);
        sga = null;
      } else {
        pool.giveToApplication(sga);
      }
    }
    completion.token = tokens.token(slot);
    completion.operation = tokens.operation[slot];
    completion.qd = tokens.qd[slot];
    completion.error = tokens.error[slot];
    completion.sga = sga;
    completion.newQd = tokens.newQd[slot];
    completion.peerAddress = tokens.peerAddress[slot];
    completion.peerPort = tokens.peerPort[slot];
    if (this.#stamps !== null && sga !== null && completion.operation === 'pop') this.#stampPop(slot, sga);
    if (this.#pauses !== null && completion.operation !== 'push') {
      this.#pauses.worked(sga === null ? 0 : sga.byteLength);
    }
    tokens.consume(slot);
    return completion;
  }

  #stampPop(slot: number, sga: ScatterGatherArray): void {
    const queue = this.#queues[this.tokens.qd[slot]];
    if (queue) this.#stamps!.popHandedOut(queue, slot, sga, this.tokens.peerPort[slot]);
  }

  #newCompletion(index: number): Completion {
    const completion: Completion = {
      token: 0,
      operation: 'pop',
      qd: -1,
      error: null as ErrorCode | null,
      sga: null,
      newQd: -1,
      peerAddress: 0,
      peerPort: 0,
    };
    this.completions[index] = completion;
    return completion;
  }

  /** @param sga null when the transport has kept buffers that the application has freed */
  #verify(slot: number, sga: ScatterGatherArray | null): void {
    const pushed = this.#digests.get(slot);
    this.#digests.delete(slot);
    if (sga === null || pushed === digest(sga)) return;
    const qd = this.tokens.qd[slot];
    this.tokens.consume(slot);
    this.transport.pool.giveToApplication(sga);
    throw new LibosError('USE_AFTER_PUSH', 'push', qd);
  }
}

function tooManyUnawaited(qd: number): LibosError {
  const detail = `the completions of ${MAX_UNAWAITED_PUSHES} pushes have not been taken: wait for some`;
  return new LibosError('NO_BUFFERS', 'push', qd, detail);
}

function wrongState(operation: string, qd: number, why: string): LibosError {
  return new LibosError('INVALID_STATE', operation, qd, why);
}

/** FNV-1a over the data and its extent. */
function digest(sga: ScatterGatherArray): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < sga.segmentCount; i++) {
    const { bytes, offset, length } = sga.segments[i];
    for (let at = offset; at < offset + length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
    hash = Math.imul(hash ^ length, 0x01000193);
  }
  return hash;
}
