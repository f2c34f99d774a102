/** A window that is closed, or too small: probes, the timers that run meanwhile, and what comes when it opens. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Offer, type Script, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

const REFUSED: Script = { flags: 'A', seq: 1, ack: 2001, window: 0 };

/** 2000 bytes are acknowledged, more wait, and the window is closed. */
function blocked(tcp = {}, offer: Offer = {}, bytes = 5000) {
  const peer = new TestPeer({ tcp: { keepAliveUs: 0, ...tcp } });
  peer.window = 2000;
  // The payload of a full segment is 1000 bytes in any case.
  const connection = peer.establish({ window: 2000, mss: offer.timestamps ? 1012 : 1000, ...offer });
  peer.push(bytes);
  expect(peer.send(REFUSED)).toEqual([]);
  return { peer, connection };
}

/** Lets time pass while the peer answers every segment with `answer`; how many there were. */
function refuse(peer: TestPeer, us: number, answer: (probe: number) => Script = () => REFUSED): number {
  let probes = 0;
  for (let passed = 0; passed < us && peer.connection.error === null; passed += 10_000) {
    const { length } = peer.pass(10_000);
    for (let i = 0; i < length; i++) if (peer.connection.error === null) peer.send(answer(probes++));
  }
  return probes;
}

/** After how many microseconds something is sent again; behind a tail loss probe, from that on. */
function timeoutAfter(peer: TestPeer, us: number): number {
  const { tailLossProbes } = peer.tcp.counters;
  const [first, second] = peer.pass(us).map((text) => Number.parseInt(text, 10));
  return peer.tcp.counters.tailLossProbes > tailLossProbes ? second - first : first;
}

describe('persist: probes that a live peer has answered are no congestion', () => {
  const openings: [string, Partial<Script>][] = [
    ['the acknowledgement of the probe', { ack: 2002 }],
    ['a window update', {}],
    ['a window update that acknowledges the probe later', { ack: 2002, seq: 1 }],
    ['data', { flags: 'PA', bytes: 10 }],
    ['data with the acknowledgement of the probe', { flags: 'PA', bytes: 10, ack: 2002 }],
  ];
  const offers: [string, Offer][] = [
    ['with SACK', {}],
    ['without SACK', { sackPermitted: false }],
    ['with timestamps', { timestamps: true }],
  ];
  it.each(
    openings.flatMap(([how, opening]) => offers.map(([what, offer]) => ({ how, what, opening, offer }))),
  )('the timeout is the measured one when the window opens by $how, $what', ({ opening, offer }) => {
    const { peer } = blocked({}, offer);
    expect(refuse(peer, 30e6)).toBeGreaterThan(5);
    expect(peer.send({ ...REFUSED, ...opening, window: 8000 }).length).toBeGreaterThan(0);
    // All of it is lost.
    expect(timeoutAfter(peer, 60e6)).toBe(50_000);
  });

  it('nor do they make the window a small one', () => {
    const { peer, connection } = blocked();
    const { window } = connection.sender.recovery.congestion;
    refuse(peer, 30e6);
    peer.send({ ...REFUSED, ack: 2002, window: 8000 });
    expect(connection.sender.recovery.congestion.window).toBe(window);
  });

  it('a back-off of before is over as well', () => {
    const { peer } = blocked({}, { sackPermitted: false });
    peer.send({ ...REFUSED, window: 1000 });
    // Lost four times, then acknowledged by a segment that closes the window again.
    expect(peer.pass(400_000).length).toBe(3);
    peer.send({ ...REFUSED, ack: 3001 });
    expect(refuse(peer, 5e6, () => ({ ...REFUSED, ack: 3001 }))).toBeGreaterThan(1);
    peer.send({ ...REFUSED, ack: 3002, window: 8000 });
    expect(timeoutAfter(peer, 60e6)).toBe(50_000);
  });

  it('an old echo of a peer that has refused them is no round trip', () => {
    const { peer, connection } = blocked({}, { timestamps: true }, 3000);
    peer.send({ ...REFUSED, window: 500 });
    const [old] = peer.last.timestamps!;
    // What fits into the small window is lost once, so an echo would be looked at.
    peer.pass(100_000);
    peer.send({ ...REFUSED, window: 0 });
    refuse(peer, 20e6);
    peer.send({ ...REFUSED, ack: 2101, window: 8000, timestamps: [peer.peerClock(), old] });
    expect(connection.sender.rtt.smoothedUs).toBeLessThan(50_000);
  });
});

