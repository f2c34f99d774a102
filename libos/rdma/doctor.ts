/**
 * What of libfabric works on this machine, found by opening an endpoint of each provider, and what the others
 * would need.
 */
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import type { LibosError } from '../errors.ts';
import type { DoctorFinding } from '../finding.ts';
import { FabricDevice } from './fabric-device.ts';
import { type FabricGlue, fabricGlue } from './glue.ts';
import { parseRdmaOptions, providers } from './options.ts';
import { SharedReceives } from './receive-budget.ts';
import { wakeWay } from './wake-way.ts';

/** What each provider is for, and what is to be done where it is not there. */
const needs: Record<string, string> = {
  shm: 'it is within one machine, in /dev/shm, which must have room for 34 MB for each core: mount -o remount,size=1g /dev/shm',
  'verbs;ofi_rxm':
    'an RDMA NIC with its driver and the package ibverbs-providers (ibv_devinfo shows it), or Soft-RoCE on any interface, as root: modprobe rdma_rxe; rdma link add rxe0 type rxe netdev eth0. npm run test:guest has one in a virtual machine',
  'tcp;ofi_rxm': 'an interface with an address',
  efa: 'an instance of EC2 with an Elastic Fabric Adapter, and its libfabric',
};

interface Candidate {
  provider: string;
  devices: string[];
  injectBytes: number;
  receives: number;
}

export function* examineRdma(): Generator<DoctorFinding> {
  let glue: FabricGlue;
  try {
    glue = fabricGlue();
  } catch (error) {
    yield {
      what: 'libfabric',
      works: false,
      found: (error as Error).message,
      remedy: 'node scripts/setup.mjs',
    };
    return;
  }
  yield { what: 'libfabric', works: true, found: `${glue.version()}, glue built`, remedy: null };
  const candidates = listCandidates(glue);
  for (const provider of new Set([...providers, ...candidates.keys()])) {
    yield examineProvider(provider, candidates.get(provider));
  }
  yield examineDevices();
  yield examineLockedMemory();
  yield examineSharedMemory();
}

function listCandidates(glue: FabricGlue): Map<string, Candidate> {
  const found = new Map<string, Candidate>();
  for (const line of glue.list().split('\n').filter(Boolean)) {
    const [provider, device, , injectBytes, receives] = line.split('\t');
    const known = found.get(provider);
    if (known === undefined) {
      const candidate = {
        provider,
        devices: [device],
        injectBytes: Number(injectBytes),
        receives: Number(receives),
      };
      found.set(provider, candidate);
    } else if (!known.devices.includes(device)) known.devices.push(device);
  }
  return found;
}

function examineProvider(provider: string, candidate: Candidate | undefined): DoctorFinding {
  const what = `provider ${provider}`;
  if (candidate === undefined) {
    return { what, works: false, found: 'libfabric finds none here', remedy: needs[provider] };
  }
  const { devices, injectBytes, receives } = candidate;
  try {
    const { fabric } = parseRdmaOptions({ provider, receive_memory_mb: '1' });
    const device = new FabricDevice(fabric, new SharedReceives(fabric.receiveBuffers), true);
    const limits = `${receives} receives, messages up to ${injectBytes} bytes inline`;
    const found = `on ${devices.join(', ')}; ${limits}; ${wakeWay(device)}`;
    device.close();
    return { what, works: true, found, remedy: null };
  } catch (error) {
    const { message } = error as LibosError;
    return { what, works: false, found: message, remedy: needs[provider] ?? null };
  }
}

/** The devices of libibverbs that the kernel knows. */
function examineDevices(): DoctorFinding {
  const folder = '/sys/class/infiniband';
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const states = names.map((name) => {
    const port = `${folder}/${name}/ports/1/state`;
    return `${name} (${existsSync(port) ? readFileSync(port, 'utf8').trim() : 'no port'})`;
  });
  const found = names.length > 0 ? states.join(', ') : 'no device of libibverbs';
  return { what: 'RDMA devices', works: names.length > 0 ? true : null, found, remedy: null };
}

/** Devices reach only memory that is locked. */
function examineLockedMemory(): DoctorFinding {
  const limit = /^Max locked memory\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '?';
  const unlimited = limit === 'unlimited';
  return {
    what: 'locked memory',
    works: unlimited ? true : null,
    found: unlimited ? 'unlimited' : `${limit} bytes`,
    remedy: unlimited
      ? null
      : 'verbs and efa lock what they send from and receive into: ulimit -l unlimited (limits.conf: memlock), unless root',
  };
}

function examineSharedMemory(): DoctorFinding {
  const { bavail, bsize } = statfsSync('/dev/shm');
  const free = `${Math.floor((bavail * bsize) / 2 ** 20)} MiB free`;
  return { what: '/dev/shm', works: null, found: free, remedy: null };
}
