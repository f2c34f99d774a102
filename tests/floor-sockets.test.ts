/** The program below `bypassbench floor kernel`, each of its sides against a peer of the test's own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { outcomeOfCounts } from '../loadgen/floor/counts.ts';
import { nativeProgram } from '../loadgen/floor/programs.ts';

const program = nativeProgram('floor-sockets');
const run = promisify(execFile);
const [first, second] = availableCores();

describe('the server of floor-sockets', () => {
  const ended: ChildProcess[] = [];
  afterEach(() => {
    for (const child of ended.splice(0)) child.kill('SIGKILL');
  });

  function startServer(...lengths: number[]): ChildProcess {
    const args = ['server', first, ...lengths].map(String);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    ended.push(child);
    return child;
  }

  async function start(...lengths: number[]): Promise<{ child: ChildProcess; socket: Socket }> {
    const child = startServer(...lengths);
    const [said] = await once(child.stdout!.setEncoding('utf8'), 'data');
    const [, port] = /^ready (\d+)\n$/.exec(said)!;
    const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
    // It closes with a reset.
    socket.on('error', () => {});
    await once(socket, 'connect');
    return { child, socket };
  }

  it('answers each request of its length with a reply of its own, which begins alike', async () => {
    const { child, socket } = await start(36, 71);
    let received = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
    });
    for (const number of ['0001', '0002']) {
      received = Buffer.alloc(0);
      for (const piece of [number.slice(0, 2), number.slice(2), 'x'.repeat(31)]) {
        socket.write(piece);
        await sleep(20);
      }
      expect(received).toHaveLength(0);
      socket.write('x');
      while (received.length < 71) await once(socket, 'data');
      await sleep(50);
      expect(received).toHaveLength(71);
      expect(received.toString('latin1', 0, 4)).toBe(number);
    }
    const exited = once(child, 'exit');
    socket.end();
    expect(await exited).toEqual([0, null]);
  });

  it.each([true, false])('ends on SIGTERM, with a client or without one: %s', async (connected) => {
    const { child, socket } = connected ? await start(36, 71) : { child: startServer(36, 71), socket: null };
    if (socket === null) await once(child.stdout!, 'data');
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([1, null]);
  });
});

describe('the client of floor-sockets', () => {
  /** Its counts, or why it failed, against a server that answers all that has come with what `answer` gives. */
  async function against(
    answer: (request: Buffer, socket: Socket) => Buffer | undefined,
    serverCore: string | number = first!,
  ): Promise<string> {
    const server = createServer({ noDelay: true }, (socket) => {
      let request = Buffer.alloc(0);
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        request = Buffer.concat([request, bytes]);
        if (request.length < 36) return;
        const reply = answer(request, socket);
        request = Buffer.alloc(0);
        if (reply !== undefined) socket.write(reply);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const args = ['client', second, port, 36, 71, 0, 0.5, serverCore].map(String);
    try {
      return (await run(program, args)).stdout;
    } catch (error) {
      return (error as { stderr: string }).stderr;
    } finally {
      server.close();
    }
  }
  const reply = (request: Buffer, bytes: number) =>
    Buffer.concat([request.subarray(0, 4), Buffer.alloc(bytes - 4)]);

  it('sends requests of its length, one in flight, and counts their replies', async () => {
    const lengths = new Set<number>();
    const rounds: number[] = [];
    const counts = await against((request) => {
      lengths.add(request.length);
      rounds.push(request.readUInt32LE());
      return reply(request, 71);
    });
    expect([...lengths]).toEqual([36]);
    expect(rounds).toEqual(rounds.map((_, index) => index));
    const { operations, elapsed_s, slices } = outcomeOfCounts('get', [first!, second!], counts);
    expect(operations[0].requests).toBe(rounds.length);
    expect(elapsed_s).toBeGreaterThan(0.45);
    expect(slices).toMatchObject({ cores: { server: first, client: second }, unknown: null });
    // Of 77 ms; a client that was kept from its core makes fewer, and longer ones.
    expect(slices.slices.length).toBeGreaterThan(1);
    expect(slices.slices.length).toBeLessThanOrEqual(7);
    expect(slices.probes).toHaveLength(slices.slices.length + 1);
  });

  it('goes on without readings where nobody may use the core of the server, and says so', async () => {
    const counts = await against((request) => reply(request, 71), 999);
    const { slices } = outcomeOfCounts('get', [999, second!], counts);
    const unknown = 'core 999 is not one that this process may run on';
    expect(slices).toMatchObject({ helper: null, unknown, probes: [] });
    expect(slices.slices.length).toBeGreaterThan(1);
  });

  it('stops reading after three readings without the helper, and goes on', async () => {
    // It comes to no core on which the client polls.
    const counts = await against((request) => reply(request, 71), second!);
    const { slices, elapsed_s } = outcomeOfCounts('get', [second!, second!], counts);
    expect(slices.unknown).toBe(`the helper did not get core ${second} in time`);
    expect(slices.helper).not.toBeNull();
    expect(slices.probes.map(({ median_ns }) => median_ns)).toEqual(slices.probes.map(() => null));
    expect(slices.probes).toHaveLength(slices.slices.length + 1);
    expect(elapsed_s).toBeGreaterThan(0.45);
  });

  it('says that the core of the server is no number', async () => {
    expect(await against(() => undefined, 'x')).toBe('SERVER_CORE x is not a number from 0 to 1023\n');
  });

  it('says what is wrong with a reply', async () => {
    expect(await against((request) => reply(request, 72))).toBe('more came than the 71 bytes of a message\n');
    expect(await against(() => Buffer.alloc(71, 1))).toBe('round trip 0 was answered as 16843009\n');
    expect(await against((_, socket) => void socket.destroy())).toBe(
      'the server has closed the connection\n',
    );
    expect(await against((request) => reply(request, 70))).toBe('no answer for 2 s\n');
  });

  it('says that nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await expect(
      run(program, ['client', second, port, 36, 71, 0, 0.2, first].map(String)),
    ).rejects.toMatchObject({
      stderr: `port ${port} of 127.0.0.1 cannot be connected to: Connection refused\n`,
    });
    await expect(run(program, ['client', `${first}`])).rejects.toMatchObject({
      stderr: expect.stringContaining('usage: floor-sockets server CORE'),
    });
  });
});
