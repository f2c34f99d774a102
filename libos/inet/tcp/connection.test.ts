/** How connections end, TIME-WAIT and what opens it anew. */
import { afterEach, describe, expect, it } from 'vitest';
import { isBefore } from '../sequence.ts';
import { ip } from '../test-device.ts';
import { Listener } from './listener.ts';
import { TcpState } from './states.ts';
import { type Offer, OUR_PORT, PEER_ADDRESS, type Script, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

const ACK = { flags: 'A', seq: 1, ack: 1 } as const;
const FIN = { flags: 'FA', seq: 1, ack: 1 } as const;

function established(offer: Offer = {}, tcp = {}) {
  const peer = new TestPeer({ tcp });
  return { peer, connection: peer.establish(offer) };
}

describe('closing first (RFC 9293, 3.6, figure 12)', () => {
  it('goes by FIN-WAIT-1 and FIN-WAIT-2 to TIME-WAIT', () => {
    const { peer, connection } = established();
    expect(peer.finish()).toEqual(['FA 1 ack 1']);
    expect(connection.state).toBe(TcpState.FinWait1);
    expect(peer.send({ ...ACK, ack: 2 })).toEqual([]);
    expect(connection.state).toBe(TcpState.FinWait2);
    expect(peer.send({ ...FIN, ack: 2 })).toEqual(['A 2 ack 2']);
    expect(connection.state).toBe(TcpState.TimeWait);
    expect(peer.pass(59e6)).toEqual([]);
    expect(connection.state).toBe(TcpState.TimeWait);
    peer.pass(2e6);
    expect(connection).toMatchObject({ state: TcpState.Closed, error: null });
  });

  it('goes to TIME-WAIT at once with a FIN that acknowledges ours', () => {
    const { peer, connection } = established();
    peer.finish();
    expect(peer.send({ ...FIN, ack: 2 })).toEqual(['A 2 ack 2']);
    expect(connection.state).toBe(TcpState.TimeWait);
  });

  it('sends the FIN behind all data, with the last of it', () => {
    const { peer, connection } = established();
    peer.window = 1000;
    peer.send({ ...ACK, window: 1000 });
    expect(peer.push(1500)).toEqual(['A 1:1001 ack 1']);
    expect(peer.finish()).toEqual([]);
    expect(connection.state).toBe(TcpState.Established);
    expect(peer.send({ ...ACK, ack: 1001 })).toEqual(['FPA 1001:1501 ack 1']);
    peer.send({ ...ACK, ack: 1502 });
    expect(connection.state).toBe(TcpState.FinWait2);
    expect(connection.sender.acknowledgedBytes).toBe(1500);
  });

  it('still takes data in FIN-WAIT-1 and FIN-WAIT-2 (3.10.7.4, half-close)', () => {
    const { peer } = established();
    peer.finish();
    peer.send({ ...ACK, bytes: 100 });
    expect(peer.read()).toBe(100);
    peer.send({ flags: 'A', seq: 101, ack: 2, bytes: 1000 });
    expect(peer.read()).toBe(1000);
    expect(peer.send({ flags: 'FPA', seq: 1101, ack: 2, bytes: 500 })).toEqual(['A 2 ack 1602']);
    expect(peer.read()).toBe(500);
  });

  it('stays in FIN-WAIT-2 as long as the peer does, while the application may read', () => {
    const { peer, connection } = established({}, { keepAliveUs: 0 });
    peer.finish();
    peer.send({ ...ACK, ack: 2 });
    peer.pass(1000e6);
    expect(connection.state).toBe(TcpState.FinWait2);
  });
});

describe('closing last (RFC 9293, 3.6)', () => {
  it('goes by CLOSE-WAIT, where data can be sent still, and LAST-ACK', () => {
    const { peer, connection } = established();
    expect(peer.send(FIN)).toEqual(['A 1 ack 2']);
    expect(connection.state).toBe(TcpState.CloseWait);
    expect(connection.receiver.finReceived).toBe(true);
    expect(peer.push(700)).toEqual(['PA 1:701 ack 2']);
    expect(peer.finish()).toEqual(['FA 701 ack 2']);
    expect(connection.state).toBe(TcpState.LastAck);
    peer.send({ ...ACK, seq: 2, ack: 701 });
    expect(connection.state).toBe(TcpState.LastAck);
    peer.send({ ...ACK, seq: 2, ack: 702 });
    expect(connection).toMatchObject({ state: TcpState.Closed, error: null });
    expect(peer.halfOpen()).toBeNull();
  });

  it('acknowledges a FIN that comes again, and ignores data behind it', () => {
    const { peer } = established();
    peer.send(FIN);
    expect(peer.send(FIN)).toEqual(['A 1 ack 2']);
    expect(peer.send({ ...ACK, seq: 2, bytes: 10 })).toEqual([]);
    expect(peer.read()).toBe(0);
  });
});

describe('closing at once (RFC 9293, 3.6, figure 13)', () => {
  it('goes by CLOSING to TIME-WAIT', () => {
    const { peer, connection } = established();
    peer.finish();
    expect(peer.send(FIN)).toEqual(['A 2 ack 2']);
    expect(connection.state).toBe(TcpState.Closing);
    peer.send({ ...ACK, seq: 2, ack: 2 });
    expect(connection.state).toBe(TcpState.TimeWait);
  });
});

describe('a lost FIN, without SACK (RFC 6298)', () => {
  it.each([
    ['FIN-WAIT-1', false, 'FA 1 ack 1'],
    ['LAST-ACK', true, 'FA 1 ack 2'],
  ])('is sent again in %s, with what was lost before it', (_, peerFirst, fin) => {
    const { peer } = established({ sackPermitted: false });
    if (peerFirst) peer.send(FIN);
    expect(peer.finish()).toEqual([fin]);
    expect(peer.pass(160_000)).toEqual([`50000 ${fin}`, `150000 ${fin}`]);
  });

  it('goes together with the last data again', () => {
    const { peer } = established({ sackPermitted: false });
    peer.push(300);
    peer.finish();
    expect(peer.pass(50_000)).toEqual(['50000 FPA 1:301 ack 1']);
  });

  it('goes alone behind full segments again', () => {
    const { peer } = established({ sackPermitted: false });
    peer.push(1000);
    peer.finish();
    expect(peer.pass(50_000)).toEqual(['50000 A 1:1001 ack 1'.replace('A 1', 'PA 1')]);
    expect(peer.send({ ...ACK, ack: 1001 })).toEqual(['FA 1001 ack 1']);
  });
});

describe('resets while closing (RFC 9293, 3.10.7.4)', () => {
  it('break FIN-WAIT-1, FIN-WAIT-2 and CLOSE-WAIT', () => {
    for (const state of [TcpState.FinWait1, TcpState.FinWait2, TcpState.CloseWait]) {
      const { peer, connection } = established();
      if (state === TcpState.CloseWait) peer.send(FIN);
      else peer.finish();
      if (state === TcpState.FinWait2) peer.send({ ...ACK, ack: 2 });
      expect(connection.state).toBe(state);
      peer.send({ flags: 'R', seq: state === TcpState.CloseWait ? 2 : 1 });
      expect(connection.error).toBe('CONNECTION_RESET');
    }
  });

  it('end CLOSING, LAST-ACK and TIME-WAIT without an error: all was said', () => {
    for (const state of [TcpState.Closing, TcpState.LastAck, TcpState.TimeWait]) {
      const { peer, connection } = established();
      if (state === TcpState.LastAck) peer.send(FIN);
      peer.finish();
      if (state === TcpState.Closing) peer.send(FIN);
      if (state === TcpState.TimeWait) peer.send({ ...FIN, ack: 2 });
      expect(connection.state).toBe(state);
      peer.send({ flags: 'R', seq: 2 });
      expect(connection).toMatchObject({ state: TcpState.Closed, error: null });
    }
  });

  it('and SYNs are challenged in every state when they are only near (RFC 5961, 3 and 4)', () => {
    const steps: ((peer: TestPeer) => void)[] = [
      (peer) => peer.finish(),
      (peer) => peer.send({ ...ACK, ack: 2 }),
      (peer) => peer.send({ ...FIN, ack: 2 }),
    ];
    const { peer, connection } = established();
    const states = steps.map((step) => {
      step(peer);
      const { state } = connection;
      expect(peer.send({ flags: 'R', seq: 20 }).length).toBe(1);
      // In TIME-WAIT, a later SYN opens anew.
      expect(peer.send({ flags: 'S', seq: 1 }).length).toBe(1);
      expect(connection.state).toBe(state);
      return state;
    });
    expect(states).toEqual([TcpState.FinWait1, TcpState.FinWait2, TcpState.TimeWait]);
  });
});

describe('a connection that its application has left', () => {
  it('answers data with a reset (RFC 9293, 3.6.1)', () => {
    const { peer, connection } = established();
    peer.abandon();
    peer.send({ ...ACK, ack: 2 });
    expect(peer.send({ ...ACK, ack: 2, bytes: 10 })).toEqual(['RA 2 ack 1']);
    expect(connection.state).toBe(TcpState.Closed);
  });

  it('does not take a duplicate of old data for that', () => {
    const { peer, connection } = established();
    peer.send({ ...ACK, bytes: 10 });
    peer.read();
    peer.abandon();
    expect(peer.send({ ...ACK, bytes: 10 })).toEqual(['A 2 ack 11 sack 1:11']);
    expect(connection.state).toBe(TcpState.FinWait1);
  });

  it('is done after the usual TIME-WAIT', () => {
    const { peer } = established();
    peer.abandon();
    peer.send({ ...FIN, ack: 2 });
    peer.pass(61e6);
    expect(peer.halfOpen()).toBeNull();
  });

  it('does not stay in FIN-WAIT-2 for a peer that never closes', () => {
    const { peer } = established();
    peer.abandon();
    peer.send({ ...ACK, ack: 2 });
    peer.pass(59e6);
    expect(peer.halfOpen()).not.toBeNull();
    peer.pass(2e6);
    expect(peer.halfOpen()).toBeNull();
  });
});

describe('TIME-WAIT (RFC 9293, 3.10.7.4)', () => {
  function timeWait(offer: Offer = {}) {
    const { peer, connection } = established(offer);
    peer.finish();
    peer.send({ ...FIN, ack: 2 });
    return { peer, connection, old: connection.sender.next };
  }

  it('acknowledges a FIN that comes again, and starts anew', () => {
    const { peer, connection } = timeWait();
    peer.pass(50e6);
    expect(peer.send({ ...FIN, ack: 2 })).toEqual(['A 2 ack 2']);
    peer.pass(50e6);
    expect(connection.state).toBe(TcpState.TimeWait);
    peer.pass(11e6);
    expect(connection.state).toBe(TcpState.Closed);
  });

  it('gives way to a SYN with a later number (RFC 9293, 3.10.7.4; RFC 6191)', () => {
    const { peer, connection } = timeWait();
    peer.send({ flags: 'S', seq: 5000, mss: 1000 });
    expect(peer.last).toMatchObject({ flags: 'SA', ack: 5001 });
    expect(connection.state).toBe(TcpState.Closed);
    expect(peer.halfOpen()!.state).toBe(TcpState.SynReceived);
  });

  it('gives way to a SYN with a later timestamp, whatever its number (RFC 6191, 2)', () => {
    const { peer } = timeWait({ timestamps: true });
    peer.pass(2000);
    peer.send({ flags: 'S', seq: -5000, mss: 1000 });
    expect(peer.last).toMatchObject({ flags: 'SA', ack: -4999 });
  });

  it.each([
    ['an older number', { seq: -5000 }, false],
    ['an older timestamp', { seq: 5000, timestamps: [0x7ffe_0000, 0] as const }, true],
    ['the same timestamp and an older number', { seq: -5000 }, true],
  ])('does not give way to a SYN with %s', (_, syn, timestamps) => {
    const { peer, connection } = timeWait({ timestamps });
    expect(peer.send({ flags: 'S', ...syn })).toEqual(['A 2 ack 2']);
    expect(connection.state).toBe(TcpState.TimeWait);
  });

  it('gives way to a SYN with timestamps, whatever its number, when there were none before (RFC 6191, 2)', () => {
    const { peer } = timeWait();
    peer.send({ flags: 'S', seq: -5000, mss: 1000, timestamps: [1, 0] });
    expect(peer.last).toMatchObject({ flags: 'SA', ack: -4999 });
  });

  const elsewhere = ({ tcp }: TestPeer) =>
    tcp.listeners.set(OUR_PORT, new Listener(ip('10.99.0.99'), OUR_PORT, 1, () => {}, null));
  /** The backlog is full of connections that nobody takes. */
  const fill = (peer: TestPeer) => {
    const { ourIss } = peer;
    peer.listen(1);
    peer.send({ flags: 'S', seq: 0, mss: 1000, peerPort: 7777 });
    const { sender } = peer.tcp.connections.find(OUR_PORT, ip(PEER_ADDRESS), 7777)!;
    peer.send({ flags: 'A', seq: 1, ack: sender.initialSequence + 1 - ourIss, peerPort: 7777 });
  };
  it.each<[string, Script, string[], (peer: TestPeer) => void]>([
    ['a SYN with FIN', { flags: 'SF', seq: 5000 }, ['A 2 ack 2'], () => {}],
    ['a SYN with FIN and an old number', { flags: 'SF', seq: -5000 }, ['A 2 ack 2'], () => {}],
    ['a SYN with RST', { flags: 'SR', seq: 5000 }, ['A 2 ack 2'], () => {}],
    ['a SYN with an ACK', { flags: 'SA', seq: 5000, ack: 2 }, ['A 2 ack 2'], () => {}],
    ['a SYN with everything', { flags: 'SFRPAU', seq: 5000, ack: 2 }, ['A 2 ack 2'], () => {}],
    ['a SYN for a full backlog', { flags: 'S', seq: 5000 }, [], fill],
    [
      'a SYN when nobody listens',
      { flags: 'S', seq: 5000 },
      ['A 2 ack 2'],
      ({ tcp }) => tcp.listeners.clear(),
    ],
    ['a SYN for another address', { flags: 'S', seq: 5000 }, ['A 2 ack 2'], elsewhere],
    ['a SYN with an old number', { flags: 'S', seq: -5000 }, ['A 2 ack 2'], () => {}],
    ['the SYN of before', { flags: 'S', seq: 0 }, ['A 2 ack 2'], () => {}],
  ])('stands, and ends when it was to, after %s, which opens nothing', (_, syn, answer, prepare) => {
    const { peer, connection } = timeWait();
    prepare(peer);
    peer.pass(30e6);
    expect(peer.send({ ...syn, mss: 1000 })).toEqual(answer);
    expect(connection.state).toBe(TcpState.TimeWait);
    peer.pass(29e6);
    expect(connection.state).toBe(TcpState.TimeWait);
    // The peer's FIN, should our ACK of it have been lost, is not reset.
    expect(peer.send({ ...FIN, ack: 2 })).toEqual(['A 2 ack 2']);
    peer.pass(61e6);
    expect(connection.state).toBe(TcpState.Closed);
  });

  it('gives way to a SYN once there is room in the backlog', () => {
    const { peer, connection } = timeWait();
    fill(peer);
    const syn = { flags: 'S', seq: 5000, mss: 1000 };
    expect(peer.send(syn)).toEqual([]);
    peer.listener!.take();
    peer.send(syn);
    expect(peer.last).toMatchObject({ flags: 'SA', ack: 5001 });
    expect(connection.state).toBe(TcpState.Closed);
  });

  it('gives way to an active open once the timestamp clock has ticked (RFC 6191, 2)', () => {
    const { peer, connection } = timeWait({ timestamps: true });
    expect(connection.isReusable).toBe(false);
    peer.pass(2000);
    expect(connection.isReusable).toBe(true);
  });

  it('gives way to no active open without timestamps, by which segments of before are told', () => {
    const { peer, connection } = timeWait();
    peer.pass(2000);
    expect(connection.isReusable).toBe(false);
  });

  it('gives way to nothing when nobody listens', () => {
    const { peer, connection } = timeWait();
    peer.tcp.listeners.clear();
    expect(peer.send({ flags: 'S', seq: 5000 })).toEqual(['A 2 ack 2']);
    expect(connection.state).toBe(TcpState.TimeWait);
  });

  it('opened anew starts behind the numbers of before (RFC 9293, 3.10.7.4, MAY-2)', () => {
    const { peer, connection } = established({ window: 60_000 });
    // Far more than the clock of the initial sequence numbers has ticked meanwhile.
    for (let sent = 0; sent < 300_000; sent += 50_000) {
      peer.push(50_000);
      while (connection.sender.inFlight > 0) {
        peer.send({ ...ACK, ack: connection.sender.next - connection.sender.initialSequence });
      }
    }
    peer.finish();
    peer.send({ ...FIN, ack: 300_002 });
    expect(connection.state).toBe(TcpState.TimeWait);
    peer.send({ flags: 'S', seq: 5000, mss: 1000 });
    expect(isBefore(connection.sender.next, peer.halfOpen()!.sender.initialSequence)).toBe(true);
  });
});
