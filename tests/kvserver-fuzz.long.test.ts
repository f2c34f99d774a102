/**
 * The server under clients that do whatever a network can do to it (connection-fuzzer.ts), for minutes, over every
 * front end and backend: it answers those that stay, in step; its memory comes back; it stops when it is told to, with
 * all of them still there.
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createLibos } from '../libos/every-backend.ts';
import { PromiseLibos } from '../libos/index.ts';
import { fuzzConnections } from './connection-fuzzer.ts';
import { type Dial, type Line, overLibos, overSockets } from './connection-lines.ts';
import { encode, type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { mayMakeTap } from './rights.ts';
import { LIBOS_ADDRESS, TapNetwork } from './tap-network.ts';

const ROUND_MS = 6_000;
const ROUNDS = 6;
const MEBIBYTE = 1024 ** 2;
/** What a process may have more after further rounds than after so many: fragments, and what is not collected yet. */
const GROWTH_BYTES_MAX = 128 * MEBIBYTE;
const ROUNDS_WARMING_UP = 3;
const SEED = Number(process.env.SEED);

interface World {
  server: ServerProcess;
  dial: Dial;
  clients: number;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(frontend: string, flags: string[] = []): Promise<ServerProcess> {
  const server = await startKvServer(frontend, flags);
  ends.push(() => server.stop());
  return server;
}

async function overKernel(frontend: string): Promise<World> {
  const server = await start(frontend);
  return { server, dial: overSockets({ address: '127.0.0.1', port: server.port }), clients: 300 };
}

async function overRdma(): Promise<World> {
  const address = '127.0.0.2';
  const server = await start('libos', ['--backend', 'rdma', '--bind', address]);
  const libos = new PromiseLibos(createLibos({ backend: 'rdma', checked: true }));
  ends.push(() => libos.shutdown());
  return { server, dial: overLibos(libos, { address, port: server.port }), clients: 100 };
}

async function overDpdk(): Promise<World> {
  const network = new TapNetwork();
  ends.push(() => network.close());
  const options = Object.entries(network.backendOptions({ impair: `loss=0.002,reorder=0.01,seed=${SEED}` }));
  const flags = options.flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const server = await start('libos', ['--backend', 'dpdk', ...flags]);
  network.connectLinux();
  return { server, dial: overSockets({ address: LIBOS_ADDRESS, port: server.port }), clients: 100 };
}

/** Sends a request; what is found in all that comes then. */
async function ask(line: Line, request: string[], wanted: RegExp): Promise<RegExpExecArray> {
  await line.send(Buffer.from(encode(request), 'latin1'));
  let text = '';
  for (;;) {
    const bytes = await line.read();
    if (bytes === null) throw new Error(`the connection was closed before ${wanted} came`);
    text += bytes.toString('latin1');
    const found = wanted.exec(text);
    if (found !== null) return found;
  }
}

function residentBytes({ process }: ServerProcess): number {
  const status = readFileSync(`/proc/${process.pid}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)![1]);
}

/** Once all others are gone: what the server has in memory without any key. */
async function bytesAtRest({ server, dial }: World): Promise<number> {
  const line = await dial();
  await ask(line, ['FLUSHALL'], /^\+OK\r\n/);
  for (;;) {
    const [, clients] = await ask(line, ['INFO', 'clients'], /connected_clients:(\d+)\r\n[\s\S]*\r\n$/);
    if (clients === '1') break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  line.close();
  return residentBytes(server);
}

describe.each([
  ['sockets', () => overKernel('sockets')],
  ['the libOS over the kernel', () => overKernel('libos')],
  ['the libOS over RDMA', overRdma],
  ['the libOS over DPDK', overDpdk],
] as const)('over %s', (_way, open) => {
  it.runIf(open !== overDpdk || mayMakeTap())(
    'answers those that stay, gives memory back, and stops among them',
    async () => {
      const world = await open();
      const { dial, clients, server } = world;
      const resident: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const seed = SEED + 1000 * round;
        const counts = await fuzzConnections({
          dial,
          seed,
          durationMs: ROUND_MS,
          clients,
          valueBytesMax: MEBIBYTE,
        });
        resident.push(await bytesAtRest(world));
        console.log(
          `seed ${seed}: ${JSON.stringify(counts)}, ${Math.round(resident[round] / MEBIBYTE)} MiB at rest`,
        );
        expect(counts.replies).toBeGreaterThan(1000);
      }
      const before = resident[ROUNDS_WARMING_UP - 1];
      expect(Math.min(...resident.slice(ROUNDS_WARMING_UP)) - before).toBeLessThan(GROWTH_BYTES_MAX);
      const stopping = fuzzConnections({
        dial,
        seed: SEED,
        durationMs: ROUND_MS,
        clients,
        valueBytesMax: 1000,
      });
      stopping.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect((await server.stop()).code).toBe(0);
    },
  );
});
