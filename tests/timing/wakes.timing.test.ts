/**
 * What comes wakes a thread that sleeps, on every device that has a way: a server that has nothing to do takes much
 * less of a core than by the back-off of the others, and answers sooner. Both are measured in the same run.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import type { BackendOptions } from '../../libos/index.ts';
import { mayMakeNetworks, mayUseXdp } from '../rights.ts';
import { VethPair } from '../veth-pair.ts';
import type { EndSetup, SleepFound } from './sleeping-ends.ts';
import { type EndWith, timed } from './timed.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, 'sleeping-ends.ts');
const PORT = 6379;
const SERVER = '10.231.80.1';
const CLIENT = '10.231.80.2';
/** Of what the back-off takes, at most. */
const IDLE_SHARE = 0.3;
const WAKING_SHARE = 0.7;

/** Both ends of a link, and the words in front of the programs that have them. */
interface Link {
  backend: EndSetup['backend'];
  address: string;
  server: BackendOptions;
  client: BackendOptions;
  inside: { server: readonly string[]; client: readonly string[] };
}

const here = { server: [], client: [] };

function overMemif(endWith: EndWith): Link {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-wakes-'));
  endWith(() => rmSync(folder, { recursive: true }));
  const both = { device: 'memif', socket: join(folder, 'memif.sock') };
  return {
    backend: 'dpdk',
    address: SERVER,
    server: { ...both, role: 'server', ip: `${SERVER}/24` },
    client: { ...both, role: 'client', ip: `${CLIENT}/24` },
    inside: here,
  };
}

async function overVeth(device: string, endWith: EndWith): Promise<Link> {
  const pair = await VethPair.make();
  endWith(() => pair.close());
  return {
    backend: 'dpdk',
    address: SERVER,
    server: { device, interface: pair.a.interface, ip: `${SERVER}/24` },
    client: { device: 'af_packet', interface: pair.b.interface, ip: `${CLIENT}/24` },
    inside: { server: pair.a.inside, client: pair.b.inside },
  };
}

function overLibfabric(provider: string): Link {
  const options = { provider };
  return { backend: 'rdma', address: '127.0.0.1', server: options, client: options, inside: here };
}

const links: Record<string, { isHere: boolean; make: (endWith: EndWith) => Link | Promise<Link> }> = {
  'dpdk over memif': { isHere: true, make: overMemif },
  'dpdk over af_packet': { isHere: mayMakeNetworks(), make: (endWith) => overVeth('af_packet', endWith) },
  'dpdk over af_xdp': {
    isHere: mayMakeNetworks() && mayUseXdp(),
    make: (endWith) => overVeth('af_xdp', endWith),
  },
  'rdma over tcp;ofi_rxm': { isHere: true, make: () => overLibfabric('tcp;ofi_rxm') },
};

function command(inside: readonly string[], setup: EndSetup): [string, string[]] {
  const [first, ...words] = [...inside, process.execPath, program, JSON.stringify(setup)];
  return [first, words];
}

async function start(words: [string, string[]]): Promise<ChildProcess> {
  const child = spawn(...words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the server ended before it was ready'))),
  ]);
  return child;
}

async function measure(sleeps: EndSetup['sleeps'], link: Link): Promise<SleepFound> {
  const { backend, address, inside } = link;
  const common = { backend, address, port: PORT, sleeps };
  const server = await start(command(inside.server, { ...common, role: 'server', options: link.server }));
  try {
    const setup: EndSetup = { ...common, role: 'client', options: link.client };
    const { stdout } = await run(...command(inside.client, setup), { timeout: 60_000 });
    return JSON.parse(stdout) as SleepFound;
  } finally {
    const ended = server.exitCode === null ? once(server, 'exit') : null;
    server.kill('SIGKILL');
    await ended;
  }
}

for (const [name, { isHere, make }] of Object.entries(links)) {
  describe.runIf(isHere)(name, () => {
    timed('what comes wakes a server that sleeps, which takes nearly nothing till then', async (endWith) => {
      const link = await make(endWith);
      const backOff = await measure('back-off', link);
      const woken = await measure('backend', link);
      expect(woken.idle_cpu_ms).toBeLessThan(IDLE_SHARE * backOff.idle_cpu_ms);
      expect(woken.p50_us).toBeLessThan(WAKING_SHARE * backOff.p50_us);
    });
  });
}
