/** The conformance suite on the engine of messages over a simulated network, in virtual time. */
import { describe, expect, it, vi } from 'vitest';
import { runCase } from '../conformance/case.ts';
import { connectionCases } from '../conformance/cases/connections.ts';
import { simulatedBackend, simulatedConformance } from './test-network-conformance.ts';

simulatedConformance({ reorder: false });

describe('a case in which both sides make progress for a while', () => {
  it('passes where the process is stopped for a second between any two looks at the clock', () => {
    const [resets, ...others] = connectionCases.filter(({ name }) => name.includes('both a pop and a push'));
    expect(others).toEqual([]);
    let nowMs = 0;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => (nowMs += 1000));
    try {
      for (let seed = 1; seed <= 10; seed++) runCase(resets, simulatedBackend({ reorder: false, seed }));
    } finally {
      clock.mockRestore();
    }
  });
});
