/**
 * The libOS over RDMA, put together from its parts: libfabric's endpoint, the rendezvous over TCP, the
 * engine.
 */
import { readFileSync, writeSync } from 'node:fs';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { FabricDevice } from './fabric-device.ts';
import { parseRdmaOptions } from './options.ts';
import { SharedReceives } from './receive-budget.ts';
import type { RendezvousHandler } from './rendezvous.ts';
import { TcpRendezvous } from './tcp-rendezvous.ts';
import { RdmaTransport } from './transport.ts';

const STDERR = 2;
/** Receives of an endpoint beside which there are many: for a hundred connections. */
const LEAST_RECEIVES = 256;

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever FabricDevice throws. */
export function create(host: TransportHost, setup: BackendSetup): RdmaTransport {
  const { fabric, maxWindow } = parseRdmaOptions(setup.options);
  const { receiveBuffers } = fabric;
  const shared = new SharedReceives(receiveBuffers);
  const openDevice = (others: number) => {
    const share = Math.max(LEAST_RECEIVES, Math.floor(receiveBuffers / (1 + others)));
    const limited = { ...fabric, receiveBuffers: Math.min(receiveBuffers, share) };
    const device = new FabricDevice(limited, shared, host.sleeps);
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
    // A thread that polls returns to no event loop that would write it.
    say: (line) => writeSync(STDERR, `bypassbench: ${line}\n`),
  });
}

/** 16 bytes that Linux draws at each boot. */
function hostIdentity(): Uint8Array {
  const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
