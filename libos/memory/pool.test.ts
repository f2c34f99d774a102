import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from './pool.ts';
import { Owner, type ScatterGatherArray, type Slab } from './sga.ts';

const BUFFER_BYTES = 64;
const SLAB_BUFFERS = 4;

/** A pool over ordinary memory that counts what is asked of the slabs. */
function testPool(options: { retainBytes?: number; limitBytes?: number; checked?: boolean } = {}) {
  const counts = { mapped: 0, discarded: 0, unmapped: 0 };
  const pool = new BufferPool({
    bufferBytes: BUFFER_BYTES,
    slabBuffers: SLAB_BUFFERS,
    limitBytes: options.limitBytes ?? 64 * BUFFER_BYTES * SLAB_BUFFERS,
    retainBytes: options.retainBytes ?? 1e9,
    checked: options.checked ?? false,
    mapSlab(bytes): Slab {
      counts.mapped++;
      return {
        bytes: new Uint8Array(bytes),
        address: counts.mapped * 0x10000,
        discard: () => void counts.discarded++,
        unmap: () => void counts.unmapped++,
      };
    },
  });
  return { pool, counts };
}

describe('BufferPool', () => {
  it('cuts what is asked for into buffers whose lengths sum up to it', () => {
    const { pool } = testPool();
    for (const bytes of [1, 63, 64, 65, 640, 1000]) {
      const array = pool.alloc(bytes, Owner.Application);
      expect(array.segmentCount).toBe(Math.ceil(bytes / BUFFER_BYTES));
      expect(array.byteLength).toBe(bytes);
      pool.release(array);
    }
  });

  it('never hands a buffer out twice, keeps data, and takes all of it back', () => {
    const step = fc.oneof(
      fc.record({ alloc: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ freeAt: fc.nat(), alloc: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(0, 256, 1e9), (steps, retainBytes) => {
        const { pool, counts } = testPool({ retainBytes });
        const held: { array: ScatterGatherArray; mark: number }[] = [];
        let mark = 0;
        const check = ({ array, mark }: (typeof held)[number]) => {
          for (let i = 0; i < array.segmentCount; i++) {
            const { bytes, base, capacity } = array.segments[i];
            expect(bytes.subarray(base, base + capacity).every((byte) => byte === mark)).toBe(true);
          }
        };
        for (const one of steps) {
          if (one.alloc > 0) {
            const array = pool.alloc(one.alloc, Owner.Application);
            mark = (mark + 1) % 256;
            for (let i = 0; i < array.segmentCount; i++) {
              const { bytes, base, capacity } = array.segments[i];
              bytes.fill(mark, base, base + capacity);
            }
            held.push({ array, mark });
          } else if ('freeAt' in one && held.length > 0) {
            const [freed] = held.splice(one.freeAt % held.length, 1);
            check(freed);
            pool.release(freed.array);
          }
        }
        for (const one of held) {
          check(one);
          pool.release(one.array);
        }
        // Whatever was retired or kept, all of it can be had again without mapping more.
        const { mapped } = counts;
        if (mapped > 0) pool.release(pool.alloc(pool.mappedBytes, Owner.Application));
        expect(counts.mapped).toBe(mapped);
      }),
    );
  });

  it('gives pages back after a burst, and does not come and go around the limit', () => {
    const { pool, counts } = testPool({ retainBytes: 2 * BUFFER_BYTES * SLAB_BUFFERS });
    pool.release(pool.alloc(16 * BUFFER_BYTES * SLAB_BUFFERS, Owner.Application));
    expect(counts.mapped).toBe(16);
    expect(counts.discarded).toBe(14);
    expect(pool.freeBytes).toBe(2 * BUFFER_BYTES * SLAB_BUFFERS);
    for (let i = 0; i < 100; i++) pool.release(pool.alloc(1, Owner.Application));
    expect(counts.discarded).toBe(14);
  });

  it('maps all that the limit allows, with a smaller slab at the end, and not a buffer more', () => {
    const { pool, counts } = testPool({
      limitBytes: (2 * SLAB_BUFFERS + 1) * BUFFER_BYTES + 1,
      retainBytes: 0,
    });
    const array = pool.alloc((2 * SLAB_BUFFERS + 1) * BUFFER_BYTES, Owner.Application);
    expect(counts.mapped).toBe(3);
    expect(pool.tryTake()).toBeNull();
    pool.release(array);
    expect(counts.discarded).toBe(3);
    expect(pool.mappedBytes).toBe((2 * SLAB_BUFFERS + 1) * BUFFER_BYTES);
  });

  it('takes back the buffers behind the bytes that an array is shortened to', () => {
    const bytes = fc.integer({ min: 1, max: 10 * BUFFER_BYTES });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 10 }), (kept, buffers) => {
        const { pool } = testPool({ checked: true });
        const array = pool.alloc(buffers * BUFFER_BYTES, Owner.Libos);
        const before = pool.freeBytes;
        const left = Math.min(kept, buffers * BUFFER_BYTES);
        array.shorten(left);
        expect(array.byteLength).toBe(left);
        expect(array.segmentCount).toBe(Math.ceil(left / BUFFER_BYTES));
        expect(pool.freeBytes - before).toBe((buffers - array.segmentCount) * BUFFER_BYTES);
        pool.release(array);
        expect(pool.freeBytes).toBe(pool.mappedBytes);
      }),
    );
  });

  it('says whether it has so many buffers under its limit, and has them then', () => {
    const { pool } = testPool({ limitBytes: 6 * BUFFER_BYTES });
    expect(pool.hasBuffers(7)).toBe(false);
    expect(pool.hasBuffers(6)).toBe(true);
    pool.alloc(3 * BUFFER_BYTES, Owner.Libos);
    expect(pool.hasBuffers(4)).toBe(false);
    expect(pool.alloc(3 * BUFFER_BYTES, Owner.Libos).segmentCount).toBe(3);
  });

  it('unmaps everything at the end', () => {
    const { pool, counts } = testPool();
    pool.release(pool.alloc(1000, Owner.Application));
    pool.destroy();
    expect(counts.unmapped).toBe(counts.mapped);
  });
});
