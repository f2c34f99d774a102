/** What the conformance suite over two processes rests on: remote libOSes, and the agent that has them. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createLibos } from '../every-backend.ts';
import { type Backend, type Libos, LibosError } from '../index.ts';
import { codeOf } from './outcome.ts';
import { Agent, twoProcesses } from './two-processes.ts';
import { World } from './world.ts';

const options = { backend: 'kernel', checked: true } as const;
const loopback = { serverAddress: '127.0.0.1' };

const agents: Agent[] = [];
function startAgent(patienceMs?: number): Agent {
  const agent = new Agent(patienceMs);
  agents.push(agent);
  return agent;
}
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.stop())));

/** A remote server and a client here. */
const remoteServer = (agent = startAgent()) =>
  new World({ create: () => ({ server: agent.create(options), client: createLibos(options), ...loopback }) });

const text = (data: Uint8Array | null | undefined) => data && Buffer.from(data).toString();

function errorOf(call: () => unknown): LibosError {
  try {
    call();
  } catch (error) {
    if (error instanceof LibosError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a remote libOS', () => {
  it('throws errors as the call at the agent did', () => {
    const world = remoteServer();
    const { server, client } = world;
    const [far, near] = [server, client].map((side) => errorOf(() => side.listen(side.socket('stream'), 1)));
    const parts = ({ message, name, code, operation, qd }: LibosError) => [
      message,
      name,
      code,
      operation,
      qd,
    ];
    expect(parts(far)).toEqual(parts(near));
    expect(far.stack).toMatch(/core\.ts.*at the agent, called by.*remote\.test\.ts/s);
    expect(codeOf(() => server.alloc(Number.NaN))).toBe('INVALID_ARGUMENT');
    world.shutdown();
  });

  it('throws what is no error of the libOS as such', () => {
    const world = remoteServer();
    const qd = world.server.socket('stream');
    expect(() => codeOf(() => world.server.bind(qd, undefined as never))).toThrow(/undefined/);
    world.shutdown();
  });

  it('throws what createLibos throws, and the agent lives on', () => {
    const agent = startAgent();
    expect(codeOf(() => agent.create({ backend: 'none' as Backend }))).toBe('INVALID_ARGUMENT');
    remoteServer(agent).shutdown();
  });

  it('makes progress while nobody asks it anything', () => {
    const world = remoteServer();
    const { server, client } = world;
    const { serverQd, clientQd } = world.connect();
    const data = randomBytes(8 * 1024 * 1024);
    const pushed = world.pushFreeing(server, serverQd, data);
    const parts: Uint8Array[] = [];
    for (let have = 0; have < data.length; have += parts.at(-1)!.length) {
      const { sga } = client.wait(client.pop(clientQd), 5000)!;
      parts.push(sga!.copyOut());
      client.free(sga!);
    }
    expect(Buffer.concat(parts).equals(data)).toBe(true);
    expect(world.wait(server, pushed).error).toBeNull();
    world.shutdown();
  });

  it('lives beside others at the same agent, and is shut down alone', () => {
    const agent = startAgent();
    const first = remoteServer(agent);
    const second = new World({
      create: () => ({ server: agent.create(options), client: agent.create(options), ...loopback }),
    });
    const pair = second.connect();
    first.shutdown();
    expect(codeOf(() => first.server.socket('stream'))).toBe('SHUT_DOWN');
    second.pushFreeing(second.client, pair.clientQd, 'still here');
    expect(second.popText(second.server, pair.serverQd)).toBe('still here');
    second.shutdown();
  });
});

describe('arrays of a remote libOS', () => {
  let world: World;
  let server: Libos;
  let client: Libos;
  const connect = () => {
    world = remoteServer();
    ({ server, client } = world);
    return world.connect();
  };

  it('come back from a push as the same array, with the data they had', () => {
    const { serverQd, clientQd } = connect();
    const sga = world.buffer(server, 'xxmiddlexx');
    sga.segments[0].offset += 2;
    sga.segments[0].length = 6;
    expect(world.wait(server, server.push(serverQd, sga)).sga).toBe(sga);
    expect(text(sga.copyOut())).toBe('middle');
    server.free(sga);
    expect(world.popText(client, clientQd)).toBe('middle');
    world.shutdown();
  });

  it('span many buffers, and are echoed as they were popped', () => {
    const { serverQd, clientQd } = connect();
    const data = randomBytes(100_000);
    world.pushFreeing(client, clientQd, data);
    for (let have = 0; have < data.length; ) {
      const { sga } = world.wait(server, server.pop(serverQd));
      have += sga!.byteLength;
      server.push(serverQd, sga!);
      server.free(sga!);
    }
    expect(world.popAll(client, clientQd, data.length).equals(data)).toBe(true);
    const large = world.buffer(server, data);
    expect(large.segmentCount).toBeGreaterThan(1);
    server.push(serverQd, large);
    server.free(large);
    expect(world.popAll(client, clientQd, data.length).equals(data)).toBe(true);
    world.shutdown();
  });

  it('are owned as the agent says', () => {
    const { serverQd, clientQd } = connect();
    const sga = world.buffer(server, 'mine');
    const token = server.push(serverQd, sga);
    sga.fill(Buffer.from('late'));
    expect(codeOf(() => server.push(serverQd, sga))).toBe('NOT_OWNED');
    server.free(sga);
    expect(codeOf(() => server.free(sga))).toBe('DOUBLE_FREE');
    expect(world.wait(server, token).sga).toBeNull();
    expect(codeOf(() => server.free(sga))).toBe('DOUBLE_FREE');
    expect(codeOf(() => server.push(serverQd, sga))).toBe('NOT_OWNED');
    expect(codeOf(() => server.push(serverQd, client.alloc(1)))).toBe('NOT_OWNED');
    expect(world.popText(client, clientQd)).toBe('mine');
    expect(() => world.shutdown()).toThrow('LEAK');
    expect(codeOf(() => server.free(sga))).toBe('SHUT_DOWN');
  });

  it('leak at the agent when they leak here', () => {
    const { serverQd, clientQd } = connect();
    world.pushFreeing(client, clientQd, 'never freed');
    world.wait(server, server.pop(serverQd));
    server.alloc(1);
    expect(() => server.shutdown()).toThrow(/2 arrays were never freed.*LEAK/s);
    server.shutdown();
    client.shutdown();
  });
});

describe('an agent', () => {
  const runs = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  const agentsOfThisProcess = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
          return (
            Number(parent?.[1]) === process.pid &&
            /agent\.ts/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
          );
        } catch {
          return false; // It has ended since.
        }
      });

  it('ends when it is stopped, whatever it still has', async () => {
    const agent = new Agent();
    agent.create(options).alloc(1);
    expect(runs(agent.pid!)).toBe(true);
    await agent.stop();
    expect(runs(agent.pid!)).toBe(false);
    expect(() => agent.create(options)).toThrow('the agent was stopped');
  });

  it('that is killed fails the call, is replaced for the next world, and is reported at the end', async () => {
    const backend = twoProcesses(() => ({ server: options, client: options, ...loopback }));
    const world = new World(backend);
    const [pid] = agentsOfThisProcess();
    process.kill(pid, 'SIGKILL');
    expect(() => world.listen()).toThrow("the agent ended before it answered 'socket'");
    expect(() => world.shutdown()).toThrow("the agent ended before it answered 'socket'");
    const next = new World(backend);
    next.connect();
    next.shutdown();
    const [other] = agentsOfThisProcess().filter(runs);
    expect(other).not.toBe(pid);
    await expect(backend.close!()).rejects.toThrow('the agent ended with SIGKILL');
  });

  it('whose side is not there in time is ended, and it is said what was waited for', async () => {
    const early = new Agent();
    const why = "the server's side waited longer than 0.001 s (--open-timeout-s) for its process to start";
    expect(() => early.create(options, 1)).toThrow(why);
    await expect(early.stop()).rejects.toThrow('SIGKILL');
    const late = new Agent();
    late.create(options).shutdown();
    late.freeze(true);
    expect(() => late.create(options, 100)).toThrow(/ 0\.1 s .* for its device to open$/);
    await expect(late.stop()).rejects.toThrow('SIGKILL');
  });

  it('that does not answer is ended', async () => {
    const agent = new Agent(3000);
    const libos = agent.create(options);
    const qd = libos.socket('stream');
    libos.bind(qd, { address: '127.0.0.1', port: 0 });
    libos.listen(qd, 1);
    const token = libos.accept(qd);
    expect(() => libos.wait(token)).toThrow("did not answer 'wait' within 3000 ms");
    await expect(agent.stop()).rejects.toThrow('SIGKILL');
  });
});
