/** What the house knows of the libOS over io_uring; create.ts puts it together. */
import { release } from 'node:os';
import { BACKEND_API_VERSION, type BackendDescriptor, type BackendPair } from '../backend-descriptor.ts';
import type { BackendOptions } from '../backend-options.ts';
import { createLater } from '../create-later.ts';
import type { DoctorFinding } from '../finding.ts';
import { uringOptions } from './options.ts';

const LOOPBACK = '127.0.0.1';

/** What goes without a copy completes when it is acknowledged, whatever the push has asked for. */
function acknowledging({ zero_copy_bytes = '0' }: BackendOptions): Pick<BackendPair, 'acknowledges'> {
  return zero_copy_bytes === '0' ? {} : { acknowledges: 'device' };
}

export const uringBackend: BackendDescriptor = {
  name: 'uring',
  apiVersion: BACKEND_API_VERSION,
  title: 'io_uring',
  ...createLater('uring', () => import('./create.ts')),
  acknowledges: 'host',
  socketOptions: true,
  capabilities: { datagrams: true, moments: true, wakes: true, threads: true, connectionsAreFiles: true },
  defaultBind: LOOPBACK,
  options: uringOptions,
  pairing: {
    about: 'loopback',
    ends: (_folder, given) => ({ address: LOOPBACK, server: given, client: given, ...acknowledging(given) }),
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
