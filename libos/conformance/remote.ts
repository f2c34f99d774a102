/**
 * A libOS in another process, called as one in this process is. Nothing is decided here: arguments go to the
 * agent, results, errors and data come back.
 */
import type {
  Completion,
  Endpoint,
  ErrorCode,
  Libos,
  PollCounts,
  PushCompletion,
  QToken,
  QueueDescriptor,
  SocketKind,
  SocketOptions,
  Unsent,
} from '../index.ts';
import { Owner, ScatterGatherArray, type SegmentHome, SgaSegment } from '../memory/sga.ts';
import {
  type AgentRequest,
  type Created,
  type HandedOut,
  type PackedArray,
  type PackedCompletion,
  type PlainCall,
  packArray,
  unpackInto,
} from './protocol.ts';

/** The way to the agent. */
export interface AgentLine {
  /** Sends a request and waits for its result; throws what the call threw. */
  ask(request: AgentRequest): unknown;
  /** Sends a request that gets no reply. */
  tell(request: AgentRequest): void;
}

/** No array was ever numbered so. */
const UNKNOWN = 0;

export class RemoteLibos implements Libos {
  readonly backend: string;
  readonly completions: Completion[] = [];
  readonly #agent: AgentLine;
  readonly #libos: number;
  /** The arrays that the application owns or has pushed, without those it freed. */
  readonly #arrays = new Map<number, ScatterGatherArray>();
  readonly #numbers = new WeakMap<ScatterGatherArray, number>();

  constructor(agent: AgentLine, { libos, backend }: Created) {
    this.#agent = agent;
    this.#libos = libos;
    this.backend = backend;
  }

  socket(kind: SocketKind): QueueDescriptor {
    return this.#call('socket', kind) as QueueDescriptor;
  }
  bind(qd: QueueDescriptor, endpoint: Endpoint): void {
    this.#call('bind', qd, endpoint);
  }
  listen(qd: QueueDescriptor, backlog: number): void {
    this.#call('listen', qd, backlog);
  }
  accept(qd: QueueDescriptor): QToken {
    return this.#call('accept', qd) as QToken;
  }
  connect(qd: QueueDescriptor, endpoint: Endpoint): QToken {
    return this.#call('connect', qd, endpoint) as QToken;
  }
  close(qd: QueueDescriptor, unsent?: Unsent): void {
    this.#call('close', qd, unsent);
  }
  setOptions(qd: QueueDescriptor, options: SocketOptions): void {
    this.#call('setOptions', qd, options);
  }
  shutdownWrite(qd: QueueDescriptor): void {
    this.#call('shutdownWrite', qd);
  }
  pop(qd: QueueDescriptor): QToken {
    return this.#call('pop', qd) as QToken;
  }
  pollCounts(): PollCounts {
    return this.#call('pollCounts') as PollCounts;
  }
  counters(): Readonly<Record<string, number>> {
    return this.#call('counters') as Record<string, number>;
  }

  about(): string | null {
    return this.#call('about') as string | null;
  }

  hint(error: ErrorCode): string | null {
    return this.#call('hint', error) as string | null;
  }

  localEndpoint(qd: QueueDescriptor): Endpoint {
    return this.#call('localEndpoint', qd) as Endpoint;
  }
  peerEndpoint(qd: QueueDescriptor): Endpoint {
    return this.#call('peerEndpoint', qd) as Endpoint;
  }
  shutdown(): void {
    this.#arrays.clear();
    this.#call('shutdown');
  }

