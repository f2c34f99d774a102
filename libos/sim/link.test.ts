import { describe, expect, it } from 'vitest';
import { type LinkOptions, SimulatedLink } from './link.ts';
import { numbered, numberOf, queue, receive, receiveAll } from './test-frames.ts';

/** Sends `count` numbered frames a microsecond apart from a to b; returns what arrives: [time, frame]. */
function traffic(link: SimulatedLink, count: number, length = 60): [number, Uint8Array][] {
  const arrivals: [number, Uint8Array][] = [];
  const collect = () => arrivals.push(...receive(link.b).map((f): [number, Uint8Array] => [link.nowUs, f]));
  for (let i = 0; i < count; i++) {
    while (link.nextEventUs() <= i) {
      link.advanceTo(link.nextEventUs());
      collect();
    }
    link.advanceTo(i);
    queue(link.a, numbered(i, length));
    link.a.exchange();
  }
  while (link.nextEventUs() < Infinity) {
    link.advanceTo(link.nextEventUs());
    collect();
  }
  return arrivals;
}
const numbers = (arrivals: [number, Uint8Array][]) => arrivals.map(([, frame]) => numberOf(frame));

describe('SimulatedLink, time', () => {
  it('delivers at once without rate and delay', () => {
    const link = new SimulatedLink();
    expect(link.nextEventUs()).toBe(Infinity);
    queue(link.a, numbered(1));
    expect(link.nextEventUs()).toBe(Infinity);
    link.a.exchange();
    expect(link.nextEventUs()).toBe(0);
    expect(receive(link.b)).toEqual([numbered(1)]);
    expect(link.nextEventUs()).toBe(Infinity);
  });

  it('serialises one frame after the other, then delays each', () => {
    // 1250 bytes at 1 Gb/s are 10 us.
    const link = new SimulatedLink({ aToB: { rateBitsPerS: 1e9, delayUs: 25 } });
    for (const number of [1, 2, 3]) queue(link.a, numbered(number, 1250));
    link.a.exchange();
    const times: number[] = [];
    while (link.nextEventUs() < Infinity) {
      link.advanceTo(link.nextEventUs());
      times.push(link.nowUs);
      expect(receive(link.b).length).toBe(1);
    }
    expect(times).toEqual([35, 45, 55]);
    // The wire is idle again: the next frame starts when it is sent.
    link.advanceTo(100);
    queue(link.a, numbered(4, 1250));
    link.a.exchange();
    expect(link.nextEventUs()).toBe(135);
  });

  it('hands nothing out a moment too early', () => {
    const link = new SimulatedLink({ both: { delayUs: 10 } });
    queue(link.a, numbered(1));
    link.a.exchange();
    link.advanceTo(9.999);
    expect(receive(link.b)).toEqual([]);
    link.advanceTo(10);
    expect(receive(link.b)).toEqual([numbered(1)]);
  });

  it('carries both ways without one hindering the other', () => {
    const link = new SimulatedLink({
      aToB: { rateBitsPerS: 1e6, delayUs: 5 },
      bToA: { rateBitsPerS: 1e9, delayUs: 1 },
    });
    queue(link.a, numbered(1, 1250));
    queue(link.b, numbered(2, 1250));
    link.a.exchange();
    link.b.exchange();
    expect(link.nextEventUs()).toBe(11);
    link.advanceTo(11);
    expect(receive(link.a)).toEqual([numbered(2, 1250)]);
    expect(link.nextEventUs()).toBe(10_005);
  });

  it('gives both devices its time, which never runs backwards', () => {
    const link = new SimulatedLink();
    link.advanceTo(17.5);
    expect([link.a.nowUs, link.b.nowUs]).toEqual([17.5, 17.5]);
    for (const us of [17.4, Number.NaN, Infinity]) expect(() => link.advanceTo(us)).toThrow(RangeError);
  });

  it('has an event now while a device has frames that no exchange has handed out', () => {
    const link = new SimulatedLink();
    for (let i = 0; i < 100; i++) queue(link.a, numbered(i));
    link.a.exchange();
    expect(receive(link.b).length).toBe(64);
    expect(link.nextEventUs()).toBe(0);
    expect(receive(link.b).length).toBe(36);
    expect(link.nextEventUs()).toBe(Infinity);
  });
});

