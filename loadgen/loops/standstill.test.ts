/** What both loops make of a standstill, of their own thread and of the server. With a clock of the test's own. */
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connections } from '../connections/connections.ts';
import type { SendingConnection } from '../connections/exchange.ts';
import { INTENDED, ReplyRecord, type ReplySink, ReplyStatus } from '../connections/reply.ts';
import type { Arrivals } from '../workload/arrivals.ts';
import { ClosedLoop } from './closed-loop.ts';
import { OpenLoop } from './open-loop.ts';

const REPLY_TIMEOUT_MS = 100;
/** What one wait takes, and whether it finds a reply. */
interface Wait {
  ms: number;
  finds: boolean;
}

let nowMs = 0;
beforeEach(() => {
  nowMs = 1;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => void vi.restoreAllMocks());

/** One connection with one request at a time, and what came of them. */
class OneConnection {
  readonly replies: string[] = [];
  readonly #waits: Wait[];
  #sentNs = 0;

  /** @param waits the last one is for ever */
  constructor(waits: Wait[]) {
    this.#waits = waits;
  }

  readonly connection = {
    qd: 0,
    pipeline: 1,
    outstanding: 0,
    isGivenUp: false,
    newestSentNs: 0,
    fillWindow: () => {
      this.connection.outstanding = 1;
      this.#sentNs = nowMs * 1e6;
      this.connection.newestSentNs = this.#sentNs;
    },
    receive: (_sga: unknown, _receivedNs: number, sink: ReplySink) => this.#reply(ReplyStatus.Right, sink),
  };

  readonly connections = {
    libos: {
      completions: [{}],
      pop() {},
      waitNext: () => {
        const { ms, finds } = this.#waits.length > 1 ? this.#waits.shift()! : this.#waits[0];
        nowMs += ms;
        return finds && this.connection.outstanding > 0 ? 1 : 0;
      },
    },
    sending: [this.connection as unknown as SendingConnection],
    replyTimeoutNs: REPLY_TIMEOUT_MS * 1e6,
    pauses: { resume() {}, look() {} },
    busy: { turnEnded() {} },
    bulk: null,
    isDeserted: false,
    receiverOf: () => this.connection,
    late: (ns: number) =>
      this.connection.outstanding > 0 && this.#sentNs < ns - REPLY_TIMEOUT_MS * 1e6 ? this.connection : null,
    giveUp: (_connection: unknown, _ns: number, sink: ReplySink) => {
      this.connection.isGivenUp = true;
      this.connections.isDeserted = true;
      this.#reply(ReplyStatus.Unanswered, sink);
      return true;
    },
    giveUpLateBulk() {},
  };

  #reply(status: ReplyStatus, sink: ReplySink): void {
    const reply = new ReplyRecord();
    reply.status = status;
    reply.timesNs[INTENDED] = this.#sentNs;
    this.connection.outstanding = 0;
    sink.reply(reply);
  }

  /** For the loop: notes the replies, and ends it after some. */
  control(most: number) {
    const isOver = () => this.replies.length >= most || this.connections.isDeserted;
    return {
      reply: ({ status }: ReplyRecord) =>
        void this.replies.push(status === ReplyStatus.Right ? 'right' : `given up at ${nowMs}`),
      finished: isOver,
      stopped: isOver,
    };
  }
}

function closed(waits: Wait[], most: number): string[] {
  const one = new OneConnection(waits);
  const loop = new ClosedLoop(one.connections as unknown as Connections);
  loop.start();
  loop.run(one.control(most));
  return one.replies;
}

function open(waits: Wait[], most: number): string[] {
  const one = new OneConnection(waits);
  const arrivals = {
    nextNs: 1e6,
    advance() {
      this.nextNs += 1e6;
    },
  };
  const connections = one.connections as unknown as Connections;
  const loop = new OpenLoop(connections, arrivals as unknown as Arrivals, one.control(most), false);
  loop.sendUntil(Number.POSITIVE_INFINITY);
  return one.replies;
}

describe.each([
  ['closed', closed],
  ['open', open],
])('a %s loop', (_name, run) => {
  const answered = { ms: 1, finds: true };
  const silent = { ms: 1, finds: false };

  it('finds the reply that has come while its thread stood still', () => {
    const stoodStill = { ms: 50 * REPLY_TIMEOUT_MS, finds: false };
    expect(run([answered, silent, stoodStill, answered], 3)).toEqual(['right', 'right', 'right']);
  });

  it('gives up the request that a server does not answer', () => {
    const [first, second, ...none] = run([answered, silent], 3);
    expect(first).toBe('right');
    expect(none).toEqual([]);
    const givenUpMs = Number(/^given up at (\d+)$/.exec(second)?.[1]);
    expect(givenUpMs).toBeGreaterThan(REPLY_TIMEOUT_MS);
    expect(givenUpMs).toBeLessThan(REPLY_TIMEOUT_MS + 30);
  });
});
