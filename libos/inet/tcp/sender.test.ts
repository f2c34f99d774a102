import { afterEach, describe, expect, it } from 'vitest';
import { TcpState } from './states.ts';
import { type Offer, type Script, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

function established(offer: Offer = {}, tcp = {}, link = {}) {
  const peer = new TestPeer({ tcp, link });
  if (offer.window !== undefined) peer.window = offer.window;
  const connection = peer.establish(offer);
  return { peer, connection };
}

describe('send: new data', () => {
  it('goes in full segments, the last one with PSH (RFC 9293, 3.9.1.2)', () => {
    const { peer } = established();
    expect(peer.push(2500)).toEqual(['A 1:1001 ack 1', 'A 1001:2001 ack 1', 'PA 2001:2501 ack 1']);
  });

  it('larger than segment, congestion window and receive window arrives whole', () => {
    const { peer, connection } = established({ window: 7500 });
    peer.push(100_000);
    for (let acked = 0; acked < 100_000; ) {
      const sent = peer.last.seq + peer.last.bytes - 1;
      expect(sent - acked).toBeLessThanOrEqual(7500);
      expect(sent).toBeGreaterThan(acked);
      acked = sent;
      peer.send({ flags: 'A', seq: 1, ack: acked + 1 });
    }
    expect(connection.sender.acknowledgedBytes).toBe(100_000);
  });

  it('starts with a window of ten segments (RFC 6928, 2)', () => {
    const { peer } = established();
    expect(peer.push(20_000).length).toBe(10);
  });

  it('goes on where the initial sequence number of the peer has wrapped, and ours', () => {
    const { peer } = established();
    peer.push(5000);
    expect(peer.send({ flags: 'A', seq: 1, ack: 5001 })).toEqual([]);
    peer.send({ flags: 'PA', seq: 1, ack: 5001, bytes: 1400 });
    expect(peer.push(10)).toEqual(['PA 5001:5011 ack 1401']);
  });

  it('in many small pieces fills segments as far as a frame takes pieces', () => {
    const { peer } = established();
    expect(peer.push(100, 5)).toEqual(['A 1:81 ack 1', 'PA 81:101 ack 1']);
  });

  it('waits for a frame when the device has none', () => {
    const { peer } = established({}, {}, { buffers: 600 });
    const frames = [];
    for (let frame = peer.link.a.allocate(); frame !== null; frame = peer.link.a.allocate())
      frames.push(frame);
    const array = pushWithoutRunning(peer, 1500);
    peer.stack.poll();
    expect(peer.take()).toEqual([]);
    for (const frame of frames) peer.link.a.give(frame);
    expect(peer.run()).toEqual(['A 1:1001 ack 1', 'PA 1001:1501 ack 1']);
    expect(array).toBe(1500);
  });
});

describe('send: the window', () => {
  it('of the peer bounds what is in flight (RFC 9293, 3.8.6)', () => {
    const { peer } = established({ window: 2500 });
    expect(peer.push(5000)).toEqual(['A 1:1001 ack 1', 'A 1001:2001 ack 1']);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1001 })).toEqual(['A 2001:3001 ack 1']);
  });

  it('is opened by a pure window update (RFC 9293, 3.10.7.4)', () => {
    const { peer } = established({ window: 2000 });
    peer.push(5000);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1, window: 5000 })).toEqual([
      'A 2001:3001 ack 1',
      'A 3001:4001 ack 1',
      'PA 4001:5001 ack 1',
    ]);
  });

  it('is not changed by a segment older than the one that set it (RFC 9293, 3.10.7.4)', () => {
    const { peer, connection } = established({ window: 2000 });
    peer.push(2000);
    peer.send({ flags: 'A', seq: 1, ack: 1001, window: 3000 });
    peer.send({ flags: 'A', seq: 1, ack: 1, window: 9000 });
    expect(connection.sender.window.bytes).toBe(3000);
    // The network has changed the order of these two.
    peer.send({ flags: 'PA', seq: 11, ack: 1001, window: 4000, bytes: 10 });
    peer.send({ flags: 'PA', seq: 1, ack: 1001, window: 5000, bytes: 10 });
    expect(connection.sender.window.bytes).toBe(4000);
    peer.send({ flags: 'A', seq: 21, ack: 1001, window: 6000 });
    expect(connection.sender.window.bytes).toBe(6000);
  });

  it('is that of the newest acknowledgement, though its segment is an old one: lost data that goes again', () => {
    const { peer, connection } = established({ window: 4000 });
    peer.send({ flags: 'PA', seq: 201, ack: 1, bytes: 100 });
    expect(peer.push(12_000).length).toBe(4);
    expect(peer.send({ flags: 'A', seq: 1, ack: 4001, bytes: 100, window: 0 })).toEqual([
      'A 4001 ack 101 sack 201:301',
    ]);
    expect(connection.sender.window.bytes).toBe(0);
    // It opens in the same way, and the number is not the latest of the peer's either.
    expect(peer.send({ flags: 'A', seq: 101, ack: 4001, bytes: 100, window: 2000 })).toEqual([
      'A 4001:5001 ack 301',
      'A 5001:6001 ack 301',
    ]);
    expect(peer.send({ flags: 'A', seq: 301, ack: 6001, window: 1000 })).toEqual(['A 6001:7001 ack 301']);
  });

  it('opens by an old segment that acknowledges more, without a probe', () => {
    const { peer } = established({ window: 4000 });
    peer.send({ flags: 'PA', seq: 101, ack: 1, bytes: 100 });
    peer.push(12_000);
    peer.send({ flags: 'A', seq: 201, ack: 2001, window: 2000 });
    expect(peer.send({ flags: 'A', seq: 1, ack: 4001, bytes: 100, window: 1000 })[0]).toBe(
      'A 4001:5001 ack 201',
    );
  });

  it.each<[string, Script, number]>([
    ['a FIN', { flags: 'FA', seq: 1, ack: 1, window: 3000 }, 3000],
    ['a segment behind a hole', { flags: 'A', seq: 101, ack: 1, bytes: 10, window: 3000 }, 3000],
    ['a segment that was taken before', { flags: 'A', seq: 0, ack: 1, bytes: 1, window: 3000 }, 2000],
    ['a segment beyond the window', { flags: 'A', seq: 90_000_000, ack: 1, window: 3000 }, 2000],
    ['the SYN-ACK again', { flags: 'SA', seq: 0, ack: 1, window: 3000 }, 2000],
    ['an acknowledgement of what was never sent', { flags: 'A', seq: 1, ack: 9000, window: 3000 }, 2000],
  ])('after %s is that of the last segment that counts', (_, segment, bytes) => {
    const { peer, connection } = established({ window: 2000 });
    peer.send(segment);
    expect(connection.sender.window.bytes).toBe(bytes);
  });

  it('taken back by the peer stops new data, not what is in flight (RFC 9293, 3.8.6)', () => {
    const { peer } = established({ window: 4000 });
    peer.push(6000);
    expect(peer.send({ flags: 'A', seq: 1, ack: 1001, window: 1000 })).toEqual([]);
    expect(peer.send({ flags: 'A', seq: 1, ack: 4001, window: 1000 })).toEqual(['A 4001:5001 ack 1']);
  });

  it('is scaled (RFC 7323, 2.3)', () => {
    const { peer, connection } = established({ windowScale: 7, window: 20 });
    expect(connection.sender.window.bytes).toBe(2560);
    expect(peer.push(5000).length).toBe(2);
  });

  it('taken back bounds the numbers of acknowledgements as well, or they would not be looked at', () => {
    const { peer } = established({ window: 4000 });
    peer.push(4000);
    peer.send({ flags: 'A', seq: 1, ack: 1, window: 1500 });
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10, window: 1500 });
    expect(peer.pass(10_000)).toEqual(['10000 A 1501 ack 11']);
  });
});

