/**
 * npm run bench:dpdk: what the backend over DPDK is worth, over memif, each part against its reference in the same run.
 *
 *     npm run bench:dpdk                    all parts
 *     npm run bench:dpdk -- echo stream     only these
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../../experiments/index.ts';
import { latencyAgainstRedis, throughputAgainstRedis } from './against-redis.ts';
import { Comparison, progress, runParts, shuffled } from './comparison.ts';
import { libosPair } from './libos-pair.ts';
import { FRAME_HEADER_BYTES, rawFrames } from './raw-frames.ts';
import { CLIENT_CORE, load, residentBytes, SERVER_CORE, startServer } from './servers.ts';

const TRIALS = 5;
const MESSAGE_BYTES = 64;
/** V8's smallest object has 16 bytes: this is none for seven requests of eight. */
const HEAP_BYTES_PER_REQUEST = 2;
/** Ten thousand connections take a while to be opened. */
const IDLE_TRIALS = 3;
const ROUND_TRIPS = 600_000;
const KEYS = ['--keys', '100000'];
const TIMES = ['--warmup-s', '1', '--duration-s', '3'];

/** GET and SET latency of one connection: unmodified Redis, our server, and the floor of its device. */
const latency = () => latencyAgainstRedis('kv-dpdk', 'dpdk', { ofRedis: 0.15, ofFloor: 5 });

const throughput = () => throughputAgainstRedis('kv-dpdk', 4);

/** 64 bytes there and back: the libOS over TCP, and bare Ethernet frames over the same device from TypeScript. */
async function echo(): Promise<void> {
  const table = new Comparison<'raw frames' | 'libOS'>('raw frames', 'us: median [min, max]');
  for (let trial = 1; trial <= TRIALS; trial++) {
    for (const system of shuffled(['raw frames', 'libOS'] as const)) {
      const { p50_us } =
        system === 'libOS'
          ? await overMemif({ server: 'echo', client: 'ping' }, MESSAGE_BYTES, ROUND_TRIPS)
          : await rawFrames(MESSAGE_BYTES + FRAME_HEADER_BYTES, ROUND_TRIPS);
      table.add('64 B p50', system, p50_us);
      progress(`echo ${trial} of ${TRIALS}: ${system} p50 ${p50_us.toFixed(2)} us`);
    }
  }
  console.log(table.table({ 'libOS 64 B p50': { ratio: 3, better: 'lower' } }));
}

/** One stream of 256 kB pushes, and iperf3 over the kernel's loopback. */
async function stream(): Promise<void> {
  const table = new Comparison<'iperf3' | 'libOS'>('iperf3', 'Gbit/s: median [min, max]');
  for (let trial = 1; trial <= TRIALS; trial++) {
    for (const system of shuffled(['iperf3', 'libOS'] as const)) {
      const rate =
        system === 'iperf3'
          ? await iperf()
          : (await overMemif({ server: 'sink', client: 'stream' }, 256 * 1024, 8_000)).gbit_per_s;
      table.add('256 kB pushes', system, rate);
      progress(`stream ${trial} of ${TRIALS}: ${system} ${rate.toFixed(2)} Gbit/s`);
    }
  }
  console.log(table.table({ 'libOS 256 kB pushes': { ratio: 0.3, better: 'higher' } }));
}

