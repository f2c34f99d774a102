/** Points that are left out lie between points that are kept. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepExtremes } from './thin.ts';

interface Row {
  at: number;
  group: string;
  value: number;
}

const rowsOf = (values: [number, boolean][]): Row[] =>
  values.map(([value, first], at) => ({ at, group: first ? 'a' : 'b', value }));
const thinned = (rows: Row[], most: number): Row[] =>
  keepExtremes(
    rows,
    most,
    ({ value }) => value,
    ({ group }) => group,
  );
const crowd = fc.array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.boolean()), {
  minLength: 1,
  maxLength: 400,
});

test('keeps order, rows as they are, and the extremes of each group', () => {
  fc.assert(
    fc.property(crowd, fc.integer({ min: 10, max: 100 }), (values, most) => {
      const rows = rowsOf(values);
      const kept = thinned(rows, most);
      expect(kept).toEqual(rows.filter((row) => kept.includes(row)));
      for (const [group, all] of Map.groupBy(rows, (row) => row.group)) {
        const left = kept.filter((row) => row.group === group).map(({ value }) => value);
        expect(Math.min(...left)).toBe(Math.min(...all.map(({ value }) => value)));
        expect(Math.max(...left)).toBe(Math.max(...all.map(({ value }) => value)));
      }
    }),
  );
});

test('leaves about as many as may be, and all where they are not more', () => {
  const rows = rowsOf(Array.from({ length: 10_000 }, (_, index) => [(index * 7919) % 1000, index % 2 === 0]));
  const kept = thinned(rows, 4000);
  expect(kept.length).toBeGreaterThan(3000);
  expect(kept.length).toBeLessThanOrEqual(4004);
  expect(thinned(rows, 10_000)).toBe(rows);
});

test('a single slow one among equals is still there', () => {
  const rows = rowsOf(Array.from({ length: 5000 }, (_, index) => [index === 3210 ? 900 : 100, true]));
  expect(thinned(rows, 100).filter(({ value }) => value === 900)).toEqual([rows[3210]]);
});
