/** The user timeout and the keep-alive of one connection alone (setOptions of the libOS). */
import { afterEach, describe, expect, it } from 'vitest';
import { TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

describe('the user timeout of a connection (RFC 9293, 3.8.3)', () => {
  it("is its own, whatever the stack's is", () => {
    const peer = new TestPeer({ tcp: { userTimeoutUs: 10e6 } });
    const connection = peer.establish();
    connection.sender.giveUpAfter(2e6);
    peer.push(10);
    peer.pass(1.9e6);
    expect(connection.error).toBeNull();
    expect(peer.pass(0.2e6).at(-1)).toBe('100000 RA 11 ack 1');
    expect(connection.error).toBe('TIMED_OUT');
  });

  it('may be set while data waits, however late its next transmission is', () => {
    const peer = new TestPeer({ tcp: { keepAliveUs: 0 } });
    const connection = peer.establish();
    peer.push(10);
    peer.pass(8e6);
    connection.sender.giveUpAfter(9e6);
    expect(peer.pass(3e6)).toEqual(['1000000 RA 11 ack 1']);
    expect(connection.error).toBe('TIMED_OUT');
  });
});

describe('the keep-alive of a connection (RFC 9293, 3.8.4)', () => {
  it('is its own, counts from what came last, and may be off', () => {
    const peer = new TestPeer({ tcp: { keepAliveUs: 40e6 } });
    const connection = peer.establish();
    peer.pass(3e6);
    connection.keepAliveAfter(4e6);
    expect(peer.pass(3e6)).toEqual(['1000000 A 0 ack 1', '2000000 A 0 ack 1', '3000000 A 0 ack 1']);
    connection.keepAliveAfter(0);
    expect(peer.pass(1e9)).toEqual([]);
    expect(connection.error).toBeNull();
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 1 });
    connection.keepAliveAfter(5e6);
    expect(peer.pass(6e6)).toEqual(['10000 A 1 ack 2', '5000000 A 0 ack 2']);
  });
});
