/** The options of the backend dpdk: strings by name, as typed after -o, to what the backend works with. */

import type { BackendOption } from '../backend-descriptor.ts';
import { OptionReader } from '../backend-options.ts';
import {
  CHECKSUM_HELP,
  networkOptions,
  readInterfaceName,
  readStackOptions,
  type StackChoices,
  stackOptions,
} from '../frames/stack-options.ts';
import type { EalOptions } from './eal.ts';
import { MAX_SOCKET_PATH_BYTES } from './memif-socket.ts';

export type DpdkDeviceOptions =
  | { kind: 'memif'; role: 'server' | 'client'; socket: string }
  | { kind: 'tap' | 'af_packet' | 'af_xdp'; interface: string }
  | { kind: 'pci'; address: string };

export interface DpdkOptions extends StackChoices {
  device: DpdkDeviceOptions;
  network: StackChoices['network'] & {
    /** 6 bytes; null: the device's own, or one that follows from the IPv4 address. */
    mac: Uint8Array | null;
    /** Bytes; null: what the device has. */
    mtu: number | null;
  };
  packetBuffers: number;
  eal: EalOptions;
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
  peer_pci: {
    help: 'of conform and calibrate, which have both ends: the NIC at the other end of the wire',
    default: null,
    kinds: ['pci'],
  },
  ...networkOptions,
  mac: {
    help: "Ethernet address; without it the device's own, of memif and tap one that follows from ip",
    default: null,
  },
  mtu: {
    help: 'largest IPv4 packet; without it 9000 on memif, else what the device has',
    default: null,
    unit: 'bytes',
  },
  checksum: { help: CHECKSUM_HELP, default: 'partial on af_packet and af_xdp, else verify' },
  packet_buffers: { help: 'frames in the packet pool', default: `${PACKET_BUFFERS}`, unit: 'frames' },
  memory_mb: { help: "memory of EAL's own; without it as much as it needs", default: null, unit: 'MiB' },
  hugepages: { help: 'yes or no', default: 'no, for pci yes' },
  eal: { help: 'further arguments for EAL, separated by spaces', default: null },
  ...stackOptions,
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
  if (options.has('peer_pci')) {
    options.refuse(
      'peer_pci',
      'only conform and calibrate take it, which have both ends: name the own NIC by pci=',
    );
  }
  const device = readDevice(options, kind);
  const mtu = options.has('mtu') ? options.integer('mtu', 576, largestMtu(kind), 0) : null;
  // The rings of a NIC and of XDP hold a few thousand.
  const fewest = kind === 'pci' || kind === 'af_xdp' ? 4096 : 1024;
  const packetBuffers = options.integer('packet_buffers', fewest, 131_072, PACKET_BUFFERS);
  const isOfLinux = kind === 'af_packet' || kind === 'af_xdp';
  const hugepages = options.choice('hugepages', ['yes', 'no'], kind === 'pci' ? 'yes' : 'no') === 'yes';
  // A NIC's packet buffers lie in EAL's memory; other devices map their own.
  const poolMb = kind === 'pci' ? Math.ceil((packetBuffers * ((mtu ?? 1500) + 1024)) / 2 ** 20) : 0;
  const stack = readStackOptions(options, isOfLinux ? 'partial' : 'verify');
  return {
    ...stack,
    device,
    network: { ...stack.network, mac: options.has('mac') ? readMac(options) : null, mtu },
    packetBuffers,
    eal: {
      pciAddress: device.kind === 'pci' ? device.address : null,
      hugepages,
      memoryMb: options.integer('memory_mb', 32, 1_048_576, EAL_MEMORY_MB + poolMb),
      extraArguments: options.text('eal', '').split(/\s+/).filter(Boolean),
    },
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
      return { kind, interface: readInterfaceName(options, example) };
    }
  }
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
