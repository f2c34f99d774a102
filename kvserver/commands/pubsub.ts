/** Messages between clients: channels, patterns of channels, shard channels. */
import { type Client, IN_MULTI, SUBSCRIBED } from '../client.ts';
import { matchesChannel, type SubscriptionKind } from '../pubsub.ts';
import { latin1Bytes } from '../resp/bytes.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { takeForNames } from './kept-names.ts';
import { unknownOrArity, writeHelp } from './replies.ts';
import { type CommandSpec, type Handler, noSubcommand, type ServerState } from './table.ts';
import { RUNS_SUBSCRIBED, WRITES } from './traits.ts';

/** What the client is told of its own subscriptions: also when it has turned replies off. */
function tell(
  client: Client,
  kind: SubscriptionKind,
  word: string,
  name: string | null,
  server: ServerState,
): void {
  const own = client.subscriptions;
  const ofShards = kind === 'shardChannels';
  const count = ofShards
    ? (own?.shardChannels.size ?? 0)
    : (own?.channels.size ?? 0) + (own?.patterns.size ?? 0);
  server.writeTo(client, (reply) => {
    reply.push(3);
    reply.bulkText(word);
    if (name === null) reply.nil();
    else reply.bulkText(name);
    reply.integer(count);
  });
}

function subscribeCommand(word: string, kind: SubscriptionKind): Handler {
  return (client: Client, request: Request, reply: ReplyWriter, server: ServerState): void => {
    if (kind === 'shardChannels' && (client.mode & IN_MULTI) !== 0) {
      reply.error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
      return;
    }
    takeForNames(request, 1, request.argc, server);
    for (let i = 1; i < request.argc; i++) {
      const name = request.text(i);
      server.pubsub.subscribe(client, kind, name);
      tell(client, kind, word, name, server);
    }
  };
}

function unsubscribeCommand(word: string, kind: SubscriptionKind): Handler {
  return (client: Client, request: Request, _reply: ReplyWriter, server: ServerState): void => {
    const names: (string | null)[] = request.argc > 1 ? [] : [...(client.subscriptions?.[kind] ?? [])];
    for (let i = 1; i < request.argc; i++) names.push(request.text(i));
    if (names.length === 0) names.push(null);
    for (const name of names) {
      if (name !== null) server.pubsub.unsubscribe(client, kind, name);
      tell(client, kind, word, name, server);
    }
    const left = client.subscriptions;
    if (left !== null && left.channels.size + left.patterns.size + left.shardChannels.size > 0) return;
    client.mode &= ~SUBSCRIBED;
  };
}

