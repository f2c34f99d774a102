import { expect, test } from 'vitest';
import { nearest, suggestion } from './nearest.ts';

const keys = ['trials', 'order', 'seed', 'workload', 'systems', 'title'];

test.each([
  ['trails', 'trials'],
  ['trial', 'trials'],
  ['Systems', 'systems'],
  ['wrokload', 'workload'],
  ['sed', 'seed'],
])('%s was meant to be %s', (written, meant) => {
  expect(nearest(written, keys)).toBe(meant);
});

test.each(['colour', 'x', 'tile_of_the_figure'])('%s is near to nothing', (written) => {
  expect(nearest(written, keys)).toBeNull();
});

test('what is near to nothing gets the list', () => {
  expect(suggestion('trails', keys)).toBe(": did you mean 'trials'?");
  expect(suggestion('colour', ['a', 'b'])).toBe('; allowed: a, b');
});
