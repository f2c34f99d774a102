import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IntendedTimes } from './intended-times.ts';

it('gives back times in order, as a list would, however it wraps around', () => {
  const step = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant('shift' as const));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 100 }), (capacity, steps) => {
      const times = new IntendedTimes(capacity);
      const list: number[] = [];
      for (const one of steps) {
        if (one === 'shift') {
          if (list.length > 0) expect(times.shift()).toBe(list.shift());
        } else if (list.length < capacity) {
          times.append(one);
          list.push(one);
        }
      }
    }),
  );
});
