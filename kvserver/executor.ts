/**
 * Runs one request after the other: finds its command, says why it cannot run, keeps it back or calls its handler. What
 * a handler throws fails its command and nothing else.
 */
import {
  type Client,
  IN_MULTI,
  MONITORS,
  MULTI_FAILED,
  REPLY_SKIPPED,
  SKIPS_NEXT_REPLY,
  SUBSCRIBED,
  TRACKS,
  WATCHED_CHANGED,
} from './client.ts';
import { keyPlaces } from './commands/key-places.ts';
import { deleteEmptyValues } from './commands/lookup.ts';
import { NOT_FOR_MONITORS, notFound, notWhileSubscribed, OVER_MAXMEMORY } from './commands/refusals.ts';
import { TOO_LONG_STRING, TOO_LONG_TRANSACTION, wrongArity } from './commands/replies.ts';
import type { Command, CommandTable, ServerState } from './commands/table.ts';
import {
  ADMINISTERS,
  ENDS_MULTI,
  NEEDS_MEMORY,
  READS,
  RUNS_IN_MULTI,
  RUNS_QUEUE,
  RUNS_SUBSCRIBED,
  WRITES,
} from './commands/traits.ts';
import { discardTransaction } from './commands/transactions.ts';
import { CommandError } from './errors.ts';
import type { FailureLog } from './failure-log.ts';
import { ELEMENT_BYTES, HEAP_IS_FULL, type HeapRoom } from './heap-room.ts';
import type { LateMessages } from './late-messages.ts';
import { MACHINE_IS_FULL } from './machine-room.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Monitors } from './monitors.ts';
import type { ClientOutput } from './output.ts';
import type { Pause } from './pause.ts';
import { TEXT_BYTES_MAX } from './resp/bytes.ts';
import type { ReplyWriter } from './resp/reply.ts';
import { Request } from './resp/request.ts';
import { RequestQueue } from './resp/request-queue.ts';
import {
  HEAP_FULL,
  KEYS_READY,
  LIMITED,
  MESSAGES_LATE,
  MONITORED,
  PAUSED,
  type ServerModes,
  TRACKED,
} from './server-modes.ts';
import type { EngineStats } from './stats.ts';
import type { Tracking } from './tracking.ts';

const NO_SECRETS: readonly number[] = [];

export class Executor {
  readonly #server: ServerState;
  readonly #modes: ServerModes;
  readonly #output: ClientOutput;
  readonly #heapRoom: HeapRoom;
  readonly #late: LateMessages;
  readonly #failures: FailureLog;
  readonly #commands: CommandTable;
  readonly #stats: EngineStats;
  readonly #pause: Pause;
  readonly #monitors: Monitors;
  readonly #memory: MemoryLimit;
  readonly #tracking: Tracking;
  /** In which the requests that EXEC runs are at hand, one after the other. */
  readonly #queued: Request;

  /** `output`: what the replies go to. */
  constructor(
    server: ServerState,
    modes: ServerModes,
    output: ClientOutput,
    heapRoom: HeapRoom,
    late: LateMessages,
    failures: FailureLog,
  ) {
    this.#server = server;
    this.#modes = modes;
    this.#output = output;
    this.#heapRoom = heapRoom;
    this.#late = late;
    this.#failures = failures;
    this.#commands = server.commands;
    this.#stats = server.stats;
    this.#pause = server.pause;
    this.#monitors = server.monitors;
    this.#memory = server.memory;
    this.#tracking = server.tracking;
    this.#queued = new Request(server.configuration.requestLimits);
  }

