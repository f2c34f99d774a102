/** The options of the backend dpdk: strings by name, as typed after -o, to what the backend works with. */

import { OptionReader } from '../backend-options.ts';
import { type ImpairmentOptions, parseImpairment } from '../inet/devices/impairment.ts';

import type { EalOptions } from './eal.ts';
import { MAX_SOCKET_PATH_BYTES } from './memif-socket.ts';

export type DpdkDeviceOptions =
  | { kind: 'memif'; role: 'server' | 'client'; socket: string }
  | { kind: 'tap' | 'af_packet' | 'af_xdp'; interface: string }
  | { kind: 'pci'; address: string };

export interface DpdkOptions {
  device: DpdkDeviceOptions;
  network: {
    /** IPv4 addresses, unsigned 32-bit integers. */
    address: number;
    prefixLength: number;
    /** Null: other networks are not reached. */
    gateway: number | null;
    /** 6 bytes; null: the device's own, or one that follows from the IPv4 address. */
    mac: Uint8Array | null;
    /** Bytes; null: what the device has. */
    mtu: number | null;
  };
  packetBuffers: number;
  eal: EalOptions;
  tcp: {
    congestion: 'cubic' | 'newreno';
    nagle: boolean;
    receiveWindowBytes: number;
    minRtoMs: number;
    delayedAckMs: number;
    /** 0: no keepalive. */
    keepaliveS: number;
    /** For how long data may go unacknowledged before its connection has failed. */
    userTimeoutS: number;
  };
  /** File to record frames in. */
  pcap: string | null;
  impair: ImpairmentOptions | null;
}

const kinds = ['memif', 'tap', 'af_packet', 'af_xdp', 'pci'] as const;
type Kind = (typeof kinds)[number];

/** All names, and which kinds of device take those that not all take. */
const names: Record<string, readonly Kind[]> = {
  device: kinds,
  role: ['memif'],
  socket: ['memif'],
  interface: ['tap', 'af_packet', 'af_xdp'],
  pci: ['pci'],
  ip: kinds,
  gateway: kinds,
  mac: kinds,
  mtu: kinds,
  packet_buffers: kinds,
  memory_mb: kinds,
  hugepages: kinds,
  eal: kinds,
  congestion: kinds,
  nagle: kinds,
  receive_window_bytes: kinds,
  min_rto_ms: kinds,
  delayed_ack_ms: kinds,
  keepalive_s: kinds,
  user_timeout_s: kinds,
  pcap: kinds,
  impair: kinds,
};

/** Largest frame is the MTU and 18 bytes; beside it EAL's own structures need this much. */
const EAL_MEMORY_MB = 64;

