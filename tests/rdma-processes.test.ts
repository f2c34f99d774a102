/** The backend rdma between processes: rendezvous with strangers, another provider, memory that stays bounded. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { World } from '../libos/conformance/world.ts';
import { createLibos } from '../libos/every-backend.ts';
import { decodeHello, encodeHello, type Hello, HelloKind } from '../libos/rdma/hello.ts';
import { startKvServer } from './kvserver-processes.ts';
import { SERVER, shm, startPair, stopAgents } from './rdma-pair.ts';

afterEach(stopAgents);

describe('shared memory', () => {
  it('of a process that was killed is removed by the next one', () => {
    const { agent, client } = startPair();
    const leftBy = (pid: number) => readdirSync('/dev/shm').filter((name) => name.includes(`-${pid}-`));
    const { pid } = agent;
    expect(leftBy(pid!)).not.toEqual([]);
    process.kill(pid!, 'SIGKILL');
    while (existsSync(`/proc/${pid}/fd/0`)) client.waitNext(0, 1);
    createLibos(shm).shutdown();
    client.shutdown();
    // Not yet reaped by its parent, this process, it still has its number: the one after that sees it gone.
    return new Promise<void>((resolve) => setTimeout(resolve, 200)).then(() => {
      createLibos(shm).shutdown();
      expect(leftBy(pid!)).toEqual([]);
    });
  });
});

describe('an endpoint for who comes next', () => {
  const filesOf = (pid: number) => readdirSync('/dev/shm').filter((name) => name.includes(`-${pid}-`)).length;

  it('is open before it comes, and goes with the libOS', async () => {
    const { agent, server, client, world } = startPair();
    const pid = agent.pid as number;
    expect(filesOf(pid)).toBe(1);
    const listener = world.listen();
    world.connect(listener);
    // Itself, and the one that is opened ahead.
    await expect.poll(() => filesOf(pid), { timeout: 10_000 }).toBe(2);
    expect(server.counters().endpoints).toBe(1);

    const next = createLibos(shm);
    const nextWorld = new World({
      create: () => ({ server, client: next, serverAddress: SERVER, clientAddress: '127.0.0.1' }),
    });
    const { serverQd, clientQd } = nextWorld.connect(listener);
    expect(server.counters().endpoints).toBe(2);
    await expect.poll(() => filesOf(pid), { timeout: 10_000 }).toBe(3);
    for (const bytes of [1, 5000, 100_000]) {
      const data = randomBytes(bytes);
      nextWorld.pushFreeing(next, clientQd, data);
      expect(nextWorld.popAll(server, serverQd, bytes).equals(data)).toBe(true);
    }
    next.shutdown();
    client.shutdown();
    server.shutdown();
    expect(filesOf(pid)).toBe(0);
  });
});

describe('a process that opens an endpoint', () => {
  it('goes on to hear its own signals', () => {
    const code = `
      import { once } from 'node:events';
      import { openLibos } from ${JSON.stringify(join(import.meta.dirname, '../libos/index.ts'))};
      const heard = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal));
      const alive = setInterval(() => {}, 1000);
      const libos = await openLibos({ backend: 'rdma' });
      for (const signal of ['SIGINT', 'SIGTERM']) process.kill(process.pid, signal);
      for (const [signal] of await Promise.all(heard)) console.log(signal);
      libos.shutdown();
      clearInterval(alive);
    `;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'SIGINT\nSIGTERM\n' });
  });
});

describe('a server that serves', () => {
  it('says on standard error why it meets no more peers, once a second', async () => {
    const server = await startKvServer('libos', ['--backend', 'rdma', '-o', 'receive_memory_mb=1'], 'pipe');
    onTestFinished(() => void server.process.kill('SIGKILL'));
    const lines: string[] = [];
    createInterface({ input: server.process.stderr! }).on('line', (line) => lines.push(line));
    const client = createLibos({ backend: 'rdma', idle: 'sleep' });
    onTestFinished(() => client.shutdown());
    const connect = () => {
      const token = client.connect(client.socket('stream'), { address: '127.0.0.1', port: server.port });
      return client.wait(token)!.error;
    };
    let error: string | null = null;
    for (let i = 0; i < 1000 && error === null; i++) error = connect();
    expect(error).toBe('CONNECTION_REFUSED');
    for (let i = 0; i < 10; i++) connect();
    await expect
      .poll(() => lines.filter((line) => line.startsWith('bypassbench: no receive buffers are left')), {
        timeout: 5000,
      })
      .toHaveLength(2);
    expect(lines.at(-1)).toMatch(
      /receive_memory_mb\) \(CONNECTION_REFUSED, and 9 more in the last second\)$/,
    );
  });
});

describe('the rendezvous', () => {
  /** What a plain TCP client reads until the connection ends. */
  async function say(port: number, bytes: Uint8Array | string): Promise<string> {
    const socket = net.connect(port, SERVER);
    let said = '';
    socket.setEncoding('latin1').on('data', (data) => {
      said += data;
    });
    socket.on('error', () => {});
    socket.write(bytes);
    await once(socket, 'close');
    return said;
  }

  it('tells a Redis client and sends random bytes away, and serves peers meanwhile', async () => {
    const { server, client, world } = startPair();
    const listener = world.listen();
    const pair = world.connect(listener);
    const { port } = listener.endpoint;
    const answer = await say(port, '*1\r\n$4\r\nPING\r\n');
    expect(answer).toMatch(/^-ERR this is where peers of the Bypassbench backend rdma meet.*\r\n$/);
    for (let i = 0; i < 20; i++) {
      expect(await say(port, randomBytes(1 + i * 50))).toMatch(/^-ERR|^$/);
    }
    // One that says nothing, and one that stops in the middle of a proper hello.
    const silent = net.connect(port, SERVER);
    const halfway = net.connect(port, SERVER).on('error', () => {});
    halfway.write('bypassbench/rdma');
    world.pushFreeing(client, pair.clientQd, 'still here');
    expect(world.popText(server, pair.serverQd)).toBe('still here');
    const second = world.connect(listener);
    world.pushFreeing(client, second.clientQd, 'and here');
    expect(world.popText(server, second.serverQd)).toBe('and here');
    silent.destroy();
    halfway.destroy();
    world.shutdown();
  });

  it.each([
    ['no zero behind it', 'fi_shm://bypassbench-4-1-aa-0-0'],
    ['something behind the zero', 'fi_shm://bypassbench-4-1-aa-0-0\0x\0'],
    ['a name that is none of ours', 'fi_shm://somebody\0'],
    ['as many bytes as there can be', 'x'.repeat(255)],
  ])('refuses a peer whose address has %s', async (_what, address) => {
    const { agent, client, world } = startPair();
    const { endpoint } = world.listen();
    const hello: Hello = {
      kind: HelloKind.Stream,
      provider: 'shm',
      address: Buffer.from(address),
      connection: 1,
      key: 1,
      bufferBytes: 16_384,
      limit: 1,
      maxWindow: 16,
      port: 0,
      host: Buffer.from(
        readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', ''),
        'hex',
      ),
    };
    const answer = decodeHello(Buffer.from(await say(endpoint.port, encodeHello(hello)), 'latin1'));
    expect(answer).toMatchObject({
      hello: { kind: HelloKind.Refusal, reason: expect.stringContaining('means nothing to the provider') },
    });
    expect(agent.pid).toBeGreaterThan(0);
    client.shutdown();
  });

  it('is open for peers beside a thousand connections that say nothing', async () => {
    const { server, client, world } = startPair();
    const listener = world.listen(4);
    const { port } = listener.endpoint;
    const silent = Array.from({ length: 1100 }, () => net.connect(port, SERVER).on('error', () => {}));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    for (let i = 0; i < 5; i++) {
      const { serverQd, clientQd } = world.connect(listener);
      world.pushFreeing(client, clientQd, 'hello');
      expect(world.popText(server, serverQd)).toBe('hello');
    }
    for (const socket of silent) socket.destroy();
    world.shutdown();
  });

  async function connectTo(
    answer: (socket: net.Socket) => void,
    patienceMs = 10_000,
  ): Promise<string | null> {
    const stranger = net.createServer((socket) => {
      socket.on('error', () => {});
      answer(socket);
    });
    stranger.listen(0, SERVER);
    await once(stranger, 'listening');
    const client = createLibos({ ...shm, connectTimeoutMs: patienceMs });
    const { port } = stranger.address() as net.AddressInfo;
    const token = client.connect(client.socket('stream'), { address: SERVER, port });
    const giveUpMs = performance.now() + 2 * patienceMs;
    let error: string | null | undefined;
    while (error === undefined && performance.now() < giveUpMs) {
      error = client.wait(token, 1)?.error;
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.shutdown();
    stranger.close();
    return error ?? 'nothing';
  }

  it('takes a server of another kind for what it is', async () => {
    const redis = (socket: net.Socket) => socket.on('data', () => socket.write('-ERR unknown command\r\n'));
    expect(await connectTo(redis)).toBe('PROTOCOL_ERROR');
    expect(await connectTo((socket) => socket.write(randomBytes(100)))).toBe('PROTOCOL_ERROR');
    expect(await connectTo((socket) => socket.destroy())).toBe('CONNECTION_REFUSED');
    expect(await connectTo(() => {}, 300)).toBe('TIMED_OUT');
  });

  it('lets as many wait as the backlog has, the others until they are accepted or give up', () => {
    const { server, client, world } = startPair(shm, { ...shm, connectTimeoutMs: 2000 });
    const listener = world.listen(2);
    const connects = [1, 2, 3, 4, 5].map(() => client.connect(client.socket('stream'), listener.endpoint));
    for (const token of connects.slice(0, 2)) expect(world.wait(client, token).error).toBeNull();
    world.settle(100);
    expect(connects.slice(2).map((token) => client.wait(token, 0))).toEqual([null, null, null]);
    // One place gets free, and the next one is met.
    expect(world.wait(server, server.accept(listener.qd)).error).toBeNull();
    expect(world.wait(client, connects[2]).error).toBeNull();
    expect(world.wait(client, connects[3]).error).toBe('TIMED_OUT');
    expect(world.wait(client, connects[4]).error).toBe('TIMED_OUT');
    world.shutdown();
  });

  it('takes an answer that has come, however late it looks for it', () => {
    const { client, world } = startPair(shm, { ...shm, connectTimeoutMs: 300 });
    const { endpoint } = world.listen();
    const token = client.connect(client.socket('stream'), endpoint);
    // The hello leaves, and then this process does nothing until the time is over, as one that is stopped.
    for (let i = 0; i < 3; i++) client.waitNext(0, 0);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    expect(world.wait(client, token).error).toBeNull();
    world.shutdown();
  });

  it('refuses a peer with another provider', () => {
    const tcp = { ...shm, backendOptions: { provider: 'tcp;ofi_rxm', address: '127.0.0.1' } };
    const { client, world } = startPair(shm, tcp);
    const { endpoint } = world.listen();
    const token = client.connect(client.socket('stream'), endpoint);
    expect(world.wait(client, token).error).toBe('PROTOCOL_ERROR');
    world.shutdown();
  });
});

