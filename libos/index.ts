/**
 * The only door of the library OS: create one, its types, its errors.
 *
 *     const libos = await openLibos({ backend: 'kernel' });
 *     const qd = libos.socket('stream');
 *     libos.bind(qd, { address: '127.0.0.1', port: 0 });
 *     libos.listen(qd, 128);
 *     const accepted = libos.wait(libos.accept(qd));
 */
import { checkedTransport } from './backend-descriptor-check.ts';
import type { BackendOptions } from './backend-options.ts';
import { type Backend, backendNamed } from './backends.ts';
import type { BusyTime } from './busy-time.ts';
import { LibosCore } from './core.ts';
import { BufferPool } from './memory/pool.ts';
import type { Slab } from './memory/sga.ts';
import type { PauseLog } from './pauses.ts';
import type { Libos } from './pdpi.ts';
import { DeviceMoments } from './stamps/moments.ts';
import { portsOf, StampKind, StampRing } from './stamps/ring.ts';
import { StampWriter } from './stamps/writer.ts';
import type { BackendSetup } from './transport.ts';

export type { BackendDescriptor, BackendPair, FloorExchange } from './backend-descriptor.ts';
export { type BackendFlags, chooseBackend, withBackendFlags } from './backend-flags.ts';
export { backendFiles, backendModuleUrl, loadBackendModule, loadedBackendModules } from './backend-module.ts';
export { type BackendOptions, withBackendOption } from './backend-options.ts';
export { backendVersions } from './backend-versions.ts';
export {
  type Backend,
  backendNamed,
  backends,
  findBackend,
  knownBackends,
  SOCKETS_BACKEND,
} from './backends.ts';
export { BusyTime } from './busy-time.ts';
export { nowNs } from './clock.ts';
export { MAX_UNAWAITED_PUSHES } from './core.ts';
export { type DataPath, finishedOrSignalled, startDataPath } from './datapath.ts';
export type { DataPathContext } from './datapath-protocol.ts';
export { type DistanceHelper, DistanceProbe } from './distance/probe.ts';
export { type DistanceSurvey, type SurveyOptions, surveyDistance } from './distance/survey.ts';
export {
  type CorePair,
  type CoreRelation,
  corePairs,
  coreRelation,
  describeRelation,
} from './distance/topology.ts';
export { formatIpv4 } from './endpoint.ts';
export { type ErrorCode, errorCodes, LibosError } from './errors.ts';
export { missingRights } from './frames/rights.ts';
export { HardwareCounters } from './hardware-counters.ts';
export type { ScatterGatherArray, SgaSegment } from './memory/sga.ts';
export { mapFile } from './memory/shared-file.ts';
export { enterNetwork, makeNetwork, OWN_NETWORK } from './native/network-namespace.ts';
export { decimal, numberIn, rangeInWords, wholeNumber, wholeNumberIn } from './number-options.ts';
export { openFilesLimit } from './open-files.ts';
export { type GapLimits, PauseLog, type PauseTimes } from './pauses.ts';
export { writePauses } from './pauses-file.ts';
export type * from './pdpi.ts';
export { PromiseLibos } from './promises.ts';
export { type CounterCheck, checkCounter } from './stamps/counter.ts';
export { timeOfDayOriginNs } from './time-of-day.ts';
export { portsOf, StampKind, StampRing };

export interface LibosOptions {
  backend: Backend;
  /** Options of the backend by name, such as its device. */
  backendOptions?: BackendOptions;
  /**
   * Find use after push, use after free, double free and leaks. For tests: it reads every byte pushed.
   * Default false.
   */
  checked?: boolean;
  /** What a wait does while nothing happens: spin on the core ('poll', default) or sleep in the kernel. */
  idle?: 'poll' | 'sleep';
  /** Most memory that the buffer pool may map, in bytes. Default 4 GiB; mapped only as it is needed. */
  poolLimitBytes?: number;
  /** Where the stamps of pushes and pops go, for splitting latencies into stages; none by default. */
  stamps?: StampRing | null;
  /** Gets the time whenever a wait reads it; none by default. */
  pauses?: PauseLog | null;
  /** Counts how long the application works between two calls of waitNext, if its waits poll; none by default. */
  busy?: BusyTime | null;
  /** After how long an unanswered connect completes as TIMED_OUT. Default 10,000 ms. */
  connectTimeoutMs?: number;
}

const BUFFER_BYTES = 16 * 1024;
/** With what lies between them they just fit into a huge page. */
const SLAB_BUFFERS = 123;
const RETAINED_BYTES = 64 * 1024 * 1024;

/** Loads the backend that is asked for, and makes a libOS over it. Throws what createLibos throws. */
export async function openLibos(options: LibosOptions): Promise<Libos> {
  await backendNamed(options.backend).load?.();
  return createLibos(options);
}

/**
 * The same at once, over a backend that is loaded: the one that others use as well (SOCKETS_BACKEND), or one that this
 * thread has opened a libOS over. Throws INVALID_ARGUMENT for a backend that does not exist or is not loaded,
 * BACKEND_UNAVAILABLE for one that cannot run here.
 */
export function createLibos(options: LibosOptions): Libos {
  const { create } = backendNamed(options.backend);
  const checked = options.checked ?? false;
  const createPool = (mapSlab: (bytes: number) => Slab) =>
    new BufferPool({
      bufferBytes: BUFFER_BYTES,
      slabBuffers: SLAB_BUFFERS,
      limitBytes: options.poolLimitBytes ?? 4 * 1024 ** 3,
      retainBytes: RETAINED_BYTES,
      checked,
      mapSlab,
    });
  const setup: BackendSetup = {
    options: options.backendOptions ?? {},
    createPool,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    moments: options.stamps ? new DeviceMoments(options.stamps) : null,
  };
  return new LibosCore((host) => checkedTransport(options.backend, create(host, setup)), {
    checked,
    idle: options.idle ?? 'poll',
    stamps: options.stamps ? new StampWriter(options.stamps) : null,
    pauses: options.pauses,
    busy: options.busy,
  });
}
