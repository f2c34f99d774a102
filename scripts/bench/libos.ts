/**
 * Two libOSes of one machine: the p50 of 64 bytes there and back (`echo`), or the rate of a stream of 256 kB pushes
 * (`stream`), over a backend.
 */
import { join } from 'node:path';
import { freePort } from '../../experiments/index.ts';
import { backendNamed } from '../../libos/index.ts';
import type { LibosEnd } from './libos-peer.ts';
import { CLIENT_CORE, runPair, SERVER_CORE } from './pair.ts';
import { printNumber, words } from './print.ts';

const ROUND_TRIPS = 600_000;
const MESSAGE_BYTES = 64;
const PUSHES = 10_000;
const PUSH_BYTES = 256 * 1024;

const [what, backend] = words('echo|stream BACKEND');
const { pairing } = backendNamed(backend);
const roles = what === 'echo' ? { server: 'echo', client: 'ping' } : { server: 'sink', client: 'stream' };
const [bytes, count] = what === 'echo' ? [MESSAGE_BYTES, ROUND_TRIPS] : [PUSH_BYTES, PUSHES];
const port = await freePort('127.0.0.1');
const program = join(import.meta.dirname, 'libos-peer.ts');
const said = await runPair((folder) => {
  const pair = pairing?.ends(folder, {});
  if (pair === undefined || typeof pair === 'string')
    throw new Error(`${backend} cannot be measured so: ${pair}`);
  const command = (core: number, role: 'server' | 'client') => {
    const backendOptions = pair[role];
    const end: LibosEnd = { backend, backendOptions, server: { address: pair.address, port } };
    const node = ['taskset', '-c', `${core}`, process.execPath];
    return [...node, program, roles[role], JSON.stringify(end), `${bytes}`, `${count}`];
  };
  return { server: command(SERVER_CORE, 'server'), client: command(CLIENT_CORE, 'client') };
});
const { p50_us, gbit_per_s } = JSON.parse(said.client || said.server);
if (what === 'echo') printNumber(p50_us, 'us');
else printNumber(gbit_per_s, 'Gbit/s');
