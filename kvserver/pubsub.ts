/** Who has subscribed to what: channels, patterns of channels, and shard channels, which are a space of their own. */
import { type Client, SUBSCRIBED } from './client.ts';
import { globMatches } from './keyspace/glob.ts';
import { latin1, latin1Bytes } from './resp/bytes.ts';
import type { ReplyWriter } from './resp/reply.ts';

export type SubscriptionKind = 'channels' | 'patterns' | 'shardChannels';

/** A channel or a pattern that has subscribers. */
class Topic {
  readonly bytes: Uint8Array;
  readonly subscribers = new Set<Client>();

  constructor(name: string) {
    this.bytes = latin1Bytes(name);
  }
}

/** As KEYS matches names, but that the empty name matches no star. */
export function matchesChannel(
  pattern: Uint8Array,
  from: number,
  end: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  return length === 0 ? from === end : globMatches(pattern, from, end, bytes, start, start + length);
}

/** How a message is given to a client, whoever's request is running (ServerState.writeTo). */
export type WriteTo = (client: Client, write: (reply: ReplyWriter) => void) => void;

export class PubSub {
  readonly #topics: Record<SubscriptionKind, Map<string, Topic>> = {
    channels: new Map(),
    patterns: new Map(),
    shardChannels: new Map(),
  };

  /** Channels, or patterns, that have subscribers. */
  names(kind: SubscriptionKind): string[] {
    return [...this.#topics[kind].keys()];
  }

  count(kind: SubscriptionKind): number {
    return this.#topics[kind].size;
  }

  subscribers(kind: SubscriptionKind, name: string): number {
    return this.#topics[kind].get(name)?.subscribers.size ?? 0;
  }

  subscribe(client: Client, kind: SubscriptionKind, name: string): void {
    const topics = this.#topics[kind];
    let topic = topics.get(name);
    if (topic === undefined) {
      topic = new Topic(name);
      topics.set(name, topic);
    }
    topic.subscribers.add(client);
    client.subscriptions ??= { channels: new Set(), patterns: new Set(), shardChannels: new Set() };
    client.subscriptions[kind].add(name);
    client.mode |= SUBSCRIBED;
  }

  unsubscribe(client: Client, kind: SubscriptionKind, name: string): void {
    const topic = this.#topics[kind].get(name);
    if (!topic?.subscribers.delete(client)) return;
    if (topic.subscribers.size === 0) this.#topics[kind].delete(name);
    client.subscriptions?.[kind].delete(name);
  }

  /** Ends all subscriptions of a client, which is not told. */
  leave(client: Client): void {
    const { subscriptions } = client;
    if (subscriptions === null) return;
    for (const kind of ['channels', 'patterns', 'shardChannels'] as const) {
      for (const name of [...subscriptions[kind]]) this.unsubscribe(client, kind, name);
    }
    client.subscriptions = null;
    client.mode &= ~SUBSCRIBED;
  }

  /** Gives a message to who listens to a channel; to how many. */
  publish(
    kind: 'channels' | 'shardChannels',
    channel: Uint8Array,
    message: Uint8Array,
    writeTo: WriteTo,
  ): number {
    const word = kind === 'channels' ? 'message' : 'smessage';
    const write = (reply: ReplyWriter): void => {
      reply.push(3);
      reply.bulkText(word);
      reply.bulk(channel, 0, channel.length);
      reply.bulk(message, 0, message.length);
    };
    let receivers = 0;
    const name = latin1(channel, 0, channel.length);
    for (const client of this.#topics[kind].get(name)?.subscribers ?? []) {
      writeTo(client, write);
      receivers++;
    }
    if (kind === 'channels') receivers += this.#publishToPatterns(channel, message, writeTo);
    return receivers;
  }

  #publishToPatterns(channel: Uint8Array, message: Uint8Array, writeTo: WriteTo): number {
    let receivers = 0;
    for (const { bytes: pattern, subscribers } of this.#topics.patterns.values()) {
      if (!matchesChannel(pattern, 0, pattern.length, channel, 0, channel.length)) continue;
      const write = (reply: ReplyWriter): void => {
        reply.push(4);
        reply.bulkText('pmessage');
        reply.bulk(pattern, 0, pattern.length);
        reply.bulk(channel, 0, channel.length);
        reply.bulk(message, 0, message.length);
      };
      for (const client of subscribers) {
        writeTo(client, write);
        receivers++;
      }
    }
    return receivers;
  }
}
