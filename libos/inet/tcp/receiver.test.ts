import { afterEach, describe, expect, it } from 'vitest';
import { TcpState } from './states.ts';
import { type Offer, OUR_PORT, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

/** A connection with a receive window of 4000 bytes, and full segments of 1000. */
function established(offer: Offer = {}, tcp = {}) {
  const peer = new TestPeer({ tcp: { receiveWindowBytes: 4000, ...tcp } });
  const connection = peer.establish(offer);
  return { peer, connection };
}

describe('receive: which segments are acceptable (RFC 9293, 3.4)', () => {
  it.each([
    ['empty, at the left edge', 101, 0, [], 0],
    ['empty, in the window', 2000, 0, [], 0],
    // A sender whose window is used up has no other number for its acknowledgements.
    ['empty, at the right edge', 4001, 0, [], 0],
    ['empty, beyond the window', 4002, 0, ['A 1 ack 101'], 0],
    ['empty, before the window', 100, 0, ['A 1 ack 101'], 0],
    ['data before the window: a duplicate', 1, 100, ['A 1 ack 101 sack 1:101'], 0],
    ['data across the left edge', 51, 100, [], 50],
    ['data across the right edge', 3991, 20, ['A 1 ack 101 sack 3991:4001'], 0],
    ['data beyond the window', 4001, 1, ['A 1 ack 101'], 0],
  ] as const)('%s', (_, seq, bytes, answer, taken) => {
    const { peer } = established();
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 100 });
    peer.read();
    peer.pass(20_000);
    expect(peer.send({ flags: 'A', seq, ack: 1, bytes })).toEqual(answer);
    expect(peer.read()).toBe(taken);
  });

  it('data across both edges is answered, and comes again', () => {
    const { peer } = established({}, { receiveWindowBytes: 500 });
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 100 });
    peer.read();
    peer.pass(20_000);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1, bytes: 1000 })).toEqual(['A 1 ack 101 sack 1:101']);
    expect(peer.read()).toBe(0);
  });

  it('what lies beyond the window is cut off, with the FIN behind it', () => {
    const { peer, connection } = established();
    for (let seq = 1; seq <= 2001; seq += 1000) peer.send({ flags: 'A', seq, ack: 1, bytes: 1000 });
    expect(peer.send({ flags: 'FPA', seq: 3001, ack: 1, bytes: 1400 })).toEqual(['A 1 ack 4001']);
    expect(connection.state).toBe(TcpState.Established);
    expect(peer.read()).toBe(4000);
  });
});

describe('receive: a closed window (RFC 9293, 3.10.7.4)', () => {
  function closed() {
    const { peer, connection } = established();
    for (let seq = 1; seq <= 3001; seq += 1000) peer.inject({ flags: 'PA', seq, ack: 1, bytes: 1000 });
    expect(peer.run()).toEqual(['A 1 ack 4001']);
    expect(peer.last.window).toBe(0);
    return { peer, connection };
  }

  it('answers a probe and does not take it', () => {
    const { peer } = closed();
    expect(peer.send({ flags: 'A', seq: 4001, ack: 1, bytes: 1 })).toEqual(['A 1 ack 4001']);
    expect(peer.last.window).toBe(0);
    expect(peer.read()).toBe(4000);
  });

  it('takes acknowledgements, with data or without (MUST-66)', () => {
    const { peer, connection } = closed();
    peer.push(300);
    peer.send({ flags: 'A', seq: 4001, ack: 101 });
    expect(connection.sender.acknowledgedBytes).toBe(100);
    peer.send({ flags: 'A', seq: 4001, ack: 201, bytes: 1 });
    expect(connection.sender.acknowledgedBytes).toBe(200);
  });

  it('takes a reset', () => {
    const { peer, connection } = closed();
    peer.send({ flags: 'R', seq: 4001 });
    expect(connection.error).toBe('CONNECTION_RESET');
  });

  it('is opened by a window update of its own when the application reads', () => {
    const { peer } = closed();
    peer.read();
    expect(peer.run()).toEqual(['A 1 ack 4001']);
    expect(peer.last.window).toBe(4000);
  });

  it('is not opened by less than a segment or half the buffer (3.8.6.2.2)', () => {
    const { peer, connection } = closed();
    const readOne = () => {
      const segment = connection.receiver.queue.shift()!;
      segment.home.give(segment);
    };
    readOne();
    expect(peer.send({ flags: 'A', seq: 4001, ack: 1, bytes: 1 })).toEqual(['A 1 ack 4001']);
    expect(peer.last.window).toBe(1000);
    peer.send({ flags: 'A', seq: 4001, ack: 1, bytes: 400 });
    peer.send({ flags: 'A', seq: 4401, ack: 1, bytes: 600 });
    peer.pass(20_000);
    expect(peer.last.window).toBe(0);
  });
});

