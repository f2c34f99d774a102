/** What of io_uring works on this machine, found by opening a ring of each kind. */
import { release } from 'node:os';
import { BufferPool, type DoctorFinding, type LibosError, mapAnonymous } from '../backend-api.ts';
import { BufferRing, MOST_BUFFERS } from './buffer-ring.ts';
import { parseUringOptions } from './options.ts';
import { Ring } from './ring.ts';

const BUFFER_BYTES = 4096;
const BUFFERS = 16;

export function* examineUring(): Generator<DoctorFinding> {
  const ring = examine(
    'io_uring',
    {},
    'multishot receive and accept, rings of buffers, sends without a copy',
  );
  yield ring;
  if (!ring.works) return;
  yield examine('io_uring sqpoll', { sqpoll: 'yes' }, 'a thread of the kernel takes what is submitted');
  yield examine('io_uring napi', { napi_busy_poll_us: '50' }, 'waits can poll the queues of network cards');
}

function examine(what: string, given: Record<string, string>, found: string): DoctorFinding {
  try {
    const ring = new Ring(parseUringOptions(given), 0);
    const slabs = { bufferBytes: BUFFER_BYTES, slabBuffers: BUFFERS, limitBytes: BUFFERS * BUFFER_BYTES };
    const pool = new BufferPool({ ...slabs, retainBytes: 0, checked: false, mapSlab: mapAnonymous });
    const buffers = new BufferRing(0, pool);
    try {
      ring.addBuffers(0, buffers.memory.address, MOST_BUFFERS);
    } finally {
      ring.close();
      buffers.close();
      pool.destroy();
    }
    return { what, works: true, found: `Linux ${release()}: ${found}`, remedy: null };
  } catch (error) {
    const { message } = error as LibosError;
    return { what, works: false, found: message, remedy: 'what it says; --backend kernel does without' };
  }
}
