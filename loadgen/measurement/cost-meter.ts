/** What a measurement costs, of both sides: begins before the measured window and ends behind it. */
import { HardwareCounters, nowNs, StampRing } from '../../libos/index.ts';
import type { Cost, CostOfSide } from '../../results/formats/index.ts';
import { joulesBetween, readEnergy } from './energy.ts';
import type { LoadOptions } from './options.ts';
import { readUsage, threadsOf, type UsageReading, usedBetween } from './process-usage.ts';

/**
 * Core-seconds that a side polled in vain, which has one loop and so polls on one core at most.
 *
 * @param vainShare of the time, that the loop did so; @param usedS core-seconds of the side in `elapsedS`
 */
export function polledInVain(vainShare: number, usedS: number, elapsedS: number): number {
  return vainShare * Math.min(usedS, elapsedS);
}

/** Share of the time that a loop polled in vain which was busy for so long of it; what it is timed by may exceed it. */
export function vainShareOf(busyNs: number, elapsedNs: number): number {
  return Math.max(0, 1 - busyNs / elapsedNs);
}

/** One side's process, and what it had used at the beginning. */
class Side {
  readonly #pid: number;
  readonly #before: UsageReading;
  readonly #counters: HardwareCounters | string;
  readonly #beganNs = nowNs();

  constructor(pid: number) {
    this.#pid = pid;
    this.#counters = HardwareCounters.open(threadsOf(readUsage(pid)));
    this.#before = readUsage(pid);
  }

  /** Why there are no counters; null where there are. */
  get withoutCounters(): string | null {
    return typeof this.#counters === 'string' ? this.#counters : null;
  }

  /** @param vainShare of its time, that it polled in vain; null where that is not known */
  end(vainShare: number | null): CostOfSide | null {
    const counts = typeof this.#counters === 'string' ? null : this.#counters.read();
    const elapsedS = (nowNs() - this.#beganNs) / 1e9;
    const after = readUsage(this.#pid);
    this.close();
    if (after.size === 0) return null;
    const used = usedBetween(this.#before, after);
    return {
      ...used,
      vain_s: vainShare === null ? null : polledInVain(vainShare, used.user_s + used.system_s, elapsedS),
      cycles: counts?.cycles ?? null,
      instructions: counts?.instructions ?? null,
      cache_misses: counts?.cache_misses ?? null,
    };
  }

  close(): void {
    if (typeof this.#counters !== 'string') this.#counters.close();
  }
}

/** How long the server's loop was busy by then, since it began. */
interface BusyReading {
  busyNs: number;
  atNs: number;
}

const SERVER_IS_SILENT =
  'How long the server polled in vain is not known: it sleeps while nothing happens, or its version does not say.';

export class CostMeter {
  readonly #serverPid: number | null;
  readonly #serverBusyTime: string | null;
  #serverBusy: BusyReading | null = null;
  #client: Side | null = null;
  #server: Side | null = null;
  #energy: ReturnType<typeof readEnergy> = [];

  /**
   * @param serverPid the server's process on this machine, or null
   * @param serverBusyTime the file in which its loop says how long it was busy, or null
   */
  constructor({ serverPid, serverBusyTime }: Pick<LoadOptions, 'serverPid' | 'serverBusyTime'>) {
    this.#serverPid = serverPid;
    this.#serverBusyTime = serverBusyTime;
  }

  /** Takes some milliseconds, in which nothing should be in flight. Throws INVALID_ARGUMENT for another file. */
  begin(): void {
    this.close();
    this.#client = new Side(process.pid);
    this.#server = this.#serverPid === null ? null : new Side(this.#serverPid);
    this.#serverBusy = this.#readServerBusy();
    this.#energy = readEnergy();
  }

  /**
   * @param replies right ones since the beginning
   * @param vainShare of the client's time, that it polled in vain; null where it does not poll
   */
  end(replies: number, vainShare: number | null): Cost | null {
    const energy = readEnergy();
    const serverVainShare = this.#serverVainShare();
    const client = this.#client?.end(vainShare) ?? null;
    const server = this.#server?.end(serverVainShare) ?? null;
    const noCounters = this.#client?.withoutCounters ?? null;
    const noServer =
      this.#serverPid === null ? "name the server's process with --server-pid" : 'its process has ended';
    return replies === 0
      ? null
      : {
          replies,
          server,
          client,
          joules:
            Array.isArray(this.#energy) && Array.isArray(energy) ? joulesBetween(this.#energy, energy) : null,
          unknown: [
            ...(server === null ? [`What the server used is not known: ${noServer}.`] : []),
            ...(server !== null && this.#serverBusyTime !== null && serverVainShare === null
              ? [SERVER_IS_SILENT]
              : []),
            ...(noCounters === null
              ? []
              : [`Cycles, instructions and cache misses are not known: ${noCounters}.`]),
            ...(typeof energy === 'string' ? [`The energy is not known: ${energy}.`] : []),
          ],
        };
  }

  /** Also where it was not ended. */
  close(): void {
    this.#client?.close();
    this.#server?.close();
  }

  #readServerBusy(): BusyReading | null {
    const busyNs = this.#serverBusyTime === null ? null : StampRing.readBusyNs(this.#serverBusyTime);
    return busyNs === null ? null : { busyNs, atNs: nowNs() };
  }

  /** Since the beginning; null where the server does not say. */
  #serverVainShare(): number | null {
    const before = this.#serverBusy;
    const after = before === null ? null : this.#readServerBusy();
    if (before === null || after === null) return null;
    return vainShareOf(after.busyNs - before.busyNs, after.atNs - before.atNs);
  }
}
