/** Which core the server runs on, by what the kernel says of its busiest thread (proc(5), /proc/PID/task/TID/stat). */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** Places among the fields behind the name, which is in brackets and may hold spaces: fields 14, 15 and 39. */
const [UTIME, STIME, PROCESSOR] = [11, 12, 36];

/** Longer than a line of it. */
const STAT_BYTES = 1024;

export class ServerThread {
  readonly #pid: number;
  readonly #line = Buffer.alloc(STAT_BYTES);
  /** By thread: the processor time that it had had when this object was made. */
  readonly #before: Map<string, number>;
  #stat: number | null = null;

  constructor(pid: number) {
    this.#pid = pid;
    this.#before = this.#times();
  }

  /** From now on the thread stands for the server that took most time since this object was made. */
  chooseBusiest(): void {
    let thread = String(this.#pid);
    let most = 0;
    for (const [id, ticks] of this.#times()) {
      const taken = ticks - (this.#before.get(id) ?? 0);
      if (taken <= most) continue;
      most = taken;
      thread = id;
    }
    this.close();
    try {
      this.#stat = openSync(`/proc/${this.#pid}/task/${thread}/stat`, 'r');
    } catch {
      // A server that is gone has no core; the load itself says that it is gone.
      this.#stat = null;
    }
  }

  /** The core that the chosen thread runs on, or ran on last; null where that cannot be read. */
  core(): number | null {
    if (this.#stat === null) return null;
    try {
      const bytes = readSync(this.#stat, this.#line, 0, STAT_BYTES, 0);
      return fieldsOf(this.#line.toString('latin1', 0, bytes))[PROCESSOR];
    } catch {
      return null;
    }
  }

  close(): void {
    if (this.#stat !== null) closeSync(this.#stat);
    this.#stat = null;
  }

  #times(): Map<string, number> {
    const times = new Map<string, number>();
    for (const thread of this.#threads()) {
      try {
        const fields = fieldsOf(readFileSync(`/proc/${this.#pid}/task/${thread}/stat`, 'latin1'));
        times.set(thread, fields[UTIME] + fields[STIME]);
      } catch {
        // The thread has ended since its name was read.
      }
    }
    return times;
  }

  #threads(): string[] {
    try {
      return readdirSync(`/proc/${this.#pid}/task`);
    } catch {
      return [];
    }
  }
}

/** What stands behind the name, as numbers; the state, a letter, is NaN. */
function fieldsOf(stat: string): number[] {
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}