describe('SimulatedLink, drops', () => {
  it('drops what its queue has no place for', () => {
    const link = new SimulatedLink({ aToB: { rateBitsPerS: 1e9, queueFrames: 4 } });
    for (let i = 0; i < 6; i++) queue(link.a, numbered(i, 1250));
    link.a.exchange();
    // At 10 us the first is out, and one more finds a place.
    link.advanceTo(10);
    for (let i = 6; i < 8; i++) queue(link.a, numbered(i, 1250));
    link.a.exchange();
    link.advanceTo(1000);
    expect(receiveAll(link.b).map(numberOf)).toEqual([0, 1, 2, 3, 6]);
    expect(link.aToB.counters).toMatchObject({ sent: 8, delivered: 5, droppedByQueue: 3 });
  });

  it('drops the frames that a test chooses', () => {
    const link = new SimulatedLink();
    link.aToB.drops = (frame) => numberOf(frame) % 3 === 1;
    expect(numbers(traffic(link, 9))).toEqual([0, 2, 3, 5, 6, 8]);
    expect(link.aToB.counters.droppedByChoice).toBe(3);
  });

  it('has an idle wire when it comes up, whatever was queued before', () => {
    const link = new SimulatedLink({ aToB: { rateBitsPerS: 1e6, queueFrames: 2 } });
    for (let i = 0; i < 2; i++) queue(link.a, numbered(i, 1250));
    link.a.exchange();
    link.takeDown();
    link.bringUp();
    queue(link.a, numbered(2, 1250));
    link.a.exchange();
    expect(link.nextEventUs()).toBe(10_000);
  });

  it('loses what is on its way when it goes down, and what is sent until it comes up', () => {
    const link = new SimulatedLink({ both: { delayUs: 10, rateBitsPerS: 1e9 } });
    queue(link.a, numbered(1));
    queue(link.b, numbered(2));
    link.a.exchange();
    link.b.exchange();
    link.takeDown();
    expect([link.a.linkUp, link.b.linkUp, link.nextEventUs()]).toEqual([false, false, Infinity]);
    queue(link.a, numbered(3));
    link.a.exchange();
    link.advanceTo(50);
    link.bringUp();
    expect([link.a.linkUp, link.b.linkUp]).toEqual([true, true]);
    queue(link.a, numbered(4));
    link.a.exchange();
    link.advanceTo(100);
    expect(receiveAll(link.a)).toEqual([]);
    expect(receiveAll(link.b).map(numberOf)).toEqual([4]);
    expect(link.aToB.counters).toMatchObject({ sent: 3, delivered: 1, lostWithLink: 2 });
    expect(link.bToA.counters).toMatchObject({ sent: 1, delivered: 0, lostWithLink: 1 });
  });
});

