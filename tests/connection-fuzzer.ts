/**
 * Clients that do whatever a network can do to a server, many at once: pipelines cut anywhere, half requests, garbage,
 * resets, readers that are slow or stop, ends in the middle. Those that stay hear every reply, in step: each request is
 * followed by an ECHO of a text of its own. What they do follows from a seed; when, from the machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../libos/inet/devices/random.ts';
import type { Dial, Line } from './connection-lines.ts';
import { encode, parseReply, type Reply } from './kvserver-processes.ts';

export interface FuzzSetup {
  dial: Dial;
  seed: number;
  durationMs: number;
  /** At the same time. */
  clients: number;
  /** Bytes of the largest values. */
  valueBytesMax: number;
}

/** What has happened. */
export interface FuzzCounts {
  connections: number;
  replies: number;
  /** Connections by what their client did. */
  behaviours: Record<string, number>;
}

/** Longer than any server may take, however busy the machine: one that takes longer hangs. */
const PATIENCE_MS = 120_000;

/** Lets clients loose on a server. Throws what a client finds wrong, with its seed. */
export async function fuzzConnections(setup: FuzzSetup): Promise<FuzzCounts> {
  const counts: FuzzCounts = { connections: 0, replies: 0, behaviours: {} };
  const until = performance.now() + setup.durationMs;
  const oneAfterTheOther = async (seed: number): Promise<void> => {
    const random = new Random(seed);
    while (performance.now() < until) {
      const client = new FuzzedClient(await setup.dial(), random, setup.valueBytesMax);
      counts.connections++;
      try {
        const behaviour = client.choose();
        counts.behaviours[behaviour] = (counts.behaviours[behaviour] ?? 0) + 1;
        await inTime(client.run(behaviour), behaviour);
      } catch (error) {
        throw new Error(`client of seed ${seed}: ${(error as Error).message}`, { cause: error });
      } finally {
        client.line.close();
      }
      counts.replies += client.replies;
    }
  };
  await Promise.all(Array.from({ length: setup.clients }, (_, i) => oneAfterTheOther(setup.seed + i)));
  return counts;
}

async function inTime(done: Promise<void>, what: string): Promise<void> {
  const late = new AbortController();
  const tooLate = sleep(PATIENCE_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`${what} has had no answer for ${PATIENCE_MS / 1000} s`);
  });
  tooLate.catch(() => {});
  try {
    await Promise.race([done, tooLate]);
  } finally {
    late.abort();
  }
}

/** How a client behaves, and what it does with its pipeline. */
const BEHAVIOURS = [
  'stays',
  'lingers',
  'ends',
  'leaves',
  'resets',
  'stops halfway',
  'says nonsense',
  'asks without end',
] as const;
type Behaviour = (typeof BEHAVIOURS)[number];

/** What is asked for at a time, and the token that the reply to the ECHO behind it is. */
interface Step {
  commands: string[][];
  token: string;
}

const ENDLESS = encode(['SADD', 'endless', 'x']) + encode(['SRANDMEMBER', 'endless', '-4611686018427387904']);

class FuzzedClient {
  readonly line: Line;
  replies = 0;
  readonly #random: Random;
  readonly #valueBytesMax: number;
  /** What came and was not heard yet is `received[from..to)`. */
  #received = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #mayWait = true;

  constructor(line: Line, random: Random, valueBytesMax: number) {
    this.line = line;
    this.#random = random;
    this.#valueBytesMax = valueBytesMax;
  }

  choose(): Behaviour {
    return this.#one(BEHAVIOURS);
  }

