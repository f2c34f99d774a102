/**
 * Two real stacks, and whatever a network and two applications can do to them: both streams arrive whole and
 * in order, or both ends learn that they did not; and in the end nothing is left of the connection.
 *
 * A failure prints its seed and a shrunk schedule: `fc.assert(..., { seed, path })` plays it again.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TestHosts } from '../../sim/test-hosts.ts';
import { HONEST, PORT, play, ROUGH, schedule } from './test-schedule.ts';
import type { Talker } from './test-talk.ts';

function expectNothingLeft(hosts: TestHosts): void {
  expect(hosts.leftovers()).toEqual([]);
  for (const { stack, libos } of [hosts.a, hosts.b]) {
    for (const port of [PORT, PORT + 1]) expect(stack.tcpPorts.take(port), `port ${port} is free`).toBe(true);
    libos.shutdown();
  }
}

/** What `to` has of what `from` has pushed. */
function expectWholeOrError(from: Talker | null, to: Talker): void {
  if (!to.endOfStream) {
    expect(to.error !== null || to.closedEarly, 'no end of the stream is an error').toBe(true);
    return;
  }
  expect(from).not.toBeNull();
  expect(to.receivedBytes).toBeGreaterThanOrEqual(from!.handedOverBytes);
  if (from!.allHandedOver) expect(to.receivedBytes).toBe(from!.pushedBytes);
}

/** Whoever is told nothing of an error has all, and all that it sent has been handed over. */
function expectErrorAtBoth(one: Talker, other: Talker | null): void {
  if (one.connection.error === null || one.closedEarly) return;
  if (other === null) return;
  const satisfied = other.closedEarly || (other.endOfStream && other.allHandedOver);
  expect(other.error !== null || satisfied, `the other side of ${one.connection.error}`).toBe(true);
}

describe('TCP over any schedule of faults', () => {
  it('brings both streams whole and in order over a bad network', () => {
    const property = fc.property(schedule(HONEST), (schedule) => {
      const { hosts, server, client } = play(schedule);
      expect([server?.error, client?.error]).toEqual([null, null]);
      expect(server!.receivedBytes).toBe(client!.pushedBytes);
      expect(client!.receivedBytes).toBe(server!.pushedBytes);
      expectNothingLeft(hosts);
    });
    fc.assert(property);
  });

  it('brings them whole or tells both ends, and leaves nothing behind, over a hopeless one', () => {
    const property = fc.property(schedule(ROUGH), (schedule) => {
      const { hosts, server, client } = play(schedule);
      if (client !== null) expectWholeOrError(server, client);
      if (server !== null) {
        expectWholeOrError(client, server);
        expectErrorAtBoth(server, client);
      }
      if (client !== null) expectErrorAtBoth(client, server);
      expectNothingLeft(hosts);
    });
    fc.assert(property);
  });
});
