/** What the house knows of the libOS over RDMA; create.ts puts it together. */
import { BACKEND_API_VERSION, type BackendDescriptor } from '../backend-descriptor.ts';
import { createLater } from '../create-later.ts';
import type { DoctorFinding } from '../finding.ts';
import { fabricGlue } from './glue.ts';
import { DEFAULT_PROVIDER, rdmaOptions } from './options.ts';

const LOOPBACK = '127.0.0.1';

export const rdmaBackend: BackendDescriptor = {
  name: 'rdma',
  apiVersion: BACKEND_API_VERSION,
  title: 'RDMA',
  ...createLater('rdma', () => import('./create.ts')),
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