describe('receive: silly windows (RFC 9293, 3.8.6.2.2)', () => {
  it('offers no crumbs: the right edge stays until a whole segment more can be offered', () => {
    const { peer, connection } = established({}, { receiveWindowBytes: 4000 });
    const windows: number[] = [];
    for (let seq = 1; seq < 4001; seq += 800) {
      peer.send({ flags: 'PA', seq, ack: 1, bytes: 800 });
      peer.pass(20_000);
      windows.push(peer.last.window);
    }
    expect(windows).toEqual([3200, 2400, 1600, 800, 0]);
    const edges: number[] = [];
    for (let i = 0; i < 4; i++) {
      // Each of these is shorter than a segment, which is 1000 bytes long.
      const segment = connection.receiver.queue.shift()!;
      expect(segment.length).toBe(800);
      segment.home.give(segment);
      peer.send({ flags: 'A', seq: 1, ack: 1, bytes: 1 });
      edges.push(peer.last.ack + peer.last.window);
    }
    expect(edges).toEqual([4001, 5601, 5601, 7201]);
  });

  it('needs no word while the peer has room, nor when the window cannot grow without a scale', () => {
    for (const windowScale of [undefined, 5]) {
      const { peer } = established({ windowScale }, { receiveWindowBytes: 1024 * 1024 });
      peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 1000 });
      expect(peer.read()).toBe(1000);
      expect(peer.run()).toEqual(windowScale === undefined ? [] : ['A 1 ack 1001']);
    }
  });

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

describe('receive: resets (RFC 5961, 3)', () => {
  it('with exactly the number due end the connection, unread data and all', () => {
    const { peer, connection } = established();
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 1000 });
    expect(peer.send({ flags: 'R', seq: 1001 })).toEqual([]);
    expect(connection).toMatchObject({ state: TcpState.Closed, error: 'CONNECTION_RESET' });
    expect(peer.read()).toBe(0);
  });

  it('elsewhere in the window are challenged', () => {
    const { peer, connection } = established();
    expect(peer.send({ flags: 'R', seq: 2 })).toEqual(['A 1 ack 1']);
    expect(peer.send({ flags: 'RA', seq: 4000, ack: 1 })).toEqual(['A 1 ack 1']);
    expect(connection.state).toBe(TcpState.Established);
  });

  it('outside the window are ignored', () => {
    const { peer, connection } = established();
    expect(peer.send({ flags: 'R', seq: 0 })).toEqual([]);
    expect(peer.send({ flags: 'R', seq: 4002 })).toEqual([]);
    expect(connection.state).toBe(TcpState.Established);
  });
});

describe('receive: a SYN in a connection (RFC 5961, 4)', () => {
  it.each([
    ['in the window', 1],
    ['before the window', -100],
    ['beyond the window', 90_000],
  ])('%s is answered with an acknowledgement', (_, seq) => {
    const { peer, connection } = established();
    expect(peer.send({ flags: 'S', seq })).toEqual(['A 1 ack 1']);
    expect(peer.send({ flags: 'SA', seq, ack: 1 })).toEqual(['A 1 ack 1']);
    expect(connection.state).toBe(TcpState.Established);
  });

  it('of a peer that has started anew makes it reset the old connection (RFC 9293, 3.5.1)', () => {
    const { peer, connection } = established();
    expect(peer.send({ flags: 'S', seq: 2000 })).toEqual(['A 1 ack 1']);
    peer.send({ flags: 'R', seq: 1 });
    expect(connection.error).toBe('CONNECTION_RESET');
  });
});

