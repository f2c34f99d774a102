/** What both front ends promise any engine (kvserver/frontend.ts), with an engine that runs requests in turn(). */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextLoop, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../kvserver/frontend.ts';
import { LibosFrontEnd } from '../kvserver/frontends/libos-loop.ts';
import { SocketsFrontEnd } from '../kvserver/frontends/sockets.ts';
import { createLibos, type Libos, PauseLog } from '../libos/index.ts';
import { EchoEngine, EXIT_CODE, FLOOD_BYTES } from './echo-engine.ts';

const CLIENTS_MAX = 3;
const LINGER_MS = 1000;
const ANYWHERE = { bind: '127.0.0.1', port: 0 };

interface Server {
  engine: EchoEngine;
  /** The engine's exit code, when all is closed. */
  ended: Promise<number>;
  stop(): void;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function startSockets(): Promise<Server> {
  let engine!: EchoEngine;
  const createEngine = (forEngine: FrontEnd) => (engine = new EchoEngine(forEngine, CLIENTS_MAX));
  const frontEnd = new SocketsFrontEnd({ createEngine, lingerMs: LINGER_MS });
  await frontEnd.start(ANYWHERE);
  const stop = () => frontEnd.stop();
  ends.push(stop);
  return { engine, ended: frontEnd.ended, stop };
}

function openLibos(): Libos {
  const libos = createLibos({ backend: 'kernel' });
  ends.push(() => libos.shutdown());
  return libos;
}

/** Turned between the turns of this process's own event loop, on which its clients live. */
async function startLibos(): Promise<Server & { frontEnd: LibosFrontEnd }> {
  let engine!: EchoEngine;
  let stopRequested = false;
  const frontEnd = new LibosFrontEnd(openLibos(), {
    pauses: new PauseLog(),
    busy: null,
    sleeps: false,
    createEngine: (forEngine) => (engine = new EchoEngine(forEngine, CLIENTS_MAX)),
    stopRequested: () => stopRequested,
    lingerMs: LINGER_MS,
  });
  frontEnd.start(ANYWHERE);
  const serve = async () => {
    while (engine.exitCode === null) {
      frontEnd.turn(0);
      await nextLoop();
    }
    return engine.exitCode;
  };
  const ended = serve();
  const stop = () => {
    stopRequested = true;
  };
  ends.push(() => {
    stop();
    return ended;
  });
  return { engine, ended, stop, frontEnd };
}

async function open({ engine }: Server): Promise<Socket> {
  const socket = connect({ port: engine.port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  ends.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe.each([
  ['sockets', startSockets],
  ['libos', startLibos],
])('the %s front end, to its engine', (_name, start) => {
  it('gives input at its address, takes output, ticks, and tells who has gone', async () => {
    const server = await start();
    const socket = await open(server);
    for (const line of ['first', 'second', 'x'.repeat(1000)])
      expect(await ask(socket, line)).toBe(`${line}\n`);
    await until(() => server.engine.ticks > 2);
    const [client] = server.engine.clients;
    await until(() => client?.outputBytes === 0);
    socket.destroy();
    await until(() => server.engine.clients.size === 0);
  });

  it('sends the refusal to who is one too many', async () => {
    const server = await start();
    const sockets = [];
    for (let i = 0; i < CLIENTS_MAX; i++) sockets.push(await open(server));
    for (const socket of sockets) await ask(socket, 'here');
    const refused = await open(server);
    const [answer] = (await once(refused, 'data')) as [Buffer];
    expect(answer.toString()).toBe('full\n');
    await once(refused, 'close');
  });

  it('closes at once, and after what was sent, with nothing but disconnect for the engine after that', async () => {
    const server = await start();
    const dropped = await open(server);
    dropped.write('drop\n');
    dropped.resume();
    await once(dropped, 'close');
    const flooded = await open(server);
    flooded.write('flood\n');
    let bytes = 0;
    // Slower in all than what a peer that reads nothing is given.
    const begun = performance.now();
    for (let reads = 1; !flooded.closed; reads++) {
      const slice = flooded.read() as Buffer | null;
      bytes += slice?.length ?? 0;
      // The kernel says that there is room when a third of its buffer is free, megabytes.
      if (reads % 16 === 0 && reads <= 16 * 24) await sleep(LINGER_MS / 16);
      else await nextLoop();
    }
    expect(performance.now() - begun).toBeGreaterThan(LINGER_MS);
    expect(bytes).toBe('flood\n'.length + FLOOD_BYTES);
    expect(server.engine.reportedLate).toEqual([]);
    await until(() => server.engine.clients.size === 0);
  });

  it('gives up a closed connection whose peer reads nothing, though it sends', async () => {
    const server = await start();
    const silent = await open(server);
    silent.write('flood\n');
    await until(() => [...server.engine.clients].some(({ outputBytes }) => outputBytes > 0));
    const begun = performance.now();
    while (server.engine.clients.size > 0) {
      silent.write('late\n');
      await sleep(5);
    }
    expect(performance.now() - begun).toBeGreaterThan(LINGER_MS / 2);
    expect(server.engine.reportedLate).toEqual([]);
  });

  it('ends with the exit code of an engine that ends by itself, and closes everything', async () => {
    const server = await start();
    const socket = await open(server);
    socket.write('exit\n');
    expect(await server.ended).toBe(EXIT_CODE);
  });

  it('asks the engine to stop', async () => {
    const server = await start();
    await open(server);
    server.stop();
    expect(await server.ended).toBe(0);
  });
});

describe('the loop over the libOS', () => {
  it('may be turned from inside a turn of the engine: others are served, and the input stays', async () => {
    const server = await startLibos();
    const { engine, frontEnd } = server;
    const long = await open(server);
    // A client that needs no event loop.
    const libos = openLibos();
    const qd = libos.socket('stream');
    const connected = libos.connect(qd, { address: '127.0.0.1', port: engine.port });
    const ask = (line: string) => {
      const request = libos.alloc(line.length);
      request.fill(Buffer.from(line));
      libos.push(qd, request);
      const popped = libos.pop(qd);
      for (;;) {
        frontEnd.turn(0);
        const completion = libos.wait(popped, 0);
        if (completion !== null) return Buffer.from(completion.sga!.copyOut()).toString();
      }
    };
    const answers: string[] = [];
    engine.onHook = () => {
      libos.wait(connected, LINGER_MS);
      for (const line of ['one\n', 'two\n', 'hook inside\n']) {
        engine.onHook = () => answers.push('deeper');
        answers.push(ask(line));
      }
    };
    long.write('hook outside\n');
    const [answer] = (await once(long, 'data')) as [Buffer];
    expect(answer.toString()).toBe('hook outside\n');
    expect(answers).toEqual(['one\n', 'two\n', 'deeper', 'hook inside\n']);
  });
});
