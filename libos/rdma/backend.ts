/** The libOS over RDMA, put together from its parts: libfabric's endpoint, the rendezvous over TCP, the engine. */
import { readFileSync } from 'node:fs';
import type { BackendOptions } from '../backend-options.ts';
import type { BufferPool } from '../memory/pool.ts';
import type { Slab } from '../memory/sga.ts';
import { FabricDevice } from './fabric-device.ts';
import { parseRdmaOptions } from './options.ts';
import { TcpRendezvous } from './tcp-rendezvous.ts';
import { RdmaTransport } from './transport.ts';

/** A provider has no way to wake us: who sleeps looks again this often. */
const SLEEP_MS = 0.05;

/**
 * `createPool` makes the pool of buffers to send from, in memory that the device can reach. Throws LibosError:
 * INVALID_ARGUMENT for a wrong option, and whatever FabricDevice throws.
 */
export function createRdmaTransport(
  given: BackendOptions,
  createPool: (mapSlab: (bytes: number) => Slab) => BufferPool,
  connectTimeoutMs: number,
  momentsAddress: number,
): RdmaTransport {
  const options = parseRdmaOptions(given);
  const device = new FabricDevice(options.fabric);
  device.noteMoments(momentsAddress);
  const sleepWord = new Int32Array(new SharedArrayBuffer(4));
  return new RdmaTransport(device, new TcpRendezvous(connectTimeoutMs), createPool(device.mapSlab), {
    provider: device.provider,
    host: hostIdentity(),
    hostOnly: device.provider === 'shm',
    maxWindow: options.maxWindow,
    sleep: (timeoutMs) => void Atomics.wait(sleepWord, 0, 0, Math.min(timeoutMs, SLEEP_MS)),
  });
}

/** 16 bytes that Linux draws at each boot. */
function hostIdentity(): Uint8Array {
  const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
