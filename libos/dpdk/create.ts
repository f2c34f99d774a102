/** The libOS over DPDK: our network stack on a port. */
import { overInet } from '../frames/inet-backend.ts';
import type { InetTransport } from '../inet/transport.ts';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { DpdkDevice } from './device.ts';
import { NAME, parseDpdkOptions } from './options.ts';

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever DpdkDevice throws. */
export function create(host: TransportHost, setup: BackendSetup): InetTransport {
  const options = parseDpdkOptions(setup.options);
  const port = new DpdkDevice(options, host.sleeps);
  port.setDeviceTimes(setup.moments?.address ?? 0);
  if (!host.sleeps) return overInet(host, setup, NAME, port, options);
  return overInet(host, setup, NAME, port, options, {
    wait: (timeoutMs) => port.wait(timeoutMs),
    about: () => port.wakeWay,
  });
}
