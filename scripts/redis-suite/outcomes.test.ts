import { expect, test } from 'vitest';
import { compareOutcomes, countPassed, readOutcomes } from './outcomes.ts';

const printed = `
Starting test server at port 21079
[ready]: 4120
Testing unit/protocol
\x1b[0;32m[ok]\x1b[0m: not of this shape
[\x1b[0;32mok\x1b[0m]: Handle an empty query (12 ms)
[\x1b[0;31merr\x1b[0m]: Negative multibulk length in tests/unit/protocol.tcl
Expected 'a' to be equal to 'b'
[\x1b[0;36mignore\x1b[0m]: Out of range: large memory flag not provided
[\x1b[0;32mok\x1b[0m]: Handle an empty query (3 ms)
[1/1 \x1b[0;33mdone\x1b[0m]: unit/protocol (1 seconds)
[\x1b[0;31mexception\x1b[0m]: Executing test client: I/O error reading reply.
`;

test('outcomes are read by name, without colours, durations and places', () => {
  expect([...readOutcomes(printed)]).toEqual([
    ['not of this shape', 'ok'],
    ['Handle an empty query', 'ok'],
    ['Negative multibulk length', 'err'],
    ['Out of range: large memory flag not provided', 'ignore'],
    ['Handle an empty query (2)', 'ok'],
    ['Executing test client: I/O error reading reply.', 'exception'],
  ]);
  expect(countPassed(readOutcomes(printed))).toBe(3);
});

test('what failed or did not run in one of two is a difference; what did in both is none', () => {
  const unmodified = readOutcomes('[ok]: a\n[ok]: b (1 ms)\n[err]: c\n[ok]: d\n[ignore]: f\n[ok]: g');
  const port = readOutcomes('[ok]: a (9 ms)\n[err]: b\n[err]: c\n[ok]: e\n[skip]: g');
  expect(compareOutcomes(unmodified, port)).toEqual([
    { name: 'b', unmodified: 'ok', port: 'err' },
    { name: 'd', unmodified: 'ok', port: undefined },
    { name: 'g', unmodified: 'ok', port: 'skip' },
    { name: 'e', unmodified: undefined, port: 'ok' },
  ]);
});