function publishCommand(kind: 'channels' | 'shardChannels'): Handler {
  return (_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void => {
    const { bytes, start, length } = request;
    const channel = bytes.subarray(start[1], start[1] + length[1]);
    const message = bytes.subarray(start[2], start[2] + length[2]);
    reply.integer(
      server.pubsub.publish(kind, channel, message, (client, write) => server.writeTo(client, write)),
    );
  };
}

function channelsCommand(kind: SubscriptionKind): Handler {
  return (_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void => {
    if (request.argc > 3) {
      reply.error(unknownOrArity(request));
      return;
    }
    let names = server.pubsub.names(kind);
    if (request.argc === 3) {
      const { bytes, start, length } = request;
      const end = start[2] + length[2];
      names = names.filter((name) => matchesChannel(bytes, start[2], end, latin1Bytes(name), 0, name.length));
    }
    reply.array(names.length);
    for (const name of names) reply.bulkText(name);
  };
}

function subscribersCommand(kind: SubscriptionKind): Handler {
  return (_client: Client, request: Request, reply: ReplyWriter, server: ServerState): void => {
    reply.array(2 * (request.argc - 2));
    for (let i = 2; i < request.argc; i++) {
      reply.bulk(request.bytes, request.start[i], request.length[i]);
      reply.integer(server.pubsub.subscribers(kind, request.text(i)));
    }
  };
}

function numpat(_client: Client, _request: Request, reply: ReplyWriter, server: ServerState): void {
  reply.integer(server.pubsub.count('patterns'));
}

function help(_client: Client, request: Request, reply: ReplyWriter): void {
  writeHelp(request, reply, [
    ['CHANNELS [<pattern>]', 'The channels with subscribers, or those of them that match.'],
    ['NUMPAT', 'How many patterns have subscribers.'],
    ['NUMSUB [<channel> ...]', 'How many clients have subscribed to each of the channels.'],
    ['SHARDCHANNELS [<pattern>]', 'As CHANNELS, of shard channels.'],
    ['SHARDNUMSUB [<channel> ...]', 'As NUMSUB, of shard channels.'],
  ]);
}

const SUBSCRIBES: CommandSpec['flags'] = ['pubsub', 'noscript', 'loading', 'stale'];
const LOOKS: CommandSpec['flags'] = ['pubsub', 'loading', 'stale'];
/** Shard channels are given to the slots of a cluster as keys are. */
const CHANNELS = { first: 1, last: -1, step: 1 };

const pubsubSubcommands: CommandSpec[] = [
  {
    name: 'channels',
    arity: -2,
    flags: LOOKS,
    summary: 'The channels with subscribers',
    handler: channelsCommand('channels'),
  },
  {
    name: 'numsub',
    arity: -2,
    flags: LOOKS,
    summary: 'How many clients have subscribed to channels',
    handler: subscribersCommand('channels'),
  },
  { name: 'numpat', arity: 2, flags: LOOKS, summary: 'How many patterns have subscribers', handler: numpat },
  {
    name: 'shardchannels',
    arity: -2,
    flags: LOOKS,
    summary: 'The shard channels with subscribers',
    handler: channelsCommand('shardChannels'),
  },
  {
    name: 'shardnumsub',
    arity: -2,
    flags: LOOKS,
    summary: 'How many clients have subscribed to shard channels',
    handler: subscribersCommand('shardChannels'),
  },
  { name: 'help', arity: 2, flags: ['loading', 'stale'], summary: 'What PUBSUB can tell', handler: help },
];

export const pubsubCommands: CommandSpec[] = [
  {
    name: 'subscribe',
    arity: -2,
    flags: SUBSCRIBES,
    traits: RUNS_SUBSCRIBED,
    summary: 'Listen to channels',
    handler: subscribeCommand('subscribe', 'channels'),
  },
  {
    name: 'unsubscribe',
    arity: -1,
    flags: SUBSCRIBES,
    traits: RUNS_SUBSCRIBED,
    summary: 'Listen to channels no more',
    handler: unsubscribeCommand('unsubscribe', 'channels'),
  },
  {
    name: 'psubscribe',
    arity: -2,
    flags: SUBSCRIBES,
    traits: RUNS_SUBSCRIBED,
    summary: 'Listen to all channels that match patterns',
    handler: subscribeCommand('psubscribe', 'patterns'),
  },
  {
    name: 'punsubscribe',
    arity: -1,
    flags: SUBSCRIBES,
    traits: RUNS_SUBSCRIBED,
    summary: 'Listen to patterns no more',
    handler: unsubscribeCommand('punsubscribe', 'patterns'),
  },
  {
    name: 'ssubscribe',
    arity: -2,
    flags: SUBSCRIBES,
    keys: CHANNELS,
    traits: RUNS_SUBSCRIBED,
    summary: 'Listen to shard channels',
    handler: subscribeCommand('ssubscribe', 'shardChannels'),
  },
  {
    name: 'sunsubscribe',
    arity: -1,
    flags: SUBSCRIBES,
    keys: CHANNELS,
    traits: RUNS_SUBSCRIBED,
    summary: 'Listen to shard channels no more',
    handler: unsubscribeCommand('sunsubscribe', 'shardChannels'),
  },
  {
    name: 'publish',
    arity: 3,
    flags: ['pubsub', 'loading', 'stale', 'fast'],
    // Replicas would hear of it: it waits for the end of CLIENT PAUSE WRITE.
    traits: WRITES,
    summary: 'Send a message to a channel',
    handler: publishCommand('channels'),
  },
  {
    name: 'spublish',
    arity: 3,
    flags: ['pubsub', 'loading', 'stale', 'fast'],
    keys: { first: 1, last: 1, step: 1 },
    traits: WRITES,
    summary: 'Send a message to a shard channel',
    handler: publishCommand('shardChannels'),
  },
  {
    name: 'pubsub',
    arity: -2,
    flags: [],
    summary: 'Who listens to what',
    handler: noSubcommand,
    subcommands: pubsubSubcommands,
  },
];