/** Throws INVALID_ARGUMENT naming the option, what it may be, and what to type. */
export function parseDpdkOptions(given: Readonly<Record<string, string>>): DpdkOptions {
  const options = new OptionReader('dpdk', given);
  const kind = options.choice('device', kinds, 'memif');
  options.checkNames(names, 'device', kind);
  const device = readDevice(options, kind);
  const { address, prefixLength } = readNetwork(options);
  // DPDK's tap driver takes no frame that is longer than Ethernet's own.
  const largestMtu = kind === 'tap' ? 1500 : 9200;
  const mtu = options.has('mtu') ? options.integer('mtu', 576, largestMtu, 0) : null;
  // The rings of a NIC and of XDP hold a few thousand.
  const fewest = kind === 'pci' || kind === 'af_xdp' ? 4096 : 1024;
  const packetBuffers = options.integer('packet_buffers', fewest, 131_072, 8192);
  const hugepages = options.choice('hugepages', ['yes', 'no'], kind === 'pci' ? 'yes' : 'no') === 'yes';
  // A NIC's packet buffers lie in EAL's memory; other devices map their own.
  const poolMb = kind === 'pci' ? Math.ceil((packetBuffers * ((mtu ?? 1500) + 1024)) / 2 ** 20) : 0;
  return {
    device,
    network: {
      address,
      prefixLength,
      gateway: options.has('gateway') ? options.address('gateway') : null,
      mac: options.has('mac') ? readMac(options) : null,
      mtu,
    },
    packetBuffers,
    eal: {
      pciAddress: device.kind === 'pci' ? device.address : null,
      hugepages,
      memoryMb: options.integer('memory_mb', 32, 1_048_576, EAL_MEMORY_MB + poolMb),
      extraArguments: options.text('eal', '').split(/\s+/).filter(Boolean),
    },
    tcp: {
      congestion: options.choice('congestion', ['cubic', 'newreno'], 'cubic'),
      nagle: options.choice('nagle', ['on', 'off'], 'off') === 'on',
      receiveWindowBytes: options.integer('receive_window_bytes', 4096, 2 ** 30, 1_048_576),
      minRtoMs: options.integer('min_rto_ms', 1, 60_000, 50),
      delayedAckMs: options.integer('delayed_ack_ms', 0, 500, 10),
      keepaliveS: options.integer('keepalive_s', 0, 1_000_000, 300),
      userTimeoutS: options.integer('user_timeout_s', 1, 1_000_000, 100),
    },
    pcap: options.has('pcap') ? options.text('pcap', '') : null,
    impair: options.has('impair') ? parseImpairment(options.text('impair', '')) : null,
  };
}

function readDevice(options: OptionReader, kind: Kind): DpdkDeviceOptions {
  switch (kind) {
    case 'memif': {
      const role = options.choice('role', ['server', 'client'], null);
      const socket = options.required(
        'socket',
        'a path such as socket=/run/bypassbench.sock, the same at both ends',
      );
      if (Buffer.byteLength(socket) > MAX_SOCKET_PATH_BYTES) {
        options.refuse(
          'socket',
          `it has ${Buffer.byteLength(socket)} bytes and may have ${MAX_SOCKET_PATH_BYTES}`,
        );
      }
      // These separate arguments in DPDK's list.
      if (/[,=[\]"]/.test(socket)) options.refuse('socket', 'the characters , = [ ] " cannot be in it');
      return { kind, role, socket };
    }
    case 'pci': {
      const address = options.required(
        'pci',
        'an address such as pci=0000:3b:00.0 (bypassbench doctor lists them)',
      );
      if (!/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(address)) {
        options.refuse('pci', 'it must look like 0000:3b:00.0 (bypassbench doctor lists them)');
      }
      return { kind, address };
    }
    default: {
      const example = kind === 'tap' ? 'bypass0, which is created' : 'eth0, which exists';
      const name = options.required('interface', `the name of an interface such as interface=${example}`);
      // Linux: IFNAMSIZ with its terminating zero.
      if (!/^[^\s/,=[\]":]{1,15}$/.test(name))
        options.refuse('interface', 'a name has 1 to 15 characters, no / : , = or space');
      return { kind, interface: name };
    }
  }
}

function readNetwork(options: OptionReader): { address: number; prefixLength: number } {
  const text = options.required('ip', 'an address and its prefix, such as ip=10.99.0.1/24');
  const [, address, prefix] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const prefixLength = Number(prefix);
  if (address === undefined || prefixLength < 1 || prefixLength > 30) {
    options.refuse('ip', 'it must be an address and a prefix of 1 to 30, such as 10.99.0.1/24');
  }
  return { address: options.parseAddress('ip', address!), prefixLength };
}

function readMac(options: OptionReader): Uint8Array {
  const text = options.text('mac', '');
  const bytes = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)
    ? Buffer.from(text.replaceAll(':', ''), 'hex')
    : null;
  if (bytes === null) return options.refuse('mac', 'it must look like 02:00:0a:63:00:01');
  // IEEE 802: the lowest bit of the first byte marks addresses of groups.
  if (bytes[0] & 1 || bytes.every((byte) => byte === 0))
    return options.refuse('mac', 'it must be the address of one station');
  return new Uint8Array(bytes);
}
