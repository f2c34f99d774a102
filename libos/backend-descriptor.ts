/**
 * What the house knows of a backend: one descriptor, and no list of names beside it. Commands, the doctor,
 * calibrations, experiments and captions ask the descriptor; libos/backends.ts has all of them.
 */
import type { BackendOptions } from './backend-options.ts';
import type { DoctorFinding } from './finding.ts';
import type { CreateBackend } from './transport.ts';

/** Of what libos/backend-api.ts has: a descriptor says for which version it was written, and another one is refused. */
export const BACKEND_API_VERSION = 1;

export interface BackendCapabilities {
  /** It has sockets of datagrams; without, its `open` throws NOT_SUPPORTED for them. */
  datagrams: boolean;
  /** It tells `moments` of its set-up when its device is entered and left: then latencies have stages. */
  moments: boolean;
  /** What arrives wakes a thread that sleeps, whatever the options; else `sleep` may have to look again and again. */
  wakes: boolean;
  /** Several threads of one process can have one each. */
  threads: boolean;
  /** Each connection is an open file of its process. */
  connectionsAreFiles: boolean;
}

/** Of a value that is given as KEY=VALUE. */
export interface BackendOption {
  /** What it says, and what it may be. */
  help: string;
  /** What holds without it; null: nothing, or it must be given. Where that depends on others, words that say how. */
  default: string | null;
  /** Of a number. */
  unit?: string;
}

/** Two processes of one machine that reach each other: where the first listens, and the options of both. */
export interface BackendPair {
  address: string;
  server: BackendOptions;
  client: BackendOptions;
  /** Where these options make it another than the descriptor says. */
  acknowledges?: BackendDescriptor['acknowledges'];
  /** Each waits as it opens for the other: NICs have no link before. Who can opens both at once. */
  together?: boolean;
}

export interface BackendPairing {
  /** What lies between the two, for the help of commands: "loopback". */
  about: string;
  /**
   * `folder` is for what both sides share, `given` are options that both have. A text says why there can be no pair
   * with these options: half a sentence.
   */
  ends(folder: string, given: BackendOptions): BackendPair | string;
  /** Why the two cannot live in one process with these options, half a sentence; null, or absent: they can. */
  apart?(given: BackendOptions): string | null;
}

/** What a floor exchanges, one request at a time. */
export interface FloorExchange {
  requestBytes: number;
  replyBytes: number;
  /** For what lies between the two sides; gone afterwards. */
  folder: string;
  options: BackendOptions;
}

/**
 * A lower bound of latencies over the backend: the same exchange with its device alone. A program that is started as
 *
 *     PROGRAM server CORE ...      prints a line when it is ready, answers until its client is gone
 *     PROGRAM client CORE ... WARMUP_S DURATION_S SERVER_CORE
 *
 * and whose client prints the text of loadgen/floor/native/floor-slices.h.
 */
export interface BackendFloor {
  /** What the exchange goes over, as results name it. */
  target: string;
  /** Its path. Throws BACKEND_UNAVAILABLE, with the remedy, where it is not built. */
  program(): string;
  /** What stands in the place of the dots. `said` is what the server printed. */
  server(exchange: FloorExchange): readonly (string | number)[];
  client(exchange: FloorExchange, said: string): readonly (string | number)[];
}

export interface BackendDescriptor {
  /** What --backend and files call it: small letters, digits and -, with a letter first. */
  readonly name: string;
  /** BACKEND_API_VERSION of what it was written for. */
  readonly apiVersion: number;
  /** What captions call it: "RDMA". */
  readonly title: string;
  readonly create: CreateBackend;
  /** Loads what `create` needs: called once before it, or again. Absent where it needs nothing more. */
  load?(): Promise<unknown>;
  readonly capabilities: Readonly<BackendCapabilities>;
  /** Where a server listens that is not told where: 127.0.0.1, or 0.0.0.0 for one with a network of its own. */
  readonly defaultBind: string;
  /**
   * Who acknowledges what comes: the libOS when it polls; its host's kernel whatever the libOS does, until buffers are
   * full; or the device with the hand-over, so that nothing is handed over and not acknowledged for long. The
   * conformance suite asks. Absent: it leaves out when pushes until acknowledged complete.
   */
  readonly acknowledges?: 'libos' | 'host' | 'device';
  /** Its streams take setOptions. Absent: it throws NOT_SUPPORTED, and the conformance suite leaves it out. */
  readonly socketOptions?: boolean;
  /** All that there are, by name. */
  readonly options: Readonly<Record<string, BackendOption>>;
  /** How the load generator is calibrated over it; null: it cannot be. */
  readonly pairing: BackendPairing | null;
  /** The finding of `examine` that must work for these options, by its `what`; null: none. */
  needs(options: BackendOptions): string | null;
  /** What of it works on this machine, found by trying. Leaves nothing behind, and does not throw. */
  examine(): Iterable<DoctorFinding> | AsyncIterable<DoctorFinding>;
  /**
   * Of what it stands on, by name, for the manifest of a run: `{ libfabric: '1.17.0' }`. Runs in a process of its own.
   * Throws where that is not installed. Absent where it stands on Linux alone.
   */
  versions?(): Readonly<Record<string, string>>;
  /** `bypassbench floor module` measures it. Absent: none, or one that the load generator has itself. */
  readonly floor?: BackendFloor;
  /**
   * What it has beside the modules that it is made of, such as its library in C: with these it is known by its hash.
   * Default none.
   */
  readonly files?: readonly URL[];
}