describe('receive: the ACK field (RFC 9293, 3.10.7.4; RFC 5961, 5)', () => {
  it('of what was never sent is challenged, and the segment dropped', () => {
    const { peer, connection } = established();
    expect(peer.send({ flags: 'PA', seq: 1, ack: 2, bytes: 10 })).toEqual(['A 1 ack 1']);
    expect(peer.read()).toBe(0);
    expect(connection.sender.acknowledgedBytes).toBe(0);
  });

  it('that is older than any window of the peer is challenged, and the segment dropped', () => {
    const { peer } = established({ window: 2000 });
    peer.window = 2000;
    for (let sent = 0; sent < 4000; sent += 2000) {
      peer.push(2000);
      peer.send({ flags: 'A', seq: 1, ack: 1 + sent + 2000 });
    }
    expect(peer.send({ flags: 'PA', seq: 1, ack: 2000, bytes: 10 })).toEqual(['A 4001 ack 1']);
    expect(peer.read()).toBe(0);
    expect(peer.send({ flags: 'PA', seq: 1, ack: 2001, bytes: 10 })).toEqual([]);
    expect(peer.read()).toBe(10);
  });

  it('is missing: the segment is dropped', () => {
    const { peer } = established();
    expect(peer.send({ flags: 'P', seq: 1, bytes: 10 })).toEqual([]);
    expect(peer.read()).toBe(0);
  });

  it('challenges are ten a second for a connection (RFC 5961, 7)', () => {
    const { peer } = established();
    const challenged = () => {
      let sent = 0;
      for (let i = 0; i < 50; i++) sent += peer.send({ flags: 'R', seq: 2 }).length;
      return sent;
    };
    expect(challenged()).toBe(10);
    peer.pass(1e6);
    expect(challenged()).toBe(10);
  });

  it('empty segments out of the window draw as few answers, lest two hosts answer each other for ever', () => {
    const { peer } = established();
    let sent = 0;
    for (let i = 0; i < 50; i++) sent += peer.send({ flags: 'A', seq: 90_000, ack: 1 }).length;
    expect(sent).toBe(10);
  });
});

describe('receive: timestamps (RFC 7323)', () => {
  function timestamped(tcp = {}) {
    return established({ timestamps: true }, tcp);
  }
  const data = (seq: number, clock: number, bytes = 100) =>
    ({ flags: 'PA', seq, ack: 1, bytes, timestamps: [clock, 0] }) as const;
  const echoed = (peer: TestPeer) => peer.last.timestamps![1];

  it('older than the last drop the segment, which is answered (PAWS, 5.3, R1)', () => {
    const { peer } = timestamped();
    peer.send(data(1, 0x7fff_1000));
    peer.pass(20_000);
    expect(peer.send(data(101, 0x7fff_0fff))).toEqual(['A 1 ack 101']);
    expect(peer.read()).toBe(100);
    peer.send(data(101, 0x7fff_1000));
    expect(peer.read()).toBe(100);
  });

  it('are compared around their wrap', () => {
    const { peer } = timestamped();
    peer.send(data(1, 0x7fff_ffff));
    peer.send(data(101, -0x8000_0000));
    expect(peer.read()).toBe(200);
  });

  it('are not needed of a reset (5.2), and their age does not matter there', () => {
    const { peer, connection } = timestamped();
    peer.send({ flags: 'R', seq: 1, timestamps: null });
    expect(connection.error).toBe('CONNECTION_RESET');
    const other = timestamped();
    other.peer.send({ flags: 'R', seq: 1, timestamps: [-5000, 0] });
    expect(other.connection.error).toBe('CONNECTION_RESET');
  });

  it('that are missing drop the segment without a word (3.2)', () => {
    const { peer } = timestamped();
    expect(peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10, timestamps: null })).toEqual([]);
    expect(peer.read()).toBe(0);
  });

  it('as old as 24 days say nothing (5.5)', () => {
    const { peer } = timestamped({ keepAliveUs: 0 });
    peer.send(data(1, 0x7fff_1000));
    peer.link.advanceTo(peer.nowUs + 24 * 24 * 3600 * 1e6);
    peer.send(data(101, -0x7000_0000));
    expect(peer.read()).toBe(200);
  });

  it('of a segment outside the window are not believed (5.3, R2 before R3)', () => {
    const { peer } = timestamped();
    peer.send(data(1, 0x7fff_1000));
    peer.pass(20_000);
    peer.send({ ...data(-5000, 0x7fff_ffff), flags: 'A' });
    peer.send(data(101, 0x7fff_1001));
    expect(peer.read()).toBe(200);
  });

  it('echoed are of the earliest segment that the acknowledgement answers (4.3, delayed ACKs)', () => {
    const { peer } = timestamped();
    peer.inject(data(1, 0x7fff_1000, 988));
    peer.inject(data(989, 0x7fff_1005, 988));
    expect(peer.run()).toEqual(['A 1 ack 1977']);
    expect(echoed(peer)).toBe(0x7fff_1000);
  });

  it('echoed are not of a segment behind a hole, but of the one that fills it (4.3)', () => {
    const { peer } = timestamped();
    peer.send(data(1, 0x7fff_1000));
    peer.pass(20_000);
    expect(peer.send(data(201, 0x7fff_1010))).toEqual(['A 1 ack 101 sack 201:301']);
    expect(echoed(peer)).toBe(0x7fff_1000);
    expect(peer.send(data(101, 0x7fff_1008))).toEqual(['A 1 ack 301']);
    expect(echoed(peer)).toBe(0x7fff_1008);
  });

  it('of ours tick every millisecond (5.4)', () => {
    const { peer } = timestamped();
    peer.push(10);
    const [first] = peer.last.timestamps!;
    peer.pass(7000);
    peer.push(10);
    expect(peer.last.timestamps![0] - first).toBe(7);
  });
});

