/**
 * Endpoints, and a rendezvous between them, in virtual time: a lossless network of messages that delays at
 * random, and holds everybody to the rule. A message for which no receive is posted is an error that ends the
 * test.
 *
 * Messages between two endpoints take receives in the order in which they were sent; with `reorder` they are
 * reported in another one. A message is read from the sender's memory either when it is sent or only when it
 * arrives, and in the second case its send finishes after that: who gives buffers back too early is found out
 * by the data.
 */
import { LibosCore } from '../core.ts';
import { LibosError } from '../errors.ts';
import { Random } from '../inet/devices/random.ts';
import { BufferPool } from '../memory/pool.ts';
import { SgaSegment, type Slab } from '../memory/sga.ts';
import type { StampWriter } from '../stamps/writer.ts';
import type { TransportHost } from '../transport.ts';
import { type Hello, HelloKind, type Refusal } from './hello.ts';
import { HEADER_BYTES, HEADER_WORDS, KIND_AND_LENGTH, KIND_SHIFT, Kind } from './message.ts';
import type { MessageDevice } from './message-device.ts';
import { SharedReceives } from './receive-budget.ts';
import type { Line, Rendezvous, RendezvousHandler, RendezvousListener } from './rendezvous.ts';
import { RdmaTransport } from './transport.ts';

const BURST = 8;
const RECEIVES = 64;
const MAX_SENDS = 4096;
const CONNECT_TIMEOUT_US = 10_000_000;

export interface NetworkOptions {
  seed?: number;
  maxDelayUs?: number;
  reorder?: boolean;
}

export interface HostOptions {
  bufferBytes?: number;
  receiveLimit?: number;
  maxWindow?: number;
  /** Messages that the device takes at a time. */
  queueLimit?: number;
  /** Pieces of a message's payload that it takes. */
  maxPieces?: number;
  poolLimitBytes?: number;
  idle?: 'poll' | 'sleep';
  connectTimeoutUs?: number;
  stamps?: StampWriter;
  /** Each peer gets an endpoint of its own, as over shm. */
  endpointPerPeer?: boolean;
  /** Before each device that it opens but the first; what it throws is why there can be none. */
  opens?: () => void;
}

interface Event {
  atUs: number;
  order: number;
  happen(): void;
}

export class SimulatedNetwork {
  nowUs = 0;
  readonly random: Random;
  readonly maxDelayUs: number;
  readonly reorder: boolean;
  readonly devices: SimulatedMessageDevice[] = [];
  /** Each device's own. */
  readonly rendezvous: SimulatedRendezvous[] = [];
  readonly listeners = new Map<string, SimulatedListener>();
  /** Of the last message to each device. */
  readonly lastHeaderTo = new Map<MessageDevice, Int32Array>();
  nextPort = 20_000;
  #events: Event[] = [];
  #order = 0;

  constructor({ seed = 1, maxDelayUs = 20, reorder = false }: NetworkOptions = {}) {
    this.random = new Random(seed);
    this.maxDelayUs = maxDelayUs;
    this.reorder = reorder;
  }

  /** A libOS at an address of its own. */
  createHost(options: HostOptions = {}) {
    const number = this.rendezvous.length;
    const address = 0x0a630001 + number;
    const shared = new SharedReceives((options.receiveLimit ?? RECEIVES) * (options.endpointPerPeer ? 4 : 1));
    const devices: SimulatedMessageDevice[] = [];
    const said: string[] = [];
    const openDevice = () => {
      if (devices.length > 0) options.opens?.();
      const device = new SimulatedMessageDevice(this, this.devices.length, options);
      this.devices.push(device);
      devices.push(device);
      return device;
    };
    const device = openDevice();
    const pool = new BufferPool({
      bufferBytes: 16 * 1024,
      slabBuffers: 64,
      limitBytes: options.poolLimitBytes ?? 1024 ** 3,
      retainBytes: 64 * 1024 * 1024,
      checked: true,
      mapSlab: (bytes): Slab => ({ bytes: new Uint8Array(bytes), address: 0, discard() {}, unmap() {} }),
    });
    const createRendezvous = (handler: RendezvousHandler) => {
      const timeoutUs = options.connectTimeoutUs ?? CONNECT_TIMEOUT_US;
      const rendezvous = new SimulatedRendezvous(handler, this, address, timeoutUs);
      this.rendezvous.push(rendezvous);
      return rendezvous;
    };
    const createTransport = (host: TransportHost) =>
      new RdmaTransport(host, device, shared, { open: openDevice }, createRendezvous, pool, {
        provider: 'simulated',
        host: new Uint8Array(16),
        hostOnly: false,
        endpointPerPeer: options.endpointPerPeer ?? false,
        maxWindow: options.maxWindow ?? 16,
        say: (line) => said.push(line),
      });
    const libos = new LibosCore(createTransport, {
      checked: true,
      idle: options.idle ?? 'poll',
      stamps: options.stamps,
    });
    const { transport } = libos;
    return {
      libos,
      transport,
      /** The first of its devices, and all of them so far. */
      device,
      devices,
      /** Lines for people. */
      said,
      rendezvous: this.rendezvous[number],
      address: `10.99.0.${1 + number}`,
    };
  }

