/** The conformance suite on RDMA: over shared memory between two processes, the server in the other one. */
import { conformanceSuite } from '../conformance/suite.ts';
import { twoProcesses } from '../conformance/two-processes.ts';

conformanceSuite(
  'rdma, shm, two processes',
  twoProcesses((poolLimitBytes) => {
    const options = { backend: 'rdma', checked: true, poolLimitBytes } as const;
    // All of 127.0.0.0/8 is this host, and Linux calls it from .1: two addresses, as real hosts have.
    return { server: options, client: options, serverAddress: '127.0.0.2', clientAddress: '127.0.0.1' };
  }),
);
