/**
 * Redis itself as the engine of a server: its own code, from the source of the installed redis-server, behind the
 * seam of frontend.ts (docs/redis-port.md). It parses, runs and persists; the front end moves bytes.
 *
 * Requests go in by address and are read by Redis where the libOS received them, replies come out in blocks that
 * the front end lent. One foreign call a batch, for all clients.
 */
import { KvServerError, type KvServerErrorCode } from '../errors.ts';
import type { EngineClient, FrontEnd, InputBlock, ReplyBlock, ServerEngine } from '../frontend.ts';
import { MAX_CLIENTS_REPLY } from '../resp/reply.ts';
import { BLOCKS, INPUTS, InputKind, OutputKind, type SharedTables, SLOTS, UNSENT_MAX } from './layout.ts';
import { loadPort, type PortLibrary } from './library.ts';

/** Blocks that lie ready for replies: as many as a turn of the loop has completions, and some for long replies. */
const LENT_BLOCKS = 192;
/** Redis' timers and deadlines are in milliseconds. */
const TICK_MS = 1;
const EIO = 5;
/** The errors that Redis tells apart when it cannot listen. */
const LISTEN_ERRNO: Partial<Record<KvServerErrorCode, number>> = {
  PORT_FORBIDDEN: 13,
  NOT_SUPPORTED: 95,
  ADDRESS_IN_USE: 98,
  ADDRESS_UNAVAILABLE: 99,
};

class RedisClient implements EngineClient {
  readonly slot: number;
  connection: unknown = null;
  outputBytes = 0;
  /** Its connection is gone: what Redis still writes to it goes nowhere. */
  gone = false;

  constructor(slot: number) {
    this.slot = slot;
  }
}

export class RedisEngine implements ServerEngine {
  readonly tickMs = TICK_MS;
  /** Its files are its own to look at. */
  readonly restMs = TICK_MS;
  /** Redis refuses by itself; this is for more connections than it can name. */
  readonly refusal = MAX_CLIENTS_REPLY;
  readonly #frontEnd: FrontEnd;
  readonly #arguments: readonly string[];
  readonly #port: PortLibrary;
  readonly #tables: SharedTables;
  readonly #clients: (RedisClient | null)[] = [];
  readonly #freeSlots: number[] = [];
  /** Blocks that are lent, by number. */
  readonly #lent: (ReplyBlock | null)[] = new Array(BLOCKS).fill(null);
  readonly #freeNumbers: number[] = [];
  /** When it ticked last, in ms. In an array, whose doubles change in place. */
  readonly #tickedMs = new Float64Array(1);
  /** Something other than an input is to be seen to in the next turn. */
  #due = false;