describe('receive: data out of order', () => {
  it('is answered at once with SACK blocks, the latest first (RFC 2018, 4), and waits', () => {
    const { peer } = established();
    const send = (seq: number) => peer.send({ flags: 'A', seq, ack: 1, bytes: 100 });
    expect(send(201)).toEqual(['A 1 ack 1 sack 201:301']);
    expect(send(601)).toEqual(['A 1 ack 1 sack 601:701 201:301']);
    expect(send(401)).toEqual(['A 1 ack 1 sack 401:501 601:701 201:301']);
    expect(send(801)).toEqual(['A 1 ack 1 sack 801:901 401:501 601:701 201:301']);
    // This one joins two blocks.
    expect(send(301)).toEqual(['A 1 ack 1 sack 201:501 801:901 601:701']);
    expect(peer.read()).toBe(0);
  });

  it('is delivered with what fills the gap, which is acknowledged at once (RFC 5681, 4.2)', () => {
    const { peer } = established();
    peer.send({ flags: 'A', seq: 101, ack: 1, bytes: 100 });
    peer.send({ flags: 'A', seq: 301, ack: 1, bytes: 100 });
    expect(peer.send({ flags: 'A', seq: 1, ack: 1, bytes: 100 })).toEqual(['A 1 ack 201 sack 301:401']);
    expect(peer.read()).toBe(200);
    expect(peer.send({ flags: 'A', seq: 201, ack: 1, bytes: 150 })).toEqual(['A 1 ack 401']);
    expect(peer.read()).toBe(200);
  });

  it('is answered without blocks when SACK was not agreed on', () => {
    const { peer } = established({ sackPermitted: false });
    expect(peer.send({ flags: 'A', seq: 101, ack: 1, bytes: 100 })).toEqual(['A 1 ack 1']);
  });

  it('is told in a segment of its own when full segments of data leave no room for the blocks', () => {
    const { peer } = established();
    peer.inject({ flags: 'A', seq: 101, ack: 1, bytes: 100 });
    peer.stack.poll();
    expect(peer.push(2000)).toEqual(['A 1:1001 ack 1', 'PA 1001:2001 ack 1', 'A 2001 ack 1 sack 101:201']);
  });

  it('rides on data that leaves room for the blocks', () => {
    const { peer } = established();
    peer.inject({ flags: 'A', seq: 101, ack: 1, bytes: 100 });
    peer.stack.poll();
    expect(peer.push(500)).toEqual(['PA 1:501 ack 1 sack 101:201']);
  });

  it.each([
    [false, 'sack 901:1001 701:801 501:601 301:401'],
    [true, 'sack 901:1001 701:801 501:601'],
  ])('is told in four blocks, or three beside timestamps (%s; RFC 2018, 3)', (timestamps, blocks) => {
    const { peer } = established({ timestamps });
    for (let seq = 101; seq < 901; seq += 200) peer.send({ flags: 'A', seq, ack: 1, bytes: 100 });
    expect(peer.send({ flags: 'A', seq: 901, ack: 1, bytes: 100 })).toEqual([`A 1 ack 1 ${blocks}`]);
  });

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
    expect(peer.push(bytes)).toEqual([`PA 1:${1 + bytes} ack 1 ${blocks}`]);
  });

  it('a FIN ahead of missing data is answered too, and takes effect when that has come', () => {
    const { peer, connection } = established();
    expect(peer.send({ flags: 'FA', seq: 101, ack: 1 })).toEqual(['A 1 ack 1']);
    expect(connection.state).toBe(TcpState.Established);
    expect(peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 100 })).toEqual(['A 1 ack 102']);
    expect(connection.state).toBe(TcpState.CloseWait);
    expect(peer.read()).toBe(100);
  });

  it('is dropped, and comes again, when the device has few buffers left', () => {
    const peer = new TestPeer({ link: { buffers: 400 } });
    peer.establish();
    expect(peer.send({ flags: 'A', seq: 101, ack: 1, bytes: 100 })).toEqual(['A 1 ack 1']);
    expect(peer.tcp.counters.receiveDropped).toBe(1);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1, bytes: 1000 })).toEqual([]);
    expect(peer.read()).toBe(1000);
  });
});

