/** The conformance suite on the kernel backend, and what only kernel sockets have. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { completionCases } from '../conformance/cases/completions.ts';
import { connectionCases } from '../conformance/cases/connections.ts';
import { limitCases } from '../conformance/cases/limits.ts';
import { connectTwiceFromOnePort } from '../conformance/one-port.ts';
import { conformanceSuite } from '../conformance/test-suite.ts';
import { twoProcesses } from '../conformance/two-processes.ts';
import { World } from '../conformance/world.ts';
import type { LibosCore } from '../core.ts';
import { createLibos } from '../index.ts';
import { inOneProcess, kernelTraits } from './test-traits.ts';

// In one process, and asleep, what waits is another: not how bytes are carried. All of it is in the long test.
const waiting = [...connectionCases, ...limitCases, ...completionCases];
conformanceSuite('kernel, one process', inOneProcess(null), waiting);
conformanceSuite('kernel, asleep', inOneProcess('sleep'), waiting);

conformanceSuite('kernel, two processes', {
  ...kernelTraits,
  ...twoProcesses((worldOptions) => {
    const options = { ...worldOptions, backend: 'kernel', checked: true } as const;
    // All of 127.0.0.0/8 is this host, and Linux calls it from .1: two addresses, as real hosts have.
    return { server: options, client: options, serverAddress: '127.0.0.2', clientAddress: '127.0.0.1' };
  }),
});

/** Two libOSes over the kernel's sockets, in checked mode. */
function checkedWorld(): World {
  const options = { backend: 'kernel', checked: true } as const;
  return new World({
    create: () => ({
      server: createLibos(options),
      client: createLibos(options),
      serverAddress: '127.0.0.1',
    }),
  });
}

