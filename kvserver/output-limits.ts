/** How much may wait to be sent to a client, by the class of the client: the parameter client-output-buffer-limit. */
import { type Client, SUBSCRIBED } from './client.ts';
import { type OutputBufferLimit, parseOutputBufferLimit } from './options.ts';

type ClientClass = 'normal' | 'slave' | 'pubsub';

/** As CONFIG SET knows them. */
const CLASSES: Record<string, ClientClass | undefined> = {
  normal: 'normal',
  slave: 'slave',
  replica: 'slave',
  pubsub: 'pubsub',
};
const MEBIBYTE = 1024 ** 2;

export class OutputLimits {
  /** Nobody is over a limit who has no more bytes waiting than this. */
  lowestHardBytes = 0;
  #limits: Record<ClientClass, OutputBufferLimit>;

  /** Redis' own defaults, but for normal clients. There are no replicas: their limit is only kept. */
  constructor(normal: OutputBufferLimit) {
    this.#limits = {
      normal,
      slave: { hardBytes: 256 * MEBIBYTE, softBytes: 64 * MEBIBYTE, softSeconds: 60 },
      pubsub: { hardBytes: 32 * MEBIBYTE, softBytes: 8 * MEBIBYTE, softSeconds: 60 },
    };
    this.#findLowest();
  }

  of(client: Client): OutputBufferLimit {
    return (client.mode & SUBSCRIBED) === 0 ? this.#limits.normal : this.#limits.pubsub;
  }

  /** "CLASS HARD SOFT SECONDS" of each class. */
  format(): string {
    return Object.entries(this.#limits)
      .map(
        ([name, { hardBytes, softBytes, softSeconds }]) => `${name} ${hardBytes} ${softBytes} ${softSeconds}`,
      )
      .join(' ');
  }

  /** Changes the classes that `text` names; an error text if one of them is wrong, and then none is changed. */
  set(text: string): string | null {
    const words = text.trim().split(/\s+/);
    if (words.length % 4 !== 0) return 'Wrong number of arguments in buffer limit configuration.';
    const limits = { ...this.#limits };
    for (let i = 0; i < words.length; i += 4) {
      const name = CLASSES[words[i].toLowerCase()];
      if (name === undefined) return 'Invalid client class specified in buffer limit configuration.';
      const limit = parseOutputBufferLimit(words.slice(i + 1, i + 4).join(' '));
      if (limit === null) return 'Error in hard, soft or soft_seconds setting in buffer limit configuration.';
      limits[name] = limit;
    }
    this.#limits = limits;
    this.#findLowest();
    return null;
  }

  #findLowest(): void {
    const limits = Object.values(this.#limits).map(({ hardBytes }) => hardBytes);
    this.lowestHardBytes = Math.min(...limits.filter((bytes) => bytes !== 0));
  }
}
