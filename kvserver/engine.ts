/**
 * The command engine in TypeScript: clients, databases and the running of requests, without I/O and timers. A
 * front end gives it the bytes that arrive and takes the replies, through the seam in frontend.ts. It runs a
 * request as soon as the last of its bytes is received.
 */
import { randomBytes } from 'node:crypto';
import { BlockedClients, type BlockingHost } from './blocking/blocked-clients.ts';
import { BLOCKED, Client, REPLIES_OFF, REPLY_SKIPPED } from './client.ts';
import { EngineClock } from './clock.ts';
import { allCommands } from './commands/all.ts';
import type { CommandTable, ServerState } from './commands/table.ts';
import { discardTransaction } from './commands/transactions.ts';
import { Configuration } from './configuration.ts';
import { Databases } from './databases.ts';
import { Executor } from './executor.ts';
import { FailureLog } from './failure-log.ts';
import type { FrontEnd, InputBlock, ServerEngine } from './frontend.ts';
import { HeapRoom } from './heap-room.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import { KeyUses } from './keyspace/uses.ts';
import { LateMessages } from './late-messages.ts';
import { LongPipelines, PART_BYTES } from './long-pipelines.ts';
import { LongReplies } from './long-replies.ts';
import { MachineRoom } from './machine-room.ts';
import { MemoryLimit } from './memory-limit.ts';
import { Monitors } from './monitors.ts';
import { Notifications } from './notifications.ts';
import type { EngineSetup } from './options.ts';
import { ClientOutput } from './output.ts';
import { Pause } from './pause.ts';
import { PubSub } from './pubsub.ts';
import { NO_BYTES } from './resp/bytes.ts';
import { MAX_CLIENTS_REPLY, type ReplyWriter } from './resp/reply.ts';
import { BROKEN, NEED_MORE, type Request, TOO_LARGE } from './resp/request.ts';
import type { RequestQueue } from './resp/request-queue.ts';
import { LIMITED, PAUSED, ServerModes, TRACKED } from './server-modes.ts';
import { EngineStats } from './stats.ts';
import { Tracking } from './tracking.ts';
import type { Watches } from './watches.ts';

/** How late the reply to a client that has waited in vain may be. */
const TICK_MS = 10;
/** How often it does what is regular: keys expire, tables are rehashed, limits of output looked at. */
const WORK_MS = 100;
/** The most that active expiry takes of a tick. */
const EXPIRE_MS_MAX = 5;
/** While nobody waits for anything: so that what is regular is no more than this late. */
const REST_MS = WORK_MS / 2;

export class Engine implements ServerEngine, BlockingHost, ServerState {
  readonly tickMs = TICK_MS;
  readonly refusal = MAX_CLIENTS_REPLY;
  exitCode: number | null = null;
  readonly configuration: Configuration;
  readonly clock: EngineClock;
  readonly commands: CommandTable = allCommands();
  readonly clients = new Map<number, Client>();
  readonly startedMs: number;
  readonly runId = randomBytes(20).toString('hex');
  readonly stats = new EngineStats();
  readonly modes = new ServerModes();
  readonly blocked = new BlockedClients(this);
  readonly pubsub = new PubSub();
  readonly pause = new Pause(this.modes, (client) => this.unblocked(client));
  readonly longReplies = new LongReplies();
  readonly monitors: Monitors;
  readonly memory: MemoryLimit;
  readonly tracking: Tracking;
  readonly heapRoom: HeapRoom;
  readonly machineRoom: MachineRoom;

  readonly #longPipelines = new LongPipelines();
  readonly #databases: Databases;
  /** For the client whose requests run, and for those that are written to besides. */
  readonly #output: ClientOutput;
  readonly #aside: ClientOutput;
  readonly #reply: ReplyWriter;
  readonly #frontEnd: FrontEnd;
  /** Clients that wait no more: what they have sent meanwhile is to be run. */
  readonly #unblocked: Client[] = [];
  readonly #failures = new FailureLog();
  readonly #executor: Executor;
  #nextClientId = 1;
  #lastWorkMs: number;

  constructor(options: EngineSetup, frontEnd: FrontEnd) {
    this.#frontEnd = frontEnd;
    this.configuration = new Configuration(options);
    this.heapRoom = new HeapRoom(this.modes, options.heap);
    this.machineRoom = new MachineRoom(options.machine);
    this.clock = new EngineClock(options.readClockMs ?? Date.now);
    this.startedMs = this.clock.nowMs;
    this.#lastWorkMs = this.clock.nowMs;
    this.#output = new ClientOutput(frontEnd, this.configuration, this.stats);
    this.#aside = new ClientOutput(frontEnd, this.configuration, this.stats);
    this.#reply = this.#output.reply;
    const late = new LateMessages(this.modes, this.#output, this.#aside, (client, write) =>
      this.writeTo(client, write),
    );
    this.monitors = new Monitors(this.modes, late.write);
    const listen = () => this.#databases.listen();
    const notifications = new Notifications(this.pubsub, late.write, listen);
    this.tracking = new Tracking(this.modes, this, late.write, listen);
    const listeners = { notifications, tracking: this.tracking };
    this.configuration.add('notify-keyspace-events', notifications.parameter);
    this.configuration.add('tracking-table-max-keys', this.tracking.parameter);
    const uses = new KeyUses(this.clock);
    this.#databases = new Databases(
      this.clock,
      this.stats,
      this.configuration,
      listeners,
      uses,
      this.machineRoom,
    );
    this.memory = new MemoryLimit(this.modes, this.#databases, this.clients, uses, this.stats);
    for (const [name, parameter] of this.memory.parameters) this.configuration.add(name, parameter);
    this.#executor = new Executor(this, this.modes, this.#output, this.heapRoom, late, this.#failures);
  }

