import { afterEach, describe, expect, it } from 'vitest';
import { Recovery } from './recovery.ts';
import { type Offer, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

/** Ten segments are in flight over a path of 10 ms, more waits. */
function tenInFlight(offer: Offer = {}, congestion: 'newreno' | 'cubic' = 'newreno') {
  const peer = new TestPeer({ tcp: { congestion, keepAliveUs: 0 } });
  peer.listen();
  peer.offer(offer);
  peer.pass(10_000);
  peer.send({ flags: 'A', seq: 1, ack: 1 });
  const { recovery } = peer.accepted().sender;
  const { congestion: control } = recovery;
  const before = { window: control.window, slowStartThreshold: control.slowStartThreshold };
  expect(peer.push(40_000).length).toBe(10);
  const sentTick = peer.last.timestamps?.[0] ?? 0;
  const acknowledge = (ack: number, ...sack: (readonly [number, number])[]) =>
    peer.send({ flags: 'A', seq: 1, ack, ...(sack.length > 0 ? { sack } : {}) });
  /** The same, which echoes what was sent first. */
  const late = (ack: number, ...sack: (readonly [number, number])[]) =>
    peer.send({
      flags: 'A',
      seq: 1,
      ack,
      timestamps: [peer.peerClock(), sentTick],
      ...(sack.length > 0 ? { sack } : {}),
    });
  const isUndone = () => {
    expect(peer.tcp.counters.needlessRecoveries).toBe(1);
    expect(recovery.state).toBe(Recovery.Open);
    expect(control.window).toBeGreaterThanOrEqual(before.window);
    expect(control.slowStartThreshold).toBe(before.slowStartThreshold);
  };
  const stays = () => {
    expect(peer.tcp.counters.needlessRecoveries).toBe(0);
    expect(control.slowStartThreshold).toBeLessThan(before.slowStartThreshold);
  };
  return { peer, recovery, control, acknowledge, late, isUndone, stays };
}

describe.each(['newreno', 'cubic'] as const)('a needless fast recovery of %s', (congestion) => {
  function recovering(offer: Offer = {}) {
    const all = tenInFlight(offer, congestion);
    const { peer, acknowledge, recovery } = all;
    peer.pass(10_000);
    expect(acknowledge(1, [1001, 4001])).toContain('A 1:1001 ack 1');
    expect(recovery.state).toBe(Recovery.Fast);
    return all;
  }

  it('is taken back when all that was sent again has arrived twice (D-SACK, RFC 3708)', () => {
    const { peer, acknowledge, isUndone } = recovering();
    peer.pass(1000);
    acknowledge(4001);
    peer.pass(9000);
    acknowledge(10_001, [1, 1001]);
    isUndone();
  });

  it('is taken back also after it has ended', () => {
    const { peer, acknowledge, recovery, isUndone } = recovering();
    peer.pass(1000);
    acknowledge(10_001);
    expect(recovery.state).toBe(Recovery.Open);
    peer.pass(9000);
    acknowledge(11_001, [1, 1001]);
    isUndone();
  });

  it('is taken back at once when the acknowledgement echoes a timestamp from before (Eifel, RFC 3522)', () => {
    const { peer, late, isUndone } = recovering({ timestamps: true, mss: 1012 });
    peer.pass(2000);
    late(4001);
    isUndone();
  });

  it('stays when the timestamp is that of the retransmission', () => {
    const { peer, acknowledge, stays } = recovering({ timestamps: true, mss: 1012 });
    peer.pass(10_000);
    acknowledge(4001);
    stays();
  });

  it('stays when only a part has arrived twice, or something that was not sent again', () => {
    const { peer, acknowledge, stays } = recovering();
    peer.pass(10_000);
    // Of what was sent again by then, the first alone.
    expect(acknowledge(1, [1001, 4001], [5001, 9001]).length).toBeGreaterThan(0);
    acknowledge(4001, [1, 1001], [5001, 9001]);
    acknowledge(4001, [1001, 2001], [5001, 9001]);
    stays();
  });

  it('teaches RACK that segments overtake each other', () => {
    const { peer, acknowledge, isUndone } = recovering();
    peer.pass(1000);
    acknowledge(10_001);
    peer.pass(9000);
    acknowledge(10_001, [1, 1001]);
    isUndone();
    acknowledge(11_001);
    const { fastRecoveries } = peer.tcp.counters;
    // Three behind a hole would have been enough before.
    acknowledge(11_001, [12_001, 15_001]);
    expect(peer.tcp.counters.fastRecoveries).toBe(fastRecoveries);
    acknowledge(15_001);
    expect(peer.tcp.counters.fastRecoveries).toBe(fastRecoveries);
  });
});

describe('a needless timeout', () => {
  /** Nothing comes for 80 ms: a probe, then the timeout. */
  function timedOut(offer: Offer = {}) {
    const all = tenInFlight(offer);
    expect(all.peer.pass(80_000)).toEqual(['20000 A 10001:11001 ack 1', '70000 A 1:1001 ack 1']);
    expect(all.control.window).toBe(1000);
    return all;
  }

  it('shows by what arrives of what was sent once, while new data goes (F-RTO, RFC 5682, 3.1)', () => {
    const { acknowledge, isUndone } = timedOut();
    expect(acknowledge(1001)).toEqual(['A 11001:12001 ack 1', 'A 12001:13001 ack 1']);
    acknowledge(2001);
    isUndone();
  });

  it('shows by a SACK block of such data as well', () => {
    const { acknowledge, isUndone } = timedOut();
    acknowledge(1001);
    acknowledge(1001, [3001, 4001]);
    isUndone();
  });

  it('was needed when the next acknowledgement tells of the new data only: the rest goes again (step 3b)', () => {
    const { acknowledge, stays, recovery } = timedOut();
    acknowledge(1001);
    const sent = acknowledge(1001, [11_001, 12_001]);
    expect(sent[0]).toBe('A 1001:2001 ack 1');
    stays();
    expect(recovery.state).toBe(Recovery.Timeout);
  });

  it('was needed when the next acknowledgement is a duplicate without SACK (step 3b)', () => {
    const { acknowledge, stays } = timedOut();
    acknowledge(1001);
    expect(acknowledge(1001)[0]).toBe('A 1001:2001 ack 1');
    stays();
  });

  it('shows by a duplicate of all that was sent again, and what else is late is waited for', () => {
    const { acknowledge, isUndone } = timedOut();
    acknowledge(1001);
    acknowledge(1001, [1, 1001]);
    isUndone();
    acknowledge(2001);
    isUndone();
  });

  it('is judged the usual way when there is nothing new to send (step 2)', () => {
    const peer = new TestPeer({ tcp: { congestion: 'newreno', keepAliveUs: 0 } });
    peer.establish();
    peer.push(10_000);
    peer.pass(100_000);
    const acknowledge = (ack: number) => peer.send({ flags: 'A', seq: 1, ack });
    expect(acknowledge(1001)).toEqual(['A 1001:2001 ack 1', 'A 2001:3001 ack 1']);
    expect(peer.tcp.counters.needlessRecoveries).toBe(0);
  });

  it('shows by a timestamp, whatever it acknowledges (Eifel)', () => {
    const { late, isUndone } = timedOut({ timestamps: true, mss: 1012 });
    late(11_001);
    isUndone();
  });

  it('shows also when only the acknowledgements were lost: the peer has all that was sent again twice', () => {
    const { acknowledge, isUndone } = timedOut();
    acknowledge(11_001, [1, 1001]);
    isUndone();
  });

  it('lets the timeout grow by the round trips that it has met', () => {
    const { late, peer } = timedOut({ timestamps: true, mss: 1012 });
    late(11_001);
    expect(peer.connection.sender.rtt.smoothedUs).toBeGreaterThan(10_000);
  });
});

describe('what the peer reports twice', () => {
  it('counts once', () => {
    const { peer, acknowledge, stays } = tenInFlight();
    peer.pass(10_000);
    // Both that are missing go again.
    expect(acknowledge(1, [2001, 6001])).toContain('A 1:1001 ack 1');
    expect(acknowledge(1, [2001, 10_001])).toContain('A 1001:2001 ack 1');
    peer.pass(9000);
    acknowledge(10_001, [1, 1001]);
    acknowledge(10_001, [1, 1001]);
    stays();
  });

  it('is looked at for the flight behind the recovery, and no longer', () => {
    const { peer, acknowledge, recovery, stays } = tenInFlight();
    const { sender } = peer.connection;
    const all = () => (sender.next - sender.initialSequence) | 0;
    peer.pass(10_000);
    acknowledge(1, [1001, 4001]);
    acknowledge(all());
    expect(recovery.state).toBe(Recovery.Open);
    peer.pass(10_000);
    acknowledge(all());
    peer.pass(10_000);
    acknowledge(all(), [1, 1001]);
    stays();
  });
});
