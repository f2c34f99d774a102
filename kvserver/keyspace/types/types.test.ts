import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SetValue } from './set.ts';
import { SortedSetValue } from './sorted-set.ts';

const member = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f', '\x00', '\xff', 'aa');

it('a sorted set orders its members by score, then by bytes, and knows their ranks', () => {
  const change = fc.tuple(member, fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(null)));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100, size: 'max' }), (changes) => {
      const set = new SortedSetValue();
      const model = new Map<string, number>();
      for (const [name, score] of changes) {
        if (score === null) {
          expect(set.delete(name)).toBe(model.delete(name));
        } else {
          set.set(name, score);
          model.set(name, score);
        }
      }
      const sorted = [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
      expect(set.size).toBe(sorted.length);
      for (const [rank, [name, score]] of sorted.entries()) {
        expect(set.rank(name)).toBe(rank);
        expect(set.score(name)).toBe(score);
        const up: string[] = [];
        set.range(rank, 3, false, (entry) => up.push(entry.member));
        expect(up).toEqual(sorted.slice(rank, rank + 3).map(([each]) => each));
        const down: string[] = [];
        set.range(rank, sorted.length, true, (entry) => down.push(entry.member));
        expect(down).toEqual(
          sorted
            .slice(0, rank + 1)
            .map(([each]) => each)
            .reverse(),
        );
      }
      if (sorted.length > 0)
        expect([set.first().member, set.last().member]).toEqual([sorted[0][0], sorted.at(-1)![0]]);
    }),
    { seed: 1, numRuns: 300 },
  );
});

it('a set gives any of its members at random and forgets those taken', () => {
  const set = new SetValue();
  for (let i = 0; i < 50; i++) expect(set.add(`m${i}`)).toBe(true);
  expect(set.add('m7')).toBe(false);
  const taken = new Set<string>();
  while (set.size > 0) {
    const chosen = set.random();
    expect(set.delete(chosen)).toBe(true);
    expect(set.has(chosen)).toBe(false);
    taken.add(chosen);
  }
  expect(taken.size).toBe(50);
});
