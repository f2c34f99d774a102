/**
 * Replies too long to be made at once, as that of SRANDMEMBER with a large negative count. They are made in parts,
 * each when its client has taken most of those before: so they need no memory, others are served in between, and
 * nothing is made for a client that is gone. Meanwhile the client waits, with the requests that it sends.
 */
import { BLOCKED, type Client, IN_MULTI, SUBSCRIBED } from './client.ts';
import type { ReplyWriter } from './resp/reply.ts';

/** What a part fills. */
const PART_BLOCKS = 16;
/** A part is made when no more than this of those before waits to be sent. */
const NEXT_PART_BELOW_BYTES = 256 * 1024;

/** What a long reply is made of. */
export interface Elements {
  /** Writes one more; false when there is none any more, although the reply has promised it. */
  write(reply: ReplyWriter): boolean;
  /** The rest is written after commands of others. */
  pause(): void;
}

class LongReply {
  #left: number;
  readonly #elements: Elements;

  constructor(count: number, elements: Elements) {
    this.#left = count;
    this.#elements = elements;
  }

  /** Writes so many blocks at most. Whether the reply is whole, or nobody hears the rest. */
  writeBlocks(client: Client, reply: ReplyWriter, blocks: number): boolean {
    const until = reply.blocks + blocks;
    while (this.#left > 0 && reply.isHeard && !client.closing) {
      if (reply.blocks >= until) {
        this.#elements.pause();
        return false;
      }
      // Nothing right can follow what was promised in vain.
      if (!this.#elements.write(reply)) client.closing = true;
      this.#left--;
    }
    return true;
  }
}

export class LongReplies {
  readonly #underWay = new Map<Client, LongReply>();

  get count(): number {
    return this.#underWay.size;
  }

  has(client: Client): boolean {
    return this.#underWay.has(client);
  }

  /**
   * Writes so many elements of a reply whose header is written. Within a transaction, or where messages come in
   * between, it cannot be interrupted: it is written until it is whole or too much for the client, whose connection
   * ends then.
   */
  write(client: Client, reply: ReplyWriter, count: number, elements: Elements): void {
    const long = new LongReply(count, elements);
    const atOnce = (client.mode & (IN_MULTI | SUBSCRIBED)) !== 0;
    if (long.writeBlocks(client, reply, atOnce ? Number.POSITIVE_INFINITY : PART_BLOCKS)) return;
    this.#underWay.set(client, long);
    client.mode |= BLOCKED;
  }

  /** Those whose next part can be made. */
  due(): Client[] {
    return [...this.#underWay.keys()].filter(
      ({ closing, outputBytes }) => !closing && outputBytes <= NEXT_PART_BELOW_BYTES,
    );
  }

  /** Writes the next part to a client that is due. Whether the reply is whole then, and the client waits no more. */
  writePart(client: Client, reply: ReplyWriter): boolean {
    const long = this.#underWay.get(client) as LongReply;
    if (!long.writeBlocks(client, reply, PART_BLOCKS)) return false;
    this.forget(client);
    return true;
  }

  forget(client: Client): void {
    if (this.#underWay.delete(client)) client.mode &= ~BLOCKED;
  }
}
