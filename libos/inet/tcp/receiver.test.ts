import { afterEach, describe, expect, it } from 'vitest';
import { type Offer, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

/** A connection with a receive window of 4000 bytes, and full segments of 1000. */
function established(offer: Offer = {}, tcp = {}) {
  const peer = new TestPeer({ tcp: { receiveWindowBytes: 4000, ...tcp } });
  const connection = peer.establish(offer);
  return { peer, connection };
}

describe('receive: silly windows (RFC 9293, 3.8.6.2.2)', () => {
  it('never moves the right edge to the left, whatever is kept unread (3.8.6), between units of the scale (RFC 7323, 2.4)', () => {
    const { peer } = established({ windowScale: 0 }, { receiveWindowBytes: 100_000 });
    // The SYN's window, which is not scaled.
    expect(peer.last.window).toBe(65_535);
    let edge = 65_536;
    let moved = 0;
    for (let seq = 1; seq < 60_000; seq += 777) {
      peer.send({ flags: 'PA', seq, ack: 1, bytes: 777 });
      if (seq % 3 === 0) peer.read();
      if (peer.last.flags === 'SA') continue;
      const told = peer.last.ack + peer.last.window * 2;
      expect(told).toBeGreaterThanOrEqual(edge);
      if (told > edge) moved++;
      edge = told;
    }
    expect(moved).toBeGreaterThan(3);
  });
});

describe('receive: data out of order', () => {
  it.each([
    [false, 988, 'sack 501:601'],
    [false, 987, 'sack 501:601'],
    [false, 980, 'sack 501:601 301:401'],
    [false, 900, 'sack 501:601 301:401 101:201'],
    [true, 976, 'sack 501:601'],
    [true, 968, 'sack 501:601 301:401'],
  ])('rides on data in as many blocks as fit (timestamps %s, %i bytes)', (timestamps, bytes, blocks) => {
    const { peer } = established({ timestamps });
    for (let seq = 101; seq < 601; seq += 200) peer.inject({ flags: 'A', seq, ack: 1, bytes: 100 });
    peer.stack.poll();
    expect(peer.push(bytes).at(-1)).toBe(`PA 1:${1 + bytes} ack 1 ${blocks}`);
  });
});

describe('receive: delayed acknowledgements (RFC 9293, 3.8.6.3; RFC 5681, 4.2)', () => {
  /** How many of a peer's segments, each alone, were answered at once. */
  function answers(flags: string, sizes: readonly number[], mss = 1460): string {
    const { peer } = established({ mss }, { receiveWindowBytes: 65_000 });
    let seq = 1;
    return sizes
      .map((bytes) => {
        const sent = peer.send({ flags, seq, ack: 1, bytes });
        seq += bytes;
        return sent.length === 0 ? '-' : 'a';
      })
      .join('');
  }

  it('do not wait at the second segment of a stream whose segments are smaller than ours (RFC 5681, 4.2)', () => {
    expect(answers('A', Array(6).fill(1000))).toBe('-a-a-a');
    // It has become smaller, or larger, on the way.
    expect(answers('A', [1460, 1460, 1460, 1200, 1200, 1200, 1200, 1460, 1460, 1460])).toBe('-a--a-a-a-');
  });

  it('wait for as many bytes as two full segments have when the peer sends messages, or crumbs', () => {
    expect(answers('PA', Array(6).fill(1000))).toBe('--a--a');
    expect(answers('A', Array(22).fill(100), 1000)).toBe(`${'-'.repeat(19)}a--`);
    expect(answers('A', Array(8).fill(300), 1000)).toBe('------a-');
  });
});
