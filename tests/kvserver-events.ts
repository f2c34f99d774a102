/** Clients that hear of all that others do: of what happens to keys, and of commands. */
import { RespConnection } from './kvserver-processes.ts';

const ALL_CLASSES = 'KEAnm';

export class KeyEvents {
  readonly #connection: RespConnection;

  private constructor(connection: RespConnection) {
    this.#connection = connection;
  }

  static async listen(port: number): Promise<KeyEvents> {
    const connection = await RespConnection.open(port);
    await connection.command('CONFIG', 'SET', 'notify-keyspace-events', ALL_CLASSES);
    await connection.command('PSUBSCRIBE', '__key*');
    return new KeyEvents(connection);
  }

  /** What it has heard by now: a line for each message. */
  async end(): Promise<string[]> {
    const lines: string[] = [];
    this.#connection.request('PING');
    for (;;) {
      const { elements } = await this.#connection.reply();
      const [word, , channel, message] = elements!;
      if (word!.text === 'pong') break;
      lines.push(`${channel!.text} ${message!.text}`);
    }
    this.#connection.close();
    return lines;
  }
}

/** Time and client are before what it is about: "1700000000.000000 [0 127.0.0.1:1234] "set" "key" "1"". */
const SEEN = /^[\d.]+ \[(\d+) [\d.]+:(\d+)\] (.*)$/s;

export class Monitor {
  readonly #connection: RespConnection;

  private constructor(connection: RespConnection) {
    this.#connection = connection;
  }

  static async listen(port: number): Promise<Monitor> {
    const connection = await RespConnection.open(port);
    await connection.command('MONITOR');
    return new Monitor(connection);
  }

  /** What it has seen by now of the client with this port: the number of the database and the arguments. */
  async end(clientPort: number): Promise<string[]> {
    const seen: string[] = [];
    this.#connection.request('PING');
    for (;;) {
      const { text } = await this.#connection.reply();
      if (text === 'PONG') break;
      const [, database, port, shown] = SEEN.exec(text!)!;
      if (Number(port) === clientPort) seen.push(`${database} ${shown}`);
    }
    this.#connection.close();
    return seen;
  }
}
