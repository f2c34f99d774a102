import { expect, it } from 'vitest';
import { VersionFloors } from './version-floors.ts';

const KEYS = 65_536;

/** Writes each of these keys once, with versions from 1. */
function written(keys: readonly number[]): VersionFloors {
  const floors = new VersionFloors();
  for (const [index, key] of keys.entries()) {
    floors.sent(key, index + 1);
    floors.answered(key, true);
  }
  return floors;
}

it.each([0, 1, 123_456_789, 10 ** 12 - KEYS])(
  'knows each of 65,536 keys that follow each other, from %d on',
  (from) => {
    const keys = Array.from({ length: KEYS }, (_, index) => from + index);
    const floors = written(keys);
    expect(keys.filter((key, index) => floors.of(key) !== index + 1)).toEqual([]);
  },
);

it('knows those that were written last of more keys, and says nothing of the others', () => {
  const keys = Array.from({ length: 3 * KEYS }, (_, index) => index);
  const floors = written(keys);
  const known = keys.filter((key) => floors.of(key) > 0);
  expect(known).toEqual(keys.slice(-KEYS));
  expect(known.filter((key) => floors.of(key) !== key + 1)).toEqual([]);
});
