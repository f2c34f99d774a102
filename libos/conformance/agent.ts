/**
 * The program in the other process of a conformance test (two-processes.ts): makes the libOSes that it is
 * asked for make, calls them as it is asked to, and makes progress on all of them between two requests. It ends
 * when its channel, descriptor 3, does. Its arguments are URLs of modules that have backends from outside.
 */
import { createLibos } from '../every-backend.ts';
import { type Libos, loadBackendModule } from '../index.ts';
import { Owner, ScatterGatherArray } from '../memory/sga.ts';
import { AgentChannel, ChannelEnded } from './channel.ts';
import { endWithParent } from './end-with-parent.ts';
import {
  type AgentReply,
  type AgentRequest,
  type Created,
  type HandedOut,
  type PackedArray,
  type PackedCompletion,
  packArray,
  packError,
  unpackInto,
} from './protocol.ts';

const CHANNEL_FD = 3;
/**
 * So long after the last request it polls without a pause, and then once in each nap: a test that does
 * something else has the core for that.
 */
const BUSY_MS = 5;
const NAP_MS = 1;

type LibosRequest = Exclude<AgentRequest, { call: 'create' }>;

/** A libOS, and the arrays of it that the test knows by number: those it owns and those it pushed. */
class Served {
  readonly libos: Libos;
  readonly #arrays = new Map<number, ScatterGatherArray>();
  readonly #numbers = new Map<ScatterGatherArray, number>();
  #lastNumber = 0;
  readonly #later: { request: LibosRequest & { call: 'pushLater' }; atMs: number }[] = [];

  constructor(libos: Libos) {
    this.libos = libos;
  }

  answer(request: LibosRequest): unknown {
    const { libos } = this;
    switch (request.call) {
      case 'alloc': {
        const sga = libos.alloc(request.bytes);
        return packArray(this.#learn(sga), sga, false);
      }
      case 'free':
      case 'release':
        return this.#free(request.array);
      case 'push':
        return libos.push(request.qd, this.#filled(request.array), request.until);
      case 'pushLater':
        this.#later.push({ request, atMs: performance.now() + request.afterMs });
        return null;
      case 'pushTo':
        return libos.pushTo(request.qd, this.#filled(request.array), request.endpoint);
      case 'wait':
        return this.#handOut(libos.wait(request.token, request.timeoutMs) ? 1 : -1);
      case 'waitAny':
        return this.#handOut(libos.waitAny(request.tokens, request.timeoutMs) ? 1 : -1);
      case 'waitAll':
        return this.#handOut(libos.waitAll(request.tokens, request.timeoutMs) ? request.tokens.length : -1);
      case 'waitNext':
        return this.#handOut(libos.waitNext(request.max, request.timeoutMs));
      default:
        return (libos[request.call] as (...args: unknown[]) => unknown)(...request.args);
    }
  }

  /** Makes progress, and does what is due. */
  turn(): void {
    const { libos } = this;
    libos.waitNext(0, 0);
    while (this.#later.length > 0 && this.#later[0].atMs <= performance.now()) {
      const { request } = this.#later.shift()!;
      libos.push(request.qd, this.#filled(request.array));
      this.#free(request.array.number);
    }
  }

  /** What the last wait call handed out; null for a count below zero. */
  #handOut(count: number): HandedOut {
    if (count < 0) return null;
    return this.libos.completions.slice(0, count).map(({ sga, ...rest }): PackedCompletion => {
      if (sga === null) return { ...rest, array: null };
      if (rest.operation === 'push') return { ...rest, array: this.#numbers.get(sga)! };
      return { ...rest, array: packArray(this.#learn(sga), sga, true) };
    });
  }

  #learn(sga: ScatterGatherArray): number {
    const number = ++this.#lastNumber;
    this.#arrays.set(number, sga);
    this.#numbers.set(sga, number);
    return number;
  }

  #free(number: number): void {
    const sga = this.#find(number);
    this.libos.free(sga);
    // The libOS may give the same array out again, under another number.
    this.#arrays.delete(number);
    this.#numbers.delete(sga);
  }

  /** The array of a number; of one that was freed, an array that nobody owns, for the libOS to refuse. */
  #find(number: number): ScatterGatherArray {
    return this.#arrays.get(number) ?? new ScatterGatherArray();
  }

  #filled(packed: PackedArray): ScatterGatherArray {
    const sga = this.#find(packed.number);
    // Not while it is in flight: the push of it will be refused.
    if (sga.owner === Owner.Application) unpackInto(sga, packed);
    return sga;
  }
}

const channel = new AgentChannel(CHANNEL_FD);
const all: Served[] = [];
/** Those of them that have not been shut down. */
const live = new Set<Served>();

function answer(request: AgentRequest): unknown {
  if (request.call === 'create') {
    const served = new Served(createLibos(request.options));
    live.add(served);
    return { libos: all.push(served) - 1, backend: served.libos.backend } satisfies Created;
  }
  const served = all[request.libos];
  // Also when it throws LEAK, it is shut down.
  if (request.call === 'shutdown') live.delete(served);
  return served.answer(request);
}

function reply(request: AgentRequest): AgentReply {
  try {
    return { result: answer(request) };
  } catch (error) {
    return { failure: packError(error) };
  }
}

/** It gets no reply. */
function isTold({ call }: AgentRequest): boolean {
  return call === 'release' || call === 'pushLater';
}

function serve(request: AgentRequest): void {
  // An error would be one of this code or of the libOS itself, and is to end the agent.
  if (isTold(request)) answer(request);
  else channel.send(reply(request));
}

endWithParent();
for (const url of process.argv.slice(2)) await (await loadBackendModule(url)).load?.();
channel.send({ result: 'started' } satisfies AgentReply);
try {
  for (let requestedMs = performance.now(); ; ) {
    const napMs = performance.now() - requestedMs < BUSY_MS ? 0 : NAP_MS;
    if (live.size === 0 || channel.readable(napMs)) {
      serve(channel.receive() as AgentRequest);
      requestedMs = performance.now();
    }
    try {
      for (const served of live) served.turn();
    } catch (error) {
      // No poll may throw. Who asks next hears of it, and it ends the agent.
      while (isTold(channel.receive() as AgentRequest));
      channel.send({ failure: packError(error) } satisfies AgentReply);
      throw error;
    }
  }
} catch (error) {
  if (!(error instanceof ChannelEnded)) throw error;
}
for (const served of live) {
  try {
    served.libos.shutdown();
  } catch {
    // A leak, of a test that failed before it could free: what failed there has been reported.
  }
}
