/** What happens to a text, or to bytes, on the way from who wrote it: a few places changed. */
import fc from 'fast-check';

/** `at` counts modulo the length. */
export interface Edit {
  at: number;
  /** So many characters go. */
  removes: number;
  inserts: string;
}

/** @param words what is inserted, beside single characters */
export function edits(words: readonly string[], most: number): fc.Arbitrary<Edit[]> {
  const inserts = fc.oneof(
    fc.constantFrom(...words),
    fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    fc.constant(''),
  );
  return fc.array(fc.record({ at: fc.nat(), removes: fc.constantFrom(0, 1, 1, 5, 100), inserts }), {
    maxLength: most,
  });
}

export function edited(text: string, all: readonly Edit[]): string {
  return all.reduce((so, { at, removes, inserts }) => {
    const place = at % (so.length + 1);
    return so.slice(0, place) + inserts + so.slice(place + removes);
  }, text);
}

/** Cuts bytes at these places, modulo the length. */
export function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}
