/** What every segment of a connection has: timestamps, once both sides have agreed on them (RFC 7323, 3.2). */
import { afterEach, describe, expect, it } from 'vitest';
import { type Offer, OUR_PORT, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

function established(offer: Offer = {}) {
  const peer = new TestPeer();
  peer.establish(offer);
  return peer;
}

function timeWait(peer: TestPeer): void {
  peer.finish();
  peer.send({ flags: 'FA', seq: 1, ack: 2 });
}

describe('timestamps', () => {
  it.each<[string, string, (peer: TestPeer) => void]>([
    ['data', 'PA', (peer) => peer.push(10)],
    ['a FIN', 'FA', (peer) => peer.finish()],
    ['an acknowledgement in TIME-WAIT', 'A', (peer) => timeWait(peer)],
    ['a challenge', 'A', (peer) => peer.send({ flags: 'S', seq: 0 })],
    ['a reset of who gives up', 'RA', (peer) => peer.connection.sendReset()],
    [
      'a reset after the user timeout',
      'RA',
      (peer) => {
        peer.push(10);
        peer.pass(101e6);
      },
    ],
    ['a reset after keep-alives without an answer', 'RA', (peer) => peer.pass(700e6)],
    [
      'a reset for data that nobody will read',
      'RA',
      (peer) => {
        peer.abandon();
        peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10 });
      },
    ],
    [
      'a challenge in TIME-WAIT',
      'A',
      (peer) => {
        timeWait(peer);
        peer.send({ flags: 'R', seq: 9 });
      },
    ],
  ])('go with %s', (_, flags, act) => {
    const peer = established({ timestamps: true });
    const [before] = peer.last.timestamps!;
    const recent = peer.peerClock();
    peer.pass(5000);
    act(peer);
    peer.run();
    expect(peer.last.flags).toBe(flags);
    const [value, echo] = peer.last.timestamps!;
    expect(value - before).toBeGreaterThanOrEqual(5);
    expect(echo).toBeGreaterThanOrEqual(recent);
  });

  it('go with a reset of what is half open, which has none to echo without an ACK', () => {
    const peer = new TestPeer();
    peer.listen();
    peer.offer({ timestamps: true });
    const [before] = peer.last.timestamps!;
    peer.pass(5000);
    expect(peer.send({ flags: 'A', seq: 1, ack: 77 })).toEqual(['R 77']);
    expect(peer.last.timestamps).toEqual([before + 5, 0]);
  });

  it('go with no reset of a connection without them, nor of none', () => {
    const peer = established();
    peer.connection.sendReset();
    peer.run();
    expect(peer.last).toMatchObject({ flags: 'RA', timestamps: null });
    peer.send({ flags: 'A', seq: 7, ack: 99, port: OUR_PORT + 1, timestamps: [1, 2] });
    expect(peer.last).toMatchObject({ flags: 'R', timestamps: null });
  });
});
