import { afterEach, describe, expect, it } from 'vitest';
import { connect } from './tcp/connect.ts';
import { PEER_PORT, TestPeer } from './tcp/test-peer.ts';
import { arpPacket, concatenate, ip, ipv4Packet, plainChecksum } from './test-device.ts';

afterEach(() => TestPeer.checkAll());

/** A host with a peer that keeps all frames that the host sends. */
function host() {
  const peer = new TestPeer();
  const sent: Uint8Array[] = [];
  peer.link.aToB.drops = (frame) => {
    sent.push(frame.slice());
    return false;
  };
  const { a, b } = peer.link;
  const frame = (etherType: number, payload: Uint8Array, destination = a.mac) =>
    concatenate(destination, b.mac, Uint8Array.of(etherType >> 8, etherType & 0xff), payload);
  const receive = (bytes: Uint8Array) => {
    peer.injectFrame(bytes);
    peer.run();
  };
  return { peer, stack: peer.stack, sent, frame, receive };
}

function echo(destination = '10.99.0.1'): Uint8Array {
  const message = Uint8Array.of(8, 0, 0, 0, 1, 2, 3, 4, 5, 6);
  const checksum = plainChecksum(message);
  message.set([checksum >> 8, checksum & 0xff], 2);
  return ipv4Packet({ protocol: 1, destination }, message);
}

describe('Stack: what comes in', () => {
  it('answers an echo request (RFC 1122, 3.2.2.6)', () => {
    const { sent, frame, receive, stack } = host();
    receive(frame(0x0800, echo()));
    expect(sent.length).toBe(1);
    expect([...sent[0].subarray(34, 36)]).toEqual([0, 0]);
    expect(stack.icmp.counters.echoesAnswered).toBe(1);
  });

  it('answers ARP requests for its address (RFC 826)', () => {
    const { peer, sent, frame, receive } = host();
    const request = arpPacket({ operation: 1, sender: '10.99.0.2', senderMac: peer.link.b.mac });
    receive(frame(0x0806, request, new Uint8Array(6).fill(0xff)));
    expect(sent.length).toBe(1);
    expect([...sent[0].subarray(12, 14), sent[0][21]]).toEqual([8, 6, 2]);
  });

  it.each([
    ['runts', (f: ReturnType<typeof host>) => f.frame(0x0800, echo()).slice(0, 14), 'malformed'],
    [
      "frames to another station's address",
      (f: ReturnType<typeof host>) => {
        return f.frame(0x0800, echo(), Uint8Array.of(2, 9, 9, 9, 9, 9));
      },
      'foreign',
    ],
    [
      'frames to a group',
      (f: ReturnType<typeof host>) => {
        return f.frame(0x0800, echo(), Uint8Array.of(1, 0, 0x5e, 0, 0, 1));
      },
      'foreign',
    ],
    ['IPv6 and whatever else', (f: ReturnType<typeof host>) => f.frame(0x86dd, echo()), 'unknownEtherType'],
    [
      'protocols that it does not speak',
      (f: ReturnType<typeof host>) => {
        return f.frame(0x0800, ipv4Packet({ protocol: 132 }, new Uint8Array(20)));
      },
      'unknownProtocol',
    ],
  ] as const)('drops and counts %s', (_, make, counter) => {
    const all = host();
    all.receive(make(all));
    expect(all.sent).toEqual([]);
    const counters = { ...all.stack.counters, malformed: all.stack.ipv4.counters.malformed };
    expect(counters[counter]).toBe(1);
    expect(Object.values(counters).reduce((sum, count) => sum + count)).toBe(1);
  });

  it('drops TCP that came by broadcast (RFC 9293, 3.9.2.3, MUST-57)', () => {
    const { peer, sent, frame, receive, stack } = host();
    peer.listen();
    const syn = Uint8Array.of(
      PEER_PORT >> 8,
      PEER_PORT & 0xff,
      19,
      136,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
      80,
      2,
      1,
      0,
      0,
      0,
      0,
      0,
    );
    receive(frame(0x0800, ipv4Packet({ protocol: 6, destination: '10.99.0.255' }, syn)));
    expect(sent).toEqual([]);
    expect(stack.tcp.counters.malformed).toBe(1);
  });

  it('gives every frame back, whatever it is', () => {
    const { peer, frame, receive } = host();
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 0x7fff_ffff;
      return seed & 0xff;
    };
    for (let i = 0; i < 2000; i++) {
      const length = 14 + (i % 60);
      const bytes = Uint8Array.from({ length }, random);
      const etherType = [0x0800, 0x0806][i % 2];
      receive(frame(etherType, bytes));
    }
    // A frame or two may wait for a neighbour that somebody made up.
    peer.pass(10e6);
    expect(peer.link.a.buffersOut).toBe(0);
  });
});

describe('Stack: when there is something to do', () => {
  it('is never, at rest', () => {
    const { peer, stack } = host();
    peer.pass(200e6);
    expect(stack.pollAt()).toBe(Number.POSITIVE_INFINITY);
  });

  it('is at once when a connection has something to send, then at its timer', () => {
    const { peer, stack } = host();
    peer.establish();
    peer.send({ flags: 'PA', seq: 1, ack: 1, bytes: 10 });
    expect(stack.pollAt()).toBe(peer.nowUs + 10_000);
    peer.tcp.context.markDirty(peer.connection);
    expect(stack.pollAt()).toBeLessThanOrEqual(peer.nowUs);
  });

  it('is when a neighbour is to be asked again', () => {
    const { peer, stack } = host();
    stack.neighbours.lookup(ip('10.99.0.77'));
    expect(stack.pollAt()).toBe(peer.nowUs + 250_000);
  });
});

describe('Stack: the link comes up', () => {
  it('asks at once for neighbours that were asked for in vain', () => {
    const peer = new TestPeer({ stranger: true });
    peer.link.takeDown();
    peer.connect();
    peer.pass(100_000);
    expect(peer.take()).toEqual([]);
    peer.link.bringUp();
    expect(peer.run()).toEqual(['S 0']);
  });
});

describe('Stack: ephemeral ports', () => {
  it('are free towards that peer, and not listened at', () => {
    const { peer, stack } = host();
    const first = stack.ephemeralTcpPort(ip('10.99.0.2'), 80);
    stack.tcpPorts.take(first + 1);
    const neighbour = stack.ipv4.nextHop(ip('10.99.0.2'))!;
    for (let i = 0; i < 50; i++) {
      const port = stack.ephemeralTcpPort(ip('10.99.0.2'), 80);
      expect(port).not.toBe(first + 1);
      expect(stack.tcp.connections.find(port, ip('10.99.0.2'), 80)).toBeNull();
      connect(stack.tcp.context, port, ip('10.99.0.2'), 80, neighbour, null);
    }
    expect(peer.tcp.connections.size).toBe(50);
  });
});