  /** It listens where the front end already does. */
  start(endpoint: { port: number } | null): void {
    if (endpoint !== null) this.configuration.port = endpoint.port;
  }

  reads(_client: Client): boolean {
    return true;
  }

  connect(peerAddress: string, peerPort: number, localAddress: string, localPort: number): Client | null {
    if (this.clients.size >= this.configuration.maxClients) {
      this.stats.rejectedConnections++;
      return null;
    }
    const client = new Client(
      this.#nextClientId++,
      this.configuration.requestLimits,
      this.database(0),
      { peer: `${peerAddress}:${peerPort}`, local: `${localAddress}:${localPort}` },
      this.configuration.requirepass === '',
      this.clock.update(),
    );
    this.clients.set(client.id, client);
    this.stats.connections++;
    return client;
  }

  /**
   * All that came has been answered, but for what waits for the end of a long reply, or for a part of a long pipeline.
   * A client that waits for a key is given up, as Redis does it.
   */
  ended(client: Client): void {
    client.ended = true;
    if (client.closing || this.longReplies.has(client) || this.#longPipelines.has(client)) return;
    this.blocked.forget(client);
    this.pause.forget(client);
    if (this.#unblocked.includes(client)) this.#run(client, NO_BYTES, 0, 0);
    if (client.closing) return;
    client.closing = true;
    this.#frontEnd.close(client, false);
  }

  disconnect(client: Client): void {
    client.closed = true;
    this.#forget(client);
  }

  /**
   * Takes bytes from a client and runs every request that is now whole, unless the client waits. What is not run is
   * copied. The time is that of the last tick: a front end calls it before each batch or, where that would delay
   * replies, at least every few milliseconds.
   */
  receive(client: Client, block: InputBlock, offset: number, length: number): void {
    if (client.closing || client.closed) return;
    client.lastActiveMs = this.clock.nowMs;
    this.stats.inputBytes += length;
    this.#run(client, block.bytes, offset, length);
  }

  /** What was received has been run, but for what waited behind a request that waits no more, or for its part. */
  turn(): void {
    if (this.#unblocked.length > 0) this.#runUnblocked();
    if (this.longReplies.count > 0) this.#continueReplies();
    if (this.#longPipelines.count > 0) this.#continuePipelines();
    if ((this.modes.bits & TRACKED) !== 0) this.tracking.broadcast();
    if ((this.modes.bits & (LIMITED | PAUSED)) === LIMITED && this.memory.isEvicting) {
      this.memory.makeRoom();
      if (this.memory.isEvicting) this.#frontEnd.again();
    }
  }

  /** Nothing: limits are looked at when there are replies, and every 100 ms. */
  sent(): void {}

  stop(): void {
    this.exitCode = 0;
  }

  get restMs(): number {
    return this.blocked.count === 0 && this.modes.bits === 0 ? REST_MS : TICK_MS;
  }

  /** Updates the clock and answers those who have waited long enough; every 100 ms does the regular work. */
  tick(): void {
    const nowMs = this.clock.update();
    this.blocked.expire(nowMs);
    this.pause.expire(nowMs);
    if (this.configuration.regularWork) this.#workRegularly(nowMs);
    this.turn();
  }

  /** Whose request runs. */
  get current(): Client | null {
    return this.#output.client;
  }

  database(index: number): Keyspace {
    return this.#databases.at(index);
  }

  databases(): Iterable<[number, Keyspace]> {
    return this.#databases.inUse();
  }

  watches(index: number): Watches {
    return this.#databases.watches(index);
  }

  swapDatabases(one: number, other: number): void {
    if (one === other) return;
    this.#databases.swap(one, other);
    for (const client of this.clients.values()) client.database = this.database(client.databaseIndex);
    this.blocked.databasesSwapped(one, other);
  }

  runQueued(client: Client, queue: RequestQueue): void {
    this.#executor.runQueued(client, queue);
  }

  networkCounters(): Readonly<Record<string, number>> {
    return this.#frontEnd.counters();
  }

  resetStats(): void {
    this.stats.reset();
    for (const command of this.commands.commands) {
      command.resetCounts();
      for (const subcommand of command.subcommands?.commands ?? []) subcommand.resetCounts();
    }
  }

  writeTo(client: Client, write: (reply: ReplyWriter) => void): void {
    if (client.closing || client.closed) return;
    if (client === this.#output.client) {
      this.#reply.protocol = client.protocol;
      write(this.#reply);
      return;
    }
    const output = this.#aside;
    const { reply } = output;
    output.begin(client);
    reply.begin();
    try {
      write(reply);
    } catch (error) {
      this.#failures.add('what another client was to be sent', error, this.clock.nowMs);
      if (reply.takeBack()) reply.error(`ERR '${client.lastCommand}' failed: ${(error as Error).message}`);
      else output.discarding = true;
    }
    output.end();
  }

  answer(client: Client, write: (reply: ReplyWriter) => void): void {
    if ((client.mode & (REPLIES_OFF | REPLY_SKIPPED)) === 0) this.writeTo(client, write);
    else write(this.#output.replyTo(client));
  }

  kill(client: Client): void {
    // It is gone for the others even if the front end says so only later.
    this.#forget(client);
    if (!client.closing) this.#output.closeAtOnce(client);
  }

  unblocked(client: Client): void {
    this.#unblocked.push(client);
  }

  #workRegularly(nowMs: number): void {
    if ((this.modes.bits & (LIMITED | PAUSED)) === LIMITED) this.memory.look();
    if ((this.modes.bits & TRACKED) !== 0) this.tracking.limit();
    if (nowMs >= this.#lastWorkMs && nowMs - this.#lastWorkMs < WORK_MS) return;
    this.#lastWorkMs = nowMs;
    this.heapRoom.look();
    this.machineRoom.look();
    this.#databases.rehashSome();
    if (this.configuration.activeExpiry) this.#databases.expireSome(nowMs + EXPIRE_MS_MAX);
    for (const client of this.clients.values()) this.#output.checkSoftLimit(client, nowMs);
  }

  /** Goes on with the requests of a client, of whose bytes these are the next. While it waits, they are only kept. */
  #run(client: Client, bytes: Uint8Array, offset: number, length: number): void {
    const { request } = client;
    const output = this.#output;
    output.begin(client);
    try {
      request.give(bytes, offset, length);
      if ((client.mode & BLOCKED) === 0) this.#runRequests(client, request);
      request.keep();
      if ((client.mode & BLOCKED) !== 0) this.#checkKept(client);
    } catch (error) {
      // There is no memory for what is left of a request.
      this.#failures.add('a request', error, this.clock.nowMs);
      output.discarding = true;
    }
    output.end();
  }

  #runRequests(client: Client, request: Request): void {
    const partEnds = client.outputBytes + PART_BYTES;
    for (;;) {
      const status = request.next();
      if (status === NEED_MORE) return;
      if (status === BROKEN) {
        this.#output.replyTo(client).error(`ERR ${request.error}`);
        client.closing = true;
        return;
      }
      if (status === TOO_LARGE) {
        client.closing = true;
        return;
      }
      if (request.argc > 0) this.#executor.execute(client, request);
      if (client.closing || this.#output.discarding || (client.mode & BLOCKED) !== 0) return;
      if (client.outputBytes >= partEnds) {
        this.#longPipelines.wait(client);
        return;
      }
    }
  }

  /** A client that waits may not send without end. */
  #checkKept(client: Client): void {
    if (client.request.pendingBytes > this.configuration.requestLimits.queryBytesMax) client.closing = true;
  }

  #runUnblocked(): void {
    // It grows when what they have sent serves others.
    for (let i = 0; i < this.#unblocked.length; i++) {
      const client = this.#unblocked[i];
      if (!client.closing && !client.closed) this.#run(client, NO_BYTES, 0, 0);
    }
    this.#unblocked.length = 0;
  }

  #continueReplies(): void {
    const output = this.#output;
    for (const client of this.longReplies.due()) {
      output.begin(client);
      let isWhole = false;
      try {
        isWhole = this.longReplies.writePart(client, this.#reply);
      } catch (error) {
        this.#failures.add('a long reply', error, this.clock.nowMs);
        output.discarding = true;
      }
      output.end();
      if (!isWhole) continue;
      if (!client.closing) this.#run(client, NO_BYTES, 0, 0);
      if (client.ended) this.ended(client);
    }
    if (this.longReplies.due().length > 0) this.#frontEnd.again();
  }

  #continuePipelines(): void {
    for (const client of this.#longPipelines.takeDue()) {
      if (!client.closing) this.#run(client, NO_BYTES, 0, 0);
      if (client.ended) this.ended(client);
    }
    if (this.#longPipelines.count > 0) this.#frontEnd.again();
  }

  /** Nothing that others see or wait for is left of the client. */
  #forget(client: Client): void {
    this.blocked.forget(client);
    this.pause.forget(client);
    this.pubsub.leave(client);
    this.monitors.delete(client);
    this.tracking.end(client);
    this.longReplies.forget(client);
    this.#longPipelines.forget(client);
    this.clients.delete(client.id);
    discardTransaction(client);
  }
}
