/** A client of the server: one connection, as the engine sees it. */

import type { EngineClient } from './frontend.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import { Request, type RequestLimits } from './resp/request.ts';
import type { RequestQueue } from './resp/request-queue.ts';

// Bits of Client.mode: what makes a client other than one that asks and is answered. 0 on the hot path.
/** Between MULTI and the end of EXEC: commands are queued, and those that EXEC runs must not block. */
export const IN_MULTI = 1;
/** A command was refused while it was to be queued: EXEC fails. */
export const MULTI_FAILED = 2;
/** A watched key has changed: EXEC does nothing. */
export const WATCHED_CHANGED = 4;
/** It waits (blocking/blocked-clients.ts), and so do the requests that it sends. */
export const BLOCKED = 8;

/** It has subscribed to a channel or a pattern. */
export const SUBSCRIBED = 16;
/** CLIENT REPLY: it gets no replies; none to the request at hand; none to the one after it. */
export const REPLIES_OFF = 32;
export const REPLY_SKIPPED = 64;
export const SKIPS_NEXT_REPLY = 128;
/** CLIENT NO-EVICT. */
export const NO_EVICT = 256;
/** It sees what all others do (monitors.ts), and reads and writes no keys itself. */
export const MONITORS = 512;
/** It is told when what it has read changes. */
export const TRACKS = 1024;

/** A key that a client watches, of a database (watches.ts). */
export interface KeyWatch {
  readonly key: string;
  readonly database: {
    remove(client: Client, key: string): void;
    expire(key: string): void;
  };
}

/** What a client wants to know of the keys that it reads (tracking.ts). */
export interface TrackingState {
  /** The id of the client that is told instead; 0: this one. */
  redirect: number;
  /** That one was gone when it was to be told. */
  isBroken: boolean;
  /** Changes of all keys with these prefixes; null: of what it has read. */
  prefixes: Set<string> | null;
  /** What it reads counts only behind CLIENT CACHING YES; or but for what is behind CLIENT CACHING NO. */
  choice: 'optin' | 'optout' | null;
  /** CLIENT CACHING was given for the request at hand. */
  isChosen: boolean;
  /** It is not told of its own changes. */
  skipsOwn: boolean;
}

export class Client implements EngineClient {
  readonly id: number;
  readonly request: Request;
  /** "host:port" of the client's end and of the server's. */
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly connectedMs: number;

  outputBytes = 0;
  connection: unknown = null;

  database: Keyspace;
  databaseIndex = 0;
  protocol: 2 | 3 = 2;
  authenticated: boolean;
  name = '';
  mode = 0;
  /** The commands since MULTI; null when there are none. */
  queue: RequestQueue | null = null;
  watches: KeyWatch[] = [];
  /** null while it does not track. */
  tracking: TrackingState | null = null;
  /** What it has subscribed to (pubsub.ts); null before the first time. */
  subscriptions: { channels: Set<string>; patterns: Set<string>; shardChannels: Set<string> } | null = null;
  /** Name of the last command, with its subcommand; null before the first. */
  lastCommand: string | null = null;
  lastActiveMs: number;
  /** No more requests are read: the connection closes when all that was written is sent. */
  closing = false;
  /** It sends nothing more. */
  ended = false;
  /** The connection is gone. */
  closed = false;
  /** When the output came to exceed its soft limit; 0 while it does not. */
  softLimitSinceMs = 0;

  constructor(
    id: number,
    limits: RequestLimits,
    database: Keyspace,
    addresses: { peer: string; local: string },
    authenticated: boolean,
    nowMs: number,
  ) {
    this.id = id;
    this.request = new Request(limits);
    this.request.authenticated = authenticated;
    this.database = database;
    this.peerAddress = addresses.peer;
    this.localAddress = addresses.local;
    this.authenticated = authenticated;
    this.connectedMs = nowMs;
    this.lastActiveMs = nowMs;
  }
}
