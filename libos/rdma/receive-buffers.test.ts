/** Receive buffers, by property: how many there are, whoever has them, and that none is lost or had by two. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SgaSegment } from '../memory/sga.ts';
import { SharedReceives } from './receive-budget.ts';
import { ReceiveBuffers } from './receive-buffers.ts';

class Memory {
  mapped = 0;
  unmapped = 0;
  discarded = 0;
  receives = 0;
  readonly mayDiscard = true;

  map(bytes: number) {
    const number = this.mapped++;
    const slab = {
      bytes: new Uint8Array(bytes),
      address: 0,
      discard: () => void this.discarded++,
      unmap: () => void this.unmapped++,
    };
    return { slab, number };
  }

  addReceives(_number: number, _address: number, count: number): number {
    this.receives += count;
    return this.receives - count;
  }
}

const steps = fc.array(fc.constantFrom('take', 'take', 'take', 'give', 'give', 'idle', 'close'), {
  maxLength: 200,
});

it('are taken and given back, within the limit of all endpoints, and unmapped when the last one is back', () => {
  const settings = fc.record({
    bufferBytes: fc.constantFrom(1000, 100_000, 900_000),
    own: fc.integer({ min: 4, max: 40 }),
    all: fc.integer({ min: 4, max: 60 }),
  });
  fc.assert(
    fc.property(
      settings,
      fc.array(fc.tuple(fc.nat(1), steps), { maxLength: 6 }),
      ({ bufferBytes, own, all }, plan) => {
        const shared = new SharedReceives(all);
        const memories = [new Memory(), new Memory()];
        const both = memories.map((memory) => new ReceiveBuffers(bufferBytes, own, shared, memory));
        const taken: SgaSegment[][] = [[], []];
        const closed = [false, false];
        for (const [which, list] of plan) {
          const buffers = both[which];
          const mine = taken[which];
          for (const step of list) {
            if (step === 'give') {
              const one = mine.shift();
              if (one !== undefined) buffers.give(one);
            } else if (closed[which]) continue;
            else if (step === 'idle') buffers.giveBackIdle();
            else if (step === 'close') {
              // Those that are posted, here a half, are nobody's.
              const posted = mine.splice(0, Math.floor(mine.length / 2));
              buffers.close(posted.length);
              closed[which] = true;
            } else {
              const mayTake = shared.taken < all && mine.length < own;
              expect(buffers.hasMore).toBe(mayTake);
              const one = buffers.take();
              expect(one !== null).toBe(mayTake);
              if (one === null) continue;
              expect(mine).not.toContain(one);
              mine.push(one);
            }
            expect(shared.taken).toBe(taken[0].length + taken[1].length);
            expect(memories[which].receives).toBeLessThanOrEqual(own);
          }
        }
        both.forEach((buffers, which) => {
          if (!closed[which]) buffers.close(0);
          for (const one of taken[which].splice(0)) buffers.give(one);
          expect(memories[which].unmapped).toBe(memories[which].mapped);
        });
        expect(shared.taken).toBe(0);
      },
    ),
  );
});

it('that were not needed for a while go back to the operating system, but for the first', () => {
  const memory = new Memory();
  const buffers = new ReceiveBuffers(900_000, 20, new SharedReceives(20), memory);
  const taken = Array.from({ length: 20 }, () => buffers.take()!);
  for (const one of taken) buffers.give(one);
  // They were needed within the last while.
  buffers.giveBackIdle();
  expect(memory.discarded).toBe(0);
  for (let i = 0; i < 10; i++) buffers.giveBackIdle();
  expect(memory.discarded).toBe(memory.mapped - 1);
  expect(Array.from({ length: 21 }, () => buffers.take()).filter((one) => one !== null)).toHaveLength(20);
});