describe('SimulatedLink, faults', () => {
  const faulty: LinkOptions = {
    both: { delayUs: 3, loss: 0.1, duplicate: 0.1, reorder: 0.1, reorderDelayUs: 7.5, corrupt: 0.1 },
  };

  it('are the same for the same seed, and others for another', () => {
    const run = (seed: number) =>
      traffic(new SimulatedLink({ ...faulty, aToB: { seed } }), 300).map(([us, frame]) => `${us} ${frame}`);
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('differ between the two ways of one seed', () => {
    const link = new SimulatedLink({ both: { loss: 0.5 } });
    for (let i = 0; i < 64; i++) {
      queue(link.a, numbered(i));
      queue(link.b, numbered(i));
    }
    link.a.exchange();
    const there = receiveAll(link.b).map(numberOf);
    const back = receiveAll(link.a).map(numberOf);
    expect([there.length > 16, back.length > 16]).toEqual([true, true]);
    expect(back).not.toEqual(there);
  });

  it('spreads arrivals over the jitter without one frame overtaking another', () => {
    const link = new SimulatedLink({ aToB: { delayUs: 10, jitterUs: 4 } });
    const arrivals = traffic(link, 300);
    expect(numbers(arrivals)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    const latenesses = arrivals.map(([us], i) => us - i);
    expect(Math.min(...latenesses)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...latenesses)).toBeLessThanOrEqual(14);
    expect(new Set(latenesses).size).toBeGreaterThan(100);
  });

  it('stay where they are when another probability changes', () => {
    const lossOnly = new SimulatedLink({ aToB: { loss: 0.2 } });
    const more = new SimulatedLink({ aToB: { loss: 0.2, duplicate: 0.3, corrupt: 0.3 } });
    traffic(lossOnly, 200);
    traffic(more, 200);
    expect(more.aToB.counters.lost).toBe(lossOnly.aToB.counters.lost);
  });

  it('come as often as asked, and every frame is accounted for', () => {
    const link = new SimulatedLink(faulty);
    const count = 20_000;
    const arrivals = traffic(link, count);
    const { sent, delivered, lost, duplicated, reordered, corrupted } = link.aToB.counters;
    expect(sent).toBe(count);
    expect(delivered).toBe(arrivals.length);
    expect(delivered).toBe(sent - lost + duplicated);
    const near = (hits: number, of: number) =>
      expect(Math.abs(hits - of * 0.1)).toBeLessThan(5 * Math.sqrt(of * 0.09));
    near(lost, count);
    for (const hits of [duplicated, reordered, corrupted]) near(hits, count - lost);
    expect([link.a.buffersOut, link.b.buffersOut]).toEqual([0, 0]);
    expect(link.b.freeBuffers).toBe(1024);
  });

  it('lose nothing at 0 and everything at 1, also when changed on the way', () => {
    const link = new SimulatedLink();
    expect(traffic(link, 50).length).toBe(50);
    link.aToB.options.loss = 1;
    queue(link.a, numbered(1));
    link.a.exchange();
    expect(link.nextEventUs()).toBe(Infinity);
    expect(link.aToB.counters.lost).toBe(1);
  });

  it('hold a frame back by the time asked, so that later ones overtake it', () => {
    const link = new SimulatedLink({ aToB: { delayUs: 1, reorderDelayUs: 2.5 } });
    link.aToB.options.reorder = 1;
    queue(link.a, numbered(0));
    link.a.exchange();
    link.aToB.options.reorder = 0;
    for (let i = 1; i <= 3; i++) {
      link.advanceTo(i);
      queue(link.a, numbered(i));
      link.a.exchange();
    }
    const times: [number, number][] = [];
    while (link.nextEventUs() < Infinity) {
      link.advanceTo(link.nextEventUs());
      for (const frame of receive(link.b)) times.push([link.nowUs, numberOf(frame)]);
    }
    expect(times).toEqual([
      [3, 1],
      [3, 2],
      [3.5, 0],
      [4, 3],
    ]);
  });

  it('deliver a duplicate behind its original', () => {
    const link = new SimulatedLink({ aToB: { duplicate: 1 } });
    expect(numbers(traffic(link, 3))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('flip exactly one bit of a corrupted frame, which keeps its length', () => {
    const link = new SimulatedLink({ aToB: { corrupt: 1 } });
    const flipped = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      queue(link.a, numbered(i, 20));
      link.a.exchange();
      const [frame] = receive(link.b);
      expect(frame.length).toBe(20);
      const wrong = [...numbered(i, 20)].flatMap((byte, at) =>
        [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => ((byte ^ frame[at]) >> bit) & 1).map((bit) => at * 8 + bit),
      );
      expect(wrong.length).toBe(1);
      flipped.add(wrong[0]);
    }
    expect(flipped.size).toBe(20 * 8);
  });
});
