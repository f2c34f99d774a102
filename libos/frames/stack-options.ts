/**
 * The options of our network stack, which every backend has whose device moves Ethernet frames: strings by name, as
 * typed after -o, to what the stack works with.
 */
import type { BackendOption } from '../backend-descriptor.ts';
import type { OptionReader } from '../backend-options.ts';
import { type ImpairmentOptions, parseImpairment } from '../inet/devices/impairment.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';

type OptionTable = Readonly<Record<string, BackendOption>>;

export interface StackChoices {
  network: {
    /** IPv4 addresses, unsigned 32-bit integers. */
    address: number;
    prefixLength: number;
    /** Null: other networks are not reached. */
    gateway: number | null;
  };
  /** Whether a checksum that Linux has left to a NIC is taken for right. */
  checksum: 'verify' | 'partial';
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
    synCookies: boolean;
  };
  /** File to record frames in. */
  pcap: string | null;
  impair: ImpairmentOptions | null;
}

const { congestion, nagle, receiveWindowBytes, synCookies, ...times } = defaultTcpOptions;
const MIN_RTO_MS = times.minRtoUs / 1e3;
const DELAYED_ACK_MS = times.delayedAckUs / 1e3;
const KEEPALIVE_S = times.keepAliveUs / 1e6;
const USER_TIMEOUT_S = times.userTimeoutUs / 1e6;
const onOrOff = (is: boolean) => (is ? 'on' : 'off');

/** Of the addresses. */
export const networkOptions: OptionTable = {
  ip: { help: 'own IPv4 address and prefix, such as 10.99.0.1/24; must be given', default: null },
  gateway: { help: 'router to other networks', default: null },
};

/** Of checksums; what holds without it is the device's business. */
export const CHECKSUM_HELP =
  'of what comes: verify, or partial, which also takes what Linux has left to a NIC that was not there';

/** Of TCP, and of what is done to frames on their way. */
export const stackOptions: OptionTable = {
  congestion: { help: 'cubic or newreno', default: congestion },
  nagle: { help: 'on or off', default: onOrOff(nagle) },
  receive_window_bytes: {
    help: 'data that may wait for the application, per connection',
    default: `${receiveWindowBytes}`,
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
  syn_cookies: {
    help: 'on or off: answer connection attempts beyond the bound of half-open ones with cookies, or drop them',
    default: onOrOff(synCookies),
  },
  pcap: { help: 'file that records every frame', default: null },
  impair: {
    help: 'frames lost, delayed and so on, on purpose, each way: loss=0.01,delay_us=10000,jitter_us=500,seed=7',
    default: null,
  },
};

/** What they come to. `checksum`: what holds where nothing is said. Throws INVALID_ARGUMENT. */
export function readStackOptions(options: OptionReader, checksum: StackChoices['checksum']): StackChoices {
  return {
    network: readNetwork(options),
    checksum: options.choice('checksum', ['verify', 'partial'], checksum),
    tcp: {
      congestion: options.choice('congestion', ['cubic', 'newreno'], congestion),
      nagle: options.choice('nagle', ['on', 'off'], onOrOff(nagle)) === 'on',
      receiveWindowBytes: options.integer('receive_window_bytes', 4096, 2 ** 30, receiveWindowBytes),
      minRtoMs: options.integer('min_rto_ms', 1, 60_000, MIN_RTO_MS),
      delayedAckMs: options.integer('delayed_ack_ms', 0, 500, DELAYED_ACK_MS),
      keepaliveS: options.integer('keepalive_s', 0, 1_000_000, KEEPALIVE_S),
      userTimeoutS: options.integer('user_timeout_s', 1, 1_000_000, USER_TIMEOUT_S),
      synCookies: options.choice('syn_cookies', ['on', 'off'], onOrOff(synCookies)) === 'on',
    },
    pcap: options.has('pcap') ? options.text('pcap', '') : null,
    impair: options.has('impair') ? parseImpairment(options.text('impair', '')) : null,
  };
}

/** The name of an interface. Throws INVALID_ARGUMENT unless Linux could have one of that name. */
export function readInterfaceName(options: OptionReader, example: string): string {
  const name = options.required('interface', `the name of an interface such as interface=${example}`);
  // Linux: IFNAMSIZ with its terminating zero.
  if (!/^[^\s/,=[\]":]{1,15}$/.test(name))
    options.refuse('interface', 'a name has 1 to 15 characters, no / : , = or space');
  return name;
}

function readNetwork(options: OptionReader): StackChoices['network'] {
  const text = options.required('ip', 'an address and its prefix, such as ip=10.99.0.1/24');
  const [, address, prefix] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const prefixLength = Number(prefix);
  if (address === undefined || prefixLength < 1 || prefixLength > 30) {
    options.refuse('ip', 'it must be an address and a prefix of 1 to 30, such as 10.99.0.1/24');
  }
  return {
    address: options.parseAddress('ip', address!),
    prefixLength,
    gateway: options.has('gateway') ? options.address('gateway') : null,
  };
}
