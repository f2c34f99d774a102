/** The libOS over a device with a glue: our network stack (libos/inet) on it, perhaps recorded or impaired. */
import { randomBytes } from 'node:crypto';
import type { Device } from '../inet/device.ts';
import { ImpairedDevice } from '../inet/devices/impaired-device.ts';
import { recordTo } from '../inet/devices/pcap-file.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';
import { type InetOptions, InetTransport } from '../inet/transport.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { connectHint } from './checksum-hint.ts';
import type { GlueDevice } from './glue-device.ts';
import type { StackChoices } from './stack-options.ts';

/** `more`: what this device has that not all have. */
export function overInet(
  host: TransportHost,
  setup: BackendSetup,
  name: string,
  device: GlueDevice,
  choices: StackChoices,
  more: Pick<InetOptions, 'wait' | 'about'> = {},
): InetTransport {
  const { network, tcp } = choices;
  const secret = new Int32Array(new Uint8Array(randomBytes(8)).buffer);
  return new InetTransport(host, decorate(device, choices), setup.createPool(mapAnonymous), {
    name,
    counters: () => device.counters(),
    hint: (error) => connectHint(error, device.counters(), choices),
    ...more,
    network: {
      address: network.address | 0,
      prefixLength: network.prefixLength,
      gateway: (network.gateway ?? 0) | 0,
    },
    tcp: {
      ...defaultTcpOptions,
      congestion: tcp.congestion,
      nagle: tcp.nagle,
      receiveWindowBytes: tcp.receiveWindowBytes,
      minRtoUs: tcp.minRtoMs * 1000,
      delayedAckUs: tcp.delayedAckMs * 1000,
      keepAliveUs: tcp.keepaliveS * 1e6,
      userTimeoutUs: tcp.userTimeoutS * 1e6,
      synCookies: tcp.synCookies,
      connectTimeoutUs: setup.connectTimeoutMs * 1000,
    },
    secret: [secret[0], secret[1]],
  });
}

/** The impairment lies outside the recording's device: what is recorded is what went over the wire. */
function decorate(port: Device, { pcap, impair }: StackChoices): Device {
  const recorded = pcap === null ? port : recordTo(pcap, port, Date.now() * 1000 - port.nowUs);
  return impair === null ? recorded : new ImpairedDevice(recorded, impair);
}