describe('the shutdown of a libOS', () => {
  it('behind a close loses nothing: the peer reads all, and then the end', () => {
    const { server, client, world } = startPair();
    const { serverQd, clientQd } = world.connect();
    // Less than the first credits, more than what is sent inline.
    const data = randomBytes(50_000);
    world.wait(client, world.pushFreeing(client, clientQd, data));
    client.close(clientQd);
    world.leave(client);
    expect(world.popAll(server, serverQd).equals(data)).toBe(true);
    expect(world.pop(server, serverQd)).toBeNull();
    const push = world.pushFreeing(server, serverQd, 'too late');
    expect(server.wait(push, 2000)!.error).toBe('CONNECTION_RESET');
    world.shutdown();
  });
});

describe('other providers', () => {
  it('carry data between processes over tcp;ofi_rxm, on the loopback interface', { timeout: 60_000 }, () => {
    const tcp = { ...shm, backendOptions: { provider: 'tcp;ofi_rxm', address: '127.0.0.1' } };
    const { server, client, world } = startPair(tcp, tcp);
    const { serverQd, clientQd } = world.connect();
    for (const bytes of [1, 70, 5000, 16_384, 1_000_000]) {
      const data = randomBytes(bytes);
      world.pushFreeing(client, clientQd, data);
      expect(world.popAll(server, serverQd, bytes).equals(data)).toBe(true);
      world.pushFreeing(server, serverQd, data);
      expect(world.popAll(client, clientQd, bytes).equals(data)).toBe(true);
    }
    world.shutdown();
  });
});

describe('memory for receives', () => {
  it('stays bounded as connections come, all of which can be used', { timeout: 120_000 }, () => {
    const { server, client, world } = startPair();
    const listener = world.listen(1024);
    const pairs: ReturnType<World['connect']>[] = [];
    for (const count of [1, 10, 100, 1000]) {
      while (pairs.length < count) pairs.push(world.connect(listener));
      const { posted_receive_bytes, promised_receives, posted_receives, connections } = server.counters();
      expect(connections).toBe(count);
      expect(posted_receive_bytes).toBeLessThanOrEqual(192 * 1024 * 1024);
      expect(posted_receives).toBeGreaterThanOrEqual(promised_receives);
      // One for data and one for credits each, at least.
      expect(promised_receives).toBeGreaterThanOrEqual(2 * count);
    }
    for (const { serverQd, clientQd } of pairs.filter((_pair, index) => index % 50 === 0)) {
      world.pushFreeing(client, clientQd, 'hello');
      expect(world.popText(server, serverQd)).toBe('hello');
    }
    world.shutdown();
  });
});
