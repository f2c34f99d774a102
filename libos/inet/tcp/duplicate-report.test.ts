import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { DuplicateReport } from './duplicate-report.ts';
import { type Offer, TestPeer } from './test-peer.ts';

afterEach(() => TestPeer.checkAll());

function established(offer: Offer = {}) {
  const peer = new TestPeer();
  peer.establish(offer);
  /** Segments of 500 bytes, numbered as in the RFC: `data(3000)` ends before 3500. */
  const data = (seq: number, bytes = 500) => peer.send({ flags: 'A', seq, ack: 1, bytes });
  const inOrderTo = (end: number) => {
    for (let seq = 1; seq < end; seq += 500)
      peer.inject({ flags: 'A', seq, ack: 1, bytes: Math.min(500, end - seq) });
    expect([...peer.run(), ...peer.pass(20_000)].at(-1)).toMatch(new RegExp(`A 1 ack ${end}$`));
  };
  return { peer, data, inOrderTo };
}

describe('D-SACK: what has come twice is the first SACK block (RFC 2883)', () => {
  it('of data that is acknowledged, as its acknowledgement was lost (4.1.1)', () => {
    const { data, inOrderTo } = established();
    inOrderTo(4000);
    expect(data(3000)).toEqual(['A 1 ack 4000 sack 3000:3500']);
  });

  it('before the blocks of what waits for missing data (4.1.2)', () => {
    const { data, inOrderTo } = established();
    inOrderTo(4000);
    expect(data(4500)).toEqual(['A 1 ack 4000 sack 4500:5000']);
    expect(data(3000)).toEqual(['A 1 ack 4000 sack 3000:3500 4500:5000']);
  });

  it('of what waits already, followed by the block that it lies in (4.1.3)', () => {
    const { data, inOrderTo } = established();
    inOrderTo(4000);
    data(6000);
    data(4500);
    data(5000);
    expect(data(5000)).toEqual(['A 1 ack 4000 sack 5000:5500 4500:5500 6000:6500']);
  });

  it('of the part that is acknowledged, of a segment that brings more (4.2.1)', () => {
    const { peer, data, inOrderTo } = established();
    inOrderTo(1500);
    expect(data(1000, 1400)).toEqual([]);
    expect(peer.pass(10_000)).toEqual(['10000 A 1 ack 2400 sack 1000:1500']);
  });

  it('of the first part that waits already, of a segment that brings more (4.2.2)', () => {
    const { data, inOrderTo } = established();
    inOrderTo(1000);
    data(1500);
    data(2500);
    expect(data(1500, 1400)).toEqual(['A 1 ack 1000 sack 1500:2000 1500:3000']);
  });

  it('is told once (4)', () => {
    const { data, inOrderTo } = established();
    inOrderTo(4000);
    data(3000);
    expect(data(5000)).toEqual(['A 1 ack 4000 sack 5000:5500']);
  });

  it('is one block for duplicates that touch and come together', () => {
    const { peer, inOrderTo } = established();
    inOrderTo(4000);
    for (const seq of [2000, 2500, 3000]) peer.inject({ flags: 'A', seq, ack: 1, bytes: 500 });
    expect(peer.run()).toEqual(['A 1 ack 4000 sack 2000:3500']);
  });

  it('waits for the next acknowledgement when it does not fit beside data', () => {
    const { peer, inOrderTo } = established();
    inOrderTo(4000);
    peer.inject({ flags: 'A', seq: 3000, ack: 1, bytes: 500 });
    peer.stack.poll();
    expect(peer.push(1000)).toEqual(['PA 1:1001 ack 4000', 'A 1001 ack 4000 sack 3000:3500']);
  });

  it('is not told without SACK, nor of segments without data', () => {
    const without = established({ sackPermitted: false });
    without.inOrderTo(4000);
    expect(without.data(3000)).toEqual(['A 1 ack 4000']);
    const { peer, inOrderTo } = established();
    inOrderTo(4000);
    expect(peer.send({ flags: 'A', seq: 3000, ack: 1 })).toEqual(['A 1 ack 4000']);
  });
});

describe('DuplicateReport', () => {
  it('tells the last run of what was noted since it was sent, around any wrap', () => {
    const range = fc.record({
      start: fc.integer({ min: 0, max: 100 }),
      length: fc.integer({ min: 1, max: 20 }),
    });
    const property = fc.property(
      fc.constantFrom(0, 0x7fffffc0),
      fc.array(range, { minLength: 1 }),
      (base, ranges) => {
        const report = new DuplicateReport();
        const out = new Int32Array(2);
        let told: [number, number] | null = null;
        for (const { start, length } of ranges) {
          const end = start + length;
          report.note((base + start) | 0, (base + end) | 0);
          if (told !== null && start <= told[1] && told[0] <= end) {
            told = [Math.min(told[0], start), Math.max(told[1], end)];
          } else told = [start, end];
          report.write(out);
          expect([...out].map((edge) => (edge - base) | 0)).toEqual(told);
        }
        report.sent();
        expect(report.due).toBe(false);
      },
    );
    fc.assert(property);
  });
});
