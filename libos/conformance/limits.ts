/** What every backend must do, part 6: what bounds connecting, and what sleeping costs. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Libos } from '../index.ts';
import type { RemoteLibos } from './remote.ts';
import { eachTestHasAWorld, type TestedBackend, type World } from './world.ts';

const BACKLOG = 2;
/** Linux takes one more than it is told. */
const MOST_WAITING = BACKLOG + 1;
const CONNECT_TIMEOUT_MS = 150;
const SLEEP_MS = 250;
const WAKE_AFTER_MS = 50;
/** Who looks every 50 us does so 20 times; who spins, hundreds of times. */
const MOST_POLLS_PER_MS = 20;
const MOST_RUN_SHARE = 0.7;

/** How long this thread has run, and waited for a core, so far (Linux, Documentation/scheduler/sched-stats.rst). */
function scheduled(): { runMs: number; waitedMs: number } {
  const [runNs, waitedNs] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ').map(Number);
  return { runMs: runNs / 1e6, waitedMs: waitedNs / 1e6 };
}

export function limitTests(backend: TestedBackend): void {
  let world: World;
  let server: Libos;
  let client: Libos;
  const use = (made: World) => {
    world = made;
    ({ server, client } = made);
  };

  describe('connecting where nobody accepts', () => {
    eachTestHasAWorld(backend, use, { connectTimeoutMs: CONNECT_TIMEOUT_MS });

    it('takes no more connections than the backlog, and times the others out; an accept makes room', () => {
      const listener = world.listen(BACKLOG);
      const connect = () => {
        const begun = performance.now();
        const qd = client.socket('stream');
        const { error } = world.wait(client, client.connect(qd, listener.endpoint));
        return { qd, error, elapsedMs: performance.now() - begun };
      };
      const made: number[] = [];
      let last = connect();
      for (; last.error === null && made.length <= MOST_WAITING; last = connect()) made.push(last.qd);
      expect(made.length).toBeGreaterThanOrEqual(BACKLOG);
      expect(made.length).toBeLessThanOrEqual(MOST_WAITING);
      expect(last.error).toBe('TIMED_OUT');
      expect(last.elapsedMs).toBeLessThan(5000);
      client.close(last.qd);
      for (const qd of made) {
        const accepted = world.wait(server, server.accept(listener.qd));
        expect(accepted.peerPort).toBe(client.localEndpoint(qd).port);
      }
      const { error } = connect();
      expect(error).toBeNull();
    });
  });

  describe('sleeping while nothing happens', () => {
    eachTestHasAWorld(backend, use, { idle: 'sleep' });

    it('leaves the core to others, for as long as it was told', () => {
      const { clientQd } = world.connect();
      const pop = client.pop(clientQd);
      world.settle();
      const [begun, before, { polls }] = [performance.now(), scheduled(), client.pollCounts()];
      expect(client.wait(pop, SLEEP_MS)).toBeNull();
      const [elapsedMs, after] = [performance.now() - begun, scheduled()];
      expect(elapsedMs).toBeGreaterThanOrEqual(SLEEP_MS - 1);
      expect(elapsedMs).toBeLessThan(SLEEP_MS + 2000);
      expect((client.pollCounts().polls - polls) / elapsedMs).toBeLessThan(MOST_POLLS_PER_MS);
      // Of the time in which it did not wait for a core that others had.
      const runMs = after.runMs - before.runMs;
      expect(runMs / (elapsedMs - (after.waitedMs - before.waitedMs))).toBeLessThan(MOST_RUN_SHARE);
    });

    // In one process nothing can come while it sleeps.
    it.runIf(backend.freeze !== undefined)('ends when something arrives', () => {
      const { serverQd, clientQd } = world.connect();
      const pop = client.pop(clientQd);
      world.settle();
      const begun = performance.now();
      (server as RemoteLibos).pushLater(serverQd, world.buffer(server, 'wake up'), WAKE_AFTER_MS);
      const woken = client.wait(pop, 5000);
      expect(performance.now() - begun).toBeLessThan(1000);
      client.free(woken!.sga!);
    });
  });
}
