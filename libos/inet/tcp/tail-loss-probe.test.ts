import { afterEach, describe, expect, it } from 'vitest';
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
  it('go no later than the timeout would', () => {
    const { peer } = established();
    peer.push(1000);
    peer.pass(40_000);
    // The probe is set anew with what is sent, the timeout is not.
    peer.push(1000);
    expect(peer.pass(15_000)).toEqual(['10000 PA 1001:2001 ack 1']);
  });

  it('include the FIN', () => {
    const { peer } = established();
    peer.push(1500);
    peer.finish();
    expect(peer.pass(51_000)).toEqual(['50000 FA 1501 ack 1']);
  });
});

describe('a probe that has mended the only loss (RFC 8985, 7.4)', () => {
  function probed() {
    const all = established();
    const { peer, acknowledge } = all;
    peer.push(4000);
    peer.pass(10_000);
    acknowledge(3001);
    expect(peer.pass(50_000)).toEqual(['50000 PA 3001:4001 ack 1']);
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
    const { peer, acknowledge } = probed();
    acknowledge(4001, [3001, 4001]);
    peer.push(2000);
    peer.pass(10_000);
    acknowledge(4001, [5001, 6001]);
    // It is a quarter of the least round trip, not two.
    expect(peer.pass(4000)).toEqual(['2500 A 4001:5001 ack 1']);
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
