/** The libOS over DPDK: our network stack (libos/inet) on a port, perhaps recorded or impaired on the way. */
import { randomBytes } from 'node:crypto';
import type { Device } from '../inet/device.ts';
import { ImpairedDevice } from '../inet/devices/impaired-device.ts';
import { recordTo } from '../inet/devices/pcap-file.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';
import { InetTransport } from '../inet/transport.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import type { BackendSetup, TransportHost } from '../transport.ts';
import { DpdkDevice } from './device.ts';
import { connectHint } from './hint.ts';
import { type DpdkOptions, NAME, parseDpdkOptions } from './options.ts';

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever DpdkDevice throws. */
export function create(host: TransportHost, setup: BackendSetup): InetTransport {
  const options = parseDpdkOptions(setup.options);
  const { network, tcp } = options;
  const secret = new Int32Array(new Uint8Array(randomBytes(8)).buffer);
  const port = new DpdkDevice(options);
  port.setDeviceTimes(setup.moments?.address ?? 0);
  return new InetTransport(host, decorate(port, options), setup.createPool(mapAnonymous), {
    name: NAME,
    counters: () => port.counters(),
    hint: (error) => connectHint(error, port.counters(), options),
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
      connectTimeoutUs: setup.connectTimeoutMs * 1000,
    },
    secret: [secret[0], secret[1]],
  });
}

/** The impairment lies outside the recording's device: what is recorded is what went over the wire. */
function decorate(port: Device, { pcap, impair }: DpdkOptions): Device {
  const recorded = pcap === null ? port : recordTo(pcap, port, Date.now() * 1000 - port.nowUs);
  return impair === null ? recorded : new ImpairedDevice(recorded, impair);
}
