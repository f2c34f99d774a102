import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DATAGRAM_BYTES } from '../../results/formats/load-checks.ts';
import { Messages, NUMBER_BYTES, NumberedMessages, numberAt } from './messages.ts';

const numbers = fc.oneof(fc.nat(300), fc.maxSafeNat());
const sizes = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 3000 }));

test('a message is what it is by its number, wherever it is cut and whatever was made before', () => {
  fc.assert(
    fc.property(sizes, numbers, numbers, fc.nat(), fc.nat(), fc.nat(50), (bytes, number, other, a, b, at) => {
      const messages = new Messages(bytes, 7);
      const first = Buffer.from(messages.message(number));
      messages.message(other);
      expect(Buffer.from(messages.message(number))).toEqual(first);
      expect(first).toHaveLength(bytes);
      const [from, to] = [a % (bytes + 1), b % (bytes + 1)].sort((x, y) => x - y);
      const slab = Buffer.concat([Buffer.alloc(at, 1), first.subarray(from, to), Buffer.alloc(9)]);
      expect(messages.equal(number, from, slab, at, to - from)).toBe(true);
      if (bytes >= NUMBER_BYTES) expect(numberAt(first, 0)).toBe(number);
    }),
  );
});

test('a single bit that is another one is seen', () => {
  fc.assert(
    fc.property(sizes, numbers, fc.nat(), fc.nat(7), (bytes, number, where, bit) => {
      const messages = new Messages(bytes, 7);
      const copy = Buffer.from(messages.message(number));
      copy[where % bytes] ^= 1 << bit;
      expect(messages.equal(number, 0, copy, 0, bytes)).toBe(false);
    }),
  );
});

test('messages of other numbers and of other seeds are others', () => {
  const messages = new Messages(500, 7);
  const one = Buffer.from(messages.message(1));
  for (const other of [0, 2, 65, 2 ** 32 + 1]) expect(messages.equal(other, 0, one, 0, 500)).toBe(false);
  expect(new Messages(500, 8).equal(1, 0, one, 0, 500)).toBe(false);
  expect(new Messages(500, 7).equal(1, 0, one, 0, 500)).toBe(true);
});

test('the first one is a line, so that a server that reads lines says something', () => {
  const source = new NumberedMessages();
  source.advance();
  for (const bytes of [9, 64, 1000]) {
    const first = new Messages(bytes, 7).message(source.key);
    expect(first[0]).not.toBe(0);
    expect(first[bytes - 1]).toBe(10);
  }
  expect(source.advance()).toBe(true);
  expect(source.key).toBe(2);
});

test('the shortest datagram that may be asked for has room for its number', () => {
  expect(DATAGRAM_BYTES.least).toBe(NUMBER_BYTES);
});