describe('kernel sockets', () => {
  it('times a connect out that is never answered', () => {
    const server = createLibos({ backend: 'kernel' });
    const client = createLibos({ backend: 'kernel', connectTimeoutMs: 100, idle: 'sleep' });
    const listener = server.socket('stream');
    server.bind(listener, { address: '127.0.0.1', port: 0 });
    server.listen(listener, 1);
    // Linux drops what comes when the backlog is full, so that the connects behind it stay unanswered.
    const tokens = Array.from({ length: 5 }, () =>
      client.connect(client.socket('stream'), server.localEndpoint(listener)),
    );
    const errors = tokens.map((token) => client.wait(token)!.error);
    expect(errors.slice(0, 2)).toEqual([null, null]);
    expect(errors.at(-1)).toBe('TIMED_OUT');
    client.shutdown();
    server.shutdown();
  });

  it('refuse a second connection from one port to the same peer as every backend does', () => {
    const libos = createLibos({ backend: 'kernel' });
    expect(connectTwiceFromOnePort(libos)).toEqual([null, 'ADDRESS_IN_USE']);
    libos.shutdown();
  });

  it('send a small message while a large one is under way', () => {
    const server = createLibos({ backend: 'kernel' });
    const client = createLibos({ backend: 'kernel' });
    const listener = server.socket('stream');
    server.bind(listener, { address: '127.0.0.1', port: 0 });
    server.listen(listener, 2);
    const [large, small] = [0, 1].map(() => {
      const from = client.socket('stream');
      client.wait(client.connect(from, server.localEndpoint(listener)));
      return { from, at: server.wait(server.accept(listener))!.newQd };
    });
    const largeBytes = 1024 * 1024;
    // As an application makes it: a buffer at a time.
    for (let pushed = 0; pushed < largeBytes; pushed += 16_384) client.push(large.from, client.alloc(16_384));
    client.push(small.from, client.alloc(64));
    // Nobody has polled since: what is there was sent by the pushes.
    expect(server.wait(server.pop(small.at), 1000)!.sga!.byteLength).toBe(64);
    let pop = server.pop(large.at);
    const popLarge = () => {
      const completion = server.wait(pop, 0);
      if (completion === null) return 0;
      pop = server.pop(large.at);
      const bytes = completion.sga!.byteLength;
      server.free(completion.sga!);
      return bytes;
    };
    const atOnce = [0, 1, 2, 3, 4, 5].reduce((sum) => sum + popLarge(), 0);
    expect(atOnce).toBeLessThan(largeBytes / 8);
    let received = atOnce;
    for (let left = 1000; received < largeBytes && left > 0; left--) {
      client.waitNext(16, 0);
      received += popLarge();
    }
    expect(received).toBe(largeBytes);
    server.shutdown();
    client.shutdown();
  });

  it('give one buffer of a small message, and several at once where there is much', () => {
    const world = checkedWorld();
    const { server, client } = world;
    const { serverQd, clientQd } = world.connect(world.listen());
    const pops = (data: Buffer): number[] => {
      const counts: number[] = [];
      const parts: Uint8Array[] = [];
      world.pushFreeing(client, clientQd, data);
      for (let left = data.length; left > 0; left -= parts.at(-1)!.length) {
        client.waitNext(0);
        const { sga } = world.wait(server, server.pop(serverQd));
        counts.push(sga!.segmentCount);
        parts.push(sga!.copyOut());
        server.free(sga!);
      }
      expect(Buffer.concat(parts).equals(data)).toBe(true);
      return counts;
    };
    expect(pops(randomBytes(64))).toEqual([1]);
    const [first, second, ...others] = pops(randomBytes(1_000_000));
    expect(first).toBe(1);
    expect(second).toBeGreaterThan(1);
    expect(others.length).toBeLessThan(40);
    expect(Math.max(second, ...others)).toBeLessThanOrEqual(4);
    expect(pops(randomBytes(64))).toEqual([1]);
    world.shutdown();
  });

  it('fills, resets and ends a connection that was busy alone, and serves a second one beside it', () => {
    const world = checkedWorld();
    const { server, client } = world;
    const listener = world.listen();
    const busy = world.connect(listener);
    const pingPong = (pair: typeof busy) => {
      world.pushFreeing(client, pair.clientQd, 'ping');
      expect(world.popText(server, pair.serverQd)).toBe('ping');
      world.pushFreeing(server, pair.serverQd, 'pong');
      expect(world.popText(client, pair.clientQd)).toBe('pong');
    };
    // Often enough for the transport to take the queue out of epoll and poll it by recv.
    for (let i = 0; i < 100; i++) pingPong(busy);
    const other = world.connect(listener);
    for (let i = 0; i < 10; i++) pingPong(other);

    const large = randomBytes(32 * 1024 * 1024);
    const push = world.pushFreeing(client, busy.clientQd, large);
    expect(world.popAll(server, busy.serverQd, large.length).equals(large)).toBe(true);
    expect(world.wait(client, push).error).toBeNull();
    for (let i = 0; i < 100; i++) pingPong(busy);

    // Silent for longer than the transport keeps polling it by recv.
    world.settle(100);
    pingPong(busy);
    for (let i = 0; i < 100; i++) pingPong(busy);

    const pop = client.pop(busy.clientQd);
    world.pushFreeing(client, busy.clientQd, 'never read');
    world.settle();
    server.close(busy.serverQd);
    expect(world.wait(client, pop).error).toBe('CONNECTION_RESET');
    for (let i = 0; i < 100; i++) pingPong(other);
    client.shutdownWrite(other.clientQd);
    expect(world.pop(server, other.serverQd)).toBeNull();
    world.shutdown();
  });

  it('talks to a server that nobody here wrote, and sees it reset the connection', async () => {
    const server = net.createServer((socket) => {
      socket.on('data', (data) => {
        if (data.toString() === 'reset') socket.resetAndDestroy();
        else socket.write(data);
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { PromiseLibos } = await import('../index.ts');
    const libos = new PromiseLibos(createLibos({ backend: 'kernel', checked: true }));
    const qd = await libos.connect({
      address: '127.0.0.1',
      port: (server.address() as net.AddressInfo).port,
    });
    await libos.push(qd, Buffer.from('echo'));
    expect(Buffer.from((await libos.pop(qd))!).toString()).toBe('echo');
    await libos.push(qd, Buffer.from('reset'));
    await expect(libos.pop(qd)).rejects.toMatchObject({ code: 'CONNECTION_RESET' });
    libos.shutdown();
    server.close();
  });

  it('gives up where it listens before its connections when it is shut down', () => {
    const libos = createLibos({ backend: 'kernel' }) as LibosCore;
    const listen = () => {
      const qd = libos.socket('stream');
      libos.bind(qd, { address: '127.0.0.1', port: 0 });
      libos.listen(qd, 1);
      return qd;
    };
    const first = listen();
    const accepted = libos.accept(first);
    const client = libos.socket('stream');
    libos.connect(client, libos.localEndpoint(first));
    const server = libos.wait(accepted)!.newQd;
    const second = listen();
    const closed = vi.spyOn(libos.transport, 'close');
    libos.shutdown();
    expect(closed.mock.calls.map(([{ qd }]) => qd)).toEqual([first, second, client, server]);
  });

  it('tells that the process has too many open files', () => {
    const libos = createLibos({ backend: 'kernel' });
    const open = () => {
      for (;;) libos.socket('stream');
    };
    expect(open).toThrow('TOO_MANY_OPEN_FILES');
    libos.shutdown();
  });
});
