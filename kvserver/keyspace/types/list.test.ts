import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ListValue } from './list.ts';

/** What is done to a list, and to an array that stands for it; positions are shares of the length. */
type Change = (list: ListValue, model: string[]) => void;

const at = (share: number, length: number) => Math.min(length - 1, Math.floor(share * length));
const share = fc.double({ min: 0, max: 1, noNaN: true });
/** Up to some chunks' worth, so that lists grow and shrink across all sizes. */
const count = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 3000 }));
const letter = fc.constantFrom('a', 'b', 'c');

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(count, letter).map(
    ([n, item]): Change =>
      (list, model) => {
        for (let i = 0; i < n; i++) list.pushHead(item + (i % 3));
        model.unshift(...Array.from({ length: n }, (_, i) => item + (i % 3)).reverse());
      },
  ),
  fc.tuple(count, letter).map(
    ([n, item]): Change =>
      (list, model) => {
        for (let i = 0; i < n; i++) list.pushTail(item + (i % 3));
        model.push(...Array.from({ length: n }, (_, i) => item + (i % 3)));
      },
  ),
  count.map(
    (n): Change =>
      (list, model) => {
        for (let i = 0; i < n && model.length > 0; i++) expect(list.popHead()).toBe(model.shift());
      },
  ),
  count.map(
    (n): Change =>
      (list, model) => {
        for (let i = 0; i < n && model.length > 0; i++) expect(list.popTail()).toBe(model.pop());
      },
  ),
  fc.tuple(count, fc.boolean()).map(
    ([n, head]): Change =>
      (list, model) => {
        const dropped = Math.min(n, model.length);
        if (head) list.dropHead(dropped);
        else list.dropTail(dropped);
        model.splice(head ? 0 : model.length - dropped, dropped);
      },
  ),
  share.map(
    (where): Change =>
      (list, model) => {
        const index = model.length === 0 ? 0 : at(where, model.length);
        list.insert(index, 'inserted');
        model.splice(index, 0, 'inserted');
      },
  ),
  share.map(
    (where): Change =>
      (list, model) => {
        if (model.length === 0) return;
        list.replace(at(where, model.length), 'replaced');
        model[at(where, model.length)] = 'replaced';
      },
  ),
  fc
    .tuple(letter, fc.oneof(fc.constant(Infinity), count), fc.boolean())
    .map(([item, n, fromTail]): Change => {
      return (list, model) => {
        const places = model.flatMap((each, index) => (each === `${item}1` ? [index] : []));
        const removed = fromTail ? places.reverse().slice(0, n) : places.slice(0, n);
        expect(list.remove(`${item}1`, n, fromTail)).toBe(removed.length);
        const gone = new Set(removed);
        const kept = model.filter((_, index) => !gone.has(index));
        model.splice(0, model.length, ...kept);
      };
    }),
);

it('a list does what an array does, at any length', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40, size: 'max' }), (changes) => {
      const list = new ListValue();
      const model: string[] = [];
      for (const each of changes) each(list, model);
      expect(list.length).toBe(model.length);
      expect(list.toArray()).toEqual(model);
      expect(list.copy().toArray()).toEqual(model);
      for (const item of ['a0', 'inserted', 'absent']) expect(list.indexOf(item)).toBe(model.indexOf(item));
    }),
    { numRuns: 50 },
  );
});

it('a list keeps what lies in it while its ends wander on through many chunks', () => {
  const list = new ListValue();
  for (let i = 0; i < 5000; i++) list.pushTail(String(i));
  let wrong = 0;
  for (let i = 0; i < 100_000; i++) {
    if (list.popHead() !== String(i)) wrong++;
    list.pushTail(String(i + 5000));
  }
  for (let i = 0; i < 100_000; i++) {
    list.pushHead(String(99_999 - i));
    if (list.popTail() !== String(104_999 - i)) wrong++;
  }
  expect([wrong, list.length, list.at(0), list.at(4999)]).toEqual([0, 5000, '0', '4999']);
});
