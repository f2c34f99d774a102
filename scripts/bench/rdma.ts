/**
 * npm run bench:rdma: what the backend over RDMA is worth, over libfabric's shm, each part against its reference in the same
 * run.
 *
 *     npm run bench:rdma                    all parts
 *     npm run bench:rdma -- echo stream     only these
 */
import Table from 'cli-table3';
import { freePort } from '../../experiments/index.ts';
import { createLibos, type Libos } from '../../libos/index.ts';
import { latencyAgainstRedis, throughputAgainstRedis } from './against-redis.ts';
import { Comparison, progress, runParts, shuffled } from './comparison.ts';
import { fiPingPong } from './fi-pingpong.ts';
import { libosPair } from './libos-pair.ts';

const TRIALS = 5;
const MESSAGE_BYTES = 64;
const PUSH_BYTES = 256 * 1024;
const ROUND_TRIPS = 600_000;

/** GET and SET latency of one connection: unmodified Redis, our server, and the floor of its device. */
const latency = () => latencyAgainstRedis('kv-rdma', 'rdma', { ofRedis: 0.15, ofFloor: 4 });

const throughput = () => throughputAgainstRedis('kv-rdma', 4);

/** 64 bytes there and back: the libOS, and fi_pingpong. */
async function echo(): Promise<void> {
  const table = new Comparison<'fi_pingpong' | 'libOS'>('fi_pingpong', 'us: median [min, max]');
  for (let trial = 1; trial <= TRIALS; trial++) {
    for (const system of shuffled(['fi_pingpong', 'libOS'] as const)) {
      const us =
        system === 'libOS'
          ? (await overShm({ server: 'echo', client: 'ping' }, MESSAGE_BYTES, ROUND_TRIPS)).p50_us
          : (await fiPingPong(MESSAGE_BYTES, ROUND_TRIPS)).roundTrip_us;
      table.add('64 B round trip', system, us);
      progress(`echo ${trial} of ${TRIALS}: ${system} ${us.toFixed(2)} us`);
    }
  }
  console.log(table.table({ 'libOS 64 B round trip': { ratio: 2.5, better: 'lower' } }));
}

/** One stream of 256 kB pushes, and fi_pingpong of messages of that size, which it sends one after the other. */
async function stream(): Promise<void> {
  const table = new Comparison<'fi_pingpong' | 'libOS'>('fi_pingpong', 'Gbit/s: median [min, max]');
  for (let trial = 1; trial <= TRIALS; trial++) {
    for (const system of shuffled(['fi_pingpong', 'libOS'] as const)) {
      const { gbit_per_s } =
        system === 'libOS'
          ? await overShm({ server: 'sink', client: 'stream' }, PUSH_BYTES, 20_000)
          : await fiPingPong(PUSH_BYTES, 10_000);
      table.add('256 kB pushes', system, gbit_per_s);
      progress(`stream ${trial} of ${TRIALS}: ${system} ${gbit_per_s.toFixed(2)} Gbit/s`);
    }
  }
  console.log(table.table({ 'libOS 256 kB pushes': { ratio: 0.5, better: 'higher' } }));
}

/** What a server has posted to receive into, as connections come that do nothing. */
async function memory(): Promise<void> {
  const server = createLibos({ backend: 'rdma' });
  const client = createLibos({ backend: 'rdma' });
  const listener = server.socket('stream');
  server.bind(listener, { address: '127.0.0.1', port: 0 });
  server.listen(listener, 1024);
  const head = ['connections', 'receives posted', 'of them promised', 'MiB posted', 'window of one'];
  const table = new Table({ head, style: { head: [], border: [] } });
  let connections = 0;
  for (const count of [1, 10, 100, 1000]) {
    for (; connections < count; connections++) await connectOne(server, client, listener);
    const { posted_receives, promised_receives, posted_receive_bytes } = server.counters();
    const window = promised_receives / count - 1;
    const mib = posted_receive_bytes / 2 ** 20;
    table.push([count, posted_receives, promised_receives, mib.toFixed(1), window.toFixed(1)]);
  }
  console.log(table.toString());
  const mib = server.counters().posted_receive_bytes / 2 ** 20;
  console.log(`goal: bounded by 192 MiB ${mib <= 192 ? 'met' : 'MISSED'}`);
  client.shutdown();
  server.shutdown();
}

async function connectOne(server: Libos, client: Libos, listener: number): Promise<void> {
  const accept = server.accept(listener);
  const connect = client.connect(client.socket('stream'), server.localEndpoint(listener));
  let accepted = false;
  for (let connected = false; !connected || !accepted; ) {
    connected ||= client.wait(connect, 0) !== null;
    accepted ||= server.wait(accept, 0) !== null;
  }
}

/** Runs the two ends of libos-peer.ts over shm; the numbers of the one that measures. */
async function overShm(
  roles: { server: string; client: string },
  bytes: number,
  count: number,
): Promise<Record<string, number>> {
  const server = { address: '127.0.0.1', port: await freePort('127.0.0.1') };
  return libosPair(roles, bytes, count, () => ({ backend: 'rdma', backendOptions: {}, server }));
}

await runParts({ latency, throughput, echo, stream, memory });
