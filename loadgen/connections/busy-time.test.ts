import { expect, test } from 'vitest';
import { nowNs } from '../../libos/index.ts';
import { BusyTime } from './busy-time.ts';

test('turns that take turns are all seen: one that ends a push costs nothing, one that has a reply everything', () => {
  const spin = (): void => {
    for (const untilNs = nowNs() + 10_000; nowNs() < untilNs; );
  };
  const busy = new BusyTime();
  busy.begin();
  for (let turn = 1; turn <= 20_000; turn++) {
    const sinceNs = nowNs();
    spin();
    busy.turnEnded(turn % 2 === 0 ? nowNs() : sinceNs);
  }
  // Half, where nobody takes the core away.
  expect(busy.share()).toBeGreaterThan(0.2);
});
