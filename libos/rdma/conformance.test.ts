/**
 * The conformance suite on RDMA: between two processes, the server in the other one; over shared memory, or
 * see test-options.ts.
 */
import { conformanceSuite } from '../conformance/test-suite.ts';
import { twoProcesses } from '../conformance/two-processes.ts';
import { rdmaBackend } from './backend.ts';
import { parseRdmaOptions } from './options.ts';
import { rdmaOptions, rdmaProvider } from './test-options.ts';

const { fabric, maxWindow } = parseRdmaOptions(rdmaOptions);
/** As docs/rdma.md says. */
const whyNoShutdown =
  'ofi_rxm 1.17 may end the process by SIGSEGV, in fi_cq_read or fi_close, as it shuts down behind a peer that has shut down ' +
  "with messages unread (docs/rdma.md; libfabric's issue 11828)";

conformanceSuite(`rdma, ${rdmaProvider}, two processes`, {
  unreadBytes: maxWindow * fabric.bufferBytes,
  datagramBytes: fabric.bufferBytes,
  acknowledges: rdmaBackend.acknowledges,
  leftOut: rdmaProvider.includes('verbs') ? { 'shutdown of a libOS': whyNoShutdown } : {},
  ...twoProcesses((worldOptions) => {
    const options = {
      ...worldOptions,
      backend: 'rdma',
      backendOptions: rdmaOptions,
      checked: true,
    } as const;
    // All of 127.0.0.0/8 is this host, and Linux calls it from .1: two addresses, as real hosts have.
    return { server: options, client: options, serverAddress: '127.0.0.2', clientAddress: '127.0.0.1' };
  }),
});