describe('persist: the timers', () => {
  it('a retransmission timeout that meets a closed window backs off once', () => {
    const peer = new TestPeer({ tcp: { keepAliveUs: 0 } });
    peer.listen();
    peer.offer();
    peer.pass(100_000);
    peer.send({ flags: 'A', seq: 1, ack: 1 });
    peer.accepted();
    peer.push(1000);
    peer.send({ flags: 'A', seq: 1, ack: 1, window: 0 });
    const again = 'PA 1:1001 ack 1';
    expect(peer.pass(3e6)).toEqual([`300000 ${again}`, `900000 ${again}`, `2100000 ${again}`]);
  });

  it('windows that are too small do not put the next segment off', () => {
    const peer = new TestPeer();
    peer.establish({ window: 4000 });
    peer.push(8000);
    peer.send({ flags: 'A', seq: 1, ack: 4001, window: 0 });
    for (const window of [100, 200]) {
      peer.pass(20_000);
      expect(peer.send({ flags: 'A', seq: 1, ack: 4001, window })).toEqual([]);
    }
    expect(peer.pass(20_000)).toEqual(['10000 A 4001:4201 ack 1']);
  });

  it('what fits into a small window is data like other: lost, it is loss', () => {
    const peer = new TestPeer();
    const connection = peer.establish({ window: 4000 });
    peer.push(8000);
    peer.send({ flags: 'A', seq: 1, ack: 4001, window: 900 });
    const times = peer.pass(450_000).map((text) => Number.parseInt(text, 10));
    expect(times).toEqual([50_000, 100_000, 200_000, 400_000]);
    expect(connection.sender.recovery.congestion.window).toBe(1000);
  });

  it('a neighbour that was waited for does not lengthen the timeout of what is sent then', () => {
    const peer = new TestPeer({ tcp: { keepAliveUs: 0 } });
    peer.establish({ sackPermitted: false });
    peer.answersArp = false;
    peer.pass(200e6);
    peer.push(10);
    peer.pass(300_000);
    peer.answersArp = true;
    const [sent, again] = peer.pass(2e6).map((text) => Number.parseInt(text, 10));
    expect(again - sent).toBe(50_000);
  });

  it('a neighbour that was waited for leaves a closed window to be probed', () => {
    const peer = new TestPeer({ tcp: { keepAliveUs: 0 } });
    peer.establish({ window: 0 });
    peer.answersArp = false;
    peer.pass(200e6);
    expect(peer.push(10)).toEqual([]);
    peer.answersArp = true;
    expect(peer.pass(5e6)[0]).toMatch(/ A 1:2 ack 1$/);
  });

  it.each([true, false])(
    'a neighbour that has become silent is no congestion (SACK: %s)',
    (sackPermitted) => {
      const peer = new TestPeer({ tcp: { keepAliveUs: 0 } });
      const { sender, neighbour } = peer.establish({ sackPermitted });
      peer.pass(59e6);
      peer.answersArp = false;
      peer.push(10);
      for (let seconds = 0; neighbour.resolved && seconds < 20; seconds++) peer.pass(1e6);
      expect(neighbour.resolved).toBe(false);
      const { rtoUs } = sender.rtt;
      expect(rtoUs).toBeLessThan(20e6);
      const { retransmissionTimeouts } = peer.tcp.counters;
      peer.pass(40e6);
      expect(sender.rtt.rtoUs).toBe(rtoUs);
      expect(peer.tcp.counters.retransmissionTimeouts).toBe(retransmissionTimeouts);
      peer.answersArp = true;
      expect(peer.pass(2e6)[0]).toMatch(/ PA 1:11 ack 1$/);
    },
  );

  it('a neighbour that is lost meanwhile is asked for, and probed when it is back', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 1000e6 });
    peer.answersArp = false;
    peer.pass(300e6);
    expect(connection.neighbour.resolved).toBe(false);
    peer.answersArp = true;
    expect(peer.pass(5e6).length).toBeGreaterThan(0);
  });
});

