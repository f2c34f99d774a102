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

  it('is 16,384 segments at a time, however small they are', () => {
    const { peer, connection } = established({ mss: 8960, window: 60_000 }, {}, { mtu: 9000 });
    const { sender } = connection;
    // As if each byte had been pushed for itself.
    Object.defineProperty(sender, 'mss', { value: 1 });
    peer.push(17_000);
    expect(sender.sentBytes).toBe(16_384);
    peer.send({ flags: 'A', seq: 1, ack: 101 });
    expect(sender.sentBytes).toBe(16_484);
    peer.send({ flags: 'A', seq: 1, ack: 16_485 });
    expect(sender.sentBytes).toBe(17_000);
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
