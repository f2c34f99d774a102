/**
 * The libOS over RDMA, put together from its parts: libfabric's endpoint, the rendezvous over TCP, the
 * engine.
 */
import { readFileSync, writeSync } from 'node:fs';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { DeviceOpener } from './device-opener.ts';
import { parseRdmaOptions } from './options.ts';
import { SharedReceives } from './receive-budget.ts';
import type { RendezvousHandler } from './rendezvous.ts';
import { TcpRendezvous } from './tcp-rendezvous.ts';
import { RdmaTransport } from './transport.ts';

const STDERR = 2;

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever FabricDevice throws. */
export function create(host: TransportHost, setup: BackendSetup): RdmaTransport {
  const { fabric, maxWindow } = parseRdmaOptions(setup.options);
  const shared = new SharedReceives(fabric.receiveBuffers);
  const opener = new DeviceOpener(fabric, shared, setup.moments?.address ?? 0, host.sleeps);
  const first = opener.open(0);
  const overShm = first.provider === 'shm';
  const createRendezvous = (handler: RendezvousHandler) => new TcpRendezvous(handler, setup.connectTimeoutMs);
  const pool = setup.createPool(first.mapSlab);
  return new RdmaTransport(host, first, shared, opener, createRendezvous, pool, {
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
