/**
 * From which version on the values of a key are not stale: the last one that is known to have been written before now.
 *
 * Writes of a key that are outstanding together come to an end in any order, and one that was given up perhaps much
 * later. So writes count as groups: one begins when none is outstanding, and ends when none is any more; then what the
 * key holds is of this group or of a later one, and the group's first version is the floor. That is never too high.
 *
 * The table is small, so that it stays in the cache, and direct-mapped: keys that share a place share its groups, and
 * one of them has a floor. A key whose floor was lost has none, which misses stale values but reports no fresh ones.
 * Keys that follow each other have places of their own, so that a key space as small as the table loses nothing;
 * popular keys lie anywhere in the key space already (key-permutation.ts).
 */
const PLACES = 65_536;
/** Numbers of a place: the key plus 1, its floor, the first version of its group, and the writes outstanding. */
const KEY = 0;
const FLOOR = 1;
const FIRST = 2;
const OUTSTANDING = 3;
const NUMBERS = 4;
/** A group whose end tells nothing: of several keys, or with a write that was not acknowledged. */
const NONE = 0;

export class VersionFloors {
  readonly #places = new Float64Array(PLACES * NUMBERS);

  /** A write of `version` is sent; versions grow from 1. */
  sent(key: number, version: number): void {
    const places = this.#places;
    const at = placeOf(key);
    if (places[at + OUTSTANDING]++ > 0) {
      if (places[at + KEY] !== key + 1) places[at + FIRST] = NONE;
      return;
    }
    if (places[at + KEY] !== key + 1) {
      places[at + KEY] = key + 1;
      places[at + FLOOR] = 0;
    }
    places[at + FIRST] = version;
  }

  /** A write was answered. One that was given up never is, and its group never ends. */
  answered(key: number, isRight: boolean): void {
    const places = this.#places;
    const at = placeOf(key);
    if (!isRight) places[at + FIRST] = NONE;
    if (--places[at + OUTSTANDING] === 0 && places[at + FIRST] !== NONE) {
      places[at + FLOOR] = places[at + FIRST];
    }
  }

  /** Of a read that is sent now; 0 where nothing is known. */
  of(key: number): number {
    const at = placeOf(key);
    return this.#places[at + KEY] === key + 1 ? this.#places[at + FLOOR] : 0;
  }
}

function placeOf(key: number): number {
  return ((key - Math.floor(key / PLACES) * PLACES) | 0) * NUMBERS;
}
