import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngineClock } from '../clock.ts';
import { latin1, latin1Bytes } from '../resp/bytes.ts';
import { expireSome } from './active-expiry.ts';
import { KeyHash } from './hash.ts';
import { Keyspace } from './keyspace.ts';
import { SetValue } from './types/set.ts';
import { TYPE_SET, TYPE_STRING } from './types/value.ts';

class TestClock {
  nowMs = 1_000_000;
  readonly clock = new EngineClock(() => this.nowMs);
  readonly stats = { hits: 0, misses: 0, expired: 0 };
  readonly keyspace = new Keyspace(new KeyHash(1, 2), this.clock, this.stats);

  advance(milliseconds: number): void {
    this.nowMs += milliseconds;
    this.clock.update();
  }
}

function find(keyspace: Keyspace, key: string): number {
  return keyspace.find(latin1Bytes(key), 0, key.length);
}

function set(keyspace: Keyspace, key: string, value: string): number {
  return keyspace.setString(latin1Bytes(key), 0, key.length, latin1Bytes(value), 0, value.length);
}

function get(keyspace: Keyspace, key: string): string | null {
  if (find(keyspace, key) === 0) return null;
  return latin1(keyspace.bytes, keyspace.valueStart, keyspace.valueLength);
}

function keyOf(keyspace: Keyspace, entry: number): string {
  keyspace.locate(entry);
  return latin1(keyspace.bytes, keyspace.keyStart, keyspace.keyLength);
}

function allKeys(keyspace: Keyspace): string[] {
  const keys: string[] = [];
  keyspace.forEach((entry) => {
    keys.push(keyOf(keyspace, entry));
  });
  return keys.sort();
}

const key = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map((n) => `key:${n}`),
  fc.constantFrom('', '\x00', '\xff'.repeat(300), 'k'.repeat(70_000)),
);
const length = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(5000, 65_536, 100_000));
const operation = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, length }),
  fc.record({ do: fc.constant('set' as const), key, length }),
  fc.record({ do: fc.constant('resize' as const), key, length }),
  fc.record({ do: fc.constant('delete' as const), key, length }),
  fc.record({ do: fc.constant('object' as const), key, length }),
  fc.record({ do: fc.constant('expire' as const), key, length }),
  fc.record({ do: fc.constant('clear' as const), key, length: fc.constant(0) }),
);

