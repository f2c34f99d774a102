import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generatorPlace, partOfGenerator } from './generator-part.ts';
import { plainLoad } from './plain-load.ts';

const load = {
  ...plainLoad({
    ...{ target: { address: '127.0.0.1', port: 1 }, login: null, backend: 'kernel', backendOptions: {} },
    ...{ idle: 'poll', core: null, connections: 1, threads: 1, pipeline: 1, seed: 1 },
    ...{ requests: null, durationS: 1, rateOps: null, sendsLike: null },
  }),
  populate: true,
};

test('the parts of all generators are the whole load, as even as may be', () => {
  const some = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), some, some, (of, connections, idleConnections) => {
      const parts = Array.from({ length: of }, (_, index) =>
        partOfGenerator({ ...load, connections, idleConnections }, { place: index + 1, of }),
      );
      const counts = parts.map((part) => part.connections);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(connections);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(parts.reduce((sum, part) => sum + part.idleConnections, 0)).toBe(idleConnections);
      expect(parts.map(({ populate }) => populate)).toEqual(parts.map((_, index) => index === 0));
      expect(parts.every(({ generator }) => generator?.whole.connections === connections)).toBe(true);
    }),
  );
});

test('requests are divided in a closed loop; those of a schedule are dealt, and stay whole', () => {
  const part = (rateOps: number | null) =>
    partOfGenerator({ ...load, requests: 10, rateOps }, { place: 1, of: 3 });
  expect(part(null).requests).toBe(4);
  expect(part(100)).toMatchObject({ requests: 10, rateOps: 100 });
});

test('a place is one of so many', () => {
  expect(generatorPlace('2/3')).toEqual({ place: 2, of: 3 });
  for (const text of ['', '2', '0/2', '3/2', '1/0', '1/257', '1/2/3', '-1/2', '1.5/2', ' 1/2']) {
    expect(() => generatorPlace(text), text).toThrow('such as 2/3');
  }
});
