/** The conformance suite on the backend uring, between two processes, and what only io_uring has. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { connectTwiceFromOnePort } from '../conformance/one-port.ts';
import { conformanceSuite } from '../conformance/test-suite.ts';
import { twoProcesses } from '../conformance/two-processes.ts';
import { World } from '../conformance/world.ts';
import { createLibos } from '../every-backend.ts';
import type { LibosOptions } from '../index.ts';
import { hasRing, uringTraits } from './test-traits.ts';

describe.runIf(hasRing())('where the kernel gives a ring', () => {
  conformanceSuite('uring, two processes', {
    ...uringTraits,
    ...twoProcesses((worldOptions) => {
      const options = { ...worldOptions, backend: 'uring', checked: true } as const;
      // All of 127.0.0.0/8 is this host, and Linux calls it from .1: two addresses, as real hosts have.
      return { server: options, client: options, serverAddress: '127.0.0.2', clientAddress: '127.0.0.1' };
    }),
  });
});

/** Two libOSes in checked mode, the client with options of its own. */
function checkedWorld(backendOptions: LibosOptions['backendOptions'] = {}): World {
  return new World({
    create: (worldOptions) => {
      const options = { ...worldOptions, backend: 'uring', checked: true } as const;
      return {
        server: createLibos(options),
        client: createLibos({ ...options, backendOptions }),
        serverAddress: '127.0.0.1',
      };
    },
  });
}

describe.runIf(hasRing())('io_uring', () => {
  it('takes no turn while nothing comes, and few for a request', () => {
    const world = checkedWorld();
    const { server, client } = world;
    const { serverQd, clientQd } = world.connect();
    world.settle();
    const pop = server.pop(serverQd);
    const before = server.counters();
    const { polls } = server.pollCounts();
    for (let i = 0; i < 1000; i++) server.waitNext(0, 0);
    expect(server.pollCounts().polls - polls).toBe(1000);
    expect(server.counters().turns - before.turns).toBeLessThan(3);
    world.pushFreeing(client, clientQd, 'ping');
    const { sga } = world.wait(server, pop);
    server.free(sga!);
    world.wait(server, world.pushFreeing(server, serverQd, 'pong'));
    expect(server.counters().turns - before.turns).toBeLessThan(6);
    expect(world.popText(client, clientQd)).toBe('pong');
    world.shutdown();
  });

  it.each([1, 20_000, 3_000_000])('sends %d bytes without a copy, whole and in order', (bytes) => {
    const world = checkedWorld({ zero_copy_bytes: '1' });
    const { server, client } = world;
    const { serverQd, clientQd } = world.connect();
    const data = randomBytes(bytes);
    const kept = world.buffer(client, data);
    const first = client.push(clientQd, kept);
    const second = world.pushFreeing(client, clientQd, data);
    expect(world.popAll(server, serverQd, 2 * bytes).equals(Buffer.concat([data, data]))).toBe(true);
    expect(world.wait(client, first)).toMatchObject({ error: null, sga: kept });
    expect(world.wait(client, second).error).toBeNull();
    client.free(kept);
    expect(client.counters().zero_copy_sends).toBeGreaterThan(0);
    world.shutdown();
  });

  it('copies, unless told otherwise', () => {
    const world = checkedWorld();
    const { serverQd, clientQd } = world.connect();
    world.pushFreeing(world.client, clientQd, randomBytes(1_000_000));
    world.popAll(world.server, serverQd, 1_000_000);
    expect(world.client.counters().zero_copy_sends).toBe(0);
    world.shutdown();
  });

  const carriesWith = (backendOptions: LibosOptions['backendOptions']): void => {
    const world = checkedWorld(backendOptions);
    const { server, client } = world;
    const listener = world.listen();
    const data = randomBytes(300_000);
    for (let i = 0; i < 2; i++) {
      const { serverQd, clientQd } = world.connect(listener);
      const push = world.pushFreeing(client, clientQd, data);
      expect(world.popAll(server, serverQd, data.length).equals(data)).toBe(true);
      expect(world.wait(client, push).error).toBeNull();
      // So that a thread of the kernel sleeps in between.
      world.settle(5);
      world.pushFreeing(server, serverQd, data.subarray(0, 1000));
      expect(world.popAll(client, clientQd, 1000).equals(data.subarray(0, 1000))).toBe(true);
      client.close(clientQd);
      expect(world.pop(server, serverQd)).toBeNull();
      server.close(serverQd);
    }
    world.shutdown();
  };

  it.runIf(hasRing('io_uring sqpoll'))('works with a thread of the kernel', () => {
    carriesWith({ sqpoll: 'yes', sqpoll_idle_ms: '1' });
  });

  it.runIf(hasRing('io_uring napi'))('works with busy polling of network cards', () => {
    carriesWith({ napi_busy_poll_us: '20' });
  });

  it('refuses a second connection from one port to the same peer as every backend does', () => {
    const libos = createLibos({ backend: 'uring', checked: true });
    expect(connectTwiceFromOnePort(libos)).toEqual([null, 'ADDRESS_IN_USE']);
    libos.shutdown();
  });

  it('has as many connections wait as the backlog says, those included that it holds itself', () => {
    const world = checkedWorld();
    const { server, client } = world;
    const listener = world.listen(3);
    const connect = () => {
      const qd = client.socket('stream');
      return { qd, token: client.connect(qd, listener.endpoint) };
    };
    const first = [1, 2, 3, 4].map(connect);
    for (const { token } of first) expect(world.wait(client, token).error).toBeNull();
    const accepted = world.wait(server, server.accept(listener.qd));
    expect(accepted.error).toBeNull();
    world.settle();
    const more = [1, 2, 3, 4].map(connect);
    world.settle(200);
    const standing = more.filter(({ token }) => client.wait(token, 0)?.error === null);
    expect(standing).toHaveLength(1);
    world.shutdown();
  });
});
