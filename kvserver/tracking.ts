/**
 * Clients that keep what they have read, and are told when it changes: CLIENT TRACKING (tracking.c). Of each key that
 * one of them has read its id is kept until the key changes; those that want to hear of all keys with a prefix are told
 * at the end of a batch. Keys of all databases are one space.
 */
import { type Client, SUBSCRIBED, TRACKS, type TrackingState } from './client.ts';
import { type ConfigParameter, integerParameter } from './parameter.ts';
import type { WriteTo } from './pubsub.ts';
import { latin1 } from './resp/bytes.ts';
import type { Request } from './resp/request.ts';
import { type ServerModes, TRACKED } from './server-modes.ts';

/** The channel to which a client in RESP2 subscribes to hear of the changes. */
const CHANNEL = '__redis__:invalidate';
const KEYS_MAX_DEFAULT = 1_000_000;
/** So many keys too many are forgotten at a time, and as many more each time that this was not enough. */
const FORGOTTEN_AT_ONCE = 100;

/** Keys with a prefix that have changed in this batch, with who did it, and who wants to know. */
interface Broadcast {
  readonly keys: Map<string, Client | null>;
  readonly clients: Set<Client>;
}

/** What tracking sees of the engine. */
export interface TrackingHost {
  readonly clients: ReadonlyMap<number, Client>;
  /** Whose request runs; null when none does. */
  readonly current: Client | null;
}

export class Tracking {
  /** Clients that track. */
  count = 0;
  /** Keys that clients have read; 0 for any number. The parameter tracking-table-max-keys. */
  keysMax = KEYS_MAX_DEFAULT;
  readonly parameter: ConfigParameter = integerParameter(this, 'keysMax', 0, Number.MAX_SAFE_INTEGER);
  readonly #modes: ServerModes;
  readonly #host: TrackingHost;
  readonly #writeTo: WriteTo;
  readonly #usedOrNot: () => void;
  /** By key, the ids of the clients that have read it. */
  readonly #readers = new Map<string, Set<number>>();
  readonly #broadcasts = new Map<string, Broadcast>();
  #hasBroadcasts = false;
  #timesTooMany = 0;

  /** `usedOrNot` is called when clients track where none did, and when none does any more. */
  constructor(modes: ServerModes, host: TrackingHost, writeTo: WriteTo, usedOrNot: () => void) {
    this.#modes = modes;
    this.#host = host;
    this.#writeTo = writeTo;
    this.#usedOrNot = usedOrNot;
  }

