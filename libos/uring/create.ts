/** The libOS over io_uring, put together from its parts: the ring, its buffers, both halves of its sockets. */
import {
  type BackendSetup,
  BufferPool,
  HUGE_PAGE_BYTES,
  mapAnonymous,
  type TransportHost,
} from '../backend-api.ts';
import { BufferRing, MOST_BUFFERS } from './buffer-ring.ts';
import { parseUringOptions } from './options.ts';
import { UringReceiver } from './receiver.ts';
import { Ring } from './ring.ts';
import { UringSender } from './sender.ts';
import { UringTransport } from './transport.ts';

/** Numbers of groups of buffers. */
const STREAMS = 0;
const DATAGRAMS = 1;
/** The longest datagram, with what stands in front of it, in whole cache lines. */
const DATAGRAM_BUFFER_BYTES = 64 * 1024 + 64;
const DATAGRAM_SLAB_BUFFERS = Math.floor(HUGE_PAGE_BYTES / (DATAGRAM_BUFFER_BYTES + 1024));
const DATAGRAM_MEMORY_BYTES = 64 * 1024 * 1024;

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever Ring throws. */
export function create(host: TransportHost, setup: BackendSetup): UringTransport {
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
