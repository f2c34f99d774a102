import { describe, expect, it } from 'vitest';
import { NeighbourState } from './neighbours.ts';
import { arpPacket, BROADCAST_MAC, hex, ip, OWN_MAC, PEER_MAC, TestStation } from './test-device.ts';

const OTHER_MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0x77);
const REQUEST_FOR_PEER = `${'ff'.repeat(6)}02000a6300010806${'0001080006040001'}02000a6300010a630001${'00'.repeat(6)}0a630002`;

function targetOf(frame: Uint8Array): string {
  return hex(frame.subarray(0, 6));
}

function hold(station: TestStation, address: string, mark: number): void {
  const frame = station.device.arrive(new Uint8Array(60).fill(mark));
  station.neighbours.hold(station.neighbours.lookup(ip(address)), frame);
}

describe('Neighbours: asking', () => {
  it('broadcasts a request when an address is first looked up (RFC 826), and only then', () => {
    const station = new TestStation();
    const neighbour = station.neighbours.lookup(ip('10.99.0.2'));
    expect(neighbour.resolved).toBe(false);
    expect(station.device.takeSent().map(hex)).toEqual([REQUEST_FOR_PEER]);
    expect(station.neighbours.lookup(ip('10.99.0.2'))).toBe(neighbour);
    expect(station.device.takeSent()).toEqual([]);
  });

  it('takes the answer and tells the handler once', () => {
    const station = new TestStation();
    const neighbour = station.neighbours.lookup(ip('10.99.0.2'));
    const reply = arpPacket({ operation: 2, sender: '10.99.0.2' });
    station.receiveArp(reply);
    station.receiveArp(reply);
    expect(station.resolved).toEqual([neighbour]);
    expect(neighbour.resolved).toBe(true);
    expect([neighbour.macHigh, neighbour.macLow]).toEqual([0x0200, ip('10.99.0.2')]);
  });

  it('asks five times within three seconds, then the neighbour has failed', () => {
    const station = new TestStation();
    const neighbour = station.neighbours.lookup(ip('10.99.0.9'));
    expect(station.neighbours.pollAt()).toBe(station.device.nowUs + 250_000);
    const counts: number[] = [];
    for (let tenth = 0; tenth < 30; tenth++) {
      station.pass(100_000);
      counts.push(station.device.sent.length);
      if (tenth < 29) expect(neighbour.failed).toBe(false);
    }
    expect(counts.at(-1)).toBe(5);
    expect(station.failed).toEqual([neighbour]);
    expect(neighbour.failed).toBe(true);
    expect(station.neighbours.pollAt()).toBe(Infinity);
  });

  it('leaves a failed neighbour alone for a second, then asks again when it is used', () => {
    const station = new TestStation();
    const neighbour = station.neighbours.lookup(ip('10.99.0.9'));
    station.pass(3_000_000);
    station.device.takeSent();
    station.pass(900_000);
    station.neighbours.use(neighbour);
    expect(neighbour.failed).toBe(true);
    expect(station.device.takeSent()).toEqual([]);
    station.pass(100_000);
    expect(station.device.takeSent()).toEqual([]);
    expect(station.neighbours.lookup(ip('10.99.0.9'))).toBe(neighbour);
    expect(station.device.takeSent()).toHaveLength(1);
    station.receiveArp(arpPacket({ operation: 2, sender: '10.99.0.9' }));
    expect(station.resolved).toEqual([neighbour]);
  });

  it('takes an answer that comes after the failure', () => {
    const station = new TestStation();
    const neighbour = station.neighbours.lookup(ip('10.99.0.9'));
    station.pass(3_000_000);
    station.receiveArp(arpPacket({ operation: 2, sender: '10.99.0.9' }));
    expect(neighbour.resolved).toBe(true);
    expect(station.resolved).toEqual([neighbour]);
  });

  it('goes on when no frame is free to ask with', () => {
    const station = new TestStation({ frames: 1 });
    const taken = station.device.allocate()!;
    station.neighbours.lookup(ip('10.99.0.2'));
    expect(station.device.takeSent()).toEqual([]);
    station.device.give(taken);
    station.pass(250_000);
    expect(station.device.takeSent()).toHaveLength(1);
  });
});

