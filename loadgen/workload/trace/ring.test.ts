import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRing, RingReader, RingWriter } from './ring.ts';

it('gives records in their order and whole, however it wraps around', () => {
  const record = fc.record({
    timeNs: fc.double({ min: 0, max: 1e15, noNaN: true }),
    operation: fc.nat(2),
    key: fc.uint8Array({ minLength: 1, maxLength: 60 }),
    valueBytes: fc.integer({ min: -1, max: 2 ** 29 }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 24, max: 60 }),
      fc.array(record, { maxLength: 60 }),
      fc.array(fc.boolean()),
      (units, records, turns) => {
        const ring = createRing(units);
        const writer = new RingWriter(ring);
        const reader = new RingReader(ring, () => false);
        let written = 0;
        let read = 0;
        const write = (): boolean => {
          const next = records[written];
          if (next === undefined) return false;
          const { timeNs, operation, key, valueBytes } = next;
          const isIn = writer.append(timeNs, operation, key, key.length, valueBytes);
          if (isIn) written++;
          return isIn;
        };
        const take = (): boolean => {
          if (read === written) return false;
          expect(reader.find()).toBe(true);
          reader.releaseBefore();
          const { timeNs, operation, keyAt, keyBytes, valueBytes, bytes } = reader;
          const key = Uint8Array.from(bytes.subarray(keyAt, keyAt + keyBytes));
          expect({ timeNs, operation, key, valueBytes }).toEqual(records[read++]);
          return true;
        };
        for (let turn = 0; read < records.length; turn++) {
          const writes = turns.length > 0 && turns[turn % turns.length];
          // What cannot be written now can be once something is read, and the other way round.
          if (writes ? !write() && !take() : !take() && !write()) throw new Error('stuck');
        }
        writer.end();
        expect(reader.find()).toBe(false);
      },
    ),
  );
});