  /** Runs a request, queues it, or says why not; its reply goes to the output. */
  execute(client: Client, request: Request): void {
    const reply = client.mode === 0 ? this.#output.reply : this.#replyOfNext(client);
    const command = this.#find(request);
    if (
      request.ownBytes > this.#heapRoom.largeRequestBytes &&
      this.#isTooLarge(client, command, request, reply)
    ) {
      // It has been refused.
    } else if (command === null) {
      // An HTTP request whose body could hold commands: close, as Redis does (securityWarningCommand).
      if (request.is(0, 'post') || request.is(0, 'host:')) client.closing = true;
      else this.#refuse(client, null, request, reply, notFound(this.#commands, request));
    } else if (command.arity >= 0 ? request.argc !== command.arity : request.argc < -command.arity) {
      this.#refuse(client, command, request, reply, wrongArity(command.fullName));
    } else if (!client.authenticated && !command.noAuth) {
      this.#refuse(client, command, request, reply, 'NOAUTH Authentication required.');
    } else {
      client.lastCommand = command.fullName;
      if ((client.mode | this.#modes.bits) === 0) this.#call(client, command, request, reply);
      else if (!this.#isKeptBack(client, command, request, reply))
        this.#callSeen(client, command, request, reply);
    }
    if ((this.#modes.bits & (KEYS_READY | MESSAGES_LATE)) !== 0) this.#end();
  }

  /** The request has ended: others hear of what it did. */
  #end(): void {
    if ((this.#modes.bits & KEYS_READY) !== 0) this.#server.blocked.serve();
    if ((this.#modes.bits & MESSAGES_LATE) !== 0) this.#late.send();
  }

  /** Runs the requests that a client has queued since MULTI, a reply each. */
  runQueued(client: Client, queue: RequestQueue): void {
    const request = this.#queued;
    for (let i = 0; i < queue.size; i++) {
      queue.take(request);
      // It was found when it was queued.
      const command = this.#find(request) as Command;
      this.#callSeen(client, command, request, this.#output.replyTo(client));
    }
    request.keep();
  }

  /** Whether a large request is more than V8 or the machine can hold: it is refused then. */
  #isTooLarge(client: Client, command: Command | null, request: Request, reply: ReplyWriter): boolean {
    let bytes = 0;
    let longest = 0;
    for (let i = 0; i < request.argc; i++) {
      bytes += request.length[i];
      longest = Math.max(longest, request.length[i]);
    }
    const kept = request.argc * ELEMENT_BYTES + bytes;
    if (kept <= this.#heapRoom.largeRequestBytes) return false;
    let problem: string | null = null;
    if (longest > TEXT_BYTES_MAX) {
      problem = TOO_LONG_STRING;
    } else if (command !== null) {
      const isKept = (command.traits & NEEDS_MEMORY) !== 0 || (client.mode & IN_MULTI) !== 0;
      // A command that keeps nothing makes texts of arguments, too.
      if (!this.#heapRoom.hasRoomFor(isKept ? kept : longest)) problem = HEAP_IS_FULL;
      else if (isKept && !this.#server.machineRoom.hasRoomFor(bytes)) problem = MACHINE_IS_FULL;
    }
    if (problem === null) return false;
    this.#refuse(client, command, request, reply, problem);
    return true;
  }

  /** The command that a request names, or its subcommand; null when there is none. */
  #find(request: Request): Command | null {
    const command = this.#commands.lookup(request.bytes, request.start[0], request.length[0]);
    if (command === null || command.subcommands === null || request.argc === 1) return command;
    return command.subcommands.lookup(request.bytes, request.start[1], request.length[1]);
  }

  /** Runs a command whose request was checked. What it throws fails this command and nothing else. */
  #call(client: Client, command: Command, request: Request, reply: ReplyWriter): void {
    const { errors } = reply;
    command.calls++;
    this.#stats.commands++;
    reply.begin();
    try {
      command.handler(client, request, reply, this.#server);
    } catch (error) {
      this.#fail(client, command, request, reply, error as Error);
    }
    if (reply.errors !== errors) command.failed++;
  }

  /** As #call; whoever wants to know of it is told. */
  #callSeen(client: Client, command: Command, request: Request, reply: ReplyWriter): void {
    this.#call(client, command, request, reply);
    this.#show(client, command, request);
    if ((client.mode & TRACKS) === 0 || (command.traits & READS) === 0) return;
    this.#tracking.remember(client, request, keyPlaces(command.spec, request, 0) ?? []);
  }

  /** Who monitors sees the command, unless it is one that administers the server. */
  #show(client: Client, { spec, traits }: Command, request: Request): void {
    if ((this.#modes.bits & MONITORED) === 0 || (traits & ADMINISTERS) !== 0) return;
    this.#monitors.show(client, request, spec.secrets?.(request) ?? NO_SECRETS, this.#server.clock.nowMs);
  }

  /** Puts an error in place of the reply; where some of that has been sent, nothing right could follow it. */
  #fail(client: Client, command: Command, request: Request, reply: ReplyWriter, error: Error): void {
    const isRefused = error instanceof CommandError;
    if (!isRefused) this.#failures.add(command.fullName, error, this.#server.clock.nowMs);
    deleteEmptyValues(client, command, request);
    if (reply.takeBack())
      reply.error(isRefused ? error.message : `ERR '${command.fullName}' failed: ${error.message}`);
    else this.#output.discarding = true;
  }

  /** Where the client's next request is answered: it may want no replies, or none to this one. */
  #replyOfNext(client: Client): ReplyWriter {
    client.mode &= ~REPLY_SKIPPED;
    if ((client.mode & TRACKS) !== 0) endChoice(client);
    if ((client.mode & SKIPS_NEXT_REPLY) !== 0) client.mode ^= SKIPS_NEXT_REPLY | REPLY_SKIPPED;
    return this.#output.replyTo(client);
  }

  /** Whether the request is not to run now: it is refused, or waits for the end of a pause, or for EXEC. */
  #isKeptBack(client: Client, command: Command, request: Request, reply: ReplyWriter): boolean {
    const { mode } = client;
    const { traits } = command;
    const concerned = (traits & RUNS_QUEUE) === 0 ? traits : queuedTraits(client);
    if ((this.#modes.bits & TRACKED) !== 0) this.#tracking.limit();
    const hasRoom = (this.#modes.bits & (LIMITED | PAUSED)) !== LIMITED || this.#memory.makeRoom();
    // What that has brought about is told before the reply.
    if ((this.#modes.bits & MESSAGES_LATE) !== 0) this.#late.send();
    if (!hasRoom) {
      // What is queued takes memory, too.
      const isQueued = (mode & IN_MULTI) !== 0 && (traits & ENDS_MULTI) === 0;
      if (isQueued || (concerned & NEEDS_MEMORY) !== 0) {
        this.#refuse(client, command, request, reply, OVER_MAXMEMORY);
        return true;
      }
    }
    if ((mode & SUBSCRIBED) !== 0 && client.protocol === 2 && (traits & RUNS_SUBSCRIBED) === 0) {
      this.#refuse(client, command, request, reply, notWhileSubscribed(command));
      return true;
    }
    if ((mode & MONITORS) !== 0 && (concerned & (READS | WRITES)) !== 0) {
      this.#refuse(client, command, request, reply, NOT_FOR_MONITORS);
      return true;
    }
    if ((this.#modes.bits & HEAP_FULL) !== 0 && (concerned & NEEDS_MEMORY) !== 0) {
      this.#refuse(client, command, request, reply, HEAP_IS_FULL);
      return true;
    }
    if ((mode & MONITORS) === 0 && this.#pause.concerns(concerned)) {
      request.putBack();
      // It is to be skipped when the request comes again.
      if ((mode & REPLY_SKIPPED) !== 0) client.mode |= SKIPS_NEXT_REPLY;
      this.#pause.wait(client);
      return true;
    }
    if ((mode & IN_MULTI) === 0 || (traits & RUNS_IN_MULTI) !== 0) return false;
    const problem =
      (mode & (MULTI_FAILED | WATCHED_CHANGED)) === 0 ? this.#queue(client, request, traits) : null;
    if (problem === null) {
      reply.queued();
    } else {
      client.queue = null;
      this.#refuse(client, command, request, reply, problem);
    }
    return true;
  }

  /** Keeps a request for EXEC. Returns why it cannot, or null. */
  #queue(client: Client, request: Request, traits: number): string | null {
    const { configuration, machineRoom } = this.#server;
    client.queue ??= new RequestQueue();
    if (!machineRoom.hasRoomFor(client.queue.growthFor(request))) return MACHINE_IS_FULL;
    const isKept = client.queue.push(request, traits, configuration.requestLimits.queryBytesMax);
    return isKept ? null : TOO_LONG_TRANSACTION;
  }

  /** Answers a request that is not run. */
  #refuse(client: Client, command: Command | null, request: Request, reply: ReplyWriter, text: string): void {
    if ((client.mode & IN_MULTI) !== 0) client.mode |= MULTI_FAILED;
    if (command !== null) command.rejected++;
    if (command !== null && (command.traits & RUNS_QUEUE) !== 0) {
      discardTransaction(client);
      reply.error(`EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`);
      // Who has seen MULTI sees its end.
      this.#show(client, command, request);
    } else {
      reply.error(text);
    }
  }
}

/** What is true of one of the commands that EXEC would run for this client. */
function queuedTraits({ queue }: Client): number {
  return queue === null ? 0 : queue.traits;
}

/** CLIENT CACHING is about the request, or the transaction, behind it. */
function endChoice({ mode, tracking, lastCommand }: Client): void {
  if (tracking === null || (mode & IN_MULTI) !== 0 || lastCommand?.startsWith('client|')) return;
  tracking.isChosen = false;
}
