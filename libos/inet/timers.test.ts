import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timers } from './timers.ts';

class Item {
  deadlineUs = Number.POSITIVE_INFINITY;
  timerIndex = -1;
  readonly name: number;
  constructor(name: number) {
    this.name = name;
  }
}

function makeItems(count: number): Item[] {
  return Array.from({ length: count }, (_, name) => new Item(name));
}

describe('Timers', () => {
  it('hands out what is due, in order, once', () => {
    const timers = new Timers<Item>();
    const [a, b, c] = makeItems(3);
    timers.set(a, 30.5);
    timers.set(b, 10.5);
    timers.set(c, 20.5);
    expect(timers.next()).toBe(10.5);
    expect(timers.due(10.4)).toBeNull();
    expect(timers.due(25)).toBe(b);
    expect(b.deadlineUs).toBe(Infinity);
    expect(timers.due(25)).toBe(c);
    expect(timers.due(25)).toBeNull();
    expect(timers.next()).toBe(30.5);
    expect(timers.due(30.5)).toBe(a);
    expect(timers.next()).toBe(Infinity);
    expect(timers.due(Infinity)).toBeNull();
  });

  it('moves deadlines earlier and later', () => {
    const timers = new Timers<Item>();
    const [a, b] = makeItems(2);
    timers.set(a, 10);
    timers.set(b, 20);
    timers.set(a, 40);
    expect(timers.due(15)).toBeNull();
    expect(timers.next()).toBe(20);
    timers.set(a, 5);
    expect(timers.next()).toBe(5);
    expect(timers.due(50)).toBe(a);
    expect(timers.due(50)).toBe(b);
  });

  it('leaves the heap alone when a deadline is moved later or ended', () => {
    const timers = new Timers<Item>();
    const items = makeItems(100);
    for (const item of items) timers.set(item, 100 + item.name);
    const positions = items.map((item) => item.timerIndex);
    for (const item of items) timers.set(item, item.name % 2 ? 1000 : Infinity);
    expect(items.map((item) => item.timerIndex)).toEqual(positions);
    expect(timers.next()).toBe(1000);
  });

  it('forgets a cancelled item at once, and one whose deadline ended when its time comes', () => {
    const timers = new Timers<Item>();
    const [a, b, c] = makeItems(3);
    for (const item of [a, b, c]) timers.set(item, 10);
    timers.cancel(a);
    expect(a.timerIndex).toBe(-1);
    timers.set(b, Infinity);
    expect(b.timerIndex).not.toBe(-1);
    expect(timers.due(20)).toBe(c);
    expect(timers.due(20)).toBeNull();
    expect(b.timerIndex).toBe(-1);
    timers.cancel(b);
    timers.set(a, 30);
    expect(timers.next()).toBe(30);
  });

  it('keeps the order when the entry that fills a gap belongs above it', () => {
    const timers = new Timers<Item>();
    const items = makeItems(7);
    const deadlinesUs = [1, 10, 2, 11, 12, 3, 4];
    for (const item of items) timers.set(item, deadlinesUs[item.name]);
    timers.cancel(items[3]);
    const order = Array.from({ length: 6 }, () => deadlinesUs[timers.due(timers.next())!.name]);
    expect(order).toEqual([1, 2, 3, 4, 10, 12]);
  });

  it('agrees with sorting, whatever is done', () => {
    const index = fc.nat(39);
    const time = fc.double({ min: 0, max: 1000, noNaN: true });
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), index, time }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), index, time }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), index, time }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('next' as const), index, time }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('due' as const), index, time }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const timers = new Timers<Item>();
        const items = makeItems(40);
        const expected = new Map<number, number>();
        for (const { kind, index: name, time: at } of steps) {
          if (kind === 'set') {
            timers.set(items[name], at);
            expected.set(name, at);
          } else if (kind === 'end') {
            timers.set(items[name], Infinity);
            expected.delete(name);
          } else if (kind === 'cancel') {
            timers.cancel(items[name]);
            expected.delete(name);
          } else if (kind === 'next') {
            expect(timers.next()).toBe(Math.min(Infinity, ...expected.values()));
          } else {
            expectDue(timers, expected, at);
          }
        }
        expectDue(timers, expected, 1000);
        expect(items.every((item) => item.timerIndex === -1 || item.deadlineUs === Infinity)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('holds more than it was made for', () => {
    const timers = new Timers<Item>();
    const items = makeItems(10_000);
    for (const item of items) timers.set(item, (item.name * 7919) % 10_007);
    let last = -1;
    for (let count = 0; count < items.length; count++) {
      const at = timers.next();
      expect(at).toBeGreaterThanOrEqual(last);
      expect(timers.due(at)).not.toBeNull();
      last = at;
    }
    expect(timers.next()).toBe(Infinity);
  });
});

/** Takes all that is due at `nowUs`: the same items as expected, by their deadlines. */
function expectDue(timers: Timers<Item>, expected: Map<number, number>, nowUs: number): void {
  let last = Number.NEGATIVE_INFINITY;
  for (let item = timers.due(nowUs); item !== null; item = timers.due(nowUs)) {
    const deadlineUs = expected.get(item.name);
    expect(deadlineUs).toBeDefined();
    expect(deadlineUs).toBeLessThanOrEqual(nowUs);
    expect(deadlineUs).toBeGreaterThanOrEqual(last);
    last = deadlineUs!;
    expected.delete(item.name);
  }
  for (const deadlineUs of expected.values()) expect(deadlineUs).toBeGreaterThan(nowUs);
}