  /** `args`: the command line of redis-server, its name first. Throws KvServerError ENGINE_UNAVAILABLE. */
  constructor(args: readonly string[], frontEnd: FrontEnd) {
    this.#arguments = args;
    this.#frontEnd = frontEnd;
    this.#port = loadPort({
      listen: (listener, address, port) => listenErrno(frontEnd, listener, address, port),
      unlisten: (listener) => frontEnd.unlisten(listener),
      look: () => {
        // Of the batch that is under way, what has not been run yet is to be.
        this.#due = true;
        return frontEnd.look();
      },
      counters: () => frontEnd.counters(),
    });
    this.#tables = this.#port.tables;
    for (let number = BLOCKS - 1; number >= 0; number--) this.#freeNumbers.push(number);
  }

  get exitCode(): number | null {
    return this.#tables.exitCode;
  }

  /**
   * Loads what was saved, which may take long: clients are told so meanwhile. It may exit in good order, as when it is
   * asked for its version, or when a signal comes while it loads: exitCode is 0 then.
   */
  start(endpoint: { address: string; port: number } | null): void {
    this.#lend();
    const place = endpoint === null ? [] : ['--bind', endpoint.address, '--port', `${endpoint.port}`];
    this.#port.start([...this.#arguments, ...place]);
    this.#drain();
    if (this.exitCode !== null && this.exitCode !== 0) {
      throw new KvServerError(
        'ENGINE_UNAVAILABLE',
        `Redis ended with exit code ${this.exitCode} before it was ready: its log, above or in its log file, says why`,
      );
    }
  }

  connect(
    peerAddress: string,
    peerPort: number,
    localAddress: string,
    localPort: number,
  ): RedisClient | null {
    const slot = this.#freeSlots.pop() ?? this.#clients.length;
    if (slot >= SLOTS) return null;
    const client = new RedisClient(slot);
    this.#clients[slot] = client;
    this.#port.accept(slot, peerAddress, peerPort, localAddress, localPort);
    // A refusal is handed over when the front end knows the client.
    this.#due = true;
    return client;
  }

  receive(client: RedisClient, block: InputBlock, offset: number, length: number): void {
    if (client.gone) return;
    this.#add(InputKind.Data, client, block.address + (offset - block.base), length);
  }

  disconnect(client: RedisClient): void {
    if (client.gone) return;
    client.gone = true;
    if (this.#clients[client.slot] === client) this.#add(InputKind.Reset, client, 0, 0);
  }

  ended(client: RedisClient): void {
    this.#add(InputKind.End, client, 0, 0);
  }

  sent(client: RedisClient): void {
    // After its close the slot may be another client's.
    if (this.#clients[client.slot] !== client) return;
    this.#tables.setUnsent(client.slot, client.outputBytes);
    if (this.#tables.waiting > 0 && client.outputBytes < UNSENT_MAX / 2) this.#hasRoom();
  }

  reads(client: RedisClient): boolean {
    return !this.#tables.isHolding(client.slot);
  }

  turn(): void {
    if (this.#tables.inputCount === 0 && !this.#due) return;
    this.#due = false;
    this.#port.turn();
    this.#drain();
  }

  tick(): void {
    // A front end may call it before each batch, for the time; Redis has its own.
    const ms = performance.now();
    if (ms - this.#tickedMs[0] < TICK_MS / 2) return;
    this.#tickedMs[0] = ms;
    this.#port.events();
    this.#drain();
  }

  /** Redis has its own handlers of signals. */
  stop(): void {
    process.kill(process.pid, 'SIGTERM');
  }

  /** Hands over all that came out, and lends new blocks for those that were used. */
  #drain(): void {
    const tables = this.#tables;
    for (;;) {
      const count = tables.outputCount;
      for (let i = 0; i < count; i++) this.#output(i);
      tables.clearOutputs();
      this.#lend();
      if (tables.closing === 0 || tables.exitCode !== null) return;
      this.#port.turn();
    }
  }

  #output(index: number): void {
    const tables = this.#tables;
    const kind = tables.outputKind(index);
    const slot = tables.outputSlot(index);
    const client = this.#clients[slot];
    if (client === null) return;
    if (kind === OutputKind.Send) {
      const number = tables.outputBlock(index);
      const block = this.#lent[number];
      if (block === null) return;
      this.#lent[number] = null;
      this.#freeNumbers.push(number);
      if (client.gone) {
        this.#frontEnd.giveBack(block);
        return;
      }
      this.#frontEnd.send(client, block, tables.outputLength(index));
      // A kernel may have taken it at once.
      this.sent(client);
    } else if (kind === OutputKind.Resume) {
      if (!client.gone) this.#frontEnd.resume(client);
    } else {
      this.#clients[slot] = null;
      this.#freeSlots.push(slot);
      if (!client.gone) this.#frontEnd.close(client, false);
    }
  }

  #lend(): void {
    const tables = this.#tables;
    while (tables.blockCount < LENT_BLOCKS) {
      const block = this.#frontEnd.takeBlock();
      if (block === null) {
        // The front end has no memory now: the next turn asks again.
        this.#due = true;
        return;
      }
      const number = this.#freeNumbers.pop()!;
      this.#lent[number] = block;
      tables.lend(number, block.address, block.capacity);
      if (tables.waiting > 0) this.#hasRoom();
    }
  }

  /** For a client whose output waits. */
  #hasRoom(): void {
    this.#tables.setRoom();
    this.#due = true;
  }

  #add(kind: number, client: RedisClient, address: number, length: number): void {
    if (this.#tables.inputCount === INPUTS) throw new RangeError(`more than ${INPUTS} inputs in one turn`);
    this.#tables.addInput(kind, client.slot, address, length);
  }
}

/** 0, or the errno that Redis is told. */
function listenErrno(frontEnd: FrontEnd, listener: number, address: string, port: number): number {
  try {
    frontEnd.listen(listener, address === '*' ? '0.0.0.0' : address, port);
    return 0;
  } catch (error) {
    return error instanceof KvServerError ? (LISTEN_ERRNO[error.code] ?? EIO) : EIO;
  }
}
