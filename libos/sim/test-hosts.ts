/**
 * Two libOSes on a simulated link, each with options of its own, and what makes their virtual time pass: an
 * hour without events takes no time at all.
 */
import { LibosCore } from '../core.ts';
import type { Stack } from '../inet/stack.ts';
import type { TcpConnection } from '../inet/tcp/connection.ts';
import { defaultTcpOptions, type TcpOptions } from '../inet/tcp/options.ts';
import { InetTransport } from '../inet/transport.ts';
import { BufferPool } from '../memory/pool.ts';
import type { Slab } from '../memory/sga.ts';
import type { Completion } from '../pdpi.ts';
import type { TransportHost } from '../transport.ts';
import type { SimulatedDevice } from './device.ts';
import { type LinkOptions, SimulatedLink } from './link.ts';

export const addresses = ['10.99.0.1', '10.99.0.2'] as const;
const NETWORK = 0x0a630000;
const BUFFER_BYTES = 16 * 1024;
/** A round of polls that nothing came of is followed by a longer pause than the one before, up to this. */
const LONGEST_PAUSE_US = 10_000;
const SHORTEST_PAUSE_US = 0.1;

export interface HostsOptions {
  link?: LinkOptions;
  /** Of the network 10.99.0.0 that they take themselves to be in; default 24. */
  prefixLength?: number;
  /** Of both, or of each. */
  tcp?: Partial<TcpOptions> | readonly [Partial<TcpOptions>, Partial<TcpOptions>];
  poolLimitBytes?: number;
  checked?: boolean;
}

export class Host {
  readonly address: string;
  readonly device: SimulatedDevice;
  readonly pool: BufferPool;
  readonly transport: InetTransport;
  readonly libos: LibosCore<InetTransport>;
  readonly #waiting = new Map<number, (completion: Completion) => void>();

  constructor(device: SimulatedDevice, index: number, tcp: Partial<TcpOptions>, options: HostsOptions) {
    const checked = options.checked ?? true;
    this.address = addresses[index];
    this.device = device;
    this.pool = new BufferPool({
      bufferBytes: BUFFER_BYTES,
      slabBuffers: 8,
      limitBytes: options.poolLimitBytes ?? 1024 ** 3,
      retainBytes: 64 * 1024 * 1024,
      checked,
      mapSlab: (bytes): Slab => ({ bytes: new Uint8Array(bytes), address: 0, discard() {}, unmap() {} }),
    });
    const createTransport = (host: TransportHost) =>
      new InetTransport(host, device, this.pool, {
        name: 'sim',
        network: { address: NETWORK + index + 1, prefixLength: options.prefixLength ?? 24, gateway: 0 },
        tcp: { ...defaultTcpOptions, ...tcp },
        secret: [0x1234567 + index, 0x89abcde],
        counters: () => ({}),
      });
    this.libos = new LibosCore(createTransport, { checked, idle: 'poll' });
    this.transport = this.libos.transport;
  }

  get stack(): Stack {
    return this.transport.stack as unknown as Stack;
  }

  /** Operations that were started with `when` and have not completed. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Calls `act` when the operation completes; the completion is valid during the call. */
  when(token: number, act: (completion: Completion) => void): void {
    this.#waiting.set(token, act);
  }

  /** Lets the stack work; returns how many operations completed. */
  poll(): number {
    const count = this.libos.waitNext(64, 0);
    // What acts on one may complete others, in the same objects.
    const completions = this.libos.completions.slice(0, count).map((completion) => ({ ...completion }));
    for (const completion of completions) {
      const act = this.#waiting.get(completion.token);
      if (act === undefined) throw new Error(`nobody waits for the ${completion.operation} that completed`);
      this.#waiting.delete(completion.token);
      act(completion);
    }
    return count;
  }

  /** The connection of a queue, also while it ends. */
  connectionOf(qd: number): TcpConnection {
    let found: TcpConnection | null = null;
    this.stack.tcp.connections.forEach((connection) => {
      if ((connection.owner as { qd: number } | null)?.qd === qd) found = connection;
    });
    if (found === null) throw new Error(`queue ${qd} has no connection`);
    return found;
  }
}

export class TestHosts {
  readonly link: SimulatedLink;
  readonly a: Host;
  readonly b: Host;
  /** Rounds of polls so far. */
  rounds = 0;
  readonly #planned: { atUs: number; act: () => void }[] = [];
  #pauseUs = SHORTEST_PAUSE_US;

