/**
 * The libOS over RDMA, put together from its parts: libfabric's endpoint, the rendezvous over TCP, the
 * engine.
 */
import { readFileSync } from 'node:fs';
import {
  BACKEND_API_VERSION,
  type BackendDescriptor,
  type BackendSetup,
  type DoctorFinding,
  type TransportHost,
} from '../backend-api.ts';
import { FabricDevice } from './fabric-device.ts';
import { fabricGlue } from './glue.ts';
import { DEFAULT_PROVIDER, parseRdmaOptions, rdmaOptions } from './options.ts';
import { SharedReceives } from './receive-budget.ts';
import type { RendezvousHandler } from './rendezvous.ts';
import { TcpRendezvous } from './tcp-rendezvous.ts';
import { RdmaTransport } from './transport.ts';

const LOOPBACK = '127.0.0.1';

export const rdmaBackend: BackendDescriptor = {
  name: 'rdma',
  apiVersion: BACKEND_API_VERSION,
  title: 'RDMA',
  create: createRdmaTransport,
  // A connection has a line of TCP beside it.
  capabilities: { datagrams: true, moments: true, wakes: false, threads: true, connectionsAreFiles: true },
  // Peers meet there over the kernel's TCP.
  defaultBind: LOOPBACK,
  // Over shm, too, a send ends when the peer has taken it.
  acknowledges: 'device',
  options: rdmaOptions,
  pairing: {
    about: `a provider of libfabric (${DEFAULT_PROVIDER} unless -o provider=NAME)`,
    ends(_folder, given) {
      const both = { provider: DEFAULT_PROVIDER, ...given };
      return { address: LOOPBACK, server: both, client: both };
    },
    apart: ({ provider = DEFAULT_PROVIDER }) =>
      provider === 'shm'
        ? "libfabric's shm goes on reading the memory of an end of the same process when that end is gone"
        : null,
  },
  needs: ({ provider = DEFAULT_PROVIDER }) => `provider ${provider}`,
  async *examine(): AsyncGenerator<DoctorFinding> {
    const { examineRdma } = await import('./doctor.ts');
    yield* examineRdma();
  },
  versions: () => ({ libfabric: fabricGlue().version() }),
};

/** Receives of an endpoint beside which there are many: for a hundred connections. */
const LEAST_RECEIVES = 256;

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever FabricDevice throws. */
function createRdmaTransport(host: TransportHost, setup: BackendSetup): RdmaTransport {
  const { fabric, maxWindow } = parseRdmaOptions(setup.options);
  const { receiveBuffers } = fabric;
  const shared = new SharedReceives(receiveBuffers);
  const openDevice = (others: number) => {
    const share = Math.max(LEAST_RECEIVES, Math.floor(receiveBuffers / (1 + others)));
    const device = new FabricDevice({ ...fabric, receiveBuffers: Math.min(receiveBuffers, share) }, shared);
    device.setDeviceTimes(setup.moments?.address ?? 0);
    return device;
  };
  const first = openDevice(0);
  const overShm = first.provider === 'shm';
  const createRendezvous = (handler: RendezvousHandler) => new TcpRendezvous(handler, setup.connectTimeoutMs);
  const pool = setup.createPool(first.mapSlab);
  return new RdmaTransport(host, first, shared, openDevice, createRendezvous, pool, {
    provider: first.provider,
    host: hostIdentity(),
    hostOnly: overShm,
    endpointPerPeer: overShm,
    maxWindow,
  });
}

/** 16 bytes that Linux draws at each boot. */
function hostIdentity(): Uint8Array {
  const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
