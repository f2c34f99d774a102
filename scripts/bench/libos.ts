/**
 * Two libOSes over shared memory: the p50 of 64 bytes there and back (`echo`), or the rate of a stream of 256 kB
 * pushes (`stream`), over the backend rdma or dpdk.
 */
import { join } from 'node:path';
import { freePort } from '../../experiments/index.ts';
import type { LibosEnd } from './libos-peer.ts';
import { CLIENT_CORE, runPair, SERVER_CORE } from './pair.ts';
import { printNumber, words } from './print.ts';

const ROUND_TRIPS = 600_000;
const MESSAGE_BYTES = 64;
const PUSHES = 10_000;
const PUSH_BYTES = 256 * 1024;
const SERVER_IP = '10.99.0.1';

const [what, backend] = words('echo|stream rdma|dpdk');
const roles = what === 'echo' ? { server: 'echo', client: 'ping' } : { server: 'sink', client: 'stream' };
const [bytes, count] = what === 'echo' ? [MESSAGE_BYTES, ROUND_TRIPS] : [PUSH_BYTES, PUSHES];
const port = await freePort('127.0.0.1');
const program = join(import.meta.dirname, 'libos-peer.ts');
const said = await runPair((folder) => {
  const command = (core: number, role: 'server' | 'client') => {
    const end = JSON.stringify(backend === 'rdma' ? overShm() : overMemif(role, folder));
    const node = ['taskset', '-c', `${core}`, process.execPath];
    return [...node, program, roles[role], end, `${bytes}`, `${count}`];
  };
  return { server: command(SERVER_CORE, 'server'), client: command(CLIENT_CORE, 'client') };
});
const { p50_us, gbit_per_s } = JSON.parse(said.client || said.server);
if (what === 'echo') printNumber(p50_us, 'us');
else printNumber(gbit_per_s, 'Gbit/s');

function overShm(): LibosEnd {
  return { backend: 'rdma', backendOptions: {}, server: { address: '127.0.0.1', port } };
}

function overMemif(role: 'server' | 'client', folder: string): LibosEnd {
  const ip = role === 'server' ? `${SERVER_IP}/24` : '10.99.0.2/24';
  const backendOptions = { role, socket: join(folder, 'memif.sock'), ip };
  return { backend: 'dpdk', backendOptions, server: { address: SERVER_IP, port: 7 } };
}