/** Ten busy connections beside ever more idle ones: what these cost in time and in memory. */
async function idleConnections(): Promise<void> {
  const counts = [1, 100, 1_000, 10_000];
  const names = counts.map((count) => `${count} idle`);
  const table = new Comparison<string>(names[0], 'us: median [min, max]');
  const memoryMib: number[] = [];
  for (let trial = 1; trial <= IDLE_TRIALS; trial++) {
    for (const count of shuffled(counts)) {
      const server = await startServer('kv-dpdk', { args: ['--max-clients', '20000'] });
      const busy = ['--populate', ...KEYS, '--connections', '10', ...TIMES];
      await load(server, ...busy);
      const beforeBytes = await residentBytes(server.pid);
      const loading = load(server, ...busy, '--idle-connections', `${count}`);
      let mostBytes = 0;
      const sampling = setInterval(async () => {
        mostBytes = Math.max(mostBytes, await residentBytes(server.pid));
      }, 100);
      const result = await loading;
      clearInterval(sampling);
      const p50_us = result.operation.latency_ns.p50 / 1000;
      table.add('GET p50 of 10 busy', `${count} idle`, p50_us);
      if (count === 10_000) memoryMib.push((mostBytes - beforeBytes) / 2 ** 20);
      progress(
        `idle ${trial} of ${IDLE_TRIALS}: ${count} idle connections, p50 of the busy ${p50_us.toFixed(2)} us`,
      );
      await server.stop();
    }
  }
  const goal = { ratio: 1.5, better: 'lower' as const };
  console.log(table.table(Object.fromEntries(names.map((name) => [`${name} GET p50 of 10 busy`, goal]))));
  const most = Math.max(...memoryMib);
  console.log(
    `10,000 idle connections: the server grew by ${memoryMib.map((mib) => mib.toFixed(0)).join(', ')} MiB ` +
      `(goal: at most 100) ${most <= 100 ? 'met' : 'MISSED'}`,
  );
}

/** What the server's heap is given per request over 10 million of them, from V8's record of its collections. */
async function heap(): Promise<void> {
  const requests = 10_000_000;
  const collections: { thread: string; beforeMib: number; afterMib: number }[] = [];
  const server = await startServer('kv-dpdk', {
    nodeArgs: ['--trace-gc'],
    onLine(line) {
      // [process:thread's isolate] time: kind before (committed) -> after (committed) MB
      const [, thread, before, after] =
        /^\[\d+:(\w+)\].*?: [^\d]*([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/.exec(line) ?? [];
      if (after !== undefined) {
        collections.push({ thread, beforeMib: Number(before), afterMib: Number(after) });
      }
    },
  });
  const args = ['--operation', 'get', ...KEYS, '--connections', '8', '--pipeline', '16'];
  await load(server, '--populate', ...args, '--requests', '1000000');
  const known = collections.length;
  await load(server, ...args, '--warmup-s', '0', '--requests', `${requests}`);
  await sleep(200);
  const during = collections.slice(known);
  await server.stop();
  // What was allocated between two collections is what the later one found more than the earlier one left.
  let allocatedMib = 0;
  for (const ofThread of Object.values(Object.groupBy(during, ({ thread }) => thread))) {
    ofThread!.slice(1).forEach(({ beforeMib }, i) => {
      allocatedMib += beforeMib - ofThread![i].afterMib;
    });
  }
  const perRequest = (allocatedMib * 2 ** 20) / requests;
  console.log(
    `heap over ${requests} requests: ${during.length} collections, ${allocatedMib.toFixed(1)} MiB allocated between ` +
      `them, ${perRequest.toFixed(2)} bytes a request (goal: below ${HEAP_BYTES_PER_REQUEST}) ${perRequest < HEAP_BYTES_PER_REQUEST ? 'met' : 'MISSED'}`,
  );
}

/** Runs the two ends of libos-peer.ts over memif; the numbers of the one that measures. */
function overMemif(
  roles: { server: string; client: string },
  bytes: number,
  count: number,
): Promise<Record<string, number>> {
  return libosPair(roles, bytes, count, (role, folder) => ({
    backend: 'dpdk',
    backendOptions: {
      role,
      socket: join(folder, 'memif.sock'),
      ip: role === 'server' ? '10.99.0.1/24' : '10.99.0.2/24',
    },
    server: { address: '10.99.0.1', port: 7 },
  }));
}

async function iperf(): Promise<number> {
  const port = `${await freePort('127.0.0.1')}`;
  const server = execa('taskset', [
    '-c',
    `${SERVER_CORE}`,
    'iperf3',
    '--server',
    '--one-off',
    '--port',
    port,
  ]);
  await sleep(300);
  const args = ['--client', '127.0.0.1', '--port', port, '--time', '4', '--json'];
  const { stdout } = await execa('taskset', ['-c', `${CLIENT_CORE}`, 'iperf3', ...args]);
  await server;
  return JSON.parse(stdout).end.sum_received.bits_per_second / 1e9;
}

await runParts({ latency, throughput, echo, stream, idle: idleConnections, heap });
