/**
 * Runs a client's data path against the null server, which gets a process and a core of its own.
 *
 *     main thread              server's process (null-server.ts)        client's thread
 *     starts both, waits       injects what is ordered, times it   <->  orders, sends, measures
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Backend,
  type BackendOptions,
  type BackendPair,
  backendNamed,
  type Endpoint,
  finishedOrSignalled,
  loadedBackendModules,
  startDataPath,
} from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { Workload, type WorkloadOptions, workloadOfOne } from '../workload/workload.ts';
import type { Injected } from './null-server.ts';
import { NullServerLink } from './null-server-link.ts';

/** Linux's usual tmpfs (shm_overview(7)). */
const SHARED_MEMORY = '/dev/shm';
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export const VALUE_BYTES = 64;
/** With one key there is one right reply. */
const workloadOptions = workloadOfOne('get', VALUE_BYTES);

export interface BothSides {
  backend: Backend;
  /** Of both sides, in place of the usual ones. */
  backendOptions: BackendOptions;
  /** The client's core, and the server's. */
  core: number;
  serverCore: number;
}

/** What a client gets beside its own input. */
export interface ClientSide {
  target: Endpoint;
  workload: WorkloadOptions;
  /** Of Orders. */
  ordersFile: string;
  backend: Backend;
  backendOptions: BackendOptions;
}

/**
 * What the client's data path returned, and what the server injected meanwhile. Null when a signal ended it. Throws
 * CALIBRATION_FAILED, INVALID_OPTION, LibosError, and what the client throws.
 *
 * @param client the module of the client's data path; `own` is its input beside ClientSide
 */
export async function runAgainstNullServer<Own, Outcome>(
  { backend, backendOptions, core, serverCore }: BothSides,
  client: URL,
  own: Own,
): Promise<{ outcome: Outcome; injected: Injected } | null> {
  // What cannot be is refused before anything is there to be put away.
  pairOf(backend, shared(), backendOptions);
  const signal = Promise.withResolvers<null>();
  const signalled = (): void => signal.resolve(null);
  for (const name of SIGNALS) process.once(name, signalled);
  const workload = new Workload(workloadOptions);
  const folder = mkdtempSync(join(shared(), 'bypassbench-'));
  const pair = pairOf(backend, folder, backendOptions);
  const common = { backend, ordersFile: join(folder, 'orders') };
  const server = new NullServerLink({
    input: {
      ...common,
      backendOptions: pair.server,
      address: pair.address,
      requestBytes: workload.maxRequestBytes,
      reply: workload.filledReply(0),
    },
    backendModules: loadedBackendModules(),
    core: serverCore,
  });
  try {
    const target = await Promise.race([server.ready, signal.promise]);
    if (target === null) return null;
    const running = startDataPath<ClientSide & Own, null, Outcome | null>(
      client,
      { ...common, backendOptions: pair.client, target, workload: workloadOptions, ...own },
      core,
    );
    // The server ends by itself only when it fails; then the client has no peer.
    const serverFailed = server.finished.then(() => null);
    const outcome = await Promise.race([finishedOrSignalled(running), serverFailed]).finally(() =>
      running.stop(),
    );
    await server.stop();
    const injected = await server.finished;
    return outcome === null || injected === null ? null : { outcome, injected };
  } finally {
    for (const name of SIGNALS) process.off(name, signalled);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws INVALID_OPTION where the backend has no two ends on one machine, or none with these options. */
function pairOf(backend: Backend, folder: string, given: BackendOptions): BackendPair {
  const { pairing } = backendNamed(backend);
  const pair = pairing === null ? 'it has no two ends on one machine' : pairing.ends(folder, given);
  if (typeof pair !== 'string') return pair;
  throw new LoadError('INVALID_OPTION', `--backend ${backend} cannot be calibrated: ${pair}`);
}

/** Memory that processes share, where this system has such: of it the part that whoever started this has chosen. */
function shared(): string {
  const isChosen = tmpdir().startsWith(`${SHARED_MEMORY}/`);
  return existsSync(SHARED_MEMORY) && !isChosen ? SHARED_MEMORY : tmpdir();
}
