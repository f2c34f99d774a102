/** What a transport's host does alike for all of them. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { TransportHost } from './transport.ts';

/** How long each sleep was to be, in ms; nobody sleeps. */
function sleepsAskedFor(): number[] {
  const asked: number[] = [];
  const wait = vi.spyOn(Atomics, 'wait').mockImplementation((_words, _index, _value, timeoutMs) => {
    asked.push(timeoutMs as number);
    return 'timed-out';
  });
  onTestFinished(() => wait.mockRestore());
  return asked;
}

it('sleeps the longer the longer nothing has stirred, and briefly again when something has', () => {
  const host = new TransportHost(null);
  const asked = sleepsAskedFor();
  for (let i = 0; i < 100; i++) host.sleep(1000);
  const briefest = asked[0];
  expect(briefest).toBeLessThan(0.1);
  let silentMs = 0;
  for (const [index, ms] of asked.entries()) {
    // What comes then waits for a fifth of the silence before it, at most, and never for long.
    expect(ms).toBeLessThanOrEqual(silentMs / 5 + briefest + 1e-9);
    expect(ms).toBeGreaterThanOrEqual(asked[Math.max(0, index - 1)]);
    silentMs += ms;
  }
  expect(asked.at(-1)).toBe(2);
  // Soon it is seldom: within 10 ms of silence, of which the shortest sleeps would be two hundred.
  const within10Ms = asked.findIndex(
    (_, index) => asked.slice(0, index).reduce((sum, ms) => sum + ms, 0) > 10,
  );
  expect(within10Ms).toBeLessThan(25);
  host.stirred();
  host.sleep(1000);
  expect(asked.at(-1)).toBe(briefest);
});

it('sleeps no longer than it may', () => {
  const host = new TransportHost(null);
  const asked = sleepsAskedFor();
  for (const ms of [0.01, 0, 0.02]) {
    host.sleep(ms);
    expect(asked.at(-1)).toBe(ms);
  }
});
