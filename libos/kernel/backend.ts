/** The libOS over Linux sockets, put together from its parts. */
import { BACKEND_API_VERSION, type BackendDescriptor } from '../backend-descriptor.ts';
import { LibosError } from '../errors.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { KernelTransport } from './transport.ts';

export const kernelBackend: BackendDescriptor = {
  name: 'kernel',
  apiVersion: BACKEND_API_VERSION,
  title: 'kernel',
  create: createKernelTransport,
  capabilities: { datagrams: true, moments: true, wakes: true, threads: true, connectionsAreFiles: true },
  defaultBind: '127.0.0.1',
  acknowledges: 'host',
  socketOptions: true,
  options: {},
  pairing: {
    about: 'loopback',
    ends: (_folder, given) => ({ address: '127.0.0.1', server: given, client: given }),
  },
  needs: () => null,
  // Linux is there, and what the machine has of it the doctor finds for all backends.
  examine: () => [],
};

/**
 * Throws LibosError: INVALID_ARGUMENT for any option, SYSTEM_ERROR where the kernel gives no epoll instance.
 */
function createKernelTransport(host: TransportHost, setup: BackendSetup): KernelTransport {
  const given = Object.keys(setup.options);
  if (given.length > 0) {
    const detail = `the kernel backend takes no options: leave out ${given.join(', ')}`;
    throw new LibosError('INVALID_ARGUMENT', 'createLibos', -1, detail);
  }
  const { connectTimeoutMs, moments } = setup;
  return new KernelTransport(host, setup.createPool(mapAnonymous), connectTimeoutMs, moments?.address ?? 0);
}
