/**
 * What close does with data that waits, segment by segment: it goes, and the end of the stream behind the last byte; or
 * the connection is reset. The peer never sees an end before all that was pushed.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { TcpState } from './states.ts';
import { type Offer, type Script, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

const BYTES = 100_000;

function established(offer: Offer = {}, tcp = {}) {
  const peer = new TestPeer({ tcp });
  if (offer.window !== undefined) peer.window = offer.window;
  const connection = peer.establish(offer);
  return { peer, connection };
}

/** A peer that takes what comes, and acknowledges it. */
class Reader {
  /** The number that it expects next. */
  ack = 1;
  /** Number of the FIN; null while it has not come. */
  fin: number | null = null;
  readonly #peer: TestPeer;
  readonly #sacks: boolean;
  /** The latest last. */
  readonly #held: [number, number][] = [];

  constructor(peer: TestPeer) {
    this.#peer = peer;
    this.#sacks = peer.connection.receiver.sackPermitted;
  }

  /** Acknowledges what has come. */
  get answer(): Script {
    const sack = this.#held
      .filter(([start]) => start > this.ack)
      .slice(-3)
      .reverse();
    return { flags: 'A', seq: 1, ack: this.ack, ...(this.#sacks && sack.length > 0 ? { sack } : {}) };
  }

  /** The FIN, and all before it, has come. */
  get isAtEnd(): boolean {
    return this.fin !== null && this.ack > this.fin;
  }

  take(text: string): void {
    const [flags, numbers] = text.split(' ');
    const [start, end = start] = numbers.split(':').map(Number);
    expect(flags).not.toContain('R');
    this.#held.push([start, end]);
    if (flags.includes('F')) {
      this.fin ??= end;
      expect(end).toBe(this.fin);
    }
    for (let moved = true; moved; ) {
      moved = false;
      for (const [from, to] of this.#held) {
        if (from > this.ack || to <= this.ack) continue;
        this.ack = to;
        moved = true;
      }
    }
    if (this.ack === this.fin) this.ack++;
  }

  /** Takes and acknowledges until the end has come, or nothing comes for ten seconds. `loses`: on the way to it. */
  readAll(sent: readonly string[], loses: (text: string) => boolean = () => false): void {
    for (let left = sent; left.length > 0; ) {
      for (const text of left) if (!loses(text)) this.take(text);
      left = this.#peer.send(this.answer);
      if (this.isAtEnd) return;
      for (let waits = 0; left.length === 0 && waits < 1000; waits++) {
        left = this.#peer.pass(10_000).map((text) => text.slice(text.indexOf(' ') + 1));
      }
    }
  }
}

describe('close with data queued', () => {
  it('sends all of it, and the end of the stream behind the last byte', () => {
    const { peer, connection } = established();
    const sent = peer.push(BYTES);
    expect(sent.length).toBe(10);
    // No FIN behind what happens to be in flight.
    expect(peer.abandon()).toEqual([]);
    expect(connection.state).toBe(TcpState.Established);
    const reader = new Reader(peer);
    reader.readAll(sent);
    expect(reader).toMatchObject({ fin: BYTES + 1, ack: BYTES + 2 });
    expect(connection).toMatchObject({ state: TcpState.FinWait2, error: null });
  });

  it.each<[string, Offer, object]>([
    ['a small window', { window: 2500 }, {}],
    ['a window of less than a segment', { window: 300 }, {}],
    ['no SACK', { sackPermitted: false }, {}],
    ['timestamps', { timestamps: true }, {}],
    ["Nagle's algorithm", {}, { nagle: true }],
  ])('does so with %s', (_, offer, tcp) => {
    const { peer } = established(offer, tcp);
    const reader = new Reader(peer);
    reader.readAll([...peer.push(20_123), ...peer.abandon()]);
    expect(reader.fin).toBe(20_124);
  });

  it.each([3, 4, 7])('does so when each %i. segment is lost, the FIN too', (nth) => {
    const { peer, connection } = established();
    const reader = new Reader(peer);
    let count = 0;
    let fins = 0;
    const loses = (text: string) => (text.startsWith('F') ? ++fins < 3 : ++count % nth === 0);
    reader.readAll([...peer.push(BYTES), ...peer.abandon()], loses);
    expect(reader.fin).toBe(BYTES + 1);
    expect(connection.state).toBe(TcpState.FinWait2);
  });

  it.each<[string, (peer: TestPeer) => string[]]>([
    ['half-closed before', (peer) => [...peer.finish(), ...peer.abandon()]],
    ['closed twice', (peer) => [...peer.abandon(), ...peer.abandon()]],
    ['half-closed, then closed twice', (peer) => [...peer.finish(), ...peer.abandon(), ...peer.abandon()]],
  ])('does so %s', (_, end) => {
    const { peer } = established();
    const sent = peer.push(BYTES);
    expect(end(peer)).toEqual([]);
    const reader = new Reader(peer);
    reader.readAll(sent);
    expect(reader.fin).toBe(BYTES + 1);
  });

  it('does so behind the end of what the peer sends', () => {
    const { peer, connection } = established();
    const sent = peer.push(BYTES);
    peer.abandon();
    expect(peer.send({ flags: 'FA', seq: 1, ack: 1 })).toEqual(['A 10001 ack 2']);
    expect(connection.state).toBe(TcpState.CloseWait);
    let left = sent;
    const reader = new Reader(peer);
    while (left.length > 0) {
      for (const text of left) reader.take(text);
      left = peer.send({ flags: 'A', seq: 2, ack: reader.ack });
    }
    expect(reader.fin).toBe(BYTES + 1);
    expect(connection).toMatchObject({ state: TcpState.Closed, error: null });
  });
});

describe('close with data queued, before a closed window', () => {
  const refused: Script = { flags: 'A', seq: 1, ack: 10_001, window: 0 };

  function blocked(tcp = {}) {
    const { peer, connection } = established({}, tcp);
    const sent = [...peer.push(BYTES), ...peer.abandon()];
    const reader = new Reader(peer);
    for (const text of sent) reader.take(text);
    expect(peer.send(refused)).toEqual([]);
    return { peer, connection, reader };
  }

  /** Answers each probe; all that was sent. */
  function refuse(peer: TestPeer, us: number): string[] {
    const sent: string[] = [];
    for (let passed = 0; passed < us && peer.connection.error === null; passed += 50_000) {
      const texts = peer.pass(50_000);
      sent.push(...texts);
      for (const _ of texts) if (peer.connection.error === null) peer.send(refused);
    }
    return sent;
  }

  it('waits, and sends the rest when it opens', () => {
    const { peer, reader } = blocked();
    const probes = refuse(peer, 30e6);
    expect(probes.length).toBeGreaterThan(5);
    expect(probes.every((text) => text.endsWith(' A 10001:10002 ack 1'))).toBe(true);
    reader.readAll(peer.send({ ...refused, window: 60_000 }));
    expect(reader.fin).toBe(BYTES + 1);
  });

  it('is a reset when it stays closed for the user timeout, though the peer answers', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 20e6 });
    const sent = refuse(peer, 60e6);
    expect(sent.some((text) => text.includes('F'))).toBe(false);
    expect(sent.at(-1)).toMatch(/ RA 10002 ack 1$/);
    expect(connection.error).toBe('TIMED_OUT');
  });