describe('receive: delayed acknowledgements (RFC 9293, 3.8.6.3; RFC 5681, 4.2)', () => {
  it('wait for 10 ms', () => {
    const { peer } = established();
    expect(peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 100 })).toEqual([]);
    peer.pass(4000);
    peer.send({ flags: 'PA', seq: 101, ack: 1, bytes: 100 });
    expect(peer.pass(50_000)).toEqual(['6000 A 1 ack 201']);
  });

  it('do not wait at the second full segment', () => {
    const { peer } = established();
    expect(peer.send({ flags: 'A', seq: 1, ack: 1, bytes: 1000 })).toEqual([]);
    expect(peer.send({ flags: 'A', seq: 1001, ack: 1, bytes: 1000 })).toEqual(['A 1 ack 2001']);
    expect(peer.pass(50_000)).toEqual([]);
  });

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

  it('are one for a burst', () => {
    const { peer } = established({}, { receiveWindowBytes: 65_000 });
    for (let seq = 1; seq < 20_001; seq += 1000) peer.inject({ flags: 'A', seq, ack: 1, bytes: 1000 });
    expect(peer.run()).toEqual(['A 1 ack 20001']);
  });

  it('ride on data', () => {
    const { peer } = established();
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 100 });
    expect(peer.push(10)).toEqual(['PA 1:11 ack 101']);
    expect(peer.pass(20_000)).toEqual([]);
  });

  it('are not owed for an empty segment', () => {
    const { peer } = established();
    peer.push(10);
    expect(peer.send({ flags: 'A', seq: 1, ack: 11 })).toEqual([]);
    expect(peer.pass(1e6)).toEqual([]);
  });
});

describe('receive: what cannot be a segment', () => {
  it.each([
    ['a data offset below 5', 0x40],
    ['a data offset beyond its end', 0xf0],
  ])('is dropped: %s (RFC 9293, 3.1)', (_, offset) => {
    const { peer } = established();
    const spoil = (header: Uint8Array) => header.fill(offset, 12, 13);
    expect(peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10, spoil })).toEqual([]);
    expect(peer.tcp.counters.malformed).toBe(1);
  });

  it('is dropped when its checksum is wrong (RFC 9293, 3.1, MUST-3)', () => {
    const { peer } = established();
    peer.link.bToA.drops = (frame) => {
      frame[frame.length - 1] ^= 1;
      return false;
    };
    expect(peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10 })).toEqual([]);
    expect(peer.tcp.counters.badChecksum).toBe(1);
    expect(peer.read()).toBe(0);
  });

  it('with unknown and malformed options is taken for what it is (RFC 9293, 3.1, MUST-6)', () => {
    const { peer } = established();
    const options = [
      [253, 4, 9, 9],
      [30, 3, 1, 1, 253, 2, 1, 1],
      [8, 3, 1, 1],
      [5, 9, 0, 0],
      [77],
      [2, 200, 1, 1],
    ];
    options.forEach((bytes, i) => {
      peer.send({ flags: 'PA', seq: 1 + 10 * i, ack: 1, bytes: 10, options: bytes });
    });
    expect(peer.read()).toBe(10 * options.length);
  });

  it('urgent data is data like other (RFC 6093)', () => {
    const { peer } = established();
    peer.send({ flags: 'PAU', seq: 1, ack: 1, bytes: 10, spoil: (header) => header.set([0, 5], 18) });
    expect(peer.read()).toBe(10);
  });

  it('to a port that nobody listens at is answered with a reset (RFC 9293, 3.10.7.1)', () => {
    const { peer } = established();
    peer.ourIss = 0;
    const nowhere = { port: OUR_PORT + 1, seq: 7 };
    expect(peer.send({ ...nowhere, flags: 'A', ack: 99 })).toEqual(['R 99']);
    expect(peer.send({ ...nowhere, flags: 'S' })).toEqual(['RA 0 ack 8']);
    expect(peer.send({ ...nowhere, flags: 'F', bytes: 10 })).toEqual(['RA 0 ack 18']);
    expect(peer.send({ ...nowhere, flags: 'R' })).toEqual([]);
  });
});