  constructor(options: HostsOptions = {}) {
    const { tcp = {} } = options;
    const [tcpA, tcpB] = Array.isArray(tcp) ? tcp : [tcp, tcp];
    this.link = new SimulatedLink(options.link);
    this.a = new Host(this.link.a, 0, tcpA, options);
    this.b = new Host(this.link.b, 1, tcpB, options);
  }

  get nowUs(): number {
    return this.link.nowUs;
  }

  /** Does something so many microseconds from now. */
  after(us: number, act: () => void): void {
    const atUs = this.nowUs + us;
    let index = this.#planned.length;
    while (index > 0 && this.#planned[index - 1].atUs > atUs) index--;
    this.#planned.splice(index, 0, { atUs, act });
  }

  /** When there is something to do next; Infinity when everything has come to rest. */
  nextUs(): number {
    const { a, b, link } = this;
    if (a.libos.tokens.readyCount + b.libos.tokens.readyCount > 0) return link.nowUs;
    const planned = this.#planned.length > 0 ? this.#planned[0].atUs : Infinity;
    return Math.min(planned, link.nextEventUs(), a.stack.pollAt(), b.stack.pollAt());
  }

  /**
   * Both work, then time moves to what comes next, but not beyond `endUs`. Returns false once there is
   * nothing to come.
   */
  round(endUs = Infinity): boolean {
    const { link } = this;
    this.rounds++;
    while (this.#planned.length > 0 && this.#planned[0].atUs <= link.nowUs) this.#planned.shift()!.act();
    const sent = link.aToB.counters.sent + link.bToA.counters.sent;
    const completed = this.a.poll() + this.b.poll();
    const idle = completed === 0 && sent === link.aToB.counters.sent + link.bToA.counters.sent;
    this.#pauseUs = idle ? Math.min(2 * this.#pauseUs, LONGEST_PAUSE_US) : SHORTEST_PAUSE_US;
    const nextUs = this.nextUs();
    // Whoever asks to be polled at once, as for want of a frame, gets that only while something comes of it.
    const atUs = nextUs <= link.nowUs ? link.nowUs + this.#pauseUs : nextUs;
    if (atUs <= endUs && atUs !== Infinity) link.advanceTo(atUs);
    else if (endUs !== Infinity) link.advanceTo(Math.max(link.nowUs, endUs));
    return nextUs < Infinity;
  }

  /**
   * Lets time pass until `done`, until nothing is to come, or for at most `us`. Returns whether it is done.
   */
  run(us: number, done: () => boolean = () => false, maxRounds = 1e6): boolean {
    const endUs = this.nowUs + us;
    const lastRound = this.rounds + maxRounds;
    while (!done()) {
      if (this.nowUs >= endUs || !this.round(endUs)) return done();
      if (this.rounds > lastRound) throw new Error(`${maxRounds} rounds, and no end at ${this.nowUs} us`);
    }
    return true;
  }

  /** What should be gone when all queues are closed and everything has come to rest; empty if it is. */
  leftovers(): string[] {
    const left: string[] = [];
    const note = (count: number, what: string) => {
      if (count !== 0) left.push(`${count} ${what}`);
    };
    if (this.nextUs() !== Infinity) left.push(`something to do at ${this.nextUs()} us`);
    for (const host of [this.a, this.b]) {
      const { stack, pool, device, libos, address } = host;
      note(stack.tcp.connections.size, `connections of ${address}`);
      note(device.buffersOut, `frames held by ${address}`);
      note(pool.mappedBytes - pool.freeBytes, `pool bytes held by ${address}`);
      note(host.pending + libos.tokens.readyCount, `operations of ${address}`);
      note(stack.neighbours.lookup(stack.ipv4.address ^ 3).holders, `holders of the neighbour of ${address}`);
    }
    return left;
  }

  /** A connection from b to a port of a, established: the queue of each. */
  connect(port = 7000): { a: number; b: number } {
    const { a, b } = this;
    const listener = a.libos.socket('stream');
    a.libos.bind(listener, { address: a.address, port });
    a.libos.listen(listener, 16);
    const client = b.libos.socket('stream');
    let accepted = -1;
    let connected = false;
    a.when(a.libos.accept(listener), ({ newQd }) => {
      accepted = newQd;
    });
    b.when(b.libos.connect(client, { address: a.address, port }), ({ error }) => {
      if (error !== null) throw new Error(`connect: ${error}`);
      connected = true;
    });
    if (!this.run(60e6, () => connected && accepted >= 0)) throw new Error('no connection');
    a.libos.close(listener);
    return { a: accepted, b: client };
  }
}
