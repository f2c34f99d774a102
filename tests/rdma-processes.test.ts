/** The backend rdma between processes: peers that die, rendezvous with strangers, another provider, memory that stays bounded. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Agent } from '../libos/conformance/two-processes.ts';
import { World } from '../libos/conformance/world.ts';
import { createLibos, type Libos, type LibosOptions } from '../libos/index.ts';

const shm: LibosOptions = { backend: 'rdma', checked: true };
const SERVER = '127.0.0.2';
const CLIENT = '127.0.0.1';

const agents: Agent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.stop().catch(() => {});
});

/** A server in a process of its own, and a client in this one. */
function start(serverOptions = shm, clientOptions = shm) {
  const agent = new Agent();
  agents.push(agent);
  const server = agent.create(serverOptions);
  const client = createLibos(clientOptions);
  const world = new World({
    create: () => ({ server, client, serverAddress: SERVER, clientAddress: CLIENT }),
  });
  return { agent, server, client, world };
}

/** Waits for a completion of `libos` alone. */
function waitFor(libos: Libos, token: number) {
  const completion = libos.wait(token, 5000);
  if (completion === null) throw new Error('no completion within 5 s');
  return { ...completion };
}

describe('a peer that dies', () => {
  it('is noticed: what is pending completes with an error, other peers go on', { timeout: 60_000 }, () => {
    const doomed = start();
    const living = new Agent();
    agents.push(living);
    const other = living.create(shm);
    const listener = other.socket('stream');
    other.bind(listener, { address: SERVER, port: 0 });
    other.listen(listener, 1);
    const accept = other.accept(listener);
    const { client, world } = doomed;
    const otherQd = client.socket('stream');
    expect(waitFor(client, client.connect(otherQd, other.localEndpoint(listener))).error).toBeNull();
    const acceptedQd = other.wait(accept, 5000)!.newQd;

    const pairs = [1, 2, 3].map(() => world.connect());
    const pops = pairs.map(({ clientQd }) => client.pop(clientQd));
    const large = world.buffer(client, randomBytes(8 * 1024 * 1024));
    const push = client.push(pairs[0].clientQd, large);
    client.waitNext(0, 0);
    const killedMs = performance.now();
    process.kill(doomed.agent.pid!, 'SIGKILL');
    expect(pops.map((token) => waitFor(client, token).error)).toEqual(pops.map(() => 'CONNECTION_RESET'));
    expect(waitFor(client, push).error).toBe('CONNECTION_RESET');
    expect(performance.now() - killedMs).toBeLessThan(2000);
    client.free(large);
    const late = world.pushFreeing(client, pairs[1].clientQd, 'into the void');
    expect(waitFor(client, late).error).toBe('CONNECTION_RESET');

    const pop = other.pop(acceptedQd);
    world.pushFreeing(client, otherQd, 'still here');
    client.waitNext(0, 20);
    const completion = other.wait(pop, 5000)!;
    expect(Buffer.from(completion.sga!.copyOut()).toString()).toBe('still here');
    other.free(completion.sga!);
    client.shutdown();
  });

  it('in the middle of any traffic leaves nobody waiting', { timeout: 120_000 }, () => {
    for (let round = 0; round < 12; round++) {
      const { agent, client, world } = start();
      const pair = world.connect();
      let left = 0;
      const killAtMs = performance.now() + 5 + round * 3;
      const pop = client.pop(pair.clientQd);
      let error: string | null = null;
      const giveUpMs = performance.now() + 5000;
      let killed = false;
      while (error === null) {
        for (; left < 16 && error === null; left++) {
          world.pushFreeing(client, pair.clientQd, randomBytes(1 + ((round * 5000) % 40_000)));
        }
        const count = client.waitNext(32, 1);
        for (let i = 0; i < count; i++) {
          const completion = client.completions[i];
          if (completion.token === pop) error = completion.error;
          else left--;
        }
        if (!killed && performance.now() > killAtMs) {
          process.kill(agent.pid!, 'SIGKILL');
          killed = true;
        }
        if (performance.now() > giveUpMs) throw new Error('the death was not noticed within 5 s');
      }
      expect(error).toBe('CONNECTION_RESET');
      client.shutdown();
    }
  });

  it('leaves shared memory behind, which the next one removes', () => {
    const { agent, client } = start();
    const leftBy = (pid: number) => readdirSync('/dev/shm').filter((name) => name.includes(`-${pid}:`));
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

describe('the rendezvous', () => {
  /** What a plain TCP client reads until the connection ends. */
  async function say(port: number, bytes: Uint8Array | string): Promise<string> {
    const socket = net.connect(port, SERVER);
    let said = '';
    socket.on('data', (data) => {
      said += data;
    });
    socket.on('error', () => {});
    socket.write(bytes);
    await once(socket, 'close');
    return said;
  }

  it('tells a Redis client and sends random bytes away, and serves peers meanwhile', async () => {
    const { server, client, world } = start();
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

  async function connectTo(answer: (socket: net.Socket) => void): Promise<string | null> {
    const stranger = net.createServer((socket) => {
      socket.on('error', () => {});
      answer(socket);
    });
    stranger.listen(0, SERVER);
    await once(stranger, 'listening');
    const client = createLibos({ ...shm, connectTimeoutMs: 300 });
    const { port } = stranger.address() as net.AddressInfo;
    const token = client.connect(client.socket('stream'), { address: SERVER, port });
    const giveUpMs = performance.now() + 3000;
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
    expect(await connectTo(() => {})).toBe('TIMED_OUT');
  });

  it('refuses a peer with another provider', () => {
    const tcp = { ...shm, backendOptions: { provider: 'tcp;ofi_rxm', address: '127.0.0.1' } };
    const { client, world } = start(shm, tcp);
    const { endpoint } = world.listen();
    const token = client.connect(client.socket('stream'), endpoint);
    expect(world.wait(client, token).error).toBe('PROTOCOL_ERROR');
    world.shutdown();
  });
});

describe('other providers', () => {
  it('carry data between processes over tcp;ofi_rxm, on the loopback interface', { timeout: 60_000 }, () => {
    const tcp = { ...shm, backendOptions: { provider: 'tcp;ofi_rxm', address: '127.0.0.1' } };
    const { server, client, world } = start(tcp, tcp);
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
    const { server, client, world } = start();
    const listener = world.listen(1024);
    const pairs: ReturnType<World['connect']>[] = [];
    for (const count of [1, 10, 100, 1000]) {
      while (pairs.length < count) pairs.push(world.connect(listener));
      const { posted_receive_bytes, promised_receives, posted_receives, connections } = server.counters();
      expect(connections).toBe(count);
      expect(posted_receive_bytes).toBeLessThanOrEqual(64 * 1024 * 1024);
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
