import { expect, test } from 'vitest';
import { rehearse } from './compilation.ts';

test('a rehearsal that may not go on is the last', () => {
  let count = 0;
  rehearse(10, 0.16, (durationS) => {
    expect(durationS).toBe(0.16);
    count++;
    return false;
  });
  expect(count).toBe(1);
});