describe('Neighbours.askAgain', () => {
  it('starts anew for all that are not known', () => {
    const station = new TestStation();
    const failed = station.neighbours.lookup(ip('10.99.0.9'));
    station.meet('10.99.0.2');
    station.pass(3_000_000);
    const asked = station.neighbours.lookup(ip('10.99.0.7'));
    station.pass(900_000);
    station.device.takeSent();
    station.neighbours.askAgain(station.device.nowUs);
    expect(station.device.takeSent().map((frame) => frame[41])).toEqual([9, 7]);
    station.pass(2_990_000);
    expect([failed.failed, asked.failed]).toEqual([false, false]);
    station.pass(10_000);
    expect([failed.failed, asked.failed]).toEqual([true, true]);
  });
});

describe('Neighbours: frames that wait', () => {
  it('are sent to the answering station in order', () => {
    const station = new TestStation();
    for (let mark = 1; mark <= 3; mark++) hold(station, '10.99.0.2', mark);
    station.device.takeSent();
    station.receiveArp(arpPacket({ operation: 2, sender: '10.99.0.2' }));
    const sent = station.device.takeSent();
    expect(sent.map((frame) => frame[20])).toEqual([1, 2, 3]);
    expect(sent.map(targetOf)).toEqual([hex(PEER_MAC), hex(PEER_MAC), hex(PEER_MAC)]);
    expect(station.device.freeBuffers).toBe(1024);
  });

  it('are sent at once when the address is known', () => {
    const station = new TestStation();
    station.meet('10.99.0.2');
    hold(station, '10.99.0.2', 9);
    expect(station.device.takeSent().map(targetOf)).toEqual([hex(PEER_MAC)]);
  });

  it('are 16 for a neighbour, the latest (RFC 1122, 2.3.2.2)', () => {
    const station = new TestStation();
    for (let mark = 1; mark <= 20; mark++) hold(station, '10.99.0.2', mark);
    expect(station.neighbours.counters.heldDropped).toBe(4);
    expect(station.device.freeBuffers).toBe(1024 - 16);
    station.device.takeSent();
    station.receiveArp(arpPacket({ operation: 2, sender: '10.99.0.2' }));
    expect(station.device.takeSent().map((frame) => frame[20])).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 5),
    );
  });

  it('are 256 in all', () => {
    const station = new TestStation();
    for (let host = 10; host < 30; host++) {
      for (let mark = 0; mark < 16; mark++) hold(station, `10.99.0.${host}`, mark);
    }
    expect(station.device.freeBuffers).toBe(1024 - 256);
    expect(station.neighbours.counters.heldDropped).toBe(4 * 16);
    station.pass(3_000_000);
    expect(station.device.freeBuffers).toBe(1024);
  });

  it('are given back when the neighbour fails, and not taken while it has failed', () => {
    const station = new TestStation();
    hold(station, '10.99.0.9', 1);
    station.pass(3_000_000);
    expect(station.device.freeBuffers).toBe(1024);
    hold(station, '10.99.0.9', 2);
    expect(station.device.freeBuffers).toBe(1024);
    expect(station.neighbours.counters.heldDropped).toBe(2);
    station.pass(1_000_000);
    station.device.takeSent();
    hold(station, '10.99.0.9', 3);
    station.receiveArp(arpPacket({ operation: 2, sender: '10.99.0.9' }));
    expect(station.device.takeSent().map((frame) => frame[20])).toEqual([0, 3]);
  });
});

