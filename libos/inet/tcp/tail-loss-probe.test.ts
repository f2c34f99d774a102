import { afterEach, describe, expect, it } from 'vitest';
import { Recovery } from './recovery.ts';
import { TailLossProbe } from './tail-loss-probe.ts';
import { type Offer, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

/** A connection whose handshake took 10 ms: SRTT 10 ms, RTO 50 ms, which is the floor. */
function established(offer: Offer = {}) {
  const peer = new TestPeer({ tcp: { congestion: 'newreno', keepAliveUs: 0 } });
  peer.listen();
  peer.offer(offer);
  peer.pass(10_000);
  peer.send({ flags: 'A', seq: 1, ack: 1 });
  const { recovery } = peer.accepted().sender;
  const acknowledge = (ack: number, ...sack: (readonly [number, number])[]) =>
    peer.send({ flags: 'A', seq: 1, ack, ...(sack.length > 0 ? { sack } : {}) });
  return { peer, recovery, acknowledge };
}

describe('tail loss probes (RFC 8985, 7)', () => {
  it('show what is missing at the end of a flight, in place of a timeout (3.4)', () => {
    const { peer, recovery, acknowledge } = established();
    expect(peer.push(4000).length).toBe(4);
    peer.pass(10_000);
    // P1, P2 and P3 are lost.
    acknowledge(1001);
    expect(peer.pass(20_000)).toEqual(['20000 PA 3001:4001 ack 1']);
    peer.pass(10_000);
    expect(acknowledge(1001, [3001, 4001])).toEqual(['A 1001:2001 ack 1']);
    expect(recovery.state).toBe(Recovery.Fast);
    peer.pass(10_000);
    expect(acknowledge(2001, [3001, 4001])).toEqual(['A 2001:3001 ack 1']);
    peer.pass(10_000);
    acknowledge(4001);
    expect(recovery.state).toBe(Recovery.Open);
    expect(peer.tcp.counters).toMatchObject({ tailLossProbes: 1, retransmissionTimeouts: 0 });
  });

  it('go after two round trips, and half the least timeout more where the peer may delay (7.2)', () => {
    const { peer } = established();
    peer.push(10);
    expect(peer.pass(50_000)).toEqual(['45000 PA 1:11 ack 1']);
    const full = established();
    full.peer.push(2000);
    expect(full.peer.pass(30_000)).toEqual(['20000 PA 1001:2001 ack 1']);
  });

  it('are followed by the retransmission timeout, and go once for a flight (7.3)', () => {
    const { peer } = established();
    peer.push(2000);
    expect(peer.pass(180_000)).toEqual([
      '20000 PA 1001:2001 ack 1',
      '70000 A 1:1001 ack 1',
      '170000 A 1:1001 ack 1',
    ]);
    expect(peer.tcp.counters).toMatchObject({ tailLossProbes: 1, retransmissionTimeouts: 2 });
  });

  it('go no later than the timeout would', () => {
    const { peer } = established();
    peer.push(1000);
    peer.pass(40_000);
    // The probe is set anew with what is sent, the timeout is not.
    peer.push(1000);
    expect(peer.pass(15_000)).toEqual(['10000 PA 1001:2001 ack 1']);
  });

  it('are new data where there is some, beyond the congestion window (7.3)', () => {
    const { peer, recovery } = established();
    expect(peer.push(30_000).length).toBe(10);
    expect(peer.pass(30_000)).toEqual(['20000 A 10001:11001 ack 1']);
    expect(recovery.congestion.window).toBe(10_000);
  });

  it('are old data when the window of the peer has no room', () => {
    const { peer, acknowledge } = established();
    peer.window = 3000;
    acknowledge(1);
    expect(peer.push(30_000).length).toBe(3);
    expect(peer.pass(30_000)).toEqual(['20000 A 2001:3001 ack 1']);
  });

  it('include the FIN', () => {
    const { peer } = established();
    peer.push(1500);
    peer.finish();
    expect(peer.pass(46_000)).toEqual(['45000 FA 1501 ack 1']);
  });

  it('do not go without SACK', () => {
    const { peer } = established({ sackPermitted: false });
    peer.push(2000);
    expect(peer.pass(60_000)).toEqual(['50000 A 1:1001 ack 1']);
  });

  it('are not left over when the acknowledgement comes', () => {
    const { peer, acknowledge } = established();
    peer.push(2000);
    acknowledge(2001);
    expect(peer.pass(1e6)).toEqual([]);
  });
});

describe('a probe that has mended the only loss (RFC 8985, 7.4)', () => {
  function probed() {
    const all = established();
    const { peer, acknowledge } = all;
    peer.push(4000);
    peer.pass(10_000);
    acknowledge(3001);
    expect(peer.pass(45_000)).toEqual(['45000 PA 3001:4001 ack 1']);
    const { window, slowStartThreshold } = all.recovery.congestion;
    return { ...all, window, slowStartThreshold };
  }

  it('counts as a loss when more is acknowledged than the probe, without a word of a duplicate', () => {
    const { peer, recovery, acknowledge } = probed();
    peer.push(1000);
    acknowledge(5001);
    expect(recovery.congestion.slowStartThreshold).toBe(2000);
    expect(recovery.congestion.window).toBe(2000);
  });

  it.each([
    ['a duplicate (case 1)', [[3001, 4001]]],
    ['nothing new, without a SACK option (case 2)', []],
  ] as const)('does not when the peer reports %s', (_, sack) => {
    const { peer, recovery, acknowledge, window, slowStartThreshold } = probed();
    acknowledge(4001);
    acknowledge(4001, ...sack);
    peer.push(1000);
    acknowledge(5001);
    expect(recovery.congestion.slowStartThreshold).toBe(slowStartThreshold);
    expect(recovery.congestion.window).toBeGreaterThanOrEqual(window);
  });

  it('is nothing when it was new data', () => {
    const { peer, recovery, acknowledge } = established();
    peer.push(30_000);
    peer.pass(20_000);
    acknowledge(11_001);
    expect(recovery.congestion.window).toBeGreaterThan(10_000);
  });

  it('does not let the reordering window grow', () => {
    const { acknowledge, recovery } = probed();
    acknowledge(4001, [3001, 4001]);
    expect(recovery.state).toBe(Recovery.Open);
  });
});

describe('TailLossProbe.waitUs', () => {
  it('is a millisecond at least, and a second while nothing was measured', () => {
    const probe = new TailLossProbe();
    expect(probe.waitUs(10, false, 25_000)).toBe(1000);
    expect(probe.waitUs(10, true, 25_000)).toBe(26_000);
    expect(probe.waitUs(800, false, 25_000)).toBe(1600);
    expect(probe.waitUs(Number.NaN, true, 25_000)).toBe(1e6);
  });
});