  delayUs(): number {
    return 1 + this.random.below(this.maxDelayUs);
  }

  at(atUs: number, happen: () => void): void {
    this.#events.push({ atUs, order: this.#order++, happen });
  }

  /** Time passes, and what is due happens. */
  advance(byUs: number): void {
    this.nowUs += byUs;
    for (;;) {
      const due = this.#events.filter(({ atUs }) => atUs <= this.nowUs);
      if (due.length === 0) return;
      this.#events = this.#events.filter(({ atUs }) => atUs > this.nowUs);
      due.sort((a, b) => a.atUs - b.atUs || a.order - b.order);
      for (const event of due) event.happen();
    }
  }
}

interface Queued {
  peer: number;
  send: number;
  header: Int32Array;
  pieces: Uint8Array[];
  delivered: boolean;
  dropped: boolean;
}

interface Arrived {
  segment: SgaSegment;
  header: Int32Array;
  bytes: number;
}

export class SimulatedMessageDevice implements MessageDevice {
  readonly address: Uint8Array;
  readonly bufferBytes: number;
  readonly receiveLimit: number;
  readonly maxPieces: number;
  readonly received: SgaSegment[] = [];
  readonly headers = new Int32Array(BURST * HEADER_WORDS);
  readonly messageBytes = new Int32Array(BURST);
  readonly finishedSends = new Int32Array(MAX_SENDS);
  readonly finishedErrors = new Int32Array(MAX_SENDS);
  readonly queuedHeaders: Int32Array;
  droppedCredits = 0;
  /** Its process has died: it does nothing any more, and what is sent to it goes nowhere. */
  dead = false;
  isLost = false;
  isClosed = false;
  readonly #network: SimulatedNetwork;
  readonly #queueLimit: number;
  #queued: Queued[] = [];
  #finished = 0;
  #toPost = 0;
  #free: SgaSegment[] = [];
  readonly #postedBuffers: SgaSegment[] = [];
  #arrived: Arrived[] = [];
  readonly #lastArrivalUs = new Map<number, number>();
  readonly #unfinishedTo = new Map<number, number>();

  constructor(
    network: SimulatedNetwork,
    number: number,
    { bufferBytes = 1000, receiveLimit = RECEIVES, queueLimit = 64, maxPieces = 3 }: HostOptions,
  ) {
    this.#network = network;
    this.#queueLimit = queueLimit;
    this.address = Uint8Array.of(number);
    this.bufferBytes = bufferBytes;
    this.receiveLimit = receiveLimit;
    this.maxPieces = maxPieces;
    this.queuedHeaders = new Int32Array(queueLimit * HEADER_WORDS);
    // Beside those that can be posted, some for the application to hold.
    const slab = { bytes: new Uint8Array(receiveLimit * 2 * bufferBytes), address: 0 };
    for (let i = receiveLimit * 2 - 1; i >= 0; i--)
      this.#free.push(new SgaSegment(this, slab, i, i * bufferBytes, bufferBytes));
  }

