/** A client of Redis over a libOS: what is sent at once is one push, and replies belong to requests by their order. */
import { type Endpoint, LibosError, type PromiseLibos, type QueueDescriptor } from '../../libos/index.ts';

/** A reply of RESP2: of a string, and of an integer as it was written; null; or of a list. */
export type RespReply = string | null | RespReply[];

/** Redis answered with an error. */
export class RespError extends Error {}

/** The connection ended, or was ended, before the reply came. */
export class ConnectionLost extends Error {}

interface Waiter {
  resolve(reply: RespReply): void;
  reject(error: Error): void;
}

export class RespClient {
  readonly #libos: PromiseLibos;
  readonly #qd: QueueDescriptor;
  /** By the order of their requests. */
  #waiters: Waiter[] = [];
  /** What came and is no whole reply yet. */
  #received: Buffer = Buffer.alloc(0);
  #failure: Error | null = null;

  private constructor(libos: PromiseLibos, qd: QueueDescriptor) {
    this.#libos = libos;
    this.#qd = qd;
  }

  static async connect(libos: PromiseLibos, endpoint: Endpoint): Promise<RespClient> {
    const client = new RespClient(libos, await libos.connect(endpoint));
    void client.#receive();
    return client;
  }

  /** The replies reject with RespError, ConnectionLost, or with what is wrong with the bytes that came. */
  send(requests: readonly (readonly string[])[]): Promise<RespReply>[] {
    const replies = requests.map(
      () => new Promise<RespReply>((resolve, reject) => void this.#waiters.push({ resolve, reject })),
    );
    if (this.#failure !== null) this.#fail(this.#failure);
    else {
      const bytes = Buffer.from(requests.map(encode).join(''), 'latin1');
      this.#libos.push(this.#qd, bytes).catch(() => this.#fail(new ConnectionLost('it takes nothing more')));
    }
    return replies;
  }

  command(...words: string[]): Promise<RespReply> {
    return this.send([words])[0];
  }

  async #receive(): Promise<void> {
    try {
      for (let data = await this.#next(); data !== null; data = await this.#next()) this.#take(data);
      this.#fail(new ConnectionLost('the server ended the connection'));
    } catch (error) {
      this.#fail(error instanceof LibosError ? new ConnectionLost(error.message) : (error as Error));
    }
  }

  #next(): Promise<Uint8Array | null> {
    return this.#libos.pop(this.#qd);
  }

  #take(data: Uint8Array): void {
    this.#received = this.#received.length === 0 ? Buffer.from(data) : Buffer.concat([this.#received, data]);
    let at = 0;
    for (let parsed = parse(this.#received, 0); parsed !== null; parsed = parse(this.#received, at)) {
      const { reply, end } = parsed;
      const waiter = this.#waiters.shift();
      if (waiter === undefined) throw new Error(`a reply that nobody asked for: ${String(reply)}`);
      if (reply instanceof RespError) waiter.reject(reply);
      else waiter.resolve(reply);
      at = end;
    }
    this.#received = this.#received.subarray(at);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiters) reject(this.#failure);
    this.#waiters = [];
  }
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

interface Parsed {
  reply: RespReply | RespError;
  /** Where the next one begins. */
  end: number;
}

/** null: it has not all come yet. Throws for what is no reply. */
function parse(bytes: Buffer, at: number): Parsed | null {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const type = String.fromCharCode(bytes[at]);
  const line = bytes.toString('latin1', at + 1, lineEnd);
  const end = lineEnd + 2;
  if (type === '+' || type === ':') return { reply: line, end };
  if (type === '-') return { reply: new RespError(line), end };
  const length = Number(line);
  if (!'$*'.includes(type) || !(length >= -1)) throw new Error(`no reply of Redis: ${type}${line}`);
  if (length === -1) return { reply: null, end };
  if (type === '$') {
    const reply = bytes.toString('latin1', end, end + length);
    return bytes.length < end + length + 2 ? null : { reply, end: end + length + 2 };
  }
  return parseList(bytes, end, length);
}

function parseList(bytes: Buffer, at: number, length: number): Parsed | null {
  const reply: RespReply[] = [];
  while (reply.length < length) {
    const element = parse(bytes, at);
    if (element === null) return null;
    if (element.reply instanceof RespError) throw element.reply;
    reply.push(element.reply);
    at = element.end;
  }
  return { reply, end: at };
}
