/** The options of one load run, checked, and the form in which its numbers leave the worker. */
import { isIPv4 } from 'node:net';
import type { Backend, BackendOptions, Endpoint, Pauses } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import type { ArrivalKind } from '../workload/arrivals.ts';
import { MAX_KEYS, type WorkloadOptions } from '../workload/workload.ts';
import type { SlowRequestsResult } from './slow-requests.ts';

/** Redis's limit of a bulk string (proto-max-bulk-len). */
const VALUE_BYTES_MAX = 512 * 1024 * 1024;

export interface LoadOptions extends WorkloadOptions {
  target: Endpoint;
  backend: Backend;
  /** For the backend's device. */
  backendOptions: BackendOptions;
  /** Spin while waiting for replies, or sleep in the kernel. */
  wait: 'poll' | 'block';
  connections: number;
  /** Connections that are opened beside these and send nothing. */
  idleConnections: number;
  pipeline: number;
  /** Open loop: requests sent per second, and how they are spread. Both null in a closed loop. */
  rateOps: number | null;
  arrivals: ArrivalKind | null;
  /** Core of the generator's thread, or null for any. */
  core: number | null;
  populate: boolean;
  warmupS: number;
  /** The measured window ends after this time or this many replies; exactly one is set. */
  durationS: number | null;
  requests: number | null;
  /** How long to wait for any reply before the run counts as failed. */
  replyTimeoutS: number;
  /** One window of time of so many is stamped; 0: none. */
  stampsEvery: number;
  /** The file of stamps of a server on this machine, which is turned on and off and copied; null for none. */
  serverStamps: string | null;
}

export interface LoadPauses extends Pauses {
  /** The measured window, by CLOCK_MONOTONIC. */
  window: { start_ns: number; end_ns: number };
  slow_requests: SlowRequestsResult;
}

/** What a run counted for one operation; latencies as an encoded histogram. */
export interface OperationResult {
  operation: 'get' | 'set';
  requests: number;
  hits: number;
  misses: number;
  errors: number;
  wrong: number;
  throughput_ops: number;
  first_error?: string;
  /** Response time in an open loop. */
  /** p50 of each tenth of the measured window, in its order; null where there was no sample. */
  slice_p50_ns: (number | null)[];
  latency_ns: Record<'min' | 'p50' | 'p90' | 'p99' | 'p999' | 'max' | 'mean', number> | null;
  /** Open loop: from the actual sending on. */
  service_time_ns?: OperationResult['latency_ns'];
  encoded: string;
  distribution: string;
}

/** How an open loop kept to its schedule. */
export interface ScheduleOutcome {
  /** Actual minus intended time of sending. */
  lag_us: Record<'p50' | 'p99' | 'max', number>;
  /** Requests intended in the measured window that had no reply when they were given up. */
  unanswered: number;
}

export interface LoadOutcome {
  elapsed_s: number;
  populate_s: number | null;
  /** Share of the generator's polls in the measured window that found nothing: 0 where it is the limit itself; null where nothing was counted. */
  idle_polls: number | null;
  /** Share of the measured window that the generator spent on requests and replies; null where nothing was looked at. */
  busy_share: number | null;
  /** What one recorded latency is: that of one round trip, or the mean of as many as a run of a program made. */
  sample: 'round_trip' | 'run_mean';
  /** What kept the generator from running, and its slowest requests. Null where nobody looked. */
  pauses: LoadPauses | null;
  /** The rings of stamps as files have them; null where nothing was stamped. */
  stamps: { client: Uint8Array; server: Uint8Array | null } | null;
  operations: OperationResult[];
  /** Null in a closed loop. */
  schedule: ScheduleOutcome | null;
}

/** Throws INVALID_OPTION for a combination that cannot be run. Single values were checked when they were parsed. */
export function checkOptions(options: LoadOptions): LoadOptions {
  const refuse = (message: string): never => {
    throw new LoadError('INVALID_OPTION', message);
  };
  if (options.keys > MAX_KEYS) refuse(`--keys ${options.keys} is more than ${MAX_KEYS}`);
  if (options.valueBytes > VALUE_BYTES_MAX) {
    refuse(
      `--value-bytes ${options.valueBytes} is more than the ${VALUE_BYTES_MAX} that Redis stores in a string`,
    );
  }
  if ((options.durationS === null) === (options.requests === null)) {
    refuse('give either --duration-s or --requests');
  }
  if (options.rateOps === null && options.arrivals !== null) {
    refuse('--arrivals says how the requests of --rate are spread: give --rate too, or leave both out');
  }
  if (options.serverStamps !== null && options.stampsEvery === 0) {
    refuse('--server-stamps wants --stamps-every: the server stamps what the load generator does');
  }
  const tellsKeysApart = 10 ** Math.min(options.valueBytes, 12) >= options.keys;
  if (options.keyDistribution !== 'single' && !tellsKeysApart) {
    refuse(
      `--value-bytes ${options.valueBytes} cannot tell ${options.keys} keys apart: fewer keys, or longer values`,
    );
  }
  return options;
}

/** 'IPV4:PORT'. Throws INVALID_OPTION. */
export function parseTarget(text: string): Endpoint {
  const [address, port, ...rest] = text.split(':');
  const portNumber = /^\d{1,5}$/.test(port ?? '') ? Number(port) : 0;
  if (!isIPv4(address) || rest.length > 0 || portNumber < 1 || portNumber > 65535) {
    throw new LoadError('INVALID_OPTION', `--target '${text}' is not IPV4:PORT, such as 127.0.0.1:6379`);
  }
  return { address, port: portNumber };
}
