import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SgaSegment } from '../memory/sga.ts';
import { BufferRing, type BufferSource, MOST_BUFFERS } from './buffer-ring.ts';
import { BUFFER_WORDS, TAIL_HALFWORD } from './layout.ts';

/** A pool of `most` buffers whose addresses tell them apart. */
class Buffers implements BufferSource {
  readonly free: SgaSegment[];

  constructor(most: number) {
    const memory = { bytes: new Uint8Array(0), address: 2 ** 40 };
    this.free = Array.from({ length: most }, (_, i) => new SgaSegment(this, memory, 0, i * 4096, 2048 + i));
  }
  tryTake(): SgaSegment | null {
    return this.free.pop() ?? null;
  }
  hasBuffers(count: number): boolean {
    return this.free.length >= count;
  }
  give(segment: SgaSegment): void {
    this.free.push(segment);
  }
}

describe('a ring of buffers', () => {
  it('gives the kernel each buffer once at a time, as it is, and takes back which one was filled', () => {
    const step = fc.oneof(
      fc.constant('refill' as const),
      fc.constant('dry' as const),
      fc.integer({ min: 1, max: 20 }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600 }), fc.array(step, { maxLength: 200 }), (most, steps) => {
        const source = new Buffers(most);
        const ring = new BufferRing(3, source);
        const words = new Int32Array(ring.memory.bytes.buffer);
        const halfwords = new Uint16Array(ring.memory.bytes.buffer);
        /** The kernel's side (linux/io_uring.h): it takes from its head up to the tail. */
        let head = 0;
        ring.use();
        const held = new Set<SgaSegment>();
        const tail = () => halfwords[TAIL_HALFWORD];
        for (const step of steps) {
          if (step === 'refill') ring.refill();
          else if (step === 'dry') ring.ranDry();
          else {
            for (let left = step; left > 0 && head !== tail(); left--) {
              const at = (head & (MOST_BUFFERS - 1)) * BUFFER_WORDS;
              head = (head + 1) & 0xffff;
              const segment = ring.take(halfwords[at * 2 + 6]);
              expect((words[at] >>> 0) + (words[at + 1] >>> 0) * 2 ** 32).toBe(segment.address);
              expect(words[at + 2]).toBe(segment.capacity);
              expect(held.has(segment)).toBe(false);
              held.add(segment);
              // What was received is freed, sooner or later.
              for (const freed of [...held].slice(0, held.size > 5 ? 2 : 0)) {
                held.delete(freed);
                source.give(freed);
              }
            }
          }
          expect(ring.count).toBe((tail() - head) & 0xffff);
          expect(ring.count + held.size + source.free.length).toBe(most);
        }
        ring.close();
        expect(source.free.length + held.size).toBe(most);
      }),
    );
  });

  it('grows when the kernel finds it empty, as long as the pool has many more', () => {
    const source = new Buffers(300);
    const ring = new BufferRing(0, source);
    ring.refill();
    expect(ring.count).toBe(0);
    expect(ring.use()).toBe(true);
    expect(ring.count).toBe(16);
    ring.ranDry();
    ring.refill();
    expect(ring.count).toBe(32);
    ring.ranDry();
    ring.refill();
    // Of 300 are 268 left, and 8 times 64 would have to be.
    expect(ring.count).toBe(32);
    expect(ring.isShort).toBe(false);
    ring.close();
  });
});
