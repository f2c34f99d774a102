/**
 * The sending half: pushes in order, cut into messages that fit the peer's buffers, as its credits allow. A
 * push completes when the device needs none of its bytes any more, and pushes of a channel complete in order.
 *
 * Between two polls a channel queues a message or two; what it has beyond that waits, behind the others that wait, and
 * goes a turn at a time: so what others have sent and ask waits for one turn, not for the whole of a large reply.
 */
import type { ErrorCode } from '../errors.ts';
import type { ScatterGatherArray } from '../memory/sga.ts';
import { NO_SLOT, type PendingList, type TokenTable } from '../tokens.ts';
import { WorkList } from '../work-list.ts';
import type { Channel } from './channel.ts';
import { type EngineOptions, MessageEngine, type SendOwner } from './engine.ts';
import type { MessageDevice } from './message-device.ts';
import type { SharedReceives } from './receive-budget.ts';

/** What a channel queues at once, and what those that wait queue together in a poll, but for the end of a message. */
const BYTES_PER_TURN = 48 * 1024;

export class MessageSender implements SendOwner {
  readonly engine: MessageEngine;
  readonly #tokens: TokenTable;
  /** The channel of each push under way, by slot. */
  readonly #channels: (Channel | null)[] = [];
  readonly #waiting = new WorkList<Channel>();
  /** Polls so far. */
  #turn = 0;
  /** Tokens of the pushes whose last message waits for the next flush. */
  readonly #unflushed = new WorkList<number>();

  constructor(tokens: TokenTable, device: MessageDevice, shared: SharedReceives, options: EngineOptions) {
    this.#tokens = tokens;
    this.engine = new MessageEngine(device, shared, this, options);
  }

  /** A push was appended to the channel's. */
  push(channel: Channel): void {
    const { connection, pushes } = channel;
    const slot = pushes.tail;
    // Parts that have not finished, and one for those that have not been queued.
    this.#tokens.position[slot] = 1;
    this.#channels[slot] = channel;
    if (connection.error !== null) this.fail(channel, connection.error);
    else if (pushes.head === slot && channel.established) this.send(channel);
  }

  /** Queues what credits, room and its turn allow. */
  send(channel: Channel): void {
    const tokens = this.#tokens;
    const { engine } = this;
    const { connection, pushes } = channel;
    if (channel.waiting) return;
    if (channel.turn !== this.#turn) {
      channel.turn = this.#turn;
      channel.turnBytes = 0;
    }
    while (pushes.head !== NO_SLOT) {
      const slot = pushes.head;
      const sga = tokens.pushed(slot);
      while (channel.segment < sga.segmentCount) {
        if (connection.credits <= 0) return;
        if (!engine.hasRoom || channel.turnBytes >= BYTES_PER_TURN) {
          this.#wait(channel);
          return;
        }
        const delivered = tokens.acknowledged[slot] === 1;
        const length = engine.send(connection, sga, channel.segment, channel.offset, slot, delivered);
        tokens.position[slot]++;
        channel.turnBytes += length;
        this.#advance(channel, sga, length);
      }
      this.#allQueued(channel);
    }
    if (channel.shut) engine.ends.finish(connection);
  }

  /** Moves on behind `length` bytes of the push at the head, and behind empty segments. */
  #advance(channel: Channel, sga: ScatterGatherArray, length: number): void {
    channel.offset += length;
    while (channel.segment < sga.segmentCount && channel.offset >= sga.segments[channel.segment].length) {
      channel.offset -= sga.segments[channel.segment++].length;
    }
  }

  /** Whether some wait for room in the device, or for their turn. */
  get hasWaiting(): boolean {
    return this.#waiting.count > 0;
  }

  flushed(): void {
    const unflushed = this.#unflushed;
    if (unflushed.count === 0) return;
    for (let i = 0; i < unflushed.count; i++) {
      const token = unflushed.at(i);
      // A push that has failed or finished since may have been handed out, and its slot be another one's.
      if (this.#tokens.isLive(token)) this.#tokens.handedOver(this.#tokens.slotOf(token));
    }
    unflushed.clear();
  }

  sendFinished(slot: number, error: number): void {
    // The connection is reset for that, and fails all its pushes.
    if (error !== 0) return;
    const tokens = this.#tokens;
    if (--tokens.position[slot] > 0) return;
    const channel = this.#channels[slot] as Channel;
    const { inFlight } = channel;
    while (inFlight.head !== NO_SLOT && tokens.position[inFlight.head] === 0) {
      const finished = tokens.shift(inFlight);
      this.#channels[finished] = null;
      tokens.complete(finished, null);
    }
    if (channel.lingers) this.engine.touch(channel.connection);
  }

  /** A poll begins: those that waited for room in the device, or for their turn, go on. */
  serveWaiting(): void {
    this.#turn++;
    const waiting = this.#waiting;
    let bytes = 0;
    let served = 0;
    // It grows by those that have more.
    for (const count = waiting.count; served < count && bytes < BYTES_PER_TURN; served++) {
      const channel = waiting.at(served);
      if (!this.engine.hasRoom) break;
      channel.waiting = false;
      if (channel.connection.error !== null) continue;
      this.send(channel);
      bytes += channel.turnBytes;
    }
    waiting.dropFirst(served);
  }

  /** Nothing of the channel will leave any more. */
  fail(channel: Channel, code: ErrorCode): void {
    this.#failList(channel.inFlight, code);
    this.#failList(channel.pushes, code);
    channel.segment = 0;
    channel.offset = 0;
  }

  /**
   * The socket of a datagram channel is closed: what credits and room allow goes, whosever turn it is, and what is
   * under way completes when it has left. The others are cancelled.
   */
  detach(channel: Channel): void {
    if (channel.waiting && channel.connection.error === null) {
      channel.waiting = false;
      channel.turn = this.#turn;
      channel.turnBytes = Number.NEGATIVE_INFINITY;
      this.send(channel);
    }
    this.#failList(channel.pushes, 'CANCELLED');
  }

  #allQueued(channel: Channel): void {
    const tokens = this.#tokens;
    const slot = tokens.shift(channel.pushes);
    channel.segment = 0;
    channel.offset = 0;
    tokens.append(channel.inFlight, slot);
    if (tokens.stamps !== null) this.#unflushed.add(tokens.token(slot));
    tokens.position[slot]--;
  }

  #failList(list: PendingList, code: ErrorCode): void {
    const tokens = this.#tokens;
    while (list.head !== NO_SLOT) {
      const slot = tokens.shift(list);
      this.#channels[slot] = null;
      tokens.complete(slot, code);
    }
  }

  #wait(channel: Channel): void {
    if (channel.waiting) return;
    channel.waiting = true;
    this.#waiting.add(channel);
  }
}