describe('Neighbours: answering', () => {
  it('answers a request for our address and learns who asked (RFC 826)', () => {
    const station = new TestStation();
    station.receiveArp(arpPacket({ operation: 1, sender: '10.99.0.2', targetMac: new Uint8Array(6) }));
    const reply = `${hex(PEER_MAC)}02000a63000108060001080006040002${hex(OWN_MAC)}0a630001${hex(PEER_MAC)}0a630002`;
    expect(station.device.takeSent().map(hex)).toEqual([reply]);
    expect(station.neighbours.lookup(ip('10.99.0.2')).resolved).toBe(true);
    expect(station.device.takeSent()).toEqual([]);
  });

  it('answers an address probe (RFC 5227), whose sender has no address, and learns nothing', () => {
    const station = new TestStation();
    station.receiveArp(arpPacket({ operation: 1, sender: '0.0.0.0' }));
    expect(targetOf(station.device.takeSent()[0])).toBe(hex(PEER_MAC));
    expect(station.neighbours.lookup(0).resolved).toBe(false);
  });

  it('neither answers nor learns from requests for others', () => {
    const station = new TestStation();
    station.receiveArp(arpPacket({ operation: 1, sender: '10.99.0.2', target: '10.99.0.3' }));
    expect(station.device.takeSent()).toEqual([]);
    expect(station.neighbours.lookup(ip('10.99.0.2')).resolved).toBe(false);
  });

  it('believes gratuitous packets of known neighbours only', () => {
    const station = new TestStation();
    const known = station.meet('10.99.0.2');
    const gratuitous = { operation: 1, senderMac: OTHER_MAC };
    station.receiveArp(arpPacket({ ...gratuitous, sender: '10.99.0.2', target: '10.99.0.2' }));
    station.receiveArp(arpPacket({ ...gratuitous, sender: '10.99.0.3', target: '10.99.0.3' }));
    station.receiveArp(arpPacket({ operation: 2, senderMac: OTHER_MAC, sender: '10.99.0.4' }));
    expect(known.macLow).toBe(0x77);
    expect(station.neighbours.lookup(ip('10.99.0.3')).resolved).toBe(false);
    expect(station.neighbours.lookup(ip('10.99.0.4')).resolved).toBe(false);
  });

  it('counts another station with our address as a conflict and does not answer it', () => {
    const station = new TestStation();
    station.receiveArp(arpPacket({ operation: 1, sender: '10.99.0.1', senderMac: OTHER_MAC }));
    station.receiveArp(arpPacket({ operation: 2, sender: '10.99.0.1', senderMac: OTHER_MAC }));
    expect(station.neighbours.counters.conflicts).toBe(2);
    expect(station.device.takeSent()).toEqual([]);
  });

  it('ignores its own packets when they come back', () => {
    const station = new TestStation();
    station.receiveArp(arpPacket({ operation: 1, sender: '10.99.0.1', senderMac: OWN_MAC }));
    expect(station.neighbours.counters).toMatchObject({ conflicts: 0, malformed: 0 });
    expect(station.device.takeSent()).toEqual([]);
  });

  const good = arpPacket({ operation: 1, sender: '10.99.0.2' });
  it.each([
    ['cut off', good.subarray(0, 27)],
    ['for another hardware', good.with(1, 6)],
    ['for another protocol', good.with(2, 0x86)],
    ['with other lengths of addresses', good.with(4, 8)],
    ['with other lengths of protocol addresses', good.with(5, 16)],
    ['of another operation', good.with(7, 3)],
    ['from a group of stations', arpPacket({ operation: 1, sender: '10.99.0.2', senderMac: BROADCAST_MAC })],
    ['from the station 0', arpPacket({ operation: 1, sender: '10.99.0.2', senderMac: new Uint8Array(6) })],
    ['from a multicast address', arpPacket({ operation: 1, sender: '224.0.0.1' })],
    ['from the broadcast address', arpPacket({ operation: 1, sender: '255.255.255.255' })],
    ['from a loopback address', arpPacket({ operation: 1, sender: '127.0.0.1' })],
  ])('ignores packets %s', (_, packet) => {
    const station = new TestStation();
    station.receiveArp(packet);
    expect(station.neighbours.counters.malformed).toBe(1);
    expect(station.device.takeSent()).toEqual([]);
  });
});