  /** Keys that are known to be read, pairs of key and client, and prefixes. */
  get totals(): { keys: number; items: number; prefixes: number } {
    let items = 0;
    for (const ids of this.#readers.values()) items += ids.size;
    return { keys: this.#readers.size, items, prefixes: this.#broadcasts.size };
  }

  /** The client tracks from now on in this way; of the prefixes that it has, none is given up. */
  begin(client: Client, state: TrackingState): void {
    for (const prefix of state.prefixes ?? []) {
      let broadcast = this.#broadcasts.get(prefix);
      if (broadcast === undefined) {
        broadcast = { keys: new Map(), clients: new Set() };
        this.#broadcasts.set(prefix, broadcast);
      }
      broadcast.clients.add(client);
    }
    for (const prefix of client.tracking?.prefixes ?? []) state.prefixes?.add(prefix);
    const isFirst = client.tracking === null && ++this.count === 1;
    client.tracking = state;
    client.mode |= TRACKS;
    if (!isFirst) return;
    this.#modes.bits |= TRACKED;
    this.#usedOrNot();
  }

  end(client: Client): void {
    if (client.tracking === null) return;
    for (const prefix of client.tracking.prefixes ?? []) {
      const broadcast = this.#broadcasts.get(prefix);
      broadcast?.clients.delete(client);
      if (broadcast?.clients.size === 0) this.#broadcasts.delete(prefix);
    }
    client.tracking = null;
    client.mode &= ~TRACKS;
    if (--this.count > 0) return;
    this.#readers.clear();
    this.#modes.bits &= ~TRACKED;
    this.#usedOrNot();
  }

  /** The client has read the keys at these places of its request. */
  remember({ id, tracking }: Client, request: Request, places: readonly number[]): void {
    if (tracking === null || tracking.prefixes !== null) return;
    if (tracking.choice !== null && (tracking.choice === 'optin') !== tracking.isChosen) return;
    for (const place of places) {
      const key = request.text(place);
      const ids = this.#readers.get(key);
      if (ids === undefined) this.#readers.set(key, new Set([id]));
      else ids.add(id);
    }
  }

  /** The key in bytes[start, start + length) changes. `byClient`: by the request at hand, not by time or for memory. */
  keyChanged(bytes: Uint8Array, start: number, length: number, byClient: boolean): void {
    const key = latin1(bytes, start, length);
    for (const [prefix, { keys }] of this.#broadcasts) {
      if (!key.startsWith(prefix)) continue;
      keys.set(key, byClient ? this.#host.current : null);
      this.#hasBroadcasts = true;
    }
    this.#forget(key);
  }

  /** All keys of a database, or of all, are deleted. */
  flushed(): void {
    if (this.count === 0) return;
    for (const client of this.#host.clients.values()) if (client.tracking !== null) this.#tell(client, null);
    this.#readers.clear();
  }

  /** Forgets keys if there are too many, and tells who has read them. To be called every so often. */
  limit(): void {
    if (this.keysMax === 0 || this.#readers.size <= this.keysMax) {
      this.#timesTooMany = 0;
      return;
    }
    this.#timesTooMany++;
    let left = FORGOTTEN_AT_ONCE * this.#timesTooMany;
    for (const key of this.#readers.keys()) {
      if (left-- === 0 || this.#readers.size <= this.keysMax) return;
      this.#forget(key);
    }
  }

  /** Tells of what has changed by prefixes. To be called at the end of a batch. */
  broadcast(): void {
    if (!this.#hasBroadcasts) return;
    this.#hasBroadcasts = false;
    // Who is told may be closed for it, and leave all prefixes.
    for (const [, { keys, clients }] of [...this.#broadcasts].sort(byText)) {
      const changes = [...keys].sort(byText);
      keys.clear();
      for (const client of clients) {
        const told: string[] = [];
        for (const [key, changer] of changes) {
          if (changer !== client || client.tracking?.skipsOwn !== true) told.push(key);
        }
        if (told.length > 0) this.#tell(client, told);
      }
    }
  }

  /** Nobody needs to be told of the key any more when those who have read it are. */
  #forget(key: string): void {
    const ids = this.#readers.get(key);
    if (ids === undefined) return;
    this.#readers.delete(key);
    for (const id of ids) {
      const client = this.#host.clients.get(id);
      if (client === undefined || client.tracking === null || client.tracking.prefixes !== null) continue;
      if (client.tracking.skipsOwn && client === this.#host.current) continue;
      this.#tell(client, [key]);
    }
  }

  /** Tells a client, or the one in its place, that these keys are no more what they were; null: all keys. */
  #tell(client: Client, keys: readonly string[] | null): void {
    const tracking = client.tracking!;
    let receiver = client;
    if (tracking.redirect !== 0) {
      const other = this.#host.clients.get(tracking.redirect);
      if (other === undefined) {
        this.#tellBroken(client, tracking);
        return;
      }
      receiver = other;
    }
    const asMessage = receiver.protocol === 2;
    // In RESP2 nothing can be sent unasked but to who has subscribed, and is named: it may be the client itself.
    if (asMessage && (tracking.redirect === 0 || (receiver.mode & SUBSCRIBED) === 0)) return;
    this.#writeTo(receiver, (reply) => {
      reply.push(asMessage ? 3 : 2);
      reply.bulkText(asMessage ? 'message' : 'invalidate');
      if (asMessage) reply.bulkText(CHANNEL);
      if (keys === null) {
        reply.nil();
        return;
      }
      reply.array(keys.length);
      for (const key of keys) reply.bulkText(key);
    });
  }

  #tellBroken(client: Client, tracking: TrackingState): void {
    tracking.isBroken = true;
    if (client.protocol === 2) return;
    this.#writeTo(client, (reply) => {
      reply.push(2);
      reply.bulkText('tracking-redir-broken');
      reply.integer(tracking.redirect);
    });
  }
}

function byText([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
