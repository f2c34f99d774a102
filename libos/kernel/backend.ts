/** The libOS over Linux sockets, put together from its parts. */
import { LibosError } from '../errors.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { KernelTransport } from './transport.ts';

/**
 * Throws LibosError: INVALID_ARGUMENT for any option, SYSTEM_ERROR where the kernel gives no epoll instance.
 */
export function createKernelTransport(host: TransportHost, setup: BackendSetup): KernelTransport {
  const given = Object.keys(setup.options);
  if (given.length > 0) {
    const detail = `the kernel backend takes no options: leave out ${given.join(', ')}`;
    throw new LibosError('INVALID_ARGUMENT', 'createLibos', -1, detail);
  }
  const { connectTimeoutMs, deviceTimesAddress } = setup;
  return new KernelTransport(host, setup.createPool(mapAnonymous), connectTimeoutMs, deviceTimesAddress);
}
