import { describe, expect, it } from 'vitest';
import { type LinkOptions, SimulatedLink } from '../../sim/link.ts';
import { numbered, numberOf, queue, receive, receiveAll } from '../../sim/test-frames.ts';
import { ChecksumStatus } from '../device.ts';
import { ImpairedDevice } from './impaired-device.ts';
import { type ImpairmentOptions, NO_IMPAIRMENT } from './impairment.ts';

/** An impaired device at end a of a sound link. */
function setUp(impairment: Partial<ImpairmentOptions>, linkOptions: LinkOptions = {}) {
  const link = new SimulatedLink(linkOptions);
  const options = { ...NO_IMPAIRMENT, ...impairment };
  return { link, options, near: new ImpairedDevice(link.a, options), far: link.b };
}

/** Bits that differ. */
function distance(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((bits, byte, at) => bits + [...(byte ^ b[at]).toString(2).replaceAll('0', '')].length, 0);
}

describe('ImpairedDevice', () => {
  it('changes nothing when nothing is asked', () => {
    const { link, near, far } = setUp({}, { mtu: 300 });
    expect([near.mac, near.mtu, near.fillsChecksums, near.linkUp]).toEqual([link.a.mac, 300, false, true]);
    for (let i = 0; i < 10; i++) {
      queue(near, numbered(i, 300), 14 + i * 20);
      queue(far, numbered(i + 100, 200));
    }
    near.exchange();
    expect(receive(far)).toEqual(Array.from({ length: 10 }, (_, i) => numbered(i, 300)));
    expect(receive(near)).toEqual(Array.from({ length: 10 }, (_, i) => numbered(i + 100, 200)));
    link.takeDown();
    expect(near.linkUp).toBe(false);
    link.advanceTo(5);
    expect(near.nowUs).toBe(5);
    expect(near.nextReleaseUs).toBe(Infinity);
    expect(near.freeBuffers).toBe(1024);
  });

  it('loses frames both ways, their pieces with them, and gives the buffers back', () => {
    const { link, options, near, far } = setUp({ loss: 1 });
    queue(near, numbered(1, 100), 40);
    queue(far, numbered(2));
    near.exchange();
    expect([receive(far), receive(near)]).toEqual([[], []]);
    expect([near.sentCounters.lost, near.receivedCounters.lost]).toEqual([1, 1]);
    expect([link.a.freeBuffers, link.b.freeBuffers]).toEqual([1024, 1024]);
    options.loss = 0;
    queue(near, numbered(3, 30));
    near.exchange();
    expect(receive(far)).toEqual([numbered(3, 30)]);
  });

  it('doubles frames both ways', () => {
    const { near, far } = setUp({ duplicate: 1 });
    queue(near, numbered(1, 100), 40);
    queue(far, numbered(2));
    near.exchange();
    expect(receive(far)).toEqual([numbered(1, 100), numbered(1, 100)]);
    expect(receive(near)).toEqual([numbered(2), numbered(2)]);
  });

  it('keeps to the burst and to the free buffers when it doubles', () => {
    const { link, near, far } = setUp({ duplicate: 1 }, { buffers: 66 });
    for (let i = 0; i < 63; i++) queue(far, numbered(i));
    far.exchange();
    // 63 frames leave one place in the burst.
    const frames = receive(near).map(numberOf);
    expect(frames).toEqual([0, 0, ...Array.from({ length: 62 }, (_, i) => i + 1)]);
    expect(near.receivedCounters.duplicated).toBe(1);
    for (let i = 0; i < 66; i++) {
      const frame = near.allocate();
      if (i < 65) continue;
      frame!.length = 14;
      near.transmit(frame!);
    }
    near.exchange();
    expect(receive(far).length).toBe(1);
    expect([near.sentCounters.duplicated, link.a.buffersOut]).toEqual([0, 65]);
  });

  it('holds sent frames back by the time asked, with the content they had', () => {
    const { link, options, near, far } = setUp({ reorder: 1, reorderDelayUs: 10 });
    queue(near, numbered(1, 100), 40);
    options.reorder = 0;
    queue(near, numbered(2));
    near.exchange();
    expect(receive(far).map(numberOf)).toEqual([2]);
    expect(near.nextReleaseUs).toBe(10);
    link.advanceTo(9);
    near.exchange();
    expect(receive(far)).toEqual([]);
    link.advanceTo(10);
    near.exchange();
    expect(receive(far)).toEqual([numbered(1, 100)]);
    expect([near.nextReleaseUs, near.sentCounters.reordered, link.a.buffersOut]).toEqual([Infinity, 1, 0]);
  });

  it('holds received frames back by the time asked', () => {
    const { link, options, near, far } = setUp({ reorder: 1, reorderDelayUs: 10 });
    queue(far, numbered(1));
    far.exchange();
    expect(receive(near)).toEqual([]);
    options.reorder = 0;
    link.advanceTo(10);
    queue(far, numbered(2));
    far.exchange();
    expect(receive(near).map(numberOf)).toEqual([2, 1]);
    expect(link.a.buffersOut).toBe(0);
  });

  it('holds a bounded number back each way, and drops and counts what comes on top', () => {
    const { link, near, far } = setUp({ delayUs: 200, queueFrames: 20 });
    for (let i = 0; i < 30; i++) {
      queue(near, numbered(i));
      queue(far, numbered(i));
    }
    far.exchange();
    near.exchange();
    expect([near.sentCounters.droppedByQueue, near.receivedCounters.droppedByQueue]).toEqual([10, 10]);
    expect([link.a.buffersOut, link.a.freeBuffers]).toEqual([0, 1024]);
    link.advanceTo(200);
    expect(receiveAll(near).map(numberOf)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(receiveAll(far).map(numberOf)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('delays every frame, with its pieces, by the time asked each way', () => {
    const { link, near, far } = setUp({ delayUs: 20_000 });
    const payload = numbered(1, 100);
    queue(near, payload, 40);
    queue(far, numbered(2));
    far.exchange();
    near.exchange();
    // The device has its buffers meanwhile, and the sender his.
    expect([link.a.freeBuffers, near.nextReleaseUs]).toEqual([1024, 20_000]);
    link.advanceTo(19_999);
    expect([receive(near), receive(far)]).toEqual([[], []]);
    link.advanceTo(20_000);
    expect(receive(near)).toEqual([numbered(2)]);
    expect(receive(far)).toEqual([payload]);
    expect(near.nextReleaseUs).toBe(Infinity);
  });

  it('lets a delayed frame be overtaken, lost, doubled and corrupted like others', () => {
    const { link, options, near, far } = setUp({ delayUs: 100, reorder: 1, reorderDelayUs: 50 });
    queue(near, numbered(1));
    options.reorder = 0;
    options.duplicate = 1;
    queue(near, numbered(2));
    options.duplicate = 0;
    options.corrupt = 1;
    queue(near, numbered(3));
    options.loss = 1;
    queue(near, numbered(4));
    near.exchange();
    link.advanceTo(100);
    near.exchange();
    const [first, second, third, ...more] = receive(far);
    expect([first, second, more]).toEqual([numbered(2), numbered(2), []]);
    expect(distance(third, numbered(3))).toBe(1);
    link.advanceTo(150);
    near.exchange();
    expect(receive(far)).toEqual([numbered(1)]);
  });

  it('spreads the delay over the jitter, each way by itself, and no frame overtakes another for it', () => {
    const times = (which: 'sent' | 'received') => {
      const { link, near, far } = setUp({ delayUs: 1000, jitterUs: 500 });
      const [from, to] = which === 'sent' ? [near, far] : [far, near];
      const latenesses: number[] = [];
      let next = 0;
      for (let us = 0; us < 302_000; us += 10) {
        link.advanceTo(us);
        if (us % 1000 === 0 && us < 300_000) queue(from, numbered(us / 1000));
        from.exchange();
        for (const frame of receive(to)) {
          expect(numberOf(frame)).toBe(next);
          latenesses.push(us - 1000 * next++);
        }
      }
      expect(next).toBe(300);
      return latenesses;
    };
    const sent = times('sent');
    for (const us of sent) expect(us >= 1000 && us <= 1520, `${us} us`).toBe(true);
    const mean = sent.reduce((sum, us) => sum + us, 0) / sent.length;
    // Five standard deviations of the mean of three hundred.
    expect(Math.abs(mean - 1255)).toBeLessThan((5 * 500) / Math.sqrt(12 * 300) + 10);
    expect(times('received')).not.toEqual(sent);

    const { link, near, far } = setUp({ delayUs: 1000, jitterUs: 500 });
    for (let us = 0; us < 3000; us++) {
      link.advanceTo(us);
      if (us < 500) queue(near, numbered(us));
      near.exchange();
    }
    expect(receiveAll(far).map(numberOf)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it('waits for a buffer of the device before it lets go of what it held back', () => {
    const { link, near, far } = setUp({ delayUs: 10 }, { buffers: 4 });
    for (let i = 0; i < 3; i++) queue(far, numbered(i));
    far.exchange();
    near.exchange();
    const taken = Array.from({ length: 4 }, () => near.allocate());
    link.advanceTo(10);
    expect(receive(near)).toEqual([]);
    expect(near.nextReleaseUs).toBe(10);
    for (const frame of taken) near.give(frame!);
    expect(receive(near).map(numberOf)).toEqual([0, 1, 2]);
    expect(link.a.freeBuffers).toBe(4);
  });

  it('flips one bit, in what was appended too, and leaves the payload that it was sent from alone', () => {
    const { near, far } = setUp({ corrupt: 1 });
    let inPayload = 0;
    for (let i = 0; i < 50; i++) {
      const frame = numbered(i, 100);
      queue(near, frame, 50);
      near.exchange();
      const [arrived] = receive(far);
      expect(distance(arrived, frame)).toBe(1);
      if (distance(arrived.subarray(50), frame.subarray(50)) === 1) inPayload++;
      expect(frame).toEqual(numbered(i, 100));
    }
    expect(inPayload).toBeGreaterThan(10);
    expect(inPayload).toBeLessThan(40);
  });

  it('has the stack look at the checksum of what it corrupted, and of nothing else', () => {
    const { link, options, near, far } = setUp({ corrupt: 1 });
    link.a.receivedChecksums.fill(ChecksumStatus.Good);
    queue(far, numbered(1));
    far.exchange();
    const frames = receive(near);
    expect(distance(frames[0], numbered(1))).toBe(1);
    expect(near.receivedChecksums[0]).toBe(ChecksumStatus.Unchecked);
    options.corrupt = 0;
    queue(far, numbered(2));
    far.exchange();
    expect(receive(near)).toEqual([numbered(2)]);
    expect(near.receivedChecksums[0]).toBe(ChecksumStatus.Good);
  });

  it('keeps the checksum status with a frame that it holds back', () => {
    const { link, options, near, far } = setUp({ reorder: 1, reorderDelayUs: 1 });
    const { Unchecked, Good, Bad } = ChecksumStatus;
    for (const status of [Bad, Unchecked]) {
      link.a.receivedChecksums.fill(status);
      queue(far, numbered(status));
      far.exchange();
      near.exchange();
    }
    link.a.receivedChecksums.fill(Good);
    options.reorder = 0;
    queue(far, numbered(Good));
    far.exchange();
    link.advanceTo(1);
    expect(receive(near).map(numberOf)).toEqual([Good, Bad, Unchecked]);
    expect([...near.receivedChecksums.subarray(0, 3)]).toEqual([Good, Bad, Unchecked]);
  });

  it('keeps to the burst when it lets go of what it held back', () => {
    const { link, options, near, far } = setUp({ reorder: 1, reorderDelayUs: 1 });
    const send = (first: number, count: number) => {
      for (let i = first; i < first + count; i++) queue(far, numbered(i));
      far.exchange();
    };
    send(0, 10);
    expect(receive(near)).toEqual([]);
    options.reorder = 0;
    link.advanceTo(1);
    send(10, 60);
    const all = Array.from({ length: 70 }, (_, i) => i);
    expect(receive(near).map(numberOf)).toEqual([...all.slice(10), ...all.slice(0, 4)]);
    expect(receive(near).map(numberOf)).toEqual(all.slice(4, 10));
  });

  it('has different faults each way', () => {
    const { near, far } = setUp({ loss: 0.5 });
    for (let i = 0; i < 64; i++) {
      queue(near, numbered(i));
      queue(far, numbered(i));
    }
    near.exchange();
    const there = receive(far).map(numberOf);
    const back = receive(near).map(numberOf);
    expect([there.length > 16, back.length > 16]).toEqual([true, true]);
    expect(back).not.toEqual(there);
  });

  it('does not corrupt what the device would give a sound checksum', () => {
    const { link, near, far } = setUp({ corrupt: 1 });
    Object.defineProperty(link.a, 'fillsChecksums', { value: true });
    queue(near, numbered(1));
    near.exchange();
    expect(receive(far)).toEqual([numbered(1)]);
    expect(near.sentCounters.corrupted).toBe(0);
  });

  it('has no buffer of the device, on close neither', () => {
    const { link, near, far } = setUp({ delayUs: 10 });
    queue(near, numbered(1));
    queue(far, numbered(2));
    far.exchange();
    near.exchange();
    expect([link.a.buffersOut, link.a.freeBuffers]).toEqual([0, 1024]);
    near.close();
    expect([link.a.buffersOut, link.a.freeBuffers, link.a.linkUp]).toEqual([0, 1024, false]);
  });

  it('does the same for the same seed, loses no buffer, and counts what it does', () => {
    const probabilities = { loss: 0.1, duplicate: 0.1, reorder: 0.1, corrupt: 0.1, reorderDelayUs: 30 };
    const run = (seed: number) => {
      const { link, near, far } = setUp({ ...probabilities, seed });
      const out: Uint8Array[] = [];
      const back: Uint8Array[] = [];
      for (let i = 0; i < 3000; i++) {
        link.advanceTo(i * 10);
        queue(near, numbered(i, 90), 60);
        queue(far, numbered(i, 80));
        far.exchange();
        back.push(...receive(near));
        out.push(...receive(far));
      }
      link.advanceTo(40_000);
      back.push(...receive(near));
      out.push(...receive(far));
      expect([link.a.buffersOut, link.b.buffersOut, link.a.freeBuffers]).toEqual([0, 0, 1024]);
      return { out, back, sent: near.sentCounters, received: near.receivedCounters };
    };
    const first = run(3);
    expect(run(3)).toEqual(first);
    expect(run(4).out).not.toEqual(first.out);
    for (const [frames, counters] of [
      [first.out, first.sent],
      [first.back, first.received],
    ] as const) {
      expect(frames.length).toBe(3000 - counters.lost + counters.duplicated);
      // Five standard deviations.
      const { droppedByQueue, ...faults } = counters;
      expect(droppedByQueue).toBe(0);
      for (const hits of Object.values(faults)) expect(Math.abs(hits - 285)).toBeLessThan(95);
    }
  });
});