  get nowUs(): number {
    return this.#network.nowUs;
  }
  /** With those that a message has taken and that have not been reported. */
  get posted(): number {
    return this.#postedBuffers.length + this.#toPost + this.#arrived.length;
  }
  get canPost(): boolean {
    return this.#free.length > this.#toPost && this.posted < this.receiveLimit;
  }

  post(count: number): number {
    const posted = Math.max(
      0,
      Math.min(count, this.#free.length - this.#toPost, this.receiveLimit - this.posted),
    );
    this.#toPost += posted;
    return posted;
  }

  give(segment: SgaSegment): void {
    segment.bytes.fill(0xdb, segment.base, segment.base + segment.capacity);
    this.#free.push(segment);
  }

  get loss(): string {
    return this.isLost ? 'a call did not return' : '';
  }

  lives(address: Uint8Array): boolean {
    return !this.#network.devices[address[0]].dead;
  }

  addPeer(address: Uint8Array): number {
    return address.length === 1 && address[0] < this.#network.devices.length ? address[0] : -1;
  }
  readonly forgetsPeers = true;
  /** Whether messages can be sent to it from here. */
  knows(peer: SimulatedMessageDevice): boolean {
    return this.#unfinishedTo.has(peer.address[0]);
  }
  removePeer(peer: number): void {
    // A real device may read what belongs to the peer when a send to it ends.
    if ((this.#unfinishedTo.get(peer) ?? 0) > 0) throw new Error('removed a peer with unfinished sends');
  }

  get room(): number {
    return this.#queueLimit - this.#queued.length;
  }

  get queued(): number {
    return this.#queued.length;
  }

  queue(
    peer: number,
    send: number,
    delivered: boolean,
    payload: SgaSegment | null,
    offset: number,
    length: number,
  ): number {
    const at = this.#queued.length * HEADER_WORDS;
    this.#unfinishedTo.set(peer, (this.#unfinishedTo.get(peer) ?? 0) + 1);
    const header = this.queuedHeaders.subarray(at, at + HEADER_WORDS);
    this.#queued.push({ peer, send, header, pieces: [], delivered, dropped: false });
    if (payload !== null && length > 0) this.addPiece(payload, offset, length);
    return at;
  }

  addPiece({ bytes }: SgaSegment, offset: number, length: number): void {
    const { pieces } = this.#queued.at(-1)!;
    pieces.push(bytes.subarray(offset, offset + length));
    if (pieces.length > this.maxPieces) throw new Error('a message has more pieces than the device takes');
  }

  drop(peer: number, connection: number): number {
    let data = 0;
    this.droppedCredits = 0;
    for (const message of this.#queued) {
      if (message.peer !== peer || message.header[0] !== connection || message.dropped) continue;
      message.dropped = true;
      if (message.header[KIND_AND_LENGTH] >>> KIND_SHIFT === Kind.Data) data++;
      else this.droppedCredits++;
    }
    return data;
  }

  flush(): void {
    if (this.isLost || this.isClosed) return;
    while (this.#toPost > 0) {
      this.#postedBuffers.push(this.#free.pop()!);
      this.#toPost--;
    }
    const queued = this.#queued;
    this.#queued = [];
    for (const message of queued) this.#send({ ...message, header: message.header.slice() });
  }

  exchange(): number {
    if (this.dead || this.isLost || this.isClosed) return 0;
    this.flush();
    this.#network.advance(1);
    const { random, reorder } = this.#network;
    let count = 0;
    const left: Arrived[] = [];
    for (const one of this.#arrived) {
      if (count === BURST || (reorder && random.below(3) === 0)) left.push(one);
      else this.#report(one, count++);
    }
    this.#arrived = left;
    return count;
  }

  takeFinished(): number {
    const count = this.#finished;
    this.#finished = 0;
    return count;
  }

  counters(): Record<string, number> {
    return {};
  }
  giveBackIdle(): void {}
  close(): void {
    this.isClosed = true;
  }

  /** What anybody on the network can send. */
  inject(header: number[], payload: Uint8Array): void {
    this.#arrive(Int32Array.from(header), payload);
  }

  #send(message: Queued): void {
    if (message.dropped) {
      this.#finish(message, 125);
      return;
    }
    const network = this.#network;
    const copied = !message.delivered && network.random.below(2) === 0;
    const early = copied ? Buffer.concat(message.pieces) : null;
    if (copied) this.#finish(message, 0);
    const atUs = Math.max(this.#lastArrivalUs.get(message.peer) ?? 0, network.nowUs + network.delayUs());
    this.#lastArrivalUs.set(message.peer, atUs);
    network.lastHeaderTo.set(network.devices[message.peer], message.header);
    network.at(atUs, () => {
      network.devices[message.peer].#arrive(message.header, early ?? Buffer.concat(message.pieces));
      if (!copied) network.at(atUs + network.delayUs(), () => this.#finish(message, 0));
    });
  }

  #arrive(header: Int32Array, payload: Uint8Array): void {
    if (this.dead || this.isLost || this.isClosed) return;
    const segment = this.#postedBuffers.shift();
    if (segment === undefined) throw new Error('a message has come for which no receive was posted');
    segment.bytes.set(payload.subarray(0, this.bufferBytes), segment.base);
    this.#arrived.push({ segment, header, bytes: HEADER_BYTES + payload.length });
  }

  #report({ segment, header, bytes }: Arrived, index: number): void {
    segment.offset = segment.base;
    this.received[index] = segment;
    this.headers.set(header, index * HEADER_WORDS);
    this.messageBytes[index] = bytes;
  }

  readonly wakes = false;
  wait(_file: number, timeoutMs: number): boolean {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
    return false;
  }

  #finish({ peer, send }: Queued, error: number): void {
    this.#unfinishedTo.set(peer, this.#unfinishedTo.get(peer)! - 1);
    this.finishedSends[this.#finished] = send;
    this.finishedErrors[this.#finished++] = error;
  }
}

class SimulatedRendezvous implements Rendezvous {
  readonly network: SimulatedNetwork;
  readonly address: number;
  readonly lines = new Set<SimulatedLine>();
  /** What has happened since the last poll. */
  readonly news: (() => void)[] = [];
  readonly handler: RendezvousHandler;

  readonly #connectTimeoutUs: number;
  readonly #unanswered = new Set<SimulatedLine>();

  constructor(
    handler: RendezvousHandler,
    network: SimulatedNetwork,
    address: number,
    connectTimeoutUs: number,
  ) {
    this.handler = handler;
    this.network = network;
    this.address = address;
    this.#connectTimeoutUs = connectTimeoutUs;
  }

  bind(address: number, port: number, qd: number): RendezvousListener {
    if (address !== 0 && address !== this.address) throw new LibosError('ADDRESS_NOT_AVAILABLE', 'bind', qd);
    const chosen = port === 0 ? this.network.nextPort++ : port;
    const key = `${this.address}:${chosen}`;
    if (this.network.listeners.has(key)) throw new LibosError('ADDRESS_IN_USE', 'bind', qd);
    const listener = new SimulatedListener(this, address, chosen);
    this.network.listeners.set(key, listener);
    return listener;
  }

  connect(address: number, port: number, _localAddress: number, localPort: number, hello: Hello): Line {
    const { network } = this;
    const line = new SimulatedLine(this, address, port, localPort === 0 ? network.nextPort++ : localPort);
    network.at(network.nowUs + network.delayUs(), () => {
      const listener = network.listeners.get(`${address}:${port}`);
      if (listener === undefined || !listener.takes) {
        this.news.push(() => {
          if (line.closed) return;
          line.close();
          this.handler.failed(line, 'CONNECTION_REFUSED', '');
        });
      } else listener.come(line, hello);
    });
    line.deadlineUs = network.nowUs + this.#connectTimeoutUs;
    this.#unanswered.add(line);
    return line;
  }

  poll(): void {
    while (this.news.length > 0) this.news.shift()!();
    for (const line of this.#unanswered) {
      const waits = !line.closed && !line.answered;
      if (waits && this.network.nowUs < line.deadlineUs) continue;
      this.#unanswered.delete(line);
      if (!waits) continue;
      line.close();
      this.handler.failed(line, 'TIMED_OUT', '');
    }
  }

  /** What is virtual wakes nobody. */
  readonly file = -1;
  hasNews(): void {}
  dueMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  close(): void {
    for (const line of this.lines) line.close();
  }
}

class SimulatedListener implements RendezvousListener {
  owner: unknown = null;
  readonly address: number;
  readonly port: number;
  readonly #rendezvous: SimulatedRendezvous;
  #backlog = 0;
  #taken = 0;
  #closed = false;
  readonly #waiting: (() => void)[] = [];

  constructor(rendezvous: SimulatedRendezvous, address: number, port: number) {
    this.#rendezvous = rendezvous;
    this.address = address;
    this.port = port;
  }

  get takes(): boolean {
    return this.#backlog > 0;
  }

  listen(backlog: number): void {
    this.#backlog = backlog;
  }

  release(): void {
    this.#taken--;
    this.#takeWaiting();
  }

  close(): void {
    this.#backlog = 0;
    this.#closed = true;
    // Those that have not been answered end as if nobody had listened.
    while (this.#waiting.length > 0) this.#waiting.shift()!();
    this.#rendezvous.network.listeners.delete(`${this.#rendezvous.address}:${this.port}`);
  }

  come(theirs: SimulatedLine, hello: Hello): void {
    this.#waiting.push(() => {
      const { rendezvous } = theirs;
      const ours = new SimulatedLine(this.#rendezvous, rendezvous.address, theirs.localPort, this.port);
      ours.other = theirs;
      theirs.other = ours;
      this.#rendezvous.news.push(() => {
        if (this.#closed) ours.refuse({ kind: HelloKind.Refusal, code: 'CONNECTION_REFUSED', reason: '' });
        else this.#rendezvous.handler.arrived(this, ours, hello);
      });
      // What it said before it left has come, and behind that its end.
      if (theirs.closed) theirs.endOther();
    });
    this.#takeWaiting();
  }

  #takeWaiting(): void {
    while (this.#taken < this.#backlog && this.#waiting.length > 0) {
      this.#taken++;
      this.#waiting.shift()!();
    }
  }
}

class SimulatedLine implements Line {
  owner: unknown = null;
  other: SimulatedLine | null = null;
  closed = false;
  /** The other side has answered. */
  answered = false;
  deadlineUs = 0;
  readonly rendezvous: SimulatedRendezvous;
  readonly localAddress: number;
  readonly localPort: number;
  readonly peerAddress: number;
  readonly peerPort: number;
  #lastUs = 0;

