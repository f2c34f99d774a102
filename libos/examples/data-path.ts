/** The data path of an example server: makes its libOS, and serves on it until it is to stop. */
import {
  type Backend,
  type BackendOptions,
  BusyTime,
  type DataPathContext,
  type Endpoint,
  openLibos,
  PauseLog,
  type SocketKind,
  StampRing,
  writePauses,
} from '../index.ts';
import { echo } from './echo.ts';
import { relay } from './relay.ts';
import { sink } from './sink.ts';

const servers = { echo, sink, relay };
export type ExampleName = keyof typeof servers;

export interface ExampleOptions {
  name: ExampleName;
  kind: SocketKind;
  backend: Backend;
  /** For the backend's device. */
  backendOptions: BackendOptions;
  /** What it does while nothing happens: spin on its core, or sleep in the kernel. */
  idle: 'poll' | 'sleep';
  endpoint: Endpoint;
  /** File for the stamps of pushes and pops; null for none. */
  stamps: string | null;
  /** Every n-th window of time is stamped from the start; 0: none until a load generator turns it on. */
  stampsEvery: number;
  /** File for the pauses of the data path, written at the end; null for none. */
  pauses: string | null;
}

/** Entry of the data path. Throws LibosError. */
export async function run(context: DataPathContext<ExampleOptions, Endpoint>): Promise<null> {
  const { name, kind, backend, backendOptions, idle, endpoint, ...files } = context.data;
  const stamps = files.stamps === null ? null : StampRing.create(files.stamps);
  stamps?.stampEvery(files.stampsEvery);
  const pauses = new PauseLog();
  const busy = stamps === null || idle === 'sleep' ? null : new BusyTime(pauses, stamps.sayBusyNs());
  const libos = await openLibos({ backend, backendOptions, idle, stamps, pauses, busy });
  try {
    servers[name](libos, {
      kind,
      endpoint,
      ready(at) {
        pauses.resume();
        const device = libos.about();
        context.ready({ ...at, ...(device !== null && { device }) });
      },
      stopped: () => context.stopRequested(),
    });
    return null;
  } finally {
    libos.shutdown();
    stamps?.readClocks();
    await writePauses(pauses, files.pauses);
  }
}