describe('a keyspace', () => {
  it('holds what a map would hold, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300, size: 'max' }), (operations) => {
        const test = new TestClock();
        const { keyspace } = test;
        const model = new Map<string, { value: string | null; expiresMs: number }>();
        for (const [step, { do: what, key, length }] of operations.entries()) {
          const value = String.fromCharCode(97 + (step % 26)).repeat(length);
          const known = model.get(key);
          const entry = find(keyspace, key);
          expect(entry !== 0).toBe(known !== undefined);
          if (what === 'set') {
            set(keyspace, key, value);
            model.set(key, { value, expiresMs: known?.expiresMs ?? -1 });
          } else if (what === 'resize' && known && known.value !== null) {
            keyspace.resizeString(entry, length, true, length);
            const former = known.value.slice(0, length);
            keyspace.bytes.fill(0x2e, keyspace.valueStart + former.length, keyspace.valueStart + length);
            known.value = former.padEnd(length, '.');
          } else if (what === 'delete' && known) {
            keyspace.delete(entry, null);
            model.delete(key);
          } else if (what === 'object' && !known) {
            keyspace.insertObject(
              latin1Bytes(key),
              0,
              key.length,
              TYPE_SET,
              new SetValue(keyspace.encodingLimits),
            );
            model.set(key, { value: null, expiresMs: -1 });
          } else if (what === 'expire' && known) {
            known.expiresMs = test.nowMs + 1 + length;
            keyspace.setExpiryMs(entry, known.expiresMs, null);
          } else if (what === 'clear' && step % 7 === 0) {
            keyspace.clear();
            model.clear();
          }
          test.advance(50);
          for (const [modelKey, { expiresMs }] of model) {
            if (expiresMs >= 0 && expiresMs <= test.nowMs) model.delete(modelKey);
          }
          if (step % 50 === 0) keyspace.maintain(10);
        }
        for (const [modelKey, { value, expiresMs }] of model) {
          const entry = find(keyspace, modelKey);
          expect(keyspace.expiryMs(entry)).toBe(expiresMs);
          expect(keyspace.type(entry)).toBe(value === null ? TYPE_SET : TYPE_STRING);
          if (value !== null) expect(get(keyspace, modelKey) === value).toBe(true);
        }
        while (keyspace.volatileCount > 0 && expireSome(keyspace, 1) > 0) {
          const left = [...model.values()].filter(({ expiresMs }) => expiresMs >= 0).length;
          if (keyspace.volatileCount === left) break;
        }
        expect(allKeys(keyspace)).toEqual([...model.keys()].sort());
        expect(keyspace.size).toBe(model.size);
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('finds every key that stays in a full scan, while others come and go and the table grows and shrinks', () => {
    const plan = fc.record({
      staying: fc.integer({ min: 1, max: 200 }),
      others: fc.integer({ min: 0, max: 4000 }),
      growing: fc.boolean(),
      perStep: fc.integer({ min: 1, max: 400 }),
    });
    fc.assert(
      fc.property(plan, ({ staying, others, growing, perStep }) => {
        const { keyspace } = new TestClock();
        for (let i = 0; i < staying; i++) set(keyspace, `staying:${i}`, 'v');
        if (!growing) for (let i = 0; i < others; i++) set(keyspace, `other:${i}`, 'v');
        const found = new Set<string>();
        let cursor = 0;
        let changed = 0;
        do {
          const entries: number[] = [];
          cursor = keyspace.scan(cursor, entries);
          for (const entry of entries) found.add(keyOf(keyspace, entry));
          for (let i = 0; i < perStep && changed < others; i++, changed++) {
            if (growing) set(keyspace, `other:${changed}`, 'v');
            else keyspace.delete(find(keyspace, `other:${changed}`), null);
          }
          keyspace.maintain(3);
        } while (cursor !== 0);
        for (let i = 0; i < staying; i++) expect(found.has(`staying:${i}`)).toBe(true);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it('gives the memory of deleted values back, and lets other sizes have it', () => {
    const { keyspace } = new TestClock();
    const sizes = [10, 100, 1000, 30_000, 300_000];
    let reservedFirst = 0;
    for (let round = 0; round < 5; round++) {
      for (const size of sizes) {
        for (let i = 0; i < 100; i++) set(keyspace, `${size}:${i}`, 'v'.repeat(size));
        expect(keyspace.usedBytes).toBeGreaterThanOrEqual(100 * size);
        for (let i = 0; i < 100; i++) keyspace.delete(find(keyspace, `${size}:${i}`), null);
        expect(keyspace.usedBytes).toBe(0);
      }
      if (round === 0) reservedFirst = keyspace.reservedBytes;
    }
    expect(keyspace.reservedBytes).toBe(reservedFirst);
    expect(keyspace.reservedBytes).toBeLessThan(6 * 1024 ** 2);
  });

  it('wastes at most an eighth of a block on its size class', () => {
    const { keyspace } = new TestClock();
    for (let length = 128; length <= 70_000; length += 61) {
      set(keyspace, 'k', '');
      set(keyspace, 'k', 'v'.repeat(length));
      expect(keyspace.usedBytes).toBeLessThanOrEqual((length + 13) * 1.125);
      keyspace.delete(find(keyspace, 'k'), null);
    }
  });

  it('overwrites in place what fits, and moves to a smaller block what became much smaller', () => {
    const { keyspace } = new TestClock();
    set(keyspace, 'k', 'v'.repeat(1000));
    const used = keyspace.usedBytes;
    set(keyspace, 'k', 'w'.repeat(900));
    expect(keyspace.usedBytes).toBe(used);
    set(keyspace, 'k', 'w');
    expect(keyspace.usedBytes).toBe(16);
    expect(get(keyspace, 'k')).toBe('w');
  });

  it('expires keys that nobody asks for, in virtual time', () => {
    const test = new TestClock();
    const { keyspace } = test;
    for (let i = 0; i < 5000; i++) {
      const entry = set(keyspace, `volatile:${i}`, 'v');
      keyspace.setExpiryMs(entry, test.nowMs + 1000, null);
      set(keyspace, `lasting:${i}`, 'v');
    }
    test.advance(999);
    expireSome(keyspace, 10_000);
    expect(keyspace.size).toBe(10_000);
    test.advance(1);
    expireSome(keyspace, 10_000);
    expect(keyspace.size).toBe(5000);
    expect(keyspace.volatileCount).toBe(0);
    expect(test.stats.expired).toBe(5000);
  });

  it('answers with every key sooner or later when asked for a random one', () => {
    const { keyspace } = new TestClock();
    expect(keyspace.randomEntry()).toBe(0);
    for (let i = 0; i < 20; i++) set(keyspace, `k${i}`, 'v');
    const seen = new Set<string>();
    for (let i = 0; i < 5000; i++) seen.add(keyOf(keyspace, keyspace.randomEntry()));
    expect(seen.size).toBe(20);
  });
});