describe('send: a closed window (RFC 9293, 3.8.6.1)', () => {
  function blocked(tcp = {}) {
    const { peer, connection } = established({ window: 2000 }, tcp);
    peer.push(5000);
    expect(peer.send({ flags: 'A', seq: 1, ack: 2001, window: 0 })).toEqual([]);
    return { peer, connection };
  }
  const refused = { flags: 'A', seq: 1, ack: 2001, window: 0 };

  it('is probed with one byte after a timeout, and again ever more seldom', () => {
    const { peer } = blocked();
    expect(peer.pass(800_000)).toEqual([
      '50000 A 2001:2002 ack 1',
      '150000 A 2001:2002 ack 1',
      '350000 A 2001:2002 ack 1',
      '750000 A 2001:2002 ack 1',
    ]);
  });

  it('is probed at most once a minute', () => {
    const { peer } = blocked({ maxRtoUs: 60e6, userTimeoutUs: 1000e6, keepAliveUs: 0 });
    const times = peer.pass(400e6).map((text) => Number(text.split(' ')[0]));
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    expect(Math.max(...gaps)).toBe(60e6);
    expect(gaps.at(-1)).toBe(60e6);
  });

  it('keeps the connection as long as the peer answers (MUST-36)', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 5e6, maxRtoUs: 1e6 });
    for (let i = 0; i < 60; i++) {
      peer.pass(1e6);
      peer.send(refused);
    }
    expect(connection.error).toBeNull();
    expect(peer.pass(10e6).at(-1)).toMatch(/RA 2002 ack 1$/);
    expect(connection.error).toBe('TIMED_OUT');
  });

  it('ends a connection that its application has closed, though the peer answers', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 5e6, maxRtoUs: 1e6 });
    peer.abandon();
    let seconds = 0;
    for (; connection.error === null && seconds < 60; seconds++) {
      peer.pass(1e6);
      if (connection.error === null) peer.send(refused);
    }
    expect(connection.error).toBe('TIMED_OUT');
    expect(peer.last).toMatchObject({ flags: 'RA' });
    expect(seconds).toBeGreaterThanOrEqual(5);
    expect(seconds).toBeLessThanOrEqual(7);
  });

  it('lets a peer that takes something now and then have all, of a connection that is closed as well', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 5e6, maxRtoUs: 1e6 });
    peer.abandon();
    for (let taken = 2002; taken < 2020; taken++) {
      peer.pass(2e6);
      peer.send({ ...refused, ack: taken });
    }
    expect(connection.error).toBeNull();
  });

  it('does not end a connection that had been idle before', () => {
    const { peer, connection } = established({ window: 0 }, { userTimeoutUs: 5e6, keepAliveUs: 0 });
    peer.pass(60e6);
    peer.push(10);
    expect(peer.pass(4e6).length).toBeGreaterThan(0);
    expect(connection.error).toBeNull();
  });

  it('that opens lets everything go at once, the byte that was not taken first', () => {
    const { peer, connection } = blocked();
    peer.pass(60_000);
    peer.send(refused);
    const { window } = connection.sender.recovery.congestion;
    expect(peer.send({ ...refused, window: 9000 })).toEqual([
      'A 2001:2002 ack 1',
      'A 2002:3002 ack 1',
      'A 3002:4002 ack 1',
      'PA 4002:5001 ack 1',
    ]);
    expect(connection.sender.recovery.congestion.window).toBe(window);
  });

  it('that opens ends the back-off of the probes', () => {
    const { peer } = blocked();
    peer.pass(3e6);
    expect(peer.send({ ...refused, window: 9000 })[0]).toBe('A 2001:2002 ack 1');
    expect(peer.pass(50_000)).toEqual(['50000 A 2001:3001 ack 1']);
  });

  it('that opens with the byte taken goes on behind that', () => {
    const { peer } = blocked();
    peer.pass(60_000);
    expect(peer.send({ ...refused, ack: 2002, window: 9000 })).toEqual([
      'A 2002:3002 ack 1',
      'A 3002:4002 ack 1',
      'PA 4002:5001 ack 1',
    ]);
  });

  it('that stays closed behind a byte taken is probed with the next one', () => {
    const { peer } = blocked();
    peer.pass(60_000);
    expect(peer.send({ ...refused, ack: 2002 })).toEqual([]);
    expect(peer.pass(50_000)).toEqual(['50000 A 2002:2003 ack 1']);
  });

  it('answered to probes, is no duplicate acknowledgement', () => {
    const peer = new TestPeer();
    peer.window = 2000;
    const connection = peer.establish({ window: 2000, sackPermitted: false });
    peer.push(5000);
    peer.send(refused);
    const { window } = connection.sender.recovery.congestion;
    for (let i = 0; i < 5; i++) {
      peer.pass(2e6);
      peer.send(refused);
    }
    expect(peer.tcp.counters.fastRecoveries).toBe(0);
    expect(connection.sender.recovery.congestion.window).toBe(window);
  });

  it('behind data in flight is no sign of loss: the congestion window stays', () => {
    const { peer, connection } = established({ window: 2000 });
    peer.push(5000);
    peer.send({ flags: 'A', seq: 1, ack: 1, window: 0 });
    const { window } = connection.sender.recovery.congestion;
    expect(peer.pass(50_000)).toEqual(['50000 A 1:1001 ack 1']);
    expect(connection.sender.recovery.congestion.window).toBe(window);
    expect(peer.send({ flags: 'A', seq: 1, ack: 2001, window: 5000 })).toEqual([
      'A 2001:3001 ack 1',
      'A 3001:4001 ack 1',
      'PA 4001:5001 ack 1',
    ]);
  });

  it('does not stop acknowledgements: they carry a number that the peer looks at (3.10.7.4)', () => {
    const { peer } = blocked();
    peer.pass(60_000);
    peer.send({ ...refused, flags: 'PA', bytes: 10 });
    expect(peer.pass(10_000)).toEqual(['10000 A 2001 ack 11']);
  });

  it('does not stop a FIN without data', () => {
    const { peer } = established({ window: 0 });
    expect(peer.finish()).toEqual(['FA 1 ack 1']);
    // The peer has taken it, and looks at no number before it.
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10, window: 0 });
    expect(peer.pass(10_000)).toEqual(['10000 A 2 ack 11']);
  });
});

