/** The libOS over io_uring, put together from its parts: the ring, its buffers, both halves of its sockets. */
import { release } from 'node:os';
import {
  BACKEND_API_VERSION,
  type BackendDescriptor,
  type BackendSetup,
  BufferPool,
  type DoctorFinding,
  HUGE_PAGE_BYTES,
  mapAnonymous,
  type TransportHost,
} from '../backend-api.ts';
import { BufferRing, MOST_BUFFERS } from './buffer-ring.ts';
import { parseUringOptions, uringOptions } from './options.ts';
import { UringReceiver } from './receiver.ts';
import { Ring } from './ring.ts';
import { UringSender } from './sender.ts';
import { UringTransport } from './transport.ts';

const LOOPBACK = '127.0.0.1';

/** Numbers of groups of buffers. */
const STREAMS = 0;
const DATAGRAMS = 1;
/** The longest datagram, with what stands in front of it, in whole cache lines. */
const DATAGRAM_BUFFER_BYTES = 64 * 1024 + 64;
const DATAGRAM_SLAB_BUFFERS = Math.floor(HUGE_PAGE_BYTES / (DATAGRAM_BUFFER_BYTES + 1024));
const DATAGRAM_MEMORY_BYTES = 64 * 1024 * 1024;

export const uringBackend: BackendDescriptor = {
  name: 'uring',
  apiVersion: BACKEND_API_VERSION,
  title: 'io_uring',
  create: createUringTransport,
  acknowledges: 'host',
  capabilities: { datagrams: true, moments: true, wakes: true, threads: true, connectionsAreFiles: true },
  defaultBind: LOOPBACK,
  options: uringOptions,
  pairing: {
    about: 'loopback',
    ends: (_folder, given) => ({ address: LOOPBACK, server: given, client: given }),
  },
  needs: ({ sqpoll, napi_busy_poll_us }) => {
    if (sqpoll === 'yes') return 'io_uring sqpoll';
    return napi_busy_poll_us === undefined || napi_busy_poll_us === '0' ? 'io_uring' : 'io_uring napi';
  },
  async *examine(): AsyncGenerator<DoctorFinding> {
    const { examineUring } = await import('./doctor.ts');
    yield* examineUring();
  },
  // It is a part of the kernel, with which it changes.
  versions: () => ({ 'Linux, for io_uring': release() }),
};

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever Ring throws. */
function createUringTransport(host: TransportHost, setup: BackendSetup): UringTransport {
  const options = parseUringOptions(setup.options);
  const ring = new Ring(options, setup.moments?.address ?? 0);
  const pool = setup.createPool(mapAnonymous);
  const datagramPool = new BufferPool({
    bufferBytes: DATAGRAM_BUFFER_BYTES,
    slabBuffers: DATAGRAM_SLAB_BUFFERS,
    limitBytes: DATAGRAM_MEMORY_BYTES,
    retainBytes: DATAGRAM_MEMORY_BYTES,
    checked: false,
    mapSlab: mapAnonymous,
  });
  const addBuffers = (group: number, source: BufferPool) => {
    const buffers = new BufferRing(group, source);
    ring.addBuffers(group, buffers.memory.address, MOST_BUFFERS);
    return buffers;
  };
  const receiver = new UringReceiver(host.tokens, pool, ring, addBuffers(STREAMS, pool), () =>
    addBuffers(DATAGRAMS, datagramPool),
  );
  const sender = new UringSender(host.tokens, ring, options.zeroCopyBytes);
  return new UringTransport(
    host,
    { ring, pool, datagramPool, receiver, sender },
    {
      connectTimeoutMs: setup.connectTimeoutMs,
      napiBusyPollUs: options.napiBusyPollUs,
      polledByKernel: options.sqpoll !== null,
    },
  );
}
