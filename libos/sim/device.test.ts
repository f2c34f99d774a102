import { describe, expect, it } from 'vitest';
import { ChecksumStatus, MAX_PIECES } from '../inet/device.ts';
import { SimulatedLink } from './link.ts';
import { numbered, payloadOf, queue, receive, receiveAll } from './test-frames.ts';

describe('SimulatedDevice', () => {
  it('moves frames of every length, whole and in pieces', () => {
    const link = new SimulatedLink({ mtu: 1500 });
    for (const length of [14, 15, 60, 1000, 1513, 1514]) {
      queue(link.a, numbered(1, length));
      queue(link.a, numbered(2, length), 14);
      link.a.exchange();
      expect(receive(link.b)).toEqual([numbered(1, length), numbered(2, length)]);
    }
  });

  it('puts pieces together in order, each with the frame they were appended for', () => {
    const { a, b } = new SimulatedLink();
    const data = numbered(7, 400);
    const payload = payloadOf(data);
    const expected: Uint8Array[] = [];
    for (let round = 0; round < 3; round++) {
      const frame = a.allocate()!;
      frame.bytes.fill(round, frame.offset, frame.offset + 14);
      frame.length = 14;
      const whole = [...new Uint8Array(14).fill(round)];
      for (let piece = 0; piece < MAX_PIECES; piece++) {
        const from = (piece * 7 + round) % 300;
        const length = piece * 3;
        a.append(payload, payload.offset + from, length);
        whole.push(...data.subarray(from, from + length));
      }
      a.transmit(frame);
      expected.push(Uint8Array.from(whole));
    }
    // What is appended before the exchange, for a frame that is transmitted after it, stays with that frame.
    a.append(payload, payload.offset, 6);
    a.exchange();
    queue(a, numbered(9, 20));
    a.exchange();
    expected.push(Uint8Array.from([...numbered(9, 20), ...data.subarray(0, 6)]));
    expect(receive(b)).toEqual(expected);
  });

  it('reads pieces when they are exchanged', () => {
    const { a, b } = new SimulatedLink();
    const payload = payloadOf(Uint8Array.of(1, 2, 3));
    const frame = a.allocate()!;
    frame.bytes.fill(0, frame.offset, frame.offset + 14);
    frame.length = 14;
    a.append(payload, payload.offset, 3);
    a.transmit(frame);
    payload.bytes[payload.offset] = 9;
    a.exchange();
    expect([...receive(b)[0].subarray(14)]).toEqual([9, 2, 3]);
  });

  it('leaves checksums to the stack, and has an address of its own', () => {
    const { a, b } = new SimulatedLink();
    expect([a.fillsChecksums, b.fillsChecksums]).toEqual([false, false]);
    expect(a.receivedChecksums.every((status) => status === ChecksumStatus.Unchecked)).toBe(true);
    expect(a.mac).not.toEqual(b.mac);
    // Locally administered, unicast.
    for (const { mac } of [a, b]) expect([mac.length, mac[0] & 3]).toEqual([6, 2]);
  });

  it('gives frames with room for the largest, and null when there are no more', () => {
    const { a } = new SimulatedLink({ mtu: 9000, buffers: 3 });
    const frames = [a.allocate()!, a.allocate()!, a.allocate()!];
    expect(a.allocate()).toBeNull();
    expect([a.freeBuffers, a.buffersOut]).toEqual([0, 3]);
    for (const frame of frames) {
      expect(frame.length).toBe(0);
      expect(frame.base + frame.capacity - frame.offset).toBeGreaterThanOrEqual(9014);
    }
    for (const frame of frames) {
      frame.offset += 20;
      frame.length = 100;
      frame.home.give(frame);
    }
    expect([a.freeBuffers, a.buffersOut]).toEqual([3, 0]);
    const again = a.allocate()!;
    expect([again.length, again.base + again.capacity - again.offset >= 9014]).toEqual([0, true]);
  });

  it('has queued frames out of the free ones until they are exchanged, though not out', () => {
    const { a, b } = new SimulatedLink({ buffers: 2 });
    queue(a, numbered(1));
    expect([a.freeBuffers, a.buffersOut]).toEqual([1, 0]);
    a.exchange();
    expect([a.freeBuffers, a.buffersOut]).toEqual([2, 0]);
    expect(b.exchange()).toBe(1);
    expect([b.freeBuffers, b.buffersOut]).toEqual([1, 1]);
  });

  it('drops and counts what it has no buffer for', () => {
    const link = new SimulatedLink({ buffers: 2 });
    for (let i = 0; i < 2; i++) queue(link.a, numbered(i));
    link.a.exchange();
    expect(link.b.exchange()).toBe(2);
    queue(link.a, numbered(2));
    link.a.exchange();
    expect(link.b.exchange()).toBe(0);
    expect(link.aToB.counters).toMatchObject({ delivered: 2, droppedByReceiver: 1 });
  });

  it('hands out a received frame until it is given back, and as a fresh one afterwards', () => {
    const { a, b } = new SimulatedLink({ buffers: 1 });
    queue(a, numbered(1));
    a.exchange();
    b.exchange();
    const [frame] = b.received;
    frame.offset += 20;
    frame.length -= 20;
    frame.next = frame;
    b.give(frame);
    queue(a, numbered(2));
    a.exchange();
    expect(b.exchange()).toBe(1);
    expect(b.received[0]).toBe(frame);
    expect([frame.length, frame.next]).toEqual([60, null]);
  });

  it('returns what it received as an answer, from the same buffer', () => {
    const { a, b } = new SimulatedLink();
    queue(a, numbered(1));
    a.exchange();
    b.exchange();
    b.transmit(b.received[0]);
    b.exchange();
    expect(receive(a)).toEqual([numbered(1)]);
    expect(b.buffersOut).toBe(0);
  });
});

