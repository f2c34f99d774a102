/** Two servers of Redis that are sent the same: what they answer, and whether and how they close, byte by byte. */
import { encode, RespConnection } from './kvserver-processes.ts';
import { pumpOnce, pumpUntil, RawSocket } from './raw-socket.ts';
import type { Exchange } from './redis-requests.ts';

const PATIENCE_MS = 20_000;
const SHOWN_BYTES = 120;

export class Side {
  readonly address: string;
  readonly port: number;
  /** It stays authenticated, whatever password is asked for later. */
  readonly control: RespConnection;

  private constructor(address: string, port: number, control: RespConnection) {
    this.address = address;
    this.port = port;
    this.control = control;
  }

  static async open(port: number, address = '127.0.0.1'): Promise<Side> {
    return new Side(address, port, await RespConnection.open(port, address));
  }

  connect(): RawSocket {
    return new RawSocket(this.address, this.port);
  }

  /** A field of INFO. */
  async info(field: string): Promise<string> {
    const { text } = await this.control.command('INFO', 'everything');
    const found = new RegExp(`^${field}:(.*)\r$`, 'm').exec(text ?? '');
    if (found === null) throw new Error(`INFO has no ${field}`);
    return found[1];
  }

  /** How often each command was called, refused and failed so far, but for what is asked to see that, and errors. */
  async tallies(): Promise<string[]> {
    const { text } = await this.control.command('INFO', 'everything');
    const lines = (text ?? '')
      .split('\r\n')
      .filter((line) => /^cmdstat_(?!info|config)|^errorstat_/.test(line));
    return lines.map((line) => line.replace(/usec=.*usec_per_call=[\d.]+,/, '')).sort();
  }

  close(): void {
    this.control.close();
  }
}

interface Pair {
  exchange: Exchange;
  sockets: readonly [RawSocket, RawSocket];
}

/** One line for each exchange whose answers, or closes, are not the same. All exchanges run at a time. */
export async function differencesOf(
  exchanges: readonly Exchange[],
  sides: readonly [Side, Side],
): Promise<string[]> {
  const pairs: Pair[] = exchanges.map((exchange) => ({
    exchange,
    sockets: [sides[0].connect(), sides[1].connect()],
  }));
  const sockets = pairs.flatMap((pair) => pair.sockets);
  try {
    for (const { exchange, sockets: both } of pairs) {
      for (const piece of exchange.pieces) for (const socket of both) socket.write(piece);
    }
    await pumpUntil(sockets, 'everything is sent', () => sockets.every(isDone));
    await settled(sides, sockets);
    const before = await differing(pairs, sockets, 'before its end');
    for (const { exchange, sockets: both } of pairs) {
      for (const socket of both) {
        if (exchange.resets) socket.reset();
        else if (socket.closed === null) socket.end();
      }
    }
    const ending = pairs.filter(({ exchange }) => !exchange.resets);
    const ended = ending.flatMap((pair) => pair.sockets);
    await pumpUntil(ended, 'all are closed', () => ended.every(({ closed }) => closed !== null));
    return [...before, ...(await differing(ending, ended, 'after its end'))];
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** What a server answers to this and an end. */
export async function answerTo(side: Side, pieces: readonly string[]): Promise<string> {
  const socket = side.connect();
  try {
    for (const piece of pieces) socket.write(piece);
    socket.end();
    await pumpUntil([socket], 'an answer and an end', () => socket.closed !== null);
    return comparable(socket.text);
  } finally {
    socket.close();
  }
}

/** The id of a connection counts up in each server by itself. */
function comparable(text: string): string {
  return text.replace(/(\$2\r\nid\r\n):\d+/g, '$1:ID');
}

const isDone = (socket: RawSocket): boolean => !socket.hasUnsent || socket.closed !== null;

const REQUEST_BYTES = encode(['INFO', 'everything']).length;

/** Until both have read all that was sent to them, and nobody waits for an element any more. */
async function settled(sides: readonly [Side, Side], sockets: readonly RawSocket[]): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  let before = [Number.NaN, Number.NaN];
  while (performance.now() < until) {
    const now = await Promise.all(sides.map(inputOf));
    const progress = await pumpOnce(sockets);
    if (!progress && now.every((bytes, i) => bytes - before[i] === 2 * REQUEST_BYTES)) return;
    before = now;
  }
  throw new Error('the servers go on reading what was sent to them');
}

/** Bytes that a server has read so far; NaN while a client waits. */
async function inputOf(side: Side): Promise<number> {
  const waiting = await side.info('blocked_clients');
  return waiting === '0' ? Number(await side.info('total_net_input_bytes')) : Number.NaN;
}

/** Waits for the same on both sides, for some time: one may be slower. */
async function differing(
  pairs: readonly Pair[],
  sockets: readonly RawSocket[],
  when: string,
): Promise<string[]> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = pairs.flatMap(({ exchange, sockets: [ours, theirs] }) => {
      const [given, wanted] = [ours, theirs].map(({ text, closed }) => ({ text: comparable(text), closed }));
      const isSame = given.text === wanted.text && (given.closed === null) === (wanted.closed === null);
      return isSame
        ? []
        : [`${exchange.name}, ${when}: ${shown(given, wanted)}, not ${shown(wanted, given)}`];
    });
    if (found.length === 0 || performance.now() > until) return found;
    await pumpOnce(sockets);
  }
}

interface Outcome {
  text: string;
  closed: RawSocket['closed'];
}

/** From where the texts differ on. */
function shown({ text, closed }: Outcome, other: Outcome): string {
  let from = 0;
  while (from < text.length && text[from] === other.text[from]) from++;
  const part = JSON.stringify(text.slice(from, from + SHOWN_BYTES));
  return `${text.length} bytes, from ${from} on ${part}, ${closed === null ? 'open' : 'closed'}`;
}
