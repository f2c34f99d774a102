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

describe('TIME-WAIT (RFC 9293, 3.10.7.4)', () => {
  function timeWait(offer: Offer = {}) {
    const { peer, connection } = established(offer);
    peer.finish();
    peer.send({ ...FIN, ack: 2 });
    return { peer, connection, old: connection.sender.next };
  }

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