  it('is a reset when nobody answers for the user timeout', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 20e6 });
    const sent = peer.pass(60e6);
    expect(sent.at(-1)).toMatch(/ RA 10002 ack 1$/);
    expect(connection.error).toBe('TIMED_OUT');
  });
});

describe('close with data queued that cannot arrive', () => {
  it('ends when the peer resets, and nothing follows', () => {
    const { peer, connection } = established();
    peer.push(BYTES);
    peer.abandon();
    expect(peer.send({ flags: 'R', seq: 1 })).toEqual([]);
    expect(connection).toMatchObject({ state: TcpState.Closed, error: 'CONNECTION_RESET' });
    expect(peer.pass(200e6)).toEqual([]);
  });

  it('is a reset, not an end, when the peer acknowledges nothing for the user timeout', () => {
    const { peer, connection } = established({ sackPermitted: false }, { userTimeoutUs: 10e6 });
    peer.push(BYTES);
    peer.abandon();
    const sent = peer.pass(60e6);
    expect(sent.at(-1)).toMatch(/^10000000 RA /);
    expect(sent.some((text) => text.includes('F'))).toBe(false);
    expect(connection.error).toBe('TIMED_OUT');
  });

  it.each<[string, Script]>([
    ['data', { flags: 'PA', seq: 1, ack: 1, bytes: 10 }],
    ['data with a FIN', { flags: 'FPA', seq: 1, ack: 1, bytes: 10 }],
    ['data behind a hole', { flags: 'PA', seq: 501, ack: 1, bytes: 10 }],
    ['data that acknowledges some', { flags: 'PA', seq: 1, ack: 3001, bytes: 10 }],
  ])('is a reset when %s comes, which nobody will read (RFC 2525, 2.17)', (_, segment) => {
    const { peer, connection } = established();
    peer.push(BYTES);
    peer.abandon();
    expect(peer.send(segment)).toEqual(['RA 10001 ack 1']);
    expect(connection).toMatchObject({ state: TcpState.Closed, error: 'CONNECTION_RESET' });
    expect(peer.pass(200e6)).toEqual([]);
  });

  it('goes on when the peer asks whether we live, or repeats what was read', () => {
    const { peer, connection } = established();
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10 });
    peer.read();
    const sent = peer.push(BYTES);
    peer.abandon();
    peer.send({ flags: 'A', seq: 10, ack: 1 });
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10 });
    expect(connection.error).toBeNull();
    expect(sent.length).toBe(10);
  });
});
