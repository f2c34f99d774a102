import { expect, test } from 'vitest';
import { beganInWords } from './generators.ts';

test('how close together they began, or who is missing', () => {
  const hosts = ['a', 'b'].map((host) => ({ host, began_us: 0, bound_us: 0 }));
  const began = { hosts, spread_us: 250, bound_us: 150.4, missing_hosts: [] };
  expect(beganInWords(began)).toBe('2 load generators began within 0.250 ms ± 0.150 ms');
  const missing = { hosts, spread_us: null, bound_us: null, missing_hosts: ['b'] };
  expect(beganInWords(missing)).toBe('without b, whose part is missing');
});
