/**
 * The command table: what the server knows of each command, and the lookup of a command by the bytes of its
 * name. A command family is a list of CommandSpec in a file of its own; all.ts lists the families.
 */
import type { BlockedClients } from '../blocking/blocked-clients.ts';
import type { Client } from '../client.ts';
import type { EngineClock } from '../clock.ts';
import type { Configuration } from '../configuration.ts';
import type { HeapRoom } from '../heap-room.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { LongReplies } from '../long-replies.ts';
import type { MachineRoom } from '../machine-room.ts';
import type { MemoryLimit } from '../memory-limit.ts';
import type { Monitors } from '../monitors.ts';
import type { Pause } from '../pause.ts';
import type { PubSub } from '../pubsub.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import type { RequestQueue } from '../resp/request-queue.ts';
import type { EngineStats } from '../stats.ts';
import type { Tracking } from '../tracking.ts';
import type { Watches } from '../watches.ts';
import { ADMINISTERS, NEEDS_MEMORY, READS, WRITES } from './traits.ts';

/** What a command sees of the engine that runs it. */
export interface ServerState {
  readonly configuration: Configuration;
  readonly clock: EngineClock;
  readonly commands: CommandTable;
  /** By id. */
  readonly clients: ReadonlyMap<number, Client>;
  readonly stats: EngineStats;
  readonly blocked: BlockedClients;
  readonly longReplies: LongReplies;
  readonly heapRoom: HeapRoom;
  readonly machineRoom: MachineRoom;
  readonly startedMs: number;
  readonly runId: string;
  /** The database of this number, made on first use. */
  database(index: number): Keyspace;
  /** The databases in use, with their numbers. */
  databases(): Iterable<[number, Keyspace]>;
  /** The databases of these numbers change places; clients stay at the numbers. */
  swapDatabases(one: number, other: number): void;
  /** Who watches keys of the database of this number. */
  watches(index: number): Watches;
  /** Runs the commands that a client has queued since MULTI, a reply each. */
  runQueued(client: Client, queue: RequestQueue): void;
  /**
   * Writes what is no reply to a client, whoever's request is running: also to one that wants no replies, but not
   * to one that is being closed.
   */
  writeTo(client: Client, write: (reply: ReplyWriter) => void): void;
  readonly pubsub: PubSub;
  readonly monitors: Monitors;
  readonly memory: MemoryLimit;
  readonly tracking: Tracking;
  readonly pause: Pause;
  /** Closes another client's connection at once. */
  kill(client: Client): void;
  resetStats(): void;
  /** FrontEnd.counters */
  networkCounters(): Readonly<Record<string, number>>;
}

/**
 * Runs a command: the arguments are in `request`, the reply goes to `reply`. Must write exactly one reply, or make
 * the client wait for it (blocking/blocked-clients.ts) or for its end (long-replies.ts).
 */
export type Handler = (client: Client, request: Request, reply: ReplyWriter, server: ServerState) => void;

/** The command flags of COMMAND INFO, of which the engine itself needs only no_auth. */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'noscript'
  | 'loading'
  | 'stale'
  | 'fast'
  | 'no_auth'
  | 'skip_slowlog'
  | 'pubsub'
  | 'allow_busy'
  | 'movablekeys'
  | 'blocking';

export interface CommandSpec {
  /** In lower case. */
  name: string;
  /** Number of arguments with the name: exact, or at least -arity when negative. */
  arity: number;
  flags: CommandFlag[];
  /** Where keys stand among the arguments; last may count from the end. Absent for a command without keys. */
  keys?: { first: number; last: number; step: number };
  summary: string;
  /** Bits that do not follow from the flags. */
  traits?: number;
  handler: Handler;
  /** Which of the arguments nobody else may see. */
  secrets?: (request: Request) => readonly number[];
  /**
   * A command whose first argument chooses what is done. Its own handler then serves the call without one.
   */
  subcommands?: CommandSpec[];
}

/** Handler of a command that only has subcommands: its arity of -2 keeps this from being called. */
export function noSubcommand(): void {
  throw new Error('the arity of a container command demands a subcommand');
}

export class Command {
  readonly spec: CommandSpec;
  /** "get", or "client|list" for a subcommand. */
  readonly fullName: string;
  readonly arity: number;
  readonly noAuth: boolean;
  readonly traits: number;
  readonly handler: Handler;
  readonly subcommands: CommandTable | null;
  readonly group: string;
  /** Since the last CONFIG RESETSTAT: calls, those of them that were answered with an error, and requests not run. */
  calls = 0;
  failed = 0;
  rejected = 0;

  constructor(spec: CommandSpec, group: string, container: string | null) {
    this.spec = spec;
    this.fullName = container === null ? spec.name : `${container}|${spec.name}`;
    this.arity = spec.arity;
    this.noAuth = spec.flags.includes('no_auth');
    this.traits = spec.traits ?? 0;
    if (spec.flags.includes('write')) this.traits |= WRITES;
    if (spec.flags.includes('readonly')) this.traits |= READS;
    if (spec.flags.includes('denyoom')) this.traits |= NEEDS_MEMORY;
    if (spec.flags.includes('admin')) this.traits |= ADMINISTERS;
    this.handler = spec.handler;
    this.group = group;
    this.subcommands = null;
    if (spec.subcommands) {
      this.subcommands = new CommandTable(
        spec.subcommands.map((subcommand) => new Command(subcommand, group, spec.name)),
      );
    }
  }

  resetCounts(): void {
    this.calls = 0;
    this.failed = 0;
    this.rejected = 0;
  }
}

export class CommandTable {
  readonly commands: readonly Command[];
  /** Open addressing over a power of two at most half full. */
  readonly #slots: (Command | null)[];
  readonly #names: (Uint8Array | null)[];
  readonly #mask: number;

  constructor(commands: readonly Command[]) {
    this.commands = commands;
    let size = 8;
    while (size < 2 * commands.length) size *= 2;
    this.#slots = new Array(size).fill(null);
    this.#names = new Array(size).fill(null);
    this.#mask = size - 1;
    for (const command of commands) {
      const name = Uint8Array.from(Buffer.from(command.spec.name, 'latin1'));
      let slot = hashName(name, 0, name.length) & this.#mask;
      while (this.#slots[slot] !== null) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = command;
      this.#names[slot] = name;
    }
  }

  /** The command of this name, in any case, or null. Makes no string. */
  lookup(bytes: Uint8Array, start: number, length: number): Command | null {
    let slot = hashName(bytes, start, length) & this.#mask;
    for (;;) {
      const name = this.#names[slot];
      if (!name) return null;
      if (name.length === length && equalName(name, bytes, start)) return this.#slots[slot];
      slot = (slot + 1) & this.#mask;
    }
  }
}

function hashName(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + lowerCase(bytes[start + i])) | 0;
  return hash ^ (hash >>> 11);
}

function equalName(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    if (name[i] !== lowerCase(bytes[start + i])) return false;
  }
  return true;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