describe('SimulatedDevice finds the mistakes of a stack:', () => {
  it('a frame given back twice, given back after transmit, transmitted after give', () => {
    const { a, b } = new SimulatedLink();
    const frame = a.allocate()!;
    frame.length = 60;
    a.give(frame);
    expect(() => a.give(frame)).toThrow('give: the frame is free');
    expect(() => a.transmit(frame)).toThrow('transmit: the frame is free');
    const other = a.allocate()!;
    other.length = 60;
    a.transmit(other);
    expect(() => a.give(other)).toThrow('give: the frame is queued for transmission');
    expect(() => b.give(other)).toThrow("another device's");
  });

  it('a write to a buffer that is not its own any more', () => {
    const { a } = new SimulatedLink();
    const frame = a.allocate()!;
    a.give(frame);
    frame.bytes[frame.offset + 3] = 1;
    expect(() => a.allocate()).toThrow('written to after');
  });

  it('a frame or a piece that does not fit', () => {
    const { a } = new SimulatedLink({ mtu: 100 });
    const frame = a.allocate()!;
    frame.length = 13;
    expect(() => a.transmit(frame)).toThrow(RangeError);
    frame.length = 115;
    expect(() => a.transmit(frame)).toThrow(RangeError);
    frame.length = 114;
    frame.offset = frame.base + frame.capacity - 113;
    expect(() => a.transmit(frame)).toThrow('outside');
    const payload = payloadOf(new Uint8Array(50));
    expect(() => a.append(payload, 0, 10)).toThrow('outside');
    expect(() => a.append(payload, payload.offset, 51)).toThrow('outside');
    for (let i = 0; i < MAX_PIECES; i++) a.append(payload, payload.offset, 1);
    expect(() => a.append(payload, payload.offset, 1)).toThrow('16 pieces');
  });
});

describe('SimulatedDevice, closed', () => {
  it('receives and sends nothing, and still takes back what the stack holds', () => {
    const link = new SimulatedLink();
    const { a, b } = link;
    for (let i = 0; i < 70; i++) queue(a, numbered(i));
    a.exchange();
    b.exchange();
    queue(b, numbered(1));
    b.close();
    b.close();
    expect([b.linkUp, b.allocate(), b.exchange(), b.waitingFrames]).toEqual([false, null, 0, 0]);
    for (let i = 0; i < 64; i++) b.give(b.received[i]);
    expect([b.freeBuffers, b.buffersOut]).toEqual([1024, 0]);
    queue(a, numbered(2));
    a.exchange();
    expect(receiveAll(a)).toEqual([]);
    link.advanceTo(1);
    expect(link.aToB.counters.droppedByReceiver).toBe(1);
  });
});
