import { describe, expect, it, test } from 'vitest';
import { ClockCadence } from './clock.ts';

/** What the cadence does in a wait of `waitNs` when the poll that starts at a time takes `pollNs` of it. */
function wait(
  waitNs: number,
  pollNs: (ns: number) => number,
): { readings: number; polls: number; longestNs: number } {
  const cadence = new ClockCadence();
  let ns = 1e12;
  const endNs = ns + waitNs;
  const seen = { readings: 0, polls: 0, longestNs: 0 };
  cadence.start(ns);
  while (ns < endNs) {
    const lastNs = ns;
    for (let poll = 0; poll < cadence.polls; poll++) {
      ns += pollNs(waitNs - (endNs - ns));
      seen.polls++;
    }
    cadence.read(ns);
    seen.readings++;
    seen.longestNs = Math.max(seen.longestNs, ns - lastNs);
  }
  return seen;
}

describe('ClockCadence', () => {
  // Rings in shared memory; one to four sockets, each asked by a system call of 0.3 to 2 us; an epoll_wait of
  // 12 us.
  it.each([100, 300, 500, 900, 2000, 2100, 3600, 8000, 12_000])(
    'reads often with polls of %i ns',
    (pollNs) => {
      const { longestNs } = wait(1e6, () => pollNs);
      expect(longestNs).toBeLessThanOrEqual(Math.max(5000, pollNs));
    },
  );

  it.each([100, 200, 300])('reads once in 16 polls of %i ns, but for the first few', (pollNs) => {
    const { readings, polls } = wait(1e6, () => pollNs);
    expect(readings).toBeLessThanOrEqual(polls / 16 + 4);
  });

  it('follows polls that get dearer: of one epoll_wait, then of four sockets and one more', () => {
    const { longestNs } = wait(1e6, (ns) => (ns < 500_000 ? 2000 : 10_000));
    expect(longestNs).toBeLessThan(25_000);
    const fromCheap = wait(1e6, (ns) => (ns < 500_000 ? 300 : 2400));
    expect(fromCheap.longestNs).toBeLessThanOrEqual(16 * 2400);
  });

  it('takes up its cadence again after a pause', () => {
    let paused = false;
    const { readings, polls } = wait(1e6, (ns) => {
      if (ns < 200_000 || paused) return 100;
      paused = true;
      return 300_000;
    });
    expect(readings).toBeLessThanOrEqual(polls / 16 + 9);
  });
});

test('a wait does not trust what polls took in the wait before', () => {
  const cadence = new ClockCadence();
  cadence.start(0);
  for (let ns = 0; cadence.polls < 16; ) {
    ns += cadence.polls * 100;
    cadence.read(ns);
  }
  cadence.start(1e6);
  expect(cadence.polls).toBe(1);
});
