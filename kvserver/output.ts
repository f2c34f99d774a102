/**
 * Replies on their way to one client at a time: the writer, the front end's block that it writes to, and what becomes
 * of a client whose replies are too many. The engine has one for the client whose requests it runs, and one for the
 * others that it writes to meanwhile.
 */
import { type Client, REPLIES_OFF, REPLY_SKIPPED } from './client.ts';
import type { Configuration } from './configuration.ts';
import type { FrontEnd, ReplyBlock } from './frontend.ts';
import type { OutputLimits } from './output-limits.ts';
import { BLOCK_BYTES_MIN, type BlockSource, ReplyWriter } from './resp/reply.ts';
import type { EngineStats } from './stats.ts';

/** Memory that takes the replies to a client that there is no room for. */
const SINK_BYTES = 64 * 1024;

/** Takes replies that nobody is to get. */
class Silence implements BlockSource {
  readonly #bytes = new Uint8Array(BLOCK_BYTES_MIN);

  nextBlock(writer: ReplyWriter): void {
    writer.open(this.#bytes, 0, BLOCK_BYTES_MIN);
  }
}

export class ClientOutput implements BlockSource {
  readonly reply: ReplyWriter;
  /** For replies that nobody is to get. */
  readonly #silence: ReplyWriter;
  /** The client's output exceeded its limit, or there is no memory for it: its replies are dropped. */
  discarding = false;
  readonly #frontEnd: FrontEnd;
  readonly #limits: OutputLimits;
  readonly #stats: EngineStats;
  /** Whose replies `reply` writes, between begin() and end(). */
  #client: Client | null = null;
  /** The block that `reply` is open on; null while it is closed or writes to the sink. */
  #block: ReplyBlock | null = null;
  #sink: Uint8Array | null = null;

  constructor(frontEnd: FrontEnd, configuration: Configuration, stats: EngineStats) {
    this.#frontEnd = frontEnd;
    this.#limits = configuration.outputLimits;
    this.#stats = stats;
    this.reply = new ReplyWriter(this, stats.errorCodes);
    this.#silence = new ReplyWriter(new Silence(), stats.errorCodes);
    this.#silence.isHeard = false;
  }

  get client(): Client | null {
    return this.#client;
  }

  /** From now on `reply` writes to this client, which is not closing. */
  begin(client: Client): void {
    this.#client = client;
    this.reply.protocol = client.protocol;
  }

  /** Where the request at hand is answered. */
  replyTo(client: Client): ReplyWriter {
    const silent = client.closing || (client.mode & (REPLIES_OFF | REPLY_SKIPPED)) !== 0;
    const reply = silent ? this.#silence : this.reply;
    reply.protocol = client.protocol;
    return reply;
  }

  /** Hands over what was written, and closes the client if it is to be closed. */
  end(): void {
    const client = this.#client!;
    this.#handOver(client);
    this.reply.close();
    this.reply.isHeard = true;
    if (this.discarding) {
      this.discarding = false;
      this.closeAtOnce(client);
    } else if (client.outputBytes > this.#limits.lowestHardBytes && this.#isOverLimit(client, 0)) {
      this.closeOverLimit(client);
    } else if (client.closing && !client.closed) {
      this.#frontEnd.close(client, false);
    }
    this.#client = null;
  }

  /** Closes the client if its output has exceeded its soft limit for too long. */
  checkSoftLimit(client: Client, nowMs: number): void {
    const { softBytes, softSeconds } = this.#limits.of(client);
    if (softBytes === 0 || client.outputBytes <= softBytes) {
      client.softLimitSinceMs = 0;
    } else if (client.softLimitSinceMs === 0) {
      client.softLimitSinceMs = nowMs;
    } else if (nowMs - client.softLimitSinceMs > softSeconds * 1000) {
      this.closeOverLimit(client);
    }
  }

  closeOverLimit(client: Client): void {
    if (client.closed) return;
    this.#stats.outputLimitDisconnections++;
    this.closeAtOnce(client);
  }

  nextBlock(writer: ReplyWriter): void {
    if (!this.discarding) {
      const client = this.#client!;
      const { written } = writer;
      const overLimit =
        client.outputBytes + written > this.#limits.lowestHardBytes && this.#isOverLimit(client, written);
      this.#handOver(client);
      const block = overLimit ? null : this.#frontEnd.takeBlock(client);
      if (block !== null) {
        this.#block = block;
        writer.open(block.bytes, block.base, block.base + block.capacity);
        return;
      }
      if (overLimit) this.#stats.outputLimitDisconnections++;
      this.discarding = true;
      this.reply.isHeard = false;
      this.#sink ??= new Uint8Array(SINK_BYTES);
    }
    writer.open(this.#sink!, 0, SINK_BYTES);
  }

  /** Whether more waits to be sent to the client, with so many bytes more, than may. */
  #isOverLimit(client: Client, bytes: number): boolean {
    const { hardBytes } = this.#limits.of(client);
    return hardBytes !== 0 && client.outputBytes + bytes > hardBytes;
  }

  /** Sends what is written to the open block, if there is one. */
  #handOver(client: Client): void {
    const block = this.#block;
    if (block === null) return;
    this.#block = null;
    const { written } = this.reply;
    if (written > 0) this.#frontEnd.send(client, block, written);
    else this.#frontEnd.giveBack(block);
  }

  /** Drops what is left for the client. */
  closeAtOnce(client: Client): void {
    if (client.closed) return;
    client.closing = true;
    this.#frontEnd.close(client, true);
  }
}
