/**
 * The distance between the generator's core and the server's, read while the generator stands still: how long a cache
 * line takes there and back, and on which core the server was. A reading takes the server's core for some 50 us.
 */
import { DistanceProbe, nowNs, type PauseLog } from '../../libos/index.ts';
import type { Probe, SlicesFile } from '../../results/formats/index.ts';
import { ServerThread } from './server-thread.ts';

/** After so many readings in a row without the helper, there is no more waiting for it. */
export const FAILURES_IN_A_ROW = 3;

/** Why the distance is unknown then. */
export function helperLate(core: number): string {
  return `the helper did not get core ${core} in time`;
}

const [MEDIAN_NS, MIN_NS, WAITED_NS, CLIENT_WORK_NS, SERVER_WORK_NS] = [0, 1, 2, 3, 4];

/** What a load says of where its server is. */
export interface ServerPlace {
  /** On this machine; null where none was named. */
  serverCore: number | null;
  serverPid: number | null;
  /** The generator's own core. */
  core: number | null;
}

export class Distance {
  readonly probes: Probe[] = [];
  readonly cores: SlicesFile['cores'];
  unknown: string | null = null;
  readonly #probe: DistanceProbe | null = null;
  readonly #server: ServerThread | null;
  readonly #pauses: PauseLog;
  #failures = 0;

  constructor({ core, serverCore, serverPid }: ServerPlace, pauses: PauseLog) {
    this.#pauses = pauses;
    this.cores = core === null || serverCore === null ? null : { client: core, server: serverCore };
    this.#server = serverPid === null || serverCore === null ? null : new ServerThread(serverPid);
    if (serverCore === null) this.unknown = 'no core of the server was named';
    else if (core === null) this.unknown = "the load generator's thread is not pinned to a core";
    else if (core === serverCore) this.unknown = 'server and load generator share one core';
    else {
      try {
        this.#probe = DistanceProbe.open(serverCore);
      } catch (error) {
        this.unknown = (error as Error).message;
      }
    }
  }

  /** Whether readings are taken. Where none are, nothing waits for one. */
  get isKnown(): boolean {
    return this.#probe !== null;
  }

  get helper(): SlicesFile['helper'] {
    return this.#probe?.helper ?? null;
  }

  /** The warm-up is over: its readings count no more, and the server's thread that was busiest in it stands for it. */
  startOver(): void {
    this.probes.length = 0;
    this.#server?.chooseBusiest();
  }

  /** Nothing may be in flight. What it takes is no pause. */
  read(): void {
    if (this.#probe === null) return;
    const startNs = nowNs();
    const server_core = this.#server?.core() ?? null;
    const measured = this.#failures < FAILURES_IN_A_ROW && this.#probe.measure();
    const { reading } = this.#probe;
    this.probes.push({
      start_ns: this.#monotonicNs(startNs),
      end_ns: this.#monotonicNs(nowNs()),
      median_ns: measured ? reading[MEDIAN_NS] : null,
      min_ns: measured ? reading[MIN_NS] : null,
      waited_ns: measured ? reading[WAITED_NS] : null,
      client_work_ns: measured ? reading[CLIENT_WORK_NS] : null,
      server_work_ns: measured ? reading[SERVER_WORK_NS] : null,
      server_core,
    });
    this.#failures = measured ? 0 : this.#failures + 1;
    if (this.#failures === FAILURES_IN_A_ROW && this.cores !== null)
      this.unknown = helperLate(this.cores.server);
    this.#pauses.resume();
  }

  /** There is no room for a reading between these two slices. */
  skip(): void {
    if (this.#probe === null) return;
    const at_ns = this.#monotonicNs(nowNs());
    this.probes.push({
      start_ns: at_ns,
      end_ns: at_ns,
      median_ns: null,
      min_ns: null,
      waited_ns: null,
      client_work_ns: null,
      server_work_ns: null,
      server_core: null,
    });
  }

  close(): void {
    this.#probe?.close();
    this.#server?.close();
  }

  #monotonicNs(ns: number): number {
    return Math.round(this.#pauses.monotonicNs(ns));
  }
}
