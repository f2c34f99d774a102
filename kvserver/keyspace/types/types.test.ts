import fc from 'fast-check';
import { expect, it } from 'vitest';
import { latin1Bytes } from '../../resp/bytes.ts';
import { defaultEncodingLimits } from './encoding-limits.ts';
import { HashValue } from './hash.ts';
import { ABSENT, Members } from './members.ts';
import { ScoreOrder } from './score-order.ts';
import { SetValue } from './set.ts';
import { SortedSetValue } from './sorted-set.ts';

const limits = defaultEncodingLimits();
const member = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f', '\x00', '\xff', 'aa');

it('members have places without gaps and are found by text and by bytes', () => {
  const change = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 60 }).map(String));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400, size: 'max' }), (changes) => {
      const members = new Members();
      const model = new Set<string>();
      for (const [adds, text] of changes) {
        const place = members.findText(text);
        expect(place !== ABSENT).toBe(model.has(text));
        if (adds && place === ABSENT) {
          members.append(text);
          model.add(text);
        } else if (!adds && place !== ABSENT) {
          members.remove(place);
          model.delete(text);
        }
      }
      const all = Array.from({ length: members.size }, (_, place) => members.at(place));
      expect(new Set(all)).toEqual(model);
      for (const [place, text] of all.entries()) {
        const bytes = latin1Bytes(`<${text}>`);
        expect(members.find(bytes, 1, text.length)).toBe(place);
        expect(members.copy().findText(text)).toBe(place);
      }
    }),
    { seed: 1, numRuns: 50 },
  );
});

it('a long member is found beside its beginning', () => {
  const members = new Members();
  members.append('x'.repeat(100_000));
  expect(members.findText('x'.repeat(99_999))).toBe(ABSENT);
  expect(members.findText('x'.repeat(100_000))).toBe(0);
  expect(members.append('')).toBe(1);
  expect(members.findText('')).toBe(1);
});

interface Scored {
  score: number;
  name: string;
}

const inOrder = (a: Scored, b: Scored): number => a.score - b.score || (a.name < b.name ? -1 : 1);

const listed = (order: ScoreOrder, rank: number, count: number, reverse = false): string[] => {
  const found: string[] = [];
  order.range(rank, count, reverse, (name) => found.push(name));
  return found;
};

it('an order of thousands keeps its ranks through additions and removals, of ranges too', () => {
  const step = fc.tuple(
    fc.constantFrom('add', 'add', 'add', 'remove', 'range'),
    fc.integer({ min: 0, max: 1e9 }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 3000, maxLength: 4000, size: 'max' }), (steps) => {
      const order = new ScoreOrder();
      const model: Scored[] = [];
      for (const [serial, [what, number]] of steps.entries()) {
        const rank = number % Math.max(1, model.length);
        if (what === 'add') {
          const added = { score: number % 50, name: `${number % 997}:${serial}` };
          order.add(added.score, added.name);
          model.push(added);
          model.sort(inOrder);
        } else if (what === 'remove' && model.length > 0) {
          const [removed] = model.splice(rank, 1);
          order.remove(removed.score, removed.name);
        } else if (number % 100 === 0 && model.length > 0) {
          const count = Math.min(model.length - rank, number % 700);
          model.splice(rank, count);
          order.removeRange(rank, count);
        }
      }
      const names = model.map(({ name }) => name);
      expect(order.size).toBe(model.length);
      expect(listed(order, 0, model.length)).toEqual(names);
      expect(listed(order.copy(), model.length - 1, model.length, true)).toEqual(names.toReversed());
      for (let rank = 0; rank < model.length; rank += 37) {
        const { score, name } = model[rank];
        expect(order.countBefore(score, name)).toBe(rank);
        expect(order.at(rank)).toEqual({ member: name, score });
        expect(order.countBelow(score, false)).toBe(model.findIndex((each) => each.score === score));
        expect(order.countBelow(score, true)).toBe(model.findLastIndex((each) => each.score === score) + 1);
      }
    }),
    { seed: 2, numRuns: 5 },
  );
});

it('an order of tens of thousands, with branches of branches, stays right however much is removed at once', () => {
  const random = fc.sample(fc.integer({ min: 0, max: 1e9 }), { seed: 3, numRuns: 20_000 });
  const order = new ScoreOrder();
  for (const [serial, number] of random.entries()) order.add(number % 1000, `${number}:${serial}`);
  let model = random.map((number, serial) => ({ score: number % 1000, name: `${number}:${serial}` }));
  model.sort(inOrder);
  for (const number of random.slice(0, 30)) {
    const rank = number % model.length;
    const count = Math.min(model.length - rank, number % 1300);
    order.removeRange(rank, count);
    model = [...model.slice(0, rank), ...model.slice(rank + count)];
    const added = { score: number % 1001, name: `again:${number}` };
    order.add(added.score, added.name);
    model = [...model, added].sort(inOrder);
    expect(listed(order, rank - 1, count)).toEqual(
      model.slice(Math.max(0, rank - 1), rank - 1 + count).map(({ name }) => name),
    );
  }
  const names = model.map(({ name }) => name);
  expect(order.size).toBe(names.length);
  for (const each of [order, order.copy()]) {
    expect(listed(each, 0, names.length)).toEqual(names);
    expect(listed(each, names.length - 1, names.length, true)).toEqual(names.toReversed());
    for (let rank = 0; rank < names.length; rank += 101) {
      expect(each.countBefore(model[rank].score, names[rank])).toBe(rank);
      expect(each.at(rank)).toEqual({ member: names[rank], score: model[rank].score });
    }
  }
});

