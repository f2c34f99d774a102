import { expect, test } from 'vitest';
import { staysOf } from './stays.ts';

/** A reading a second: `n` near, `f` far, `.` of no state. */
function stays(series: string) {
  const states = Array.from(series, (letter) => (letter === '.' ? null : letter));
  return Object.fromEntries(
    staysOf(
      states.map((_, second) => second),
      states,
    ),
  );
}

test('a stay goes from its first reading to the first one of another state', () => {
  expect(stays('nnnfffffnfn')).toEqual({
    n: { count: 3, median_s: 1, longest_s: 3 },
    f: { count: 2, median_s: 3, longest_s: 5 },
  });
});

test('a reading of no state does not end a stay', () => {
  expect(stays('nn.nn..fff')).toEqual({
    n: { count: 1, median_s: 7, longest_s: 7 },
    f: { count: 1, median_s: 2, longest_s: 2 },
  });
});

test('one state lasts from its first reading to the end', () => {
  expect(stays('..nnnn.')).toEqual({ n: { count: 1, median_s: 4, longest_s: 4 } });
  expect(stays('...')).toEqual({});
});