  async run(behaviour: Behaviour): Promise<void> {
    // One that waits for a key is given up when it ends.
    this.#mayWait = behaviour !== 'ends';
    const steps = Array.from({ length: 1 + this.#random.below(40) }, (_, i) => ({
      commands: this.#commands(),
      token: `token:${i}:${this.#random.next()}`,
    }));
    const requests = steps.map(({ commands, token }) => [...commands, ['ECHO', token]].map(encode).join(''));
    const bytes = Buffer.from(requests.join(''), 'latin1');
    switch (behaviour) {
      case 'stays':
        await Promise.all([this.#sendCut(bytes), this.#hear(steps)]);
        return;
      case 'lingers':
        await this.#sendCut(bytes);
        await sleep(this.#random.below(200));
        await this.#hear(steps);
        return;
      case 'ends':
        await Promise.all([this.#sendCut(bytes).then(() => this.line.end()), this.#hear(steps)]);
        if ((await this.line.read()) !== null) throw new Error('something came behind the last reply');
        return;
      case 'leaves':
        await this.#sendCut(bytes);
        return;
      case 'resets':
        await this.#sendCut(bytes.subarray(0, this.#random.below(bytes.length)));
        for (let reads = this.#random.below(4); reads > 0; reads--) {
          // What comes, if something does.
          await Promise.race([this.line.read(), sleep(20)]);
        }
        this.line.reset();
        return;
      case 'stops halfway':
        await this.#sendCut(bytes.subarray(0, this.#random.below(bytes.length)));
        await sleep(this.#random.below(300));
        return;
      case 'says nonsense':
        await this.#sendCut(this.#garbled(bytes));
        await Promise.race([this.#drink(Number.POSITIVE_INFINITY), sleep(this.#random.below(100))]);
        return;
      case 'asks without end':
        await this.line.send(Buffer.concat([Buffer.from(ENDLESS, 'latin1'), bytes]));
        await sleep(this.#random.below(100));
        // Unless somebody empties it, it comes for as long as one likes.
        await Promise.race([this.#drink(this.#random.below(4_000_000)), sleep(500)]);
        if (this.#random.below(2) === 0) this.line.reset();
    }
  }

  /** In pieces of any length, some after a while. */
  async #sendCut(bytes: Buffer): Promise<void> {
    const wholeShare = this.#random.fraction();
    for (let at = 0; at < bytes.length; ) {
      const length = this.#random.fraction() < wholeShare ? bytes.length : 1 + this.#random.below(5000);
      await this.line.send(bytes.subarray(at, at + length));
      at += length;
      if (this.#random.below(8) === 0) await sleep(this.#random.below(5));
    }
  }

  /** Hears a reply for each command, and the token behind them. */
  async #hear(steps: readonly Step[]): Promise<void> {
    for (const { commands, token } of steps) {
      for (let left = commands.length; left > 0; left--) await this.#reply();
      const { type, text } = await this.#reply();
      if (type !== '$' || text !== token) throw new Error(`heard ${type}${text?.slice(0, 80)} for ${token}`);
    }
  }

  async #reply(): Promise<Reply> {
    for (;;) {
      const parsed = parseReply(this.#received.subarray(0, this.#to), this.#from);
      if (parsed !== null) {
        this.#from = parsed.end;
        this.replies++;
        return parsed.reply;
      }
      const piece = await this.line.read();
      if (piece === null) throw new Error('the connection was closed');
      this.#append(piece);
    }
  }

  #append(piece: Buffer): void {
    if (this.#to + piece.length > this.#received.length) {
      const unread = this.#received.subarray(this.#from, this.#to);
      this.#received = Buffer.allocUnsafe(2 * (unread.length + piece.length));
      this.#to = unread.copy(this.#received);
      this.#from = 0;
    }
    this.#to += piece.copy(this.#received, this.#to);
  }

  async #drink(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      const piece = await this.line.read();
      if (piece === null) return;
      left -= piece.length;
    }
  }

  #garbled(bytes: Buffer): Buffer {
    const garbled = Buffer.from(bytes.subarray(0, 1 + this.#random.below(Math.min(bytes.length, 5000))));
    for (let changes = 1 + this.#random.below(20); changes > 0; changes--) {
      garbled[this.#random.below(garbled.length)] = this.#random.next() & 0xff;
    }
    return garbled;
  }

  /** One, or a transaction. */
  #commands(): string[][] {
    if (this.#random.below(10) > 0) return [this.#command()];
    const queued = Array.from({ length: this.#random.below(4) }, () => this.#command());
    return [['MULTI'], ...queued, this.#one([['EXEC'], ['EXEC'], ['DISCARD']])];
  }

  /** On keys that all clients share: any reply is right, one for each. */
  #command(): string[] {
    const key = `key:${this.#random.below(50)}`;
    const kind = this.#random.below(5);
    if (kind === 0)
      return this.#one([['PING'], ['DBSIZE'], ['KEYS', '*'], ['SCAN', '0'], ['CLIENT', 'LIST'], ['nothing']]);
    const value = this.#value();
    if (kind === 1) {
      return this.#one([
        ['SET', key, value],
        ['GET', key],
        ['GET', key],
        ['APPEND', key, value.slice(0, 300)],
        ['DEL', key],
      ]);
    }
    // A pipeline asks for all of them, and so do hundreds of clients.
    const element = value.slice(0, 300);
    const typed = `${['list', 'set', 'hash', 'sorted'][kind - 2 + this.#random.below(2)]}:${this.#random.below(5)}`;
    if (typed.startsWith('list')) {
      return this.#one([
        ['RPUSH', typed, element, 'x'],
        ['LPUSH', typed, 'y'],
        ['LPOP', typed, '3'],
        ['LRANGE', typed, '0', '100'],
        this.#mayWait ? ['BLPOP', typed, '0.01'] : ['TYPE', typed],
      ]);
    }
    if (typed.startsWith('set')) {
      return this.#one([
        ['SADD', typed, element, 'x', 'y'],
        ['SCARD', typed],
        ['DEL', typed],
        ['SMEMBERS', typed],
        ['SRANDMEMBER', typed, String(-this.#random.below(3000))],
        ['SPOP', typed, '2'],
      ]);
    }
    if (typed.startsWith('hash')) {
      return this.#one([
        ['HSET', typed, `field:${this.#random.below(30)}`, element],
        ['HGETALL', typed],
        ['HKEYS', typed],
        ['HDEL', typed, 'x'],
        ['DEL', typed],
      ]);
    }
    return this.#one([
      ['ZADD', typed, String(this.#random.fraction()), element],
      ['ZRANGE', typed, '0', '100', 'WITHSCORES'],
      ['ZPOPMIN', typed, '5'],
    ]);
  }

  #value(): string {
    const length = 2 ** (this.#random.fraction() * Math.log2(this.#valueBytesMax));
    return String(this.#random.next()).padEnd(length, 'value');
  }

  #one<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.#random.below(choices.length)];
  }
}
