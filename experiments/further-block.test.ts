import { expect, test } from 'vitest';
import { furtherBlock, type SoFar } from './further-block.ts';

const state = (name: string, median_ns: number) => ({
  name,
  low_ns: median_ns - 20,
  high_ns: median_ns + 20,
  median_ns,
  share: 0.5,
});

const soFar: SoFar = {
  coverage: {
    states: [state('near', 110), state('far', 450)],
    chosen: 'near',
    enough: false,
    lacking: [
      { subject: 'redis', operation: 'set', slices: 17 },
      { subject: 'kv-kernel', operation: 'get', slices: 14 },
      { subject: 'frames', operation: 'get', slices: 19 },
    ],
    unknown: null,
  },
  slices: 20,
  measurable: new Set(['redis', 'kv-kernel', 'frames']),
  trial: 6,
  block_s: 50,
  left_s: 120,
};
const withCoverage = (changes: Partial<SoFar['coverage']>): SoFar => ({
  ...soFar,
  coverage: { ...soFar.coverage, ...changes },
});

test('goes on while a system lacks slices, and names the one that lacks most', () => {
  expect(furtherBlock(soFar)).toEqual({
    goesOn: true,
    line: 'near: 14 of 20 slices of kv-kernel GET; trial 6, at most 2 min more',
  });
});

test('a block runs only where the whole of it fits into the time', () => {
  expect(furtherBlock({ ...soFar, block_s: 120 })?.goesOn).toBe(true);
  expect(furtherBlock({ ...soFar, block_s: 121 })).toEqual({
    goesOn: false,
    line: 'near: 14 of 20 slices of kv-kernel GET; 2 min left, and trial 6 would take 2 min 5 s (distance.extend_s)',
  });
  expect(furtherBlock({ ...soFar, left_s: -3 })).toEqual({
    goesOn: false,
    line: 'near: 14 of 20 slices of kv-kernel GET; no time left: trial 6 would take 50 s (distance.extend_s)',
  });
});

test.each([
  ['there is enough', withCoverage({ enough: true, lacking: [] })],
  ['there is one state', withCoverage({ states: [state('only', 110)], chosen: null })],
  ['the distance is unknown', withCoverage({ states: [], unknown: 'no core of the server was named' })],
  ['only what fails is lacking', { ...soFar, measurable: new Set(['kv-rdma']) }],
])('nothing is added where %s', (_what, given) => {
  expect(furtherBlock(given)).toBeNull();
});

test('slices that lie in too few trials are lacking too', () => {
  const lacking = [{ subject: 'redis', operation: 'get' as const, slices: 25 }];
  expect(furtherBlock(withCoverage({ lacking }))?.line).toBe(
    'near: redis GET has its slices in too few trials; trial 6, at most 2 min more',
  );
});
