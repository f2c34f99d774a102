/**
 * The null server: answers every request with the one right reply, without looking at it, on the libOS. A request
 * takes the injected delay, the generator's own time and the way there and back.
 *
 * The server times its delays by its own clock: a thread that loses its core delays for longer than it was
 * to.
 */
import {
  type Backend,
  type BackendOptions,
  type Completion,
  type DataPathContext,
  type Endpoint,
  type Libos,
  nowNs,
  openLibos,
  type QueueDescriptor,
} from '../../libos/index.ts';
import { LatencyRecorder, quantilesNs } from '../measurement/recorder.ts';
import { type Injection, injections, NOTHING, Orders } from './injections.ts';

export interface NullServerInput {
  /** All requests have this length. */
  requestBytes: number;
  reply: Uint8Array;
  /** Of Orders. */
  ordersFile: string;
  backend: Backend;
  backendOptions: BackendOptions;
  /** Where it listens. */
  address: string;
}

/** The delays and pauses that really happened. */
export interface Injected {
  /** Median of the delays by injection; 0 where there was none. */
  delayP50Ns: number[];
  /** Lengths of the pauses by injection. */
  pausesNs: number[][];
}

/** At least what a client opens at a time. */
const BACKLOG = 128;
const COMPLETIONS_PER_TURN = 64;

/** Entry of the data path: serves until it is stopped. */
export async function run(context: DataPathContext<NullServerInput, Endpoint>): Promise<Injected> {
  const { backend, backendOptions } = context.data;
  const libos = await openLibos({ backend, backendOptions });
  try {
    const server = new NullServer(libos, context.data);
    context.ready(server.listen());
    while (!context.stopRequested()) server.turn();
    return server.injected();
  } finally {
    libos.shutdown();
  }
}

class NullServer {
  readonly #libos: Libos;
  readonly #input: NullServerInput;
  readonly #orders: Orders;
  readonly #delays = injections.map(() => new LatencyRecorder());
  readonly #pausesNs: number[][] = injections.map(() => []);
  /** Bytes of a request that is not yet whole, by queue descriptor. */
  readonly #begun: number[] = [];
  #injection = NOTHING;
  #nextPauseNs = Number.POSITIVE_INFINITY;

  constructor(libos: Libos, input: NullServerInput) {
    this.#libos = libos;
    this.#input = input;
    this.#orders = new Orders(input.ordersFile);
  }

  listen(): Endpoint {
    const listener = this.#libos.socket('stream');
    this.#libos.bind(listener, { address: this.#input.address, port: 0 });
    this.#libos.listen(listener, BACKLOG);
    this.#libos.accept(listener);
    return this.#libos.localEndpoint(listener);
  }

  turn(): void {
    const libos = this.#libos;
    const count = libos.waitNext(COMPLETIONS_PER_TURN, 0);
    const injection = this.#obey();
    if (injection.pauseNs > 0) this.#pauseIfDue(injection);
    for (let i = 0; i < count; i++) {
      const completion = libos.completions[i];
      if (completion.operation === 'accept') this.#accepted(completion);
      else if (completion.operation === 'pop') this.#popped(completion, injection);
    }
  }

  injected(): Injected {
    const delayP50Ns = this.#delays.map((delays) => quantilesNs(delays.histogram())?.p50 ?? 0);
    return { delayP50Ns, pausesNs: this.#pausesNs };
  }

  #obey(): Injection {
    const { injection } = this.#orders;
    if (injection !== this.#injection) {
      this.#injection = injection;
      // The first pause comes in the middle of a period: the begin and the end of whole periods then cut
      // none.
      this.#nextPauseNs = nowNs() + injections[injection].periodNs / 2;
    }
    return injections[injection];
  }

  #pauseIfDue({ pauseNs, periodNs }: Injection): void {
    if (nowNs() < this.#nextPauseNs) return;
    const pausedNs = work(pauseNs);
    if (this.#orders.counts) this.#pausesNs[this.#injection].push(pausedNs);
    this.#nextPauseNs += periodNs;
  }

  #accepted({ qd, newQd }: Completion): void {
    this.#libos.accept(qd);
    this.#begun[newQd] = 0;
    this.#libos.pop(newQd);
  }

  #popped({ qd, sga }: Completion, injection: Injection): void {
    if (sga === null) {
      this.#libos.close(qd);
      return;
    }
    const { requestBytes } = this.#input;
    let bytes = this.#begun[qd] + sga.byteLength;
    for (; bytes >= requestBytes; bytes -= requestBytes) {
      if (injection.delayNs !== null) this.#delay(injection.delayNs);
      this.#answer(qd);
    }
    this.#begun[qd] = bytes;
    this.#libos.free(sga);
    this.#libos.pop(qd);
  }

  #delay(delayNs: number): void {
    const delayedNs = work(delayNs);
    if (this.#orders.counts) this.#delays[this.#injection].record(delayedNs);
  }

  #answer(qd: QueueDescriptor): void {
    const { reply } = this.#input;
    const sga = this.#libos.alloc(reply.length);
    sga.fill(reply);
    this.#libos.push(qd, sga);
    // The libOS keeps it until the push completes.
    this.#libos.free(sga);
  }
}

/** Keeps the core busy for `ns` or slightly more. Returns for how long. */
function work(ns: number): number {
  const begunNs = nowNs();
  for (;;) {
    const workedNs = nowNs() - begunNs;
    if (workedNs >= ns) return workedNs;
  }
}
