/** What a transport's host does alike for all of them. */
import { expect, it } from 'vitest';
import { TransportHost } from './transport.ts';

it('sleeps the longer the longer nothing has stirred, and briefly again when something has', () => {
  const host = new TransportHost(null);
  const sleepsWithin = (ms: number): number => {
    const untilMs = performance.now() + ms;
    let sleeps = 0;
    for (; performance.now() < untilMs; sleeps++) host.sleep(1000);
    return sleeps;
  };
  // Twenty until they are two milliseconds long; of the shortest there would be a thousand.
  expect(sleepsWithin(100)).toBeLessThan(75);
  const before = performance.now();
  for (let i = 0; i < 200; i++) {
    host.stirred();
    host.sleep(1000);
  }
  expect(performance.now() - before).toBeLessThan(400);
  host.sleep(0);
});
