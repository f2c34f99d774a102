/** A client that hears of all that happens to keys. */
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
