/**
 * Random commands of several connections, of which many wait for keys: sent one after the other, they must bring each
 * connection the same replies on any two servers, and leave the same in the keys.
 */
import fc from 'fast-check';
import { KeyEvents } from './kvserver-events.ts';
import { encode, type Reply, RespConnection } from './kvserver-processes.ts';

const CONNECTIONS = 3;
const KEYS = ['a', 'b'];

const key = fc.constantFrom(...KEYS);
const side = fc.constantFrom('LEFT', 'RIGHT');
const end = fc.constantFrom('MIN', 'MAX');
const count = fc.constantFrom('1', '2', '9');
const element = fc.constantFrom('x', 'y', 'z');
const score = fc.constantFrom('1', '2', '3');
const words = (...parts: (string | fc.Arbitrary<string>)[]) =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((all) => [...all]);

const waiting = fc.oneof(
  words('BLPOP', key, '0'),
  words('BRPOP', key, key, '0'),
  words('BLMOVE', key, key, side, side, '0'),
  words('BRPOPLPUSH', key, key, '0'),
  words('BLMPOP', '0', '2', key, key, side, 'COUNT', count),
  words('BZPOPMIN', key, '0'),
  words('BZPOPMAX', key, key, '0'),
  words('BZMPOP', '0', '2', key, key, end, 'COUNT', count),
);
const changing = fc.oneof(
  words('SET', key, element),
  words('SADD', key, element),
  words('DEL', key, key),
  words('LPOP', key, count),
  words('RPOPLPUSH', key, key),
  words('RENAME', key, key),
  words('COPY', key, key, 'REPLACE'),
  words('SELECT', fc.constantFrom('0', '1')),
  words('MOVE', key, fc.constantFrom('0', '1')),
  words('SWAPDB', '0', '1'),
  words('FLUSHDB'),
);
const pushing = fc.oneof(
  words('RPUSH', key, element, element),
  words('LPUSH', key, element),
  words('ZADD', key, score, element, score, element),
);
const command = fc.oneof(
  { weight: 4, arbitrary: waiting },
  { weight: 3, arbitrary: pushing },
  { weight: 2, arbitrary: changing },
);
/** What one connection sends at once. */
const sent = fc.oneof(
  { weight: 8, arbitrary: command.map((one) => [one]) },
  { weight: 1, arbitrary: fc.array(command, { minLength: 2, maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc
      .array(command, { minLength: 1, maxLength: 4 })
      .map((inside) => [['MULTI'], ...inside, ['EXEC']]),
  },
);
/** Who sends what, in order. */
export const stepsOfWaiting = fc.array(fc.tuple(fc.nat(CONNECTIONS - 1), sent), {
  minLength: 1,
  maxLength: 12,
  size: 'max',
});

function line({ type, text, elements }: Reply): string {
  return elements === null ? `${type}${text}` : `${type}[${elements.map(line).join(' ')}]`;
}

/** A connection whose replies are gathered as they come. */
class Peer {
  readonly lines: string[] = [];
  readonly connection: RespConnection;
  #asked = 0;
  #gathers = false;

  constructor(connection: RespConnection) {
    this.connection = connection;
  }

  get waits(): boolean {
    return this.lines.length < this.#asked;
  }

  send(requests: string[][]): void {
    this.connection.send(requests.map(encode).join(''));
    this.#asked += requests.length;
    if (!this.#gathers) void this.#gather();
  }

  async #gather(): Promise<void> {
    this.#gathers = true;
    try {
      while (this.waits) this.lines.push(line(await this.connection.reply()));
    } catch {
      // It was closed while it waited.
    }
    this.#gathers = false;
  }
}

/** The replies of each connection, what the keys hold in the end, and the events of keys. */
export async function outcomeOfWaiting(port: number, steps: [number, string[][]][]): Promise<string[][]> {
  const control = await RespConnection.open(port);
  const peers: Peer[] = [];
  for (let i = 0; i < CONNECTIONS; i++) peers.push(new Peer(await RespConnection.open(port)));
  try {
    await control.command('FLUSHALL');
    const keyEvents = await KeyEvents.listen(port);
    for (const [index, requests] of steps) {
      peers[index].send(requests);
      await settled(control, peers);
    }
    const events = await keyEvents.end();
    const left: string[] = [];
    for (const database of ['0', '1']) {
      await control.command('SELECT', database);
      for (const name of KEYS) {
        for (const read of [
          ['TYPE', name],
          ['LRANGE', name, '0', '-1'],
          ['ZRANGE', name, '0', '-1'],
        ]) {
          left.push(line(await control.command(...read)));
        }
      }
    }
    return [...peers.map(({ lines }) => lines), left, events];
  } finally {
    for (const { connection } of peers) connection.close();
    while ((await blockedClients(control)) > 0);
    control.close();
  }
}

/** Until only those have no reply who wait. */
async function settled(control: RespConnection, peers: Peer[]): Promise<void> {
  while ((await blockedClients(control)) !== peers.filter(({ waits }) => waits).length);
}

async function blockedClients(control: RespConnection): Promise<number> {
  const { text } = await control.command('INFO', 'clients');
  return Number(/^blocked_clients:(\d+)/m.exec(text as string)?.[1]);
}
