import fc from 'fast-check';
import { expect, it } from 'vitest';
import { INTENDED, POSSIBLE, ReplyRecord } from '../connections/reply.ts';
import { IntendedTimes } from './intended-times.ts';

it('gives back times in order, as a list would, however it wraps around', () => {
  const pair = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }));
  const step = fc.oneof(pair, fc.constantFrom('shift' as const, 'rotate' as const));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 100 }), (capacity, steps) => {
      const times = new IntendedTimes(capacity);
      const { timesNs } = new ReplyRecord();
      const list: [number, number][] = [];
      for (const one of steps) {
        if (one === 'shift') {
          const oldest = list.shift();
          if (oldest === undefined) continue;
          times.shiftInto(timesNs);
          expect([timesNs[INTENDED], timesNs[POSSIBLE]]).toEqual(oldest);
        } else if (one === 'rotate') {
          const oldest = list.shift();
          if (oldest === undefined) continue;
          times.rotate();
          list.push(oldest);
        } else if (list.length < capacity) {
          times.append(...one);
          list.push(one);
        }
      }
    }),
  );
});
