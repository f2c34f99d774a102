/** The choice of cores, on the topologies of machines. */
import { expect, test } from 'vitest';
import type { CorePair } from '../../libos/index.ts';
import { candidatesOf, chosenOf } from './core-choice.ts';
import { coreDistances } from './schema.ts';

const pair = (
  cores: [number, number],
  relation: CorePair['relation'],
  shared_cache: string | null,
  numa: CorePair['numa'] = 'same',
): CorePair => ({ cores, relation, shared_cache, numa });

/** As libOS finds them, one of each kind, the nearest first. */
const siblings = pair([0, 64], 'siblings', 'L1 of 32 KiB');
const cache = pair([0, 1], 'one cache', 'L3 of 32 MiB');
const socket = pair([0, 8], 'one socket', null);
const otherSocket = pair([0, 32], 'two sockets', null, 'different');
/** Two processors of 32 cores, 8 below each L3, with two threads each. */
const server = [siblings, cache, socket, otherSocket];
/** A virtual machine of two cores, with and without threads of one core. */
const twoCores = [pair([0, 1], 'one cache', 'L3 of 16 MiB')];
const twoThreads = [pair([0, 1], 'siblings', 'L1 of 48 KiB')];

test.each([
  ['siblings', siblings],
  ['cache', cache],
  ['socket', socket],
  ['other_socket', otherSocket],
] as const)('%s is found by the topology alone', (distance, wanted) => {
  expect(candidatesOf(distance, server)).toEqual([wanted]);
});

test.each(['near', 'far'] as const)('%s is measured, on whatever is not one physical core', (distance) => {
  expect(candidatesOf(distance, server)).toEqual([cache, socket, otherSocket]);
});

test.each(['near', 'far'] as const)(
  '%s of a machine with one pair is that pair, threads or not',
  (distance) => {
    expect(candidatesOf(distance, twoCores)).toEqual(twoCores);
    expect(candidatesOf(distance, twoThreads)).toEqual(twoThreads);
    expect(chosenOf(distance, [{ pair: twoThreads[0], median_ns: null }])).toEqual({
      pair: twoThreads[0],
      why: 'by sysfs siblings, they share L1 of 48 KiB; there is no pair of another kind',
    });
  },
);

test('what is not there is an error that names what is', () => {
  expect(() => candidatesOf('socket', twoCores)).toThrow(
    'cores: { distance: socket }: no two cores that this process may use lie like that: ' +
      'cores 0 and 1 by sysfs they share L3 of 16 MiB',
  );
  expect(() => candidatesOf('siblings', [cache, otherSocket])).toThrow(
    'cores 0 and 1 by sysfs they share L3 of 32 MiB; cores 0 and 32 by sysfs two sockets, no cache is shared',
  );
});

test.each(coreDistances)('%s of one core is an error', (distance) => {
  expect(() => candidatesOf(distance, [])).toThrow('it may use one core only');
});

test('the shortest way is near and the longest far, as measured and not as the topology has it', () => {
  const measured = [
    { pair: cache, median_ns: 130.4 },
    { pair: socket, median_ns: 118.2 },
    { pair: otherSocket, median_ns: 610 },
  ];
  expect(chosenOf('near', measured)).toEqual({
    pair: socket,
    why: 'by sysfs one socket, no cache is shared; the shortest way, 118 ns (0 and 1: 130 ns; 0 and 32: 610 ns)',
  });
  expect(chosenOf('far', measured).pair).toBe(otherSocket);
});

test('a pair that could not be measured is the last choice', () => {
  const measured = [
    { pair: cache, median_ns: null },
    { pair: socket, median_ns: 400 },
  ];
  for (const distance of ['near', 'far'] as const) expect(chosenOf(distance, measured).pair).toBe(socket);
  const none = measured.map(({ pair: other }) => ({ pair: other, median_ns: null }));
  expect(chosenOf('near', none)).toEqual({
    pair: cache,
    why: 'by sysfs they share L3 of 32 MiB; no distance could be measured',
  });
});
