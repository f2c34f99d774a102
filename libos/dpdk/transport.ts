/** The libOS over DPDK: our network stack (libos/inet) on a port, perhaps recorded or impaired on the way. */
import { randomBytes } from 'node:crypto';
import type { BackendOptions } from '../backend-options.ts';
import type { Device } from '../inet/device.ts';
import { ImpairedDevice } from '../inet/devices/impaired-device.ts';
import { recordTo } from '../inet/devices/pcap-file.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';
import { InetTransport } from '../inet/transport.ts';
import type { BufferPool } from '../memory/pool.ts';
import { DpdkDevice } from './device.ts';
import { type DpdkOptions, parseDpdkOptions } from './options.ts';

/** A device has no way to wake us: who sleeps looks again this often. */
const SLEEP_MS = 0.05;

/** Throws LibosError: INVALID_ARGUMENT for a wrong option, and whatever DpdkDevice throws. */
export function createDpdkTransport(
  given: BackendOptions,
  pool: BufferPool,
  connectTimeoutMs: number,
  momentsAddress: number,
): InetTransport {
  const options = parseDpdkOptions(given);
  const { network, tcp } = options;
  const secret = new Int32Array(new Uint8Array(randomBytes(8)).buffer);
  const sleepWord = new Int32Array(new SharedArrayBuffer(4));
  const port = new DpdkDevice(options);
  port.noteMoments(momentsAddress);
  return new InetTransport(decorate(port, options), pool, {
    name: 'dpdk',
    counters: () => port.counters(),
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
      connectTimeoutUs: connectTimeoutMs * 1000,
    },
    secret: [secret[0], secret[1]],
    sleep: (timeoutMs) => void Atomics.wait(sleepWord, 0, 0, Math.min(timeoutMs, SLEEP_MS)),
  });
}

/** The impairment lies outside the recording's device: what is recorded is what went over the wire. */
function decorate(port: Device, { pcap, impair }: DpdkOptions): Device {
  const recorded = pcap === null ? port : recordTo(pcap, port, Date.now() * 1000 - port.nowUs);
  return impair === null ? recorded : new ImpairedDevice(recorded, impair);
}
