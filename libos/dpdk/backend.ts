/** The libOS over DPDK: our network stack (libos/inet) on a port, perhaps recorded or impaired on the way. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  BACKEND_API_VERSION,
  type BackendDescriptor,
  type BackendSetup,
  type Device,
  type DoctorFinding,
  defaultTcpOptions,
  InetTransport,
  mapAnonymous,
  type TransportHost,
} from '../backend-api.ts';
import { ImpairedDevice } from '../inet/devices/impaired-device.ts';
import { recordTo } from '../inet/devices/pcap-file.ts';
import { DpdkDevice } from './device.ts';
import { glue } from './glue.ts';
import { connectHint } from './hint.ts';
import { DEFAULT_DEVICE, type DpdkOptions, dpdkOptions, parseDpdkOptions } from './options.ts';

const NAME = 'dpdk';
const SERVER_ADDRESS = '10.99.0.1';
const CLIENT_ADDRESS = '10.99.0.2';

export const dpdkBackend: BackendDescriptor = {
  name: NAME,
  apiVersion: BACKEND_API_VERSION,
  title: 'DPDK',
  create: createDpdkTransport,
  // A process has one device, which one thread polls.
  capabilities: { datagrams: true, moments: true, wakes: false, threads: false, connectionsAreFiles: false },
  defaultBind: '0.0.0.0',
  acknowledges: 'libos',
  options: dpdkOptions,
  pairing: {
    about: DEFAULT_DEVICE,
    ends(folder, given) {
      const { device = DEFAULT_DEVICE } = given;
      if (device !== DEFAULT_DEVICE) {
        return `two ends of DPDK on one machine reach each other over ${DEFAULT_DEVICE} alone`;
      }
      const both = { device, socket: join(folder, 'memif.sock'), ...given };
      return {
        address: SERVER_ADDRESS,
        server: { ...both, role: 'server', ip: `${SERVER_ADDRESS}/24` },
        client: { ...both, role: 'client', ip: `${CLIENT_ADDRESS}/24` },
      };
    },
  },
  needs: ({ device = DEFAULT_DEVICE }) => device,
  async *examine(): AsyncGenerator<DoctorFinding> {
    const { examineDpdk } = await import('./doctor.ts');
    yield* examineDpdk();
  },
  versions: () => ({
    DPDK: glue()
      .dpdkVersion()
      .replace(/^DPDK /, ''),
  }),
};

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever DpdkDevice throws. */
function createDpdkTransport(host: TransportHost, setup: BackendSetup): InetTransport {
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
