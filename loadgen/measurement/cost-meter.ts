/** What a measurement costs, of both sides: begins before the measured window and ends behind it. */
import { HardwareCounters } from '../../libos/index.ts';
import type { Cost, CostOfSide } from '../../results/formats/index.ts';
import { joulesBetween, readEnergy } from './energy.ts';
import { readUsage, threadsOf, type UsageReading, usedBetween } from './process-usage.ts';

/** One side's process, and what it had used at the beginning. */
class Side {
  readonly #pid: number;
  readonly #before: UsageReading;
  readonly #counters: HardwareCounters | string;

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
    const after = readUsage(this.#pid);
    this.close();
    if (after.size === 0) return null;
    const used = usedBetween(this.#before, after);
    return {
      ...used,
      vain_s: vainShare === null ? null : vainShare * (used.user_s + used.system_s),
      cycles: counts?.cycles ?? null,
      instructions: counts?.instructions ?? null,
      cache_misses: counts?.cache_misses ?? null,
    };
  }

  close(): void {
    if (typeof this.#counters !== 'string') this.#counters.close();
  }
}

export class CostMeter {
  readonly #serverPid: number | null;
  #client: Side | null = null;
  #server: Side | null = null;
  #energy: ReturnType<typeof readEnergy> = [];

  /** @param serverPid the server's process on this machine, or null */
  constructor(serverPid: number | null) {
    this.#serverPid = serverPid;
  }

  /** Takes some milliseconds, in which nothing should be in flight. */
  begin(): void {
    this.close();
    this.#client = new Side(process.pid);
    this.#server = this.#serverPid === null ? null : new Side(this.#serverPid);
    this.#energy = readEnergy();
  }

  /**
   * @param replies right ones since the beginning
   * @param vainShare of the client's time, that it polled in vain; null where it does not poll
   */
  end(replies: number, vainShare: number | null): Cost | null {
    const energy = readEnergy();
    const client = this.#client?.end(vainShare) ?? null;
    const server = this.#server?.end(null) ?? null;
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
}