describe('persist: the user timeout (RFC 9293, 3.8.3, 3.8.6.1)', () => {
  it('does not end a connection whose peer answers, however rare the probes are (MUST-36)', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 5e6 });
    expect(refuse(peer, 600e6)).toBeGreaterThan(15);
    expect(connection.error).toBeNull();
  });

  it('counts from the first probe that nobody answers', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 5e6 });
    refuse(peer, 100e6);
    const [probe, ...more] = peer.pass(120e6);
    const [time] = probe.split(' ');
    expect(probe).toMatch(/ A 2001:2002 ack 1$/);
    expect(more).toEqual([`${Number(time) + 5e6} RA 2002 ack 1`]);
    expect(connection.error).toBe('TIMED_OUT');
  });

  it.each<[string, (probe: number) => Script]>([
    ['data', (i) => ({ ...REFUSED, flags: 'PA', seq: 1 + 10 * i, bytes: 10 })],
    ['segments that the network has put out of order', (i) => ({ ...REFUSED, seq: i % 2 === 0 ? 20 : 1 })],
  ])('takes every acknowledgement for an answer: %s', (_, answer) => {
    const { peer, connection } = blocked({ userTimeoutUs: 3e6, maxRtoUs: 1e6 });
    refuse(peer, 60e6, answer);
    expect(connection.error).toBeNull();
  });

  it('is not put off by a window that opens and closes and takes nothing, once the application has closed', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 5e6 });
    peer.abandon();
    let passed = 0;
    for (; connection.error === null && passed < 60e6; passed += 20_000) {
      peer.pass(20_000);
      if (connection.error === null) peer.send({ ...REFUSED, window: (passed / 20_000) % 2 });
    }
    expect(connection.error).toBe('TIMED_OUT');
    expect(passed).toBeLessThan(7e6);
  });

  it('begins anew when the application closes a connection whose peer has answered', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 5e6 });
    refuse(peer, 60e6);
    peer.abandon();
    peer.pass(4.9e6);
    expect(connection.error).toBeNull();
    peer.pass(0.2e6);
    expect(connection.error).toBe('TIMED_OUT');
  });

  it('is not over as soon as the window opens after long probing', () => {
    const { peer, connection } = blocked({ userTimeoutUs: 5e6 });
    refuse(peer, 60e6);
    peer.send({ ...REFUSED, window: 8000 });
    peer.pass(4.9e6);
    expect(connection.error).toBeNull();
  });
});

describe('persist: a FIN behind a closed window', () => {
  it('follows the data when it opens', () => {
    const { peer } = blocked();
    peer.finish();
    refuse(peer, 10e6);
    expect(peer.send({ ...REFUSED, ack: 2002, window: 8000 })).toEqual([
      'A 2002:3002 ack 1',
      'A 3002:4002 ack 1',
      'FPA 4002:5001 ack 1',
    ]);
    expect(timeoutAfter(peer, 60e6)).toBe(50_000);
  });

  it('does not follow a byte that the peer has no room for', () => {
    const { peer, connection } = blocked({}, {}, 2001);
    expect(peer.pass(60_000)).toEqual(['50000 PA 2001:2002 ack 1']);
    expect(peer.finish()).toEqual([]);
    refuse(peer, 10e6);
    expect(connection.sender.finSent).toBe(false);
    expect(peer.send({ ...REFUSED, window: 10 })).toEqual(['PA 2001:2002 ack 1', 'FA 2002 ack 1']);
  });

  it('follows the last byte when the peer has taken that, though it has no more room', () => {
    const { peer } = blocked({}, {}, 2001);
    peer.pass(60_000);
    peer.finish();
    expect(peer.send({ ...REFUSED, ack: 2002 })).toEqual(['FA 2002 ack 1']);
  });

  it('is sent again as seldom as probes, and ends with the user timeout when nobody answers', () => {
    const peer = new TestPeer({ tcp: { userTimeoutUs: 2e6 } });
    const connection = peer.establish({ window: 0 });
    peer.finish();
    const sent = peer.pass(5e6);
    expect(sent.map((text) => Number.parseInt(text, 10))).toEqual(
      [50, 150, 350, 750, 1550, 2050].map((ms) => ms * 1000),
    );
    expect(sent.at(-1)).toMatch(/ RA 2 ack 1$/);
    expect(connection.error).toBe('TIMED_OUT');
  });
});
