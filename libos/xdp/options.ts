/** The options of the backend xdp: strings by name, as typed after -o, to what the backend works with. */
import type { BackendOption } from '../backend-descriptor.ts';
import { type BackendOptions, OptionReader } from '../backend-options.ts';
import {
  CHECKSUM_HELP,
  networkOptions,
  readInterfaceName,
  readStackOptions,
  type StackChoices,
  stackOptions,
} from '../frames/stack-options.ts';

/** Of the backend. */
export const NAME = 'xdp';
/** What the doctor calls XDP sockets at all, and the pair of devices. */
export const SOCKETS_FINDING = NAME;
export const LINK_FINDING = 'xdp link';

/** Where the frames go: over an interface that exists, or over a pair of devices between two processes. */
export type XdpPlace =
  /** `queue` null: the only one. */
  { interface: string; queue: number | null } | { link: string; role: 'server' | 'client' };

export interface XdpOptions extends StackChoices {
  place: XdpPlace;
  /** Largest IPv4 packet in bytes; null: what the interface has. */
  mtu: number | null;
  packetBuffers: number;
  /** Where the XDP program runs: in the driver, above it, or in the driver where it can. */
  attach: 'auto' | 'native' | 'skb';
  zeroCopy: 'auto' | 'yes' | 'no';
}

/** A frame lies in a chunk of memory, which is a page at most, behind what the kernel needs for itself. In bytes. */
export const LARGEST_MTU = 3500;
const PACKET_BUFFERS = 8192;
const FEWEST_BUFFERS = 1024;
const QUEUES = 4096;

export const xdpOptions: Readonly<Record<string, BackendOption>> = {
  interface: { help: 'an interface that exists; this or link must be given', default: null },
  queue: {
    help: 'the queue of the interface whose frames come here; needed where it has several',
    default: '0 where there is one',
  },
  link: {
    help: 'path of a file by which two processes of one machine find the pair of devices between them',
    default: null,
  },
  role: { help: 'with link: server, which makes the pair, or client', default: null },
  ...networkOptions,
  mtu: {
    help: `largest IPv4 packet, at most ${LARGEST_MTU}; without it what the interface has`,
    default: null,
    unit: 'bytes',
  },
  checksum: { help: CHECKSUM_HELP, default: 'partial' },
  attach: {
    help: 'where the XDP program runs: native, in the driver; skb, above it; auto, in the driver where that can',
    default: 'auto',
  },
  zero_copy: {
    help: 'yes: the device reads and writes our memory; no: the kernel copies; auto: yes where the driver can',
    default: 'auto',
  },
  packet_buffers: { help: 'frames in the memory', default: `${PACKET_BUFFERS}`, unit: 'frames' },
  ...stackOptions,
};

/** Throws INVALID_ARGUMENT naming the option, what it may be, and what to type. */
export function parseXdpOptions(given: BackendOptions): XdpOptions {
  const options = new OptionReader(NAME, given);
  options.checkKnown(Object.keys(xdpOptions));
  const attach = options.choice('attach', ['auto', 'native', 'skb'], 'auto');
  const zeroCopy = options.choice('zero_copy', ['auto', 'yes', 'no'], 'auto');
  if (attach === 'skb' && zeroCopy === 'yes') {
    options.refuse('zero_copy', 'above the driver, attach=skb, frames are copied: leave one of the two out');
  }
  return {
    ...readStackOptions(options, 'partial'),
    place: readPlace(options),
    mtu: options.has('mtu') ? options.integer('mtu', 576, LARGEST_MTU, 0) : null,
    packetBuffers: options.integer('packet_buffers', FEWEST_BUFFERS, 131_072, PACKET_BUFFERS),
    attach,
    zeroCopy,
  };
}

function readPlace(options: OptionReader): XdpPlace {
  if (options.has('link')) {
    for (const name of ['interface', 'queue']) {
      if (options.has(name)) options.refuse(name, 'it does not go with link: leave one of the two out');
    }
    const link = options.required('link', 'a path such as link=/run/bypassbench.link, the same at both ends');
    return { link, role: options.choice('role', ['server', 'client'], null) };
  }
  if (options.has('role')) options.refuse('role', 'it goes with link: give that too, or leave it out');
  const name = readInterfaceName(options, 'eth0, or link=/run/bypassbench.link and role=server');
  return { interface: name, queue: options.has('queue') ? options.integer('queue', 0, QUEUES, 0) : null };
}
