import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../memory/pool.ts';
import { Owner, type ScatterGatherArray } from '../../memory/sga.ts';
import { Checksum } from '../checksum.ts';
import { MAX_PIECES } from '../device.ts';
import { plainChecksum, TestDevice } from '../test-device.ts';
import { SendQueue } from './send-queue.ts';

const START = -50;

class Fixture {
  readonly queue = new SendQueue();
  readonly device = new TestDevice({ mtu: 9000, frames: 4 });
  readonly pool = new BufferPool({
    bufferBytes: 64,
    slabBuffers: 64,
    limitBytes: 64 * 1024,
    retainBytes: 1024 * 1024,
    checked: true,
    mapSlab: (bytes) => ({ bytes: new Uint8Array(bytes), address: 0, discard() {}, unmap() {} }),
  });
  readonly data: number[] = [];

  constructor() {
    this.queue.start(START);
  }

  append(length: number, owner: Owner = Owner.Transport): ScatterGatherArray {
    const array = this.pool.alloc(length, owner);
    const bytes = Uint8Array.from({ length }, (_, i) => (this.data.length + i) * 31);
    array.fill(bytes);
    this.data.push(...bytes);
    this.queue.append(array);
    return array;
  }

  /** As many bytes from a position on as one frame takes, read as a transmission does. */
  take(position: number, most: number): number[] {
    const length = this.queue.seek((START + position) | 0, most);
    const checksum = new Checksum();
    checksum.reset();
    const frame = this.device.allocate()!;
    this.queue.attach(this.device, length, checksum);
    this.device.transmit(frame);
    const [sent] = this.device.takeSent();
    // Pieces of odd length are added up right.
    expect(checksum.result()).toBe(plainChecksum(sent));
    return [...sent];
  }

  get out(): number {
    return this.pool.mappedBytes - this.pool.freeBytes;
  }
}

describe('SendQueue', () => {
  it('reads any range, forwards and back, around the wrap of sequence numbers', () => {
    const fixture = new Fixture();
    expect(fixture.queue.end).toBe(START);
    for (const length of [10, 1, 100, 64, 30]) fixture.append(length);
    expect(fixture.queue.end).toBe(155);
    for (const [position, most] of [
      [0, 205],
      [0, 1],
      [1, 10],
      [11, 50],
      [5, 200],
      [204, 1],
    ] as const) {
      expect(fixture.take(position, most)).toEqual(fixture.data.slice(position, position + most));
    }
    fixture.queue.clear(fixture.pool);
  });

  it('puts no more pieces into a frame than that takes', () => {
    const fixture = new Fixture();
    for (let i = 0; i < 40; i++) fixture.append(3);
    expect(fixture.queue.seek(START, 1000)).toBe(3 * MAX_PIECES);
    expect(fixture.queue.seek(START + 1, 1000)).toBe(3 * MAX_PIECES - 1);
    expect(fixture.take(1, 1000)).toEqual(fixture.data.slice(1, 3 * MAX_PIECES));
    fixture.queue.clear(fixture.pool);
  });

  it('does not count empty arrays as pieces', () => {
    const fixture = new Fixture();
    for (let i = 0; i < 40; i++) fixture.append(0);
    fixture.append(5);
    for (let i = 0; i < 40; i++) fixture.append(0);
    expect(fixture.take(0, 5)).toEqual(fixture.data);
    fixture.queue.clear(fixture.pool);
    expect(fixture.out).toBe(0);
  });

  it('gives back what is acknowledged whole and is its own, and leaves what is others', () => {
    const fixture = new Fixture();
    fixture.append(10);
    const others = fixture.append(10, Owner.Libos);
    fixture.append(10);
    expect(fixture.out).toBe(3 * 64);
    fixture.queue.acknowledge(START + 9, fixture.pool);
    expect(fixture.out).toBe(3 * 64);
    fixture.queue.acknowledge(START + 25, fixture.pool);
    expect(fixture.out).toBe(2 * 64);
    expect(fixture.take(25, 5)).toEqual(fixture.data.slice(25));
    fixture.queue.acknowledge(START + 30, fixture.pool);
    expect(fixture.out).toBe(64);
    fixture.pool.release(others);
  });

  it('is the stream that was appended, whatever is read and acknowledged in between', () => {
    const step = fc.record({
      append: fc.nat({ max: 200 }),
      reads: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 300 }))),
      acknowledge: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const fixture = new Fixture();
        let acknowledged = 0;
        for (const { append, reads, acknowledge } of steps) {
          fixture.append(append);
          for (const [where, most] of reads) {
            const left = fixture.data.length - acknowledged;
            if (left === 0) continue;
            const position = acknowledged + Math.floor(where * (left - 1));
            const bytes = fixture.take(position, Math.min(most, fixture.data.length - position));
            expect(bytes.length).toBeGreaterThan(0);
            expect(bytes).toEqual(fixture.data.slice(position, position + bytes.length));
          }
          acknowledged += Math.floor(acknowledge * (fixture.data.length - acknowledged));
          fixture.queue.acknowledge((START + acknowledged) | 0, fixture.pool);
        }
        fixture.queue.clear(fixture.pool);
        expect(fixture.out).toBe(0);
      }),
    );
  });
});