  constructor(rendezvous: SimulatedRendezvous, peerAddress: number, peerPort: number, localPort: number) {
    this.rendezvous = rendezvous;
    this.localAddress = rendezvous.address;
    this.localPort = localPort;
    this.peerAddress = peerAddress;
    this.peerPort = peerPort;
    rendezvous.lines.add(this);
  }

  answer(hello: Hello): void {
    this.#notify((line) => {
      line.answered = true;
      line.rendezvous.handler.answered(line, hello);
    });
  }

  refuse(refusal: Refusal): void {
    this.#notify((line) => {
      line.close();
      line.rendezvous.handler.failed(line, refusal.code, refusal.reason);
    });
    this.closed = true;
  }

  send(kind: number, reason: number, data: number, credits: number): void {
    this.#notify((line) => line.rendezvous.handler.record(line, kind, reason, data, credits));
  }

  close(): void {
    if (this.closed) return;
    this.endOther();
    this.closed = true;
    this.rendezvous.lines.delete(this);
  }

  /** The other side finds that the line has ended; nobody does where there is no other side yet. */
  endOther(): void {
    this.#deliver((line) => {
      line.close();
      line.rendezvous.handler.broken(line);
    });
  }

  /** In order, after a while, unless this side or the other one has closed the line before. */
  #notify(news: (line: SimulatedLine) => void): void {
    if (!this.closed) this.#deliver(news);
  }

  #deliver(news: (line: SimulatedLine) => void): void {
    const { network } = this.rendezvous;
    const { other } = this;
    if (other === null) return;
    this.#lastUs = Math.max(this.#lastUs, network.nowUs + network.delayUs());
    network.at(this.#lastUs, () =>
      other.rendezvous.news.push(() => {
        if (!other.closed) news(other);
      }),
    );
  }
}
