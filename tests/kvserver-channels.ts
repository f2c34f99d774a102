/** Random use of channels by several clients at once, and what each of them is sent, for comparison of two servers. */
import fc from 'fast-check';
import { type Reply, RespConnection } from './kvserver-processes.ts';

const CLIENTS = 3;

const channel = fc.constantFrom('a', 'b', 'ab', '', '\x00\xff\r\n');
const pattern = fc.constantFrom('*', 'a*', '?', '[^a]', 'ab', '\\a', '');
const text = fc.constantFrom('x', '', '\r\n', 'y'.repeat(20_000));
const names = (one: fc.Arbitrary<string>, minLength: number) => fc.array(one, { minLength, maxLength: 3 });

function command(name: string, args: fc.Arbitrary<string[]>): fc.Arbitrary<string[]> {
  return args.map((list) => [...name.split(' '), ...list]);
}

const commands = fc.oneof(
  command('SUBSCRIBE', names(channel, 0)),
  command('UNSUBSCRIBE', names(channel, 0)),
  command('PSUBSCRIBE', names(pattern, 1)),
  command('PUNSUBSCRIBE', names(pattern, 0)),
  command('SSUBSCRIBE', names(channel, 1)),
  command('SUNSUBSCRIBE', names(channel, 0)),
  command('PUBLISH', fc.tuple(channel, text)),
  command('PUBLISH', fc.tuple(channel, text)),
  command('SPUBLISH', fc.tuple(channel, text)),
  command('PUBSUB CHANNELS', names(pattern, 0)),
  command('PUBSUB NUMSUB', names(channel, 0)),
  command('PUBSUB NUMPAT', fc.constantFrom([], ['x'])),
  command('PUBSUB SHARDCHANNELS', names(pattern, 0)),
  command('PUBSUB SHARDNUMSUB', names(channel, 0)),
  command('PUBSUB NOTHING', names(channel, 0)),
  command('HELLO', fc.constantFrom(['2'], ['3'])),
  command('PING', names(text, 0)),
  command('GET', fc.constant(['key'])),
  command('RESET', fc.constant([])),
);

/** A command, and by which of the clients. */
export const channelSteps = fc.array(fc.tuple(fc.integer({ min: 0, max: CLIENTS - 1 }), commands), {
  minLength: 1,
  maxLength: 40,
  size: 'max',
});

export type Steps = [number, string[]][];

/** One line a step: what each client has been sent after it. */
export async function channelReplies(port: number, sequence: Steps): Promise<string[]> {
  const clients: RespConnection[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await RespConnection.open(port));
  try {
    const lines: string[] = [];
    for (const [step, [index, args]] of sequence.entries()) {
      const first = clients[index];
      const sent = await untilPong(first, args, `${step}`);
      const others: string[] = [];
      for (const client of clients) {
        if (client !== first) others.push(comparable([], await untilPong(client, null, `${step}`)));
      }
      lines.push([comparable(args, sent), ...others].join(' | '));
    }
    return lines;
  } finally {
    for (const client of clients) client.close();
  }
}

/** What comes before the reply to a PING with this token, which no message has. */
async function untilPong(client: RespConnection, args: string[] | null, token: string): Promise<Reply[]> {
  const expected = `pong ${token}`;
  if (args !== null) client.request(...args);
  client.request('PING', expected);
  const replies: Reply[] = [];
  for (;;) {
    const reply = await client.reply();
    if (reply.text === expected || reply.elements?.[1]?.text === expected) return replies;
    replies.push(reply);
  }
}

/** In no order where Redis has none: patterns, channels that are listed, and those that are left all at once. */
function comparable(args: string[], replies: Reply[]): string {
  if (args[0] === 'HELLO') return '';
  const parts = replies.flatMap(({ type, text: one, elements }) => {
    if (elements === null) return [`${type}${one}`];
    const texts = elements.map((element) => `${element.type}${element.text}`);
    if (args[0] === 'PUBSUB') return [type, ...texts];
    const leavesAll = args.length === 1 && texts[0].includes('unsubscribe');
    return leavesAll
      ? [`${type}${texts[0]} ${texts[1]}`, `${type}${texts[0]} ${texts[2]}`]
      : [`${type}${texts.join(' ')}`];
  });
  return parts.sort().join(', ');
}