it('members are found while their index is split into parts, and while they go again', () => {
  const members = new Members();
  const count = 60_000;
  for (const n of numbers(count)) members.append(`m${n}`);
  const copy = members.copy();
  for (const each of [members, copy]) {
    expect(each.findText(`m${count}`)).toBe(ABSENT);
    expect(numbers(count).filter((n) => each.findText(`m${n}`) !== n)).toEqual([]);
  }
  for (const n of numbers(count)) {
    if (n % 9 !== 0) members.remove(members.findText(`m${n}`));
  }
  expect(members.size).toBe(Math.ceil(count / 9));
  const misplaced = numbers(count).filter((n) => {
    const place = members.findText(`m${n}`);
    return n % 9 === 0 ? members.at(place) !== `m${n}` : place !== ABSENT;
  });
  expect(misplaced).toEqual([]);
  expect(numbers(count).filter((n) => copy.at(n) !== `m${n}`)).toEqual([]);
});

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

it('an order that grows at its end, and is emptied from its start, stays right', () => {
  const order = new ScoreOrder();
  for (let i = 0; i < 2000; i++) order.add(0, String(i).padStart(4, '0'));
  expect(order.countMembersBelow('1234', false)).toBe(1234);
  expect(order.countMembersBelow('1234', true)).toBe(1235);
  for (let i = 0; i < 2000; i++) {
    expect(order.at(0).member).toBe(String(i).padStart(4, '0'));
    order.remove(0, order.at(0).member);
  }
  expect(order.size).toBe(0);
  order.add(1, 'again');
  expect(order.at(0).member).toBe('again');
});

it('a sorted set orders its members by score, then by bytes, and knows their ranks', () => {
  const change = fc.tuple(member, fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(null)));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100, size: 'max' }), (changes) => {
      const set = new SortedSetValue(limits);
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
        expect(set.rankAt(set.find(latin1Bytes(name), 0, name.length))).toBe(rank);
        expect(set.score(name)).toBe(score);
        const up: string[] = [];
        set.range(rank, 3, false, (each) => up.push(each));
        expect(up).toEqual(sorted.slice(rank, rank + 3).map(([each]) => each));
      }
      if (sorted.length > 0)
        expect([set.first().member, set.last().member]).toEqual([sorted[0][0], sorted.at(-1)![0]]);
      const cut = Math.min(2, sorted.length);
      set.deleteRange(0, cut);
      for (const [index, [name]] of sorted.entries()) expect(set.score(name) === undefined).toBe(index < cut);
    }),
    { seed: 1, numRuns: 100 },
  );
});

it('a set gives any of its members at random and forgets those taken', () => {
  const set = new SetValue(limits);
  for (let i = 0; i < 50; i++) expect(set.add(`m${i}`)).toBe(true);
  expect(set.add('m7')).toBe(false);
  const taken = new Set<string>();
  while (set.size > 0) {
    const chosen = set.takeRandom();
    expect(set.has(chosen)).toBe(false);
    taken.add(chosen);
  }
  expect(taken.size).toBe(50);
});

it('a hash keeps the values of the fields that stay when others are deleted', () => {
  const hash = new HashValue(limits);
  for (let i = 0; i < 100; i++) hash.set(latin1Bytes(`f${i}`), 0, i < 10 ? 2 : 3, `v${i}`);
  for (let i = 0; i < 100; i += 3) expect(hash.delete(`f${i}`)).toBe(true);
  expect(hash.delete('f0')).toBe(false);
  expect(hash.size).toBe(66);
  for (let place = 0; place < hash.size; place++) {
    expect(hash.valueAt(place)).toBe(hash.fieldAt(place).replace('f', 'v'));
  }
});

it('values are in the compact form of Redis as long as they are small, and never again', () => {
  const numbers = new SetValue(limits);
  for (let i = 0; i < limits.setEntries; i++) numbers.add(String(-i));
  expect(numbers.encoding).toBe('intset');
  numbers.add('9223372036854775807');
  expect(numbers.encoding).toBe('hashtable');
  numbers.delete('9223372036854775807');
  expect(numbers.copy().encoding).toBe('hashtable');
  for (const text of ['a', '01', '9223372036854775808', '']) {
    const set = new SetValue(limits);
    set.add(text);
    expect([text, set.encoding]).toEqual([text, 'hashtable']);
  }
  const hash = new HashValue(limits);
  hash.set(latin1Bytes('f'), 0, 1, 'x'.repeat(limits.hashBytes));
  expect(hash.encoding).toBe('listpack');
  hash.set(latin1Bytes('f'), 0, 1, 'x'.repeat(limits.hashBytes + 1));
  expect(hash.encoding).toBe('hashtable');
  const sorted = new SortedSetValue(limits);
  sorted.set('x'.repeat(limits.sortedSetBytes), -0);
  expect([sorted.encoding, Object.is(sorted.first().score, 0)]).toEqual(['listpack', true]);
  for (let i = 0; i < limits.sortedSetEntries; i++) sorted.set(`m${i}`, -0);
  expect([sorted.encoding, Object.is(sorted.score('m127'), -0)]).toEqual(['skiplist', true]);
});