  push(qd: QueueDescriptor, sga: ScatterGatherArray, until?: PushCompletion): QToken {
    return this.#agent.ask({ call: 'push', libos: this.#libos, qd, array: this.#pack(sga), until }) as QToken;
  }
  /** Pushes and frees in so many milliseconds, while this process may sleep. */
  pushLater(qd: QueueDescriptor, sga: ScatterGatherArray, afterMs: number): void {
    const array = this.#pack(sga);
    this.#arrays.delete(array.number);
    this.#agent.tell({ call: 'pushLater', libos: this.#libos, qd, array, afterMs });
  }
  pushTo(qd: QueueDescriptor, sga: ScatterGatherArray, endpoint: Endpoint): QToken {
    return this.#agent.ask({
      call: 'pushTo',
      libos: this.#libos,
      qd,
      array: this.#pack(sga),
      endpoint,
    }) as QToken;
  }
  alloc(bytes: number): ScatterGatherArray {
    return this.#mirror(this.#agent.ask({ call: 'alloc', libos: this.#libos, bytes }) as PackedArray);
  }
  free(sga: ScatterGatherArray): void {
    const array = this.#numberOf(sga);
    if (this.#arrays.delete(array)) this.#agent.tell({ call: 'release', libos: this.#libos, array });
    else this.#agent.ask({ call: 'free', libos: this.#libos, array });
  }

  wait(token: QToken, timeoutMs?: number): Completion | null {
    const count = this.#take(this.#agent.ask({ call: 'wait', libos: this.#libos, token, timeoutMs }));
    return count === null ? null : this.completions[0];
  }
  waitAny(tokens: ArrayLike<QToken>, timeoutMs?: number): Completion | null {
    const request = { call: 'waitAny', libos: this.#libos, tokens: Array.from(tokens), timeoutMs } as const;
    return this.#take(this.#agent.ask(request)) === null ? null : this.completions[0];
  }
  waitAll(tokens: ArrayLike<QToken>, timeoutMs?: number): boolean {
    const request = { call: 'waitAll', libos: this.#libos, tokens: Array.from(tokens), timeoutMs } as const;
    return this.#take(this.#agent.ask(request)) !== null;
  }
  waitNext(max: number, timeoutMs?: number): number {
    return this.#take(this.#agent.ask({ call: 'waitNext', libos: this.#libos, max, timeoutMs }))!;
  }

  #call(call: PlainCall, ...args: unknown[]): unknown {
    return this.#agent.ask({ call, libos: this.#libos, args });
  }

  /**
   * Puts what a wait call handed out into `completions`: how many, or null when it handed out nothing at all.
   */
  #take(reply: unknown): number | null {
    const handedOut = reply as HandedOut;
    if (handedOut === null) return null;
    handedOut.forEach((packed, i) => {
      this.completions[i] = this.#unpackCompletion(packed);
    });
    return handedOut.length;
  }

  #unpackCompletion({ array, ...rest }: PackedCompletion): Completion {
    if (array === null) return { ...rest, sga: null };
    return { ...rest, sga: typeof array === 'number' ? this.#arrays.get(array)! : this.#mirror(array) };
  }

  #pack(sga: ScatterGatherArray): PackedArray {
    return packArray(this.#numberOf(sga), sga, true);
  }

  #numberOf(sga: ScatterGatherArray): number {
    return this.#numbers.get(sga) ?? UNKNOWN;
  }

  #mirror(packed: PackedArray): ScatterGatherArray {
    const sga = new ScatterGatherArray();
    const bytes = new Uint8Array(packed.segments.reduce((sum, { capacity }) => sum + capacity, 0));
    let base = 0;
    for (const { capacity } of packed.segments) {
      sga.segments.push(new SgaSegment(nobody, { bytes, address: 0 }, 0, base, capacity));
      base += capacity;
    }
    sga.segmentCount = packed.segments.length;
    sga.owner = Owner.Application;
    unpackInto(sga, packed);
    this.#arrays.set(packed.number, sga);
    this.#numbers.set(sga, packed.number);
    return sga;
  }
}

/** Takes back the segments of mirrors: the real ones have their home at the agent. */
const nobody: SegmentHome = {
  give() {
    throw new Error('a segment of a remote libOS was given to one in this process');
  },
};
