import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RANDOM_INTEGER, TemplateExchange } from './template-exchange.ts';

const literal = fc.string({ unit: fc.constantFrom(...'ab_r\r\n$*'), maxLength: 6 });

/** Some requests of a template whose parts stand around random numbers. */
function requests(parts: readonly string[], randomBelow: number | null, seed: number): string[] {
  const bytes = new Uint8Array(Buffer.from(parts.join(RANDOM_INTEGER), 'latin1'));
  const exchange = new TemplateExchange({ bytes, randomBelow, reply: 'any', version: 2, seed });
  expect(exchange.maxRequestBytes).toBe(bytes.length);
  return Array.from({ length: 20 }, () => Buffer.from(exchange.request()).toString('latin1'));
}

it('puts a number of its own in each place, and leaves the rest as it stands', () => {
  fc.assert(
    fc.property(
      fc.array(literal, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 1e12 }),
      fc.integer(),
      (parts, randomBelow, seed) => {
        for (const request of requests(parts, randomBelow, seed)) {
          let at = 0;
          parts.forEach((part, index) => {
            if (index > 0) {
              const digits = request.slice(at, at + RANDOM_INTEGER.length);
              expect(digits).toMatch(/^\d{12}$/);
              expect(Number(digits)).toBeLessThan(Math.max(1, randomBelow));
              at += RANDOM_INTEGER.length;
            }
            expect(request.slice(at, at + part.length)).toBe(part);
            at += part.length;
          });
          expect(request.length).toBe(at);
        }
      },
    ),
  );
});

it('sends the words themselves where nothing is drawn', () => {
  expect(new Set(requests(['GET key:', ''], null, 1))).toEqual(new Set([`GET key:${RANDOM_INTEGER}`]));
});

it('draws all numbers below the limit, and others in each place', () => {
  const drawn = requests(['', '-', ''], 3, 7).map((request) => request.split('-').map(Number));
  expect(new Set(drawn.flat())).toEqual(new Set([0, 1, 2]));
  expect(drawn.some(([one, other]) => one !== other)).toBe(true);
});