describe('send: while the neighbour does not answer', () => {
  function silent() {
    const { peer, connection } = established({}, { keepAliveUs: 0, userTimeoutUs: 100e6 });
    peer.answersArp = false;
    // Its address is believed for a minute; then it is asked for, and has failed.
    peer.pass(200e6);
    expect(connection.neighbour.failed).toBe(true);
    return { peer, connection };
  }

  it('data waits, asks for it again and again, and goes when it answers', () => {
    const { peer } = silent();
    expect(peer.push(10)).toEqual([]);
    expect(peer.pass(50e6)).toEqual([]);
    peer.answersArp = true;
    expect(peer.pass(5e6)[0]).toMatch(/ PA 1:11 ack 1$/);
  });

  it('data waits for the user timeout and no longer (RFC 9293, 3.8.3)', () => {
    const { peer, connection } = silent();
    peer.push(10);
    peer.pass(99e6);
    expect(connection.error).toBeNull();
    peer.pass(2e6);
    expect(connection.error).toBe('TIMED_OUT');
    peer.answersArp = true;
    peer.pass(5e6);
  });

  it('data in flight is sent again when it answers', () => {
    const { peer } = established({}, { keepAliveUs: 0 });
    peer.pass(59e6);
    peer.push(10);
    peer.answersArp = false;
    peer.pass(20e6);
    peer.answersArp = true;
    expect(peer.pass(20e6)[0]).toMatch(/ PA 1:11 ack 1$/);
  });

  it('an acknowledgement waits and does not end the connection', () => {
    const { peer, connection } = silent();
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10 });
    peer.pass(300e6);
    expect(connection.state).toBe(TcpState.Established);
    peer.answersArp = true;
    peer.stack.neighbours.use(connection.neighbour);
    expect(peer.pass(1e6)).toEqual(['250000 A 1 ack 11']);
  });
});

/** Queues bytes without letting the stack run. */
function pushWithoutRunning(peer: TestPeer, bytes: number): number {
  const { run } = peer;
  peer.run = () => [];
  peer.push(bytes);
  peer.run = run;
  return bytes;
}
