/** The options of the backend rdma: strings by name, as typed after -o, to what the backend works with. */
import type { BackendOption } from '../backend-descriptor.ts';
import { type BackendOptions, OptionReader } from '../backend-options.ts';
import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from './message.ts';

export interface FabricOptions {
  /** As libfabric calls it. */
  provider: string;
  /** Of the provider, such as mlx5_0 or rxe0 (libfabric: domain); null: the first that there is. */
  device: string | null;
  /** IPv4 address of the interface by which the provider reaches its peers; null: the provider chooses. */
  address: string | null;
  /** Payload of one receive buffer, and so of one message. */
  bufferBytes: number;
  /** Receive buffers that there are at most, whoever has them. */
  receiveBuffers: number;
}

export interface RdmaOptions {
  fabric: FabricOptions;
  /** Messages that one connection may have on their way to us at most. */
  maxWindow: number;
}

/** Those that we have tried or written for; others of libfabric work if they have what is needed. */
export const providers = ['shm', 'verbs;ofi_rxm', 'tcp;ofi_rxm', 'efa'] as const;

export const DEFAULT_PROVIDER = 'shm';

const MIB = 1024 * 1024;
/**
 * Three buffers of the pool, as many as go into a message: the longer a message is, the less does each byte
 * cost.
 */
const SHM_BUFFER_BYTES = 3 * 16_384;
/** What ofi_rxm sends without asking first (set_defaults in libos/native/fabric.c). */
const RXM_BUFFER_BYTES = 16_384;

const RECEIVE_MEMORY_MB = 192;
const WINDOW = 64;

export const rdmaOptions: Readonly<Record<string, BackendOption>> = {
  provider: { help: `of libfabric: ${providers.join(', ')}, or another one`, default: DEFAULT_PROVIDER },
  device: {
    help: 'of the provider, such as mlx5_0 or rxe0 (its domain); without it the first one',
    default: null,
  },
  address: {
    help: 'IPv4 address of the interface by which the provider reaches its peers; without it the provider chooses',
    default: null,
  },
  buffer_bytes: {
    help: 'payload of a receive buffer, and so of one message',
    default: `${SHM_BUFFER_BYTES} over shm, ${RXM_BUFFER_BYTES} else`,
    unit: 'bytes',
  },
  receive_memory_mb: {
    help: 'most memory for receive buffers, whoever has them',
    default: `${RECEIVE_MEMORY_MB}`,
    unit: 'MiB',
  },
  window: {
    help: 'messages of one connection that may be on their way to this end',
    default: `${WINDOW}`,
    unit: 'messages',
  },
};

/** Throws INVALID_ARGUMENT naming the option, what it may be, and what to type. */
export function parseRdmaOptions(given: BackendOptions): RdmaOptions {
  const options = new OptionReader('rdma', given);
  options.checkKnown(Object.keys(rdmaOptions));
  const provider = options.text('provider', DEFAULT_PROVIDER);
  if (!/^[a-z0-9_;]+$/.test(provider)) {
    options.refuse(
      'provider',
      `it must be the name of a provider of libfabric, such as ${providers.join(', ')}`,
    );
  }
  const device = options.text('device', '');
  if (options.has('device') && !/^[\w.:-]{1,63}$/.test(device)) {
    options.refuse(
      'device',
      'it must be the name of a device, such as mlx5_0 (bypassbench doctor lists them)',
    );
  }
  if (options.has('address')) {
    if (provider === 'shm')
      options.refuse('address', 'shm is within this machine and has none: leave it out');
    options.address('address');
  }
  const bufferBytes = options.integer(
    'buffer_bytes',
    1024,
    MAX_PAYLOAD_BYTES - HEADER_BYTES,
    provider === 'shm' ? SHM_BUFFER_BYTES : RXM_BUFFER_BYTES,
  );
  const memoryMb = options.integer('receive_memory_mb', 1, 65_536, RECEIVE_MEMORY_MB);
  const receiveBuffers = Math.floor((memoryMb * MIB) / bufferBytes);
  if (receiveBuffers < 4) {
    options.refuse(
      'receive_memory_mb',
      `it holds ${receiveBuffers} buffers of ${bufferBytes} bytes, and 4 are needed at least`,
    );
  }
  return {
    fabric: {
      provider,
      device: options.has('device') ? device : null,
      address: options.has('address') ? options.text('address', '') : null,
      bufferBytes,
      receiveBuffers,
    },
    maxWindow: options.integer('window', 1, 4096, WINDOW),
  };
}
