/** Random clients that track what they read, and what each of them is sent, for comparison of two servers. */
import fc from 'fast-check';
import { encode, type Reply, RespConnection } from './kvserver-processes.ts';

const CLIENTS = 3;
const CHANNEL = '__redis__:invalidate';

const key = fc.constantFrom('a', 'b', 'ab', 'l');
const keys = fc.array(key, { minLength: 1, maxLength: 3 });
/** Who is told in another's place runs no transactions: Redis would put the messages into the reply to EXEC. */
const TOLD = 0;
const other = fc.constantFrom(`@${TOLD}`, `@${CLIENTS}`);
const modes = fc.subarray(['BCAST', 'optin', 'OPTOUT', 'NOLOOP'], { maxLength: 2 });
const redirect = fc.oneof(
  fc.constant([]),
  other.map((id) => ['REDIRECT', id]),
);
const prefixes = fc.oneof(
  fc.constant<string[]>([]),
  fc
    .subarray(['a', 'b', 'ab', ''], { minLength: 1, maxLength: 2 })
    .map((list) => list.flatMap((one) => ['PREFIX', one])),
);

const start = fc
  .tuple(modes, redirect, prefixes)
  .map(([mode, to, list]) => [
    'CLIENT',
    'TRACKING',
    'on',
    ...mode,
    ...to,
    ...(mode.includes('BCAST') ? list : []),
  ]);

const use: fc.Arbitrary<string[]> = fc.oneof(
  keys.map((list) => ['MGET', ...list]),
  key.map((one) => ['GET', one]),
  keys.map((list) => ['SINTERCARD', String(list.length), ...list]),
  fc.constant<string[]>(['LRANGE', 'l', '0', '-1']),
  key.map((one) => ['EXISTS', one]),
  key.map((one) => ['SET', one, '1']),
  keys.map((list) => ['MSET', ...list.flatMap((one) => [one, '2'])]),
  key.map((one) => ['INCR', one]),
  keys.map((list) => ['DEL', ...list]),
  fc.constant<string[]>(['RPUSH', 'l', 'x']),
  fc.constant<string[]>(['LPOP', 'l']),
  fc.tuple(key, key).map((both) => ['RENAME', ...both]),
  key.map((one) => ['EXPIRE', one, '-1']),
);

const about: fc.Arbitrary<string[]> = fc.oneof(
  start,
  start,
  fc.constantFrom<string[]>(
    ['CLIENT', 'TRACKING', 'OFF'],
    ['CLIENT', 'TRACKING', 'ON', 'PREFIX', 'a'],
    ['CLIENT', 'CACHING', 'yes'],
    ['CLIENT', 'CACHING', 'NO'],
    ['CLIENT', 'CACHING', 'x'],
    ['CLIENT', 'GETREDIR'],
    ['CLIENT', 'TRACKINGINFO'],
    ['HELLO', '2'],
    ['HELLO', '3'],
    ['RESET'],
    ['SUBSCRIBE', CHANNEL],
    ['UNSUBSCRIBE', CHANNEL],
    ['FLUSHDB'],
    ['FLUSHALL'],
  ),
);

/** Requests that one of the clients sends at once. */
const batch = fc.oneof(
  { weight: 4, arbitrary: use.map((one) => [one]) },
  { weight: 3, arbitrary: about.map((one) => [one]) },
  {
    weight: 1,
    arbitrary: fc.array(use, { minLength: 1, maxLength: 3 }).map((list) => [['MULTI'], ...list, ['EXEC']]),
  },
);

const step = fc
  .tuple(fc.integer({ min: 0, max: CLIENTS - 1 }), batch)
  .filter(([index, [[name]]]) => index !== TOLD || name !== 'MULTI');

export const trackingSteps = fc.array(step, {
  minLength: 1,
  maxLength: 40,
  size: 'max',
});

/** One line a step: what each client has been sent by its end. */
export async function trackingOutcome(port: number, steps: [number, string[][]][]): Promise<string[]> {
  // One more tracks all the time: Redis keeps what was read when nobody tracks any more.
  const clients: RespConnection[] = [];
  for (let i = 0; i <= CLIENTS; i++) clients.push(await RespConnection.open(port));
  try {
    const last = clients[CLIENTS];
    await last.command('FLUSHALL');
    await last.command('HELLO', '3');
    await last.command('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'nothing');
    const ids: string[] = [];
    for (const client of clients) ids.push((await client.command('CLIENT', 'ID')).text!);
    const lines: string[] = [];
    for (const [step, [index, batchOf]] of steps.entries()) {
      const requests = batchOf.map((args) =>
        args.map((arg) => (/^@\d$/.test(arg) ? ids[Number(arg[1])] : arg)),
      );
      const sent = clients.map((): Reply[] => []);
      sent[index].push(...(await untilPong(clients[index], requests, `${step}`)));
      for (const [i, client] of clients.entries())
        sent[i].push(...(await untilPong(client, [], `end of ${step}`)));
      // Other numbers may be the same as an id.
      const known = batchOf[0][0] === 'CLIENT' ? ids : [];
      lines.push(sent.map((replies) => comparable(replies, known)).join(' | '));
    }
    return lines;
  } finally {
    for (const client of clients) client.close();
  }
}

/** What comes before the reply to a PING with this token. */
async function untilPong(client: RespConnection, requests: string[][], token: string): Promise<Reply[]> {
  client.send([...requests, ['PING', token]].map(encode).join(''));
  const replies: Reply[] = [];
  for (;;) {
    const reply = await client.reply();
    if (reply.text === token || reply.elements?.[1]?.text === token) return replies;
    replies.push(reply);
  }
}

/** Replies in their order, then the messages: of two keys that one command changes either may be told first. */
function comparable(replies: Reply[], ids: string[]): string {
  const isMessage = ({ type, elements }: Reply) => type === '>' || elements?.[0]?.text === 'message';
  const lines = replies.filter((reply) => !isMessage(reply)).map((reply) => line(reply, ids));
  return [
    ...lines,
    ...replies
      .filter(isMessage)
      .map((reply) => line(reply, ids))
      .sort(),
  ].join(', ');
}

/** Without what differs between two servers; a null is the same in both protocols. */
function line({ type, text, elements }: Reply, ids: string[]): string {
  if (elements !== null) {
    if (elements[0]?.text === 'server') return 'HELLO';
    return `${type}[${elements.map((element) => line(element, ids)).join(' ')}]`;
  }
  if (type === '_' || text === null) return 'nil';
  return ids.includes(text) ? `${type}@${ids.indexOf(text)}` : `${type}${text}`;
}
