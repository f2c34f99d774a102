/**
 * The libOS over RDMA, put together from its parts: libfabric's endpoint, the rendezvous over TCP, the
 * engine.
 */
import { readFileSync } from 'node:fs';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { FabricDevice } from './fabric-device.ts';
import { parseRdmaOptions } from './options.ts';
import type { RendezvousHandler } from './rendezvous.ts';
import { TcpRendezvous } from './tcp-rendezvous.ts';
import { RdmaTransport } from './transport.ts';

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever FabricDevice throws. */
export function createRdmaTransport(host: TransportHost, setup: BackendSetup): RdmaTransport {
  const { fabric, maxWindow } = parseRdmaOptions(setup.options);
  const device = new FabricDevice(fabric);
  device.setDeviceTimes(setup.deviceTimesAddress);
  const createRendezvous = (handler: RendezvousHandler) => new TcpRendezvous(handler, setup.connectTimeoutMs);
  return new RdmaTransport(host, device, createRendezvous, setup.createPool(device.mapSlab), {
    provider: device.provider,
    host: hostIdentity(),
    hostOnly: device.provider === 'shm',
    maxWindow,
  });
}

/** 16 bytes that Linux draws at each boot. */
function hostIdentity(): Uint8Array {
  const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
