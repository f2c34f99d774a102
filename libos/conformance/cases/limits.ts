/** What every backend must do, part 6: what bounds connecting, and what sleeping costs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ConformanceCase, group, SCHEDSTAT, type Shared } from '../case.ts';
import { assertAtLeast, assertAtMost, assertBelow } from '../outcome.ts';
import type { RemoteLibos } from '../remote.ts';
import type { World } from '../world.ts';

const BACKLOG = 2;
/** Linux takes one more than it is told. */
const MOST_WAITING = BACKLOG + 1;
const CONNECT_TIMEOUT_MS = 300;
/** Of a first connection, which may have to wait for a link. */
const TRIES = 20;
const SLEEP_MS = 250;
const NAP_MS = 50;
const NAPS = 5;
const WAKE_AFTER_MS = 50;
/** What a busy machine may take to run it again. */
const PATIENCE_MS = 10_000;
/** Who looks every 50 us does so 20 times; who spins, hundreds of times. */
const MOST_POLLS_PER_MS = 20;
const MOST_RUN_SHARE = 0.7;

const word = new Int32Array(new SharedArrayBuffer(4));

/** How long `sleep` takes, in ms. */
function timed(sleep: () => void): number {
  const begun = performance.now();
  sleep();
  return performance.now() - begun;
}

/** How long this thread has run, and waited for a core, so far (Linux, Documentation/scheduler/sched-stats.rst). */
function scheduled(): { runMs: number; waitedMs: number } {
  const [runNs, waitedNs] = readFileSync(SCHEDSTAT, 'utf8').split(' ').map(Number);
  return { runMs: runNs / 1e6, waitedMs: waitedNs / 1e6 };
}

const withShortPatience: Shared = { world: { connectTimeoutMs: CONNECT_TIMEOUT_MS } };
const asleep: Shared = { world: { idle: 'sleep' } };

/** Waits until there is a link, and the ends know each other. */
function meet(world: World): void {
  const { server, client } = world;
  const listener = world.listen();
  const accept = server.accept(listener.qd);
  for (let tries = 0; tries < TRIES; tries++) {
    const qd = client.socket('stream');
    const { error } = world.wait(client, client.connect(qd, listener.endpoint));
    if (error === null) {
      assert.equal(world.wait(server, accept).error, null);
      return;
    }
    client.close(qd);
  }
  throw new Error(`no connection in ${TRIES} tries of ${CONNECT_TIMEOUT_MS} ms each`);
}

export const limitCases: readonly ConformanceCase[] = [
  ...group('connecting where nobody accepts', withShortPatience, {
    'takes no more connections than the backlog, and times the others out; an accept makes room'({
      world,
      server,
      client,
    }) {
      meet(world);
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
      assertAtLeast(made.length, BACKLOG);
      assertAtMost(made.length, MOST_WAITING);
      assert.equal(last.error, 'TIMED_OUT');
      assertBelow(last.elapsedMs, 5000);
      client.close(last.qd);
      for (const qd of made) {
        const accepted = world.wait(server, server.accept(listener.qd));
        assert.equal(accepted.peerPort, client.localEndpoint(qd).port);
      }
      const { error } = connect();
      assert.equal(error, null);
    },
  }),
  ...group('sleeping while nothing happens', asleep, {
    'leaves the core to others, for as long as it was told': {
      needs: ['schedstat'],
      run({ world, client }) {
        const { clientQd } = world.connect();
        const pop = client.pop(clientQd);
        world.settle();
        const [begun, before, { polls }] = [performance.now(), scheduled(), client.pollCounts()];
        assert.ok(client.wait(pop, SLEEP_MS) === null);
        const [elapsedMs, after] = [performance.now() - begun, scheduled()];
        assertAtLeast(elapsedMs, SLEEP_MS - 1);
        assertBelow(elapsedMs, SLEEP_MS + PATIENCE_MS);
        assertBelow((client.pollCounts().polls - polls) / elapsedMs, MOST_POLLS_PER_MS);
        // Of the time in which it did not wait for a core that others had.
        const runMs = after.runMs - before.runMs;
        assertBelow(runMs / (elapsedMs - (after.waitedMs - before.waitedMs)), MOST_RUN_SHARE);
      },
    },

    // As soon as the thread itself wakes here, one time of several: others may have the core the other times.
    'ends when its time has passed'({ world, client }) {
      const { clientQd } = world.connect();
      const pop = client.pop(clientQd);
      world.settle();
      let shortestMs = Number.POSITIVE_INFINITY;
      let shortestOfThreadMs = Number.POSITIVE_INFINITY;
      for (let naps = 0; naps < NAPS && shortestMs >= shortestOfThreadMs + NAP_MS; naps++) {
        const ofThreadMs = timed(() => Atomics.wait(word, 0, 0, NAP_MS));
        const ms = timed(() => assert.ok(client.wait(pop, NAP_MS) === null));
        shortestMs = Math.min(shortestMs, ms);
        shortestOfThreadMs = Math.min(shortestOfThreadMs, ofThreadMs);
      }
      assertBelow(shortestMs, shortestOfThreadMs + NAP_MS);
    },

    // In one process nothing can come while it sleeps.
    'ends when something arrives': {
      needs: ['two processes'],
      run({ world, server, client }) {
        const { serverQd, clientQd } = world.connect();
        const pop = client.pop(clientQd);
        world.settle();
        const begun = performance.now();
        (server as RemoteLibos).pushLater(serverQd, world.buffer(server, 'wake up'), WAKE_AFTER_MS);
        const woken = client.wait(pop, 10 * PATIENCE_MS);
        assertBelow(performance.now() - begun, PATIENCE_MS);
        client.free(woken!.sga!);
      },
    },
  }),
];
