/** The libOS over an XDP socket: our network stack on it. */
import { overInet } from '../frames/inet-backend.ts';
import type { InetTransport } from '../inet/transport.ts';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { XdpDevice } from './device.ts';
import { NAME, parseXdpOptions } from './options.ts';

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever XdpDevice throws. */
export function create(host: TransportHost, setup: BackendSetup): InetTransport {
  const options = parseXdpOptions(setup.options);
  const device = new XdpDevice(options);
  device.setDeviceTimes(setup.moments?.address ?? 0);
  return overInet(host, setup, NAME, device, options, {
    wait: (timeoutMs) => device.wait(timeoutMs),
    about: () => device.about(),
  });
}
