/** Published values: that the files are whole, and beside which points their values stand. */
import { describe, expect, test } from 'vitest';
import { roles } from '../formats/index.ts';
import { figuresAbout, findReference, publishedOf, referenceNames } from './reference.ts';

const alone = { clients: 1, value_bytes: 64, pipeline: 1, rate_ops: null };
const fifty = { ...alone, clients: 50 };
const redis = { role: 'unmodified', backend: 'kernel', group: '' } as const;

describe.each(referenceNames)('the values of %s', (name) => {
  const { figures } = findReference(name);

  test('are each of a role or of a device by itself, with a reading error below a tenth of them', () => {
    for (const { values, reading_error } of figures) {
      expect(values.length).toBeGreaterThan(0);
      for (const { system: _, role, backend, floor, server: __, ...byOperation } of values) {
        expect(role === undefined ? floor : roles).toContain(role ?? floor);
        expect(role === 'bypass').toBe(backend !== undefined);
        const numbers = Object.values(byOperation);
        expect(numbers.length).toBeGreaterThan(0);
        for (const value of numbers) expect(value).toBeGreaterThan(10 * reading_error);
      }
    }
  });

  test('stand for one system each', () => {
    for (const { values } of figures) {
      const places = values.map(({ role, backend, floor, server }) => [role, backend, floor, server].join());
      expect(new Set(places).size).toBe(places.length);
    }
  });
});

test('a value stands beside points of its workload, role, backend, protocol and group', () => {
  const sosp21 = findReference('sosp21');
  const opsOf = (...[system, point, protocol]: [object?, object?, string?]): number | null =>
    publishedOf(sosp21, { ...redis, ...system }, { ...fifty, operation: 'set', ...point }, protocol)
      .published_ops;
  expect(opsOf()).toBe(166_000);
  expect(opsOf({}, { operation: 'get' })).toBe(171_000);
  expect(opsOf({ role: 'bypass', backend: 'rdma' })).toBe(257_000);
  expect(opsOf({ role: 'bypass', backend: 'kernel' })).toBeNull();
  expect(opsOf({ role: null })).toBeNull();
  expect(opsOf({ group: 'no AOF' })).toBe(166_000);
  expect(opsOf({ group: 'AOF always' })).toBe(110_000);
  expect(opsOf({ role: 'bypass', backend: 'dpdk', group: 'AOF always' })).toBeNull();
  expect(opsOf({}, { clients: 1 })).toBeNull();
  expect(opsOf({}, { rate_ops: 1000 })).toBeNull();
  expect(opsOf({}, {}, 'echo')).toBeNull();
  const echo = { ...alone, operation: 'echo' };
  const dpdk = { ...redis, role: 'bypass', backend: 'dpdk' } as const;
  expect(publishedOf(sosp21, dpdk, echo, 'echo').published_us).toBe(7.15);
  expect(publishedOf(sosp21, dpdk, echo, 'datagrams').published_us).toBe(6);
  expect(publishedOf(sosp21, dpdk, echo).published_us).toBeNull();
});

test('a second system of a role is not what stands for it', () => {
  const relay = { ...alone, operation: 'relay' };
  expect(publishedOf(findReference('sosp21'), redis, relay, 'relay').published_us).toBe(24.9);
  expect(figuresAbout(findReference('sosp21'), redis, 'relay')).toHaveLength(2);
});