describe('Neighbours: ageing', () => {
  it('asks a used neighbour itself after 60 s and goes on using its address meanwhile', () => {
    const station = new TestStation();
    const neighbour = station.meet('10.99.0.2');
    neighbour.used = true;
    station.pass(59_990_000);
    expect(station.device.takeSent()).toEqual([]);
    station.pass(20_000);
    expect(neighbour.state).toBe(NeighbourState.Probing);
    expect(neighbour.resolved).toBe(true);
    expect(station.device.takeSent().map(targetOf)).toEqual([hex(PEER_MAC)]);
    station.receiveArp(arpPacket({ operation: 2, sender: '10.99.0.2' }));
    expect(neighbour.state).toBe(NeighbourState.Reachable);
    expect(station.resolved).toEqual([neighbour]);
  });

  it('asks everybody when the neighbour itself does not answer three times', () => {
    const station = new TestStation();
    const neighbour = station.meet('10.99.0.2');
    neighbour.used = true;
    station.pass(60_000_000);
    station.pass(2_990_000);
    expect(station.device.takeSent().map(targetOf)).toEqual([hex(PEER_MAC), hex(PEER_MAC), hex(PEER_MAC)]);
    station.pass(10_000);
    expect(neighbour.state).toBe(NeighbourState.Incomplete);
    expect(station.device.takeSent().map(targetOf)).toEqual([hex(BROADCAST_MAC)]);
    station.receiveArp(arpPacket({ operation: 2, sender: '10.99.0.2', senderMac: OTHER_MAC }));
    expect(neighbour.macLow).toBe(0x77);
    expect(station.resolved).toEqual([neighbour, neighbour]);
  });

  it('lets an unused neighbour go stale without a word, and asks when it is used again', () => {
    const station = new TestStation();
    const neighbour = station.meet('10.99.0.2');
    station.pass(100_000_000);
    expect(neighbour.state).toBe(NeighbourState.Stale);
    expect(station.device.takeSent()).toEqual([]);
    expect(station.neighbours.pollAt()).toBe(Infinity);
    station.neighbours.use(neighbour);
    expect(neighbour.resolved).toBe(true);
    expect(station.device.takeSent().map(targetOf)).toEqual([hex(PEER_MAC)]);
  });
});

describe('Neighbours: the table', () => {
  const host = (i: number) => `10.99.${4 + (i >> 8)}.${i & 255}`;

  it('forgets the neighbour that was longest not used when 1024 are known', () => {
    const station = new TestStation();
    const first = station.meet(host(0));
    const second = station.meet(host(1));
    station.device.nowUs += 10;
    for (let i = 2; i < 1024; i++) station.meet(host(i));
    station.device.nowUs += 10;
    station.neighbours.lookup(first.address);
    hold(station, host(2000), 1);
    expect(station.neighbours.counters.evicted).toBe(1);
    expect(station.neighbours.lookup(first.address)).toBe(first);
    expect(station.neighbours.lookup(second.address)).not.toBe(second);
    station.pass(4_000_000);
    expect(station.device.freeBuffers).toBe(1024);
  });

  it('keeps what somebody retains', () => {
    const station = new TestStation();
    const retained = Array.from({ length: 1024 }, (_, i) => station.meet(host(i)));
    for (const neighbour of retained) neighbour.retain();
    const more = station.meet(host(1024));
    for (const neighbour of retained) expect(station.neighbours.lookup(neighbour.address)).toBe(neighbour);
    expect(station.neighbours.lookup(more.address)).toBe(more);
    retained[7].release();
    station.device.nowUs += 10;
    station.neighbours.lookup(more.address);
    station.meet(host(1025));
    expect(station.neighbours.lookup(retained[7].address)).not.toBe(retained[7]);
  });

  it('gives back the frames that wait for a neighbour it forgets', () => {
    const station = new TestStation();
    hold(station, host(0), 1);
    station.device.nowUs += 10;
    for (let i = 1; i <= 1024; i++) station.meet(host(i));
    expect(station.device.freeBuffers).toBe(1024);
    expect(station.neighbours.counters.heldDropped).toBe(1);
    station.device.takeSent();
    station.pass(1_000_000);
    expect(station.device.takeSent()).toEqual([]);
  });
});
