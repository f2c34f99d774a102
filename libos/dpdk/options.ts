/** The options of the backend dpdk: strings by name, as typed after -o, to what the backend works with. */

import type { BackendOption } from '../backend-descriptor.ts';
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
  /** Whether a checksum that Linux has left to a NIC is taken for right. */
  checksum: 'verify' | 'partial';
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

/** Of the backend. */
export const NAME = 'dpdk';
/** Needs neither root nor a network card. */
export const DEFAULT_DEVICE: Kind = 'memif';

interface DpdkOption extends BackendOption {
  /** The kinds of device that take it, where not all do. */
  kinds?: readonly Kind[];
}

const PACKET_BUFFERS = 8192;
const RECEIVE_WINDOW_BYTES = 1_048_576;
const MIN_RTO_MS = 50;
const DELAYED_ACK_MS = 10;
const KEEPALIVE_S = 300;
const USER_TIMEOUT_S = 100;

export const dpdkOptions: Readonly<Record<string, DpdkOption>> = {
  device: { help: kinds.join(', '), default: DEFAULT_DEVICE },
  role: { help: 'server or client; must be given', default: null, kinds: ['memif'] },
  socket: {
    help: 'path of the Unix socket over which the two meet; must be given',
    default: null,
    kinds: ['memif'],
  },
  interface: {
    help: 'of tap the interface to create, else one that exists; must be given',
    default: null,
    kinds: ['tap', 'af_packet', 'af_xdp'],
  },
  pci: { help: 'address of a NIC, such as 0000:3b:00.0; must be given', default: null, kinds: ['pci'] },
  ip: { help: 'own IPv4 address and prefix, such as 10.99.0.1/24; must be given', default: null },
  gateway: { help: 'router to other networks', default: null },
  mac: {
    help: "Ethernet address; without it the device's own, of memif and tap one that follows from ip",
    default: null,
  },
  mtu: {
    help: 'largest IPv4 packet; without it 9000 on memif, else what the device has',
    default: null,
    unit: 'bytes',
  },
  checksum: {
    help: 'of what comes: verify, or partial, which also takes what Linux has left to a NIC that was not there',
    default: 'partial on af_packet and af_xdp, else verify',
  },
  packet_buffers: { help: 'frames in the packet pool', default: `${PACKET_BUFFERS}`, unit: 'frames' },
  memory_mb: { help: "memory of EAL's own; without it as much as it needs", default: null, unit: 'MiB' },
  hugepages: { help: 'yes or no', default: 'no, for pci yes' },
  eal: { help: 'further arguments for EAL, separated by spaces', default: null },
  congestion: { help: 'cubic or newreno', default: 'cubic' },
  nagle: { help: 'on or off', default: 'off' },
  receive_window_bytes: {
    help: 'data that may wait for the application, per connection',
    default: `${RECEIVE_WINDOW_BYTES}`,
    unit: 'bytes',
  },
  min_rto_ms: { help: 'floor of the retransmission timeout', default: `${MIN_RTO_MS}`, unit: 'ms' },
  delayed_ack_ms: {
    help: 'how long an acknowledgement may wait for data',
    default: `${DELAYED_ACK_MS}`,
    unit: 'ms',
  },
  keepalive_s: {
    help: 'silence after which a peer is asked whether it lives; 0: never',
    default: `${KEEPALIVE_S}`,
    unit: 's',
  },
  user_timeout_s: {
    help: 'how long unacknowledged data is sent again before the connection has failed',
    default: `${USER_TIMEOUT_S}`,
    unit: 's',
  },
  pcap: { help: 'file that records every frame', default: null },
  impair: {
    help: 'frames lost, delayed and so on, on purpose, each way: loss=0.01,delay_us=10000,jitter_us=500,seed=7',
    default: null,
  },
};

const takers = Object.fromEntries(
  Object.entries(dpdkOptions).map(([name, option]) => [name, option.kinds ?? kinds]),
);

/** Largest frame is the MTU and 18 bytes; beside it EAL's own structures need this much. */
const EAL_MEMORY_MB = 64;

/** Throws INVALID_ARGUMENT naming the option, what it may be, and what to type. */
export function parseDpdkOptions(given: Readonly<Record<string, string>>): DpdkOptions {
  const options = new OptionReader('dpdk', given);
  const kind = options.choice('device', kinds, DEFAULT_DEVICE);
  options.checkNames(takers, 'device', kind);
  const device = readDevice(options, kind);
  const { address, prefixLength } = readNetwork(options);
  const mtu = options.has('mtu') ? options.integer('mtu', 576, largestMtu(kind), 0) : null;
  // The rings of a NIC and of XDP hold a few thousand.
  const fewest = kind === 'pci' || kind === 'af_xdp' ? 4096 : 1024;
  const packetBuffers = options.integer('packet_buffers', fewest, 131_072, PACKET_BUFFERS);
  const isOfLinux = kind === 'af_packet' || kind === 'af_xdp';
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
    checksum: options.choice('checksum', ['verify', 'partial'], isOfLinux ? 'partial' : 'verify'),
    eal: {
      pciAddress: device.kind === 'pci' ? device.address : null,
      hugepages,
      memoryMb: options.integer('memory_mb', 32, 1_048_576, EAL_MEMORY_MB + poolMb),
      extraArguments: options.text('eal', '').split(/\s+/).filter(Boolean),
    },
    tcp: {
      congestion: options.choice('congestion', ['cubic', 'newreno'], 'cubic'),
      nagle: options.choice('nagle', ['on', 'off'], 'off') === 'on',
      receiveWindowBytes: options.integer('receive_window_bytes', 4096, 2 ** 30, RECEIVE_WINDOW_BYTES),
      minRtoMs: options.integer('min_rto_ms', 1, 60_000, MIN_RTO_MS),
      delayedAckMs: options.integer('delayed_ack_ms', 0, 500, DELAYED_ACK_MS),
      keepaliveS: options.integer('keepalive_s', 0, 1_000_000, KEEPALIVE_S),
      userTimeoutS: options.integer('user_timeout_s', 1, 1_000_000, USER_TIMEOUT_S),
    },
    pcap: options.has('pcap') ? options.text('pcap', '') : null,
    impair: options.has('impair') ? parseImpairment(options.text('impair', '')) : null,
  };
}

/** In bytes of an IPv4 packet. */
export function largestMtu(kind: Kind): number {
  // DPDK's tap driver takes no frame that is longer than Ethernet's own.
  if (kind === 'tap') return 1500;
  // A frame of an XDP socket lies within a page of memory, behind what the kernel and DPDK need for themselves.
  return kind === 'af_xdp' ? 3500 : 9200;
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
