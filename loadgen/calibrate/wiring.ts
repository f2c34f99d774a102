/** How the generator and the null server reach each other over a backend on one machine. */
import { join } from 'node:path';
import type { Backend, BackendOptions } from '../../libos/index.ts';

export interface Wiring {
  /** Where the server listens. */
  address: string;
  server: BackendOptions;
  client: BackendOptions;
}

/** `folder` is for what both sides share; `given` are options of both, in place of the usual ones. */
export function wiringOf(backend: Backend, folder: string, given: BackendOptions): Wiring {
  switch (backend) {
    case 'kernel':
      return { address: '127.0.0.1', server: given, client: given };
    case 'rdma': {
      const both = { provider: 'shm', ...given };
      return { address: '127.0.0.1', server: both, client: both };
    }
    case 'dpdk': {
      const both = { device: 'memif', socket: join(folder, 'memif.sock'), ...given };
      return {
        address: '10.99.0.1',
        server: { ...both, role: 'server', ip: '10.99.0.1/24' },
        client: { ...both, role: 'client', ip: '10.99.0.2/24' },
      };
    }
  }
}
