/**
 * Conformance over two processes: the server's side lives in an agent's process, the client's in the test's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLibos } from '../every-backend.ts';
import { type Libos, type LibosOptions, loadedBackendModules } from '../index.ts';
import { AgentChannel, ChannelEnded, socketPair } from './channel.ts';
import {
  type Awaited,
  OPEN_TIMEOUT_S,
  open,
  openInOrder,
  openTogether,
  type SideOpening,
  unheardOpening,
  whyNotOpen,
} from './opening.ts';
import { type AgentReply, type AgentRequest, type Created, unpackError } from './protocol.ts';
import { type AgentLine, RemoteLibos } from './remote.ts';
import type { Addresses, TestedBackend, WorldOptions } from './world.ts';

/** How the two sides of one world are made; each may need options of its own. */
export interface TwoSides extends Addresses {
  server: LibosOptions;
  client: LibosOptions;
  /** As of BackendPair. */
  together?: boolean;
}

const EXIT_PATIENCE_MS = 5_000;

/** The agent hung in a call, or did not open its side in time, and was ended. */
export class NoAnswer extends Error {}

export class Agent implements AgentLine {
  readonly #child: ChildProcess;
  readonly #channel: AgentChannel;
  readonly #patienceMs: number;
  readonly #exited: Promise<string>;
  /** Its modules are loaded. */
  #isStarted = false;
  /** It answers no more: why. */
  #broken: string | null = null;

  /**
   * @param patienceMs how long it may take to answer a request: longer than the waits that it is asked for
   */
  constructor(patienceMs = 20_000) {
    this.#patienceMs = patienceMs;
    const [ours, theirs] = socketPair();
    this.#channel = new AgentChannel(ours);
    const program = fileURLToPath(new URL('./agent.ts', import.meta.url));
    this.#child = spawn(process.execPath, [program, ...loadedBackendModules()], {
      stdio: ['ignore', 'inherit', 'inherit', theirs],
    });
    closeSync(theirs);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      this.#child.once('error', (error) => resolve(error.message));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get usable(): boolean {
    return this.#broken === null;
  }

  /** A new libOS at the agent, beside those it has. Throws what createLibos throws, and NoAnswer. */
  create(options: LibosOptions, timeoutMs?: number): Libos {
    return this.begin(options, timeoutMs)();
  }

  /** As create, in two steps: what it returns waits for the libOS, and nothing else may be asked before. */
  begin(options: LibosOptions, timeoutMs = OPEN_TIMEOUT_S * 1000): () => Libos {
    const giveUp = performance.now() + timeoutMs;
    const answer = (awaited: Awaited) => {
      const leftMs = Math.max(0, Math.ceil(giveUp - performance.now()));
      return this.#answer('create', leftMs, () => whyNotOpen('server', timeoutMs, awaited));
    };
    this.tell({ call: 'create', options });
    return () => {
      if (!this.#isStarted) answer('its process to start');
      this.#isStarted = true;
      return new RemoteLibos(this, answer('its device to open') as Created);
    };
  }

  /** Stops its process, or lets it go on. */
  freeze(frozen: boolean): void {
    this.#child.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Shuts down what the agent still has and waits for its end. Throws how it ended unless it ended well. */
  async stop(): Promise<void> {
    if (this.usable) this.#channel.close();
    this.#broken = 'the agent was stopped';
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), EXIT_PATIENCE_MS);
    const end = await this.#exited;
    clearTimeout(timer);
    if (end !== 'exit code 0') throw new Error(`the agent ended with ${end}`);
  }

  ask(request: AgentRequest): unknown {
    this.tell(request);
    const { call } = request;
    const why = () => `the agent did not answer '${call}' within ${this.#patienceMs} ms and was ended`;
    return this.#answer(call, this.#patienceMs, why);
  }

  tell(request: AgentRequest): void {
    if (this.#broken !== null) throw new Error(this.#broken);
    this.#unlessEnded(request.call, () => this.#channel.send(request));
  }

  /** Waits for the next reply; `whyNone`: what is wrong where none comes. */
  #answer(call: AgentRequest['call'], timeoutMs: number, whyNone: () => string): unknown {
    if (!this.#channel.readable(timeoutMs)) {
      this.#child.kill('SIGKILL');
      this.#fail(new NoAnswer(whyNone()));
    }
    const reply = this.#unlessEnded(call, () => this.#channel.receive()) as AgentReply;
    if ('failure' in reply) throw unpackError(reply.failure);
    return reply.result;
  }

  #unlessEnded<T>(call: AgentRequest['call'], transfer: () => T): T {
    try {
      return transfer();
    } catch (error) {
      if (!(error instanceof ChannelEnded)) throw error;
      return this.#fail(new Error(`the agent ended before it answered '${call}'; see standard error`));
    }
  }

  #fail(why: Error): never {
    this.#channel.close();
    this.#broken = why.message;
    throw why;
  }
}

/**
 * A backend whose servers all live in one agent, which is started with the first of them, and again after it
 * broke. `sides` is asked for each world.
 */
export function twoProcesses(
  sides: (options: WorldOptions) => TwoSides,
  opening: SideOpening = unheardOpening,
): Pick<Required<TestedBackend>, 'create' | 'freeze' | 'close'> {
  const agents: Agent[] = [];
  return {
    create(options) {
      const { server, client, together = false, ...addresses } = sides(options);
      if (!agents.at(-1)?.usable) agents.push(new Agent());
      const finish = agents.at(-1)!.begin(server, opening.timeoutMs);
      const openServer = () => open(opening, 'server', finish);
      const openClient = () => open(opening, 'client', () => createLibos(client));
      return { ...(together ? openTogether : openInOrder)(openServer, openClient), ...addresses };
    },
    freeze: (frozen) => agents.at(-1)?.freeze(frozen),
    async close() {
      await Promise.all(agents.splice(0).map((agent) => agent.stop()));
    },
  };
}
