/**
 * Processor time and switches of a process and all that it has started (proc(5)). Threads that a process had are in the
 * counts of those that waited for them: cutime and cstime of /proc/PID/stat.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Time in /proc/PID/stat is counted in USER_HZ, which is 100 a second on every Linux that Node runs on. */
const NS_PER_TICK = 1e7;
/** Places among the fields behind the name: fields 4, 14, 15, 16 and 17. */
const [PPID, UTIME, STIME, CUTIME, CSTIME] = [1, 11, 12, 13, 14];

/** Since the start of each. */
interface ProcessCounts {
  /** Of its threads that run, by thread; in ns. */
  threads: Map<number, ThreadCounts>;
  user_ns: number;
  system_ns: number;
  /** Of children that ended and were waited for. */
  reaped_ns: number;
}

interface ThreadCounts {
  /** In ns, where the kernel keeps it; else null, and there are ticks alone. */
  ran_ns: number | null;
  voluntary_switches: number;
  involuntary_switches: number;
}

export type UsageReading = Map<number, ProcessCounts>;

export interface Usage {
  user_s: number;
  system_s: number;
  voluntary_switches: number;
  involuntary_switches: number;
}

/** Of the process `pid` and its descendants; empty where it has ended. */
export function readUsage(pid: number): UsageReading {
  const parents = readParents();
  const reading: UsageReading = new Map();
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const counts = readProcess(next);
    if (counts !== null) reading.set(next, counts);
    for (const [child, parent] of parents) if (parent === next) waiting.push(child);
  }
  return reading;
}

/** Processor time of the children of this process that have ended, in s: in hundredths. */
export function reapedS(): number {
  return (readProcess(process.pid)?.reaped_ns ?? 0) / 1e9;
}

/** All threads of a reading. */
export function threadsOf(reading: UsageReading): number[] {
  return [...reading.values()].flatMap(({ threads }) => [...threads.keys()]);
}

/** What was used between two readings. A process that ended between them is in its parent's count, if anywhere. */
export function usedBetween(before: UsageReading, after: UsageReading): Usage {
  const used: Usage = { user_s: 0, system_s: 0, voluntary_switches: 0, involuntary_switches: 0 };
  let reaped_ns = 0;
  for (const [pid, counts] of after) {
    const earlier = before.get(pid);
    reaped_ns += counts.reaped_ns - (earlier?.reaped_ns ?? 0);
    const user_ns = counts.user_ns - (earlier?.user_ns ?? 0);
    const system_ns = counts.system_ns - (earlier?.system_ns ?? 0);
    const ran_ns = ranBetween(earlier, counts) ?? user_ns + system_ns;
    // Ticks say which share was whose; of less than one, the time before it does.
    const [user, system] =
      user_ns + system_ns > 0 ? [user_ns, system_ns] : [counts.user_ns, counts.system_ns];
    const userShare = user + system > 0 ? user / (user + system) : 1;
    used.user_s += (ran_ns * userShare) / 1e9;
    used.system_s += (ran_ns * (1 - userShare)) / 1e9;
    for (const [thread, now] of counts.threads) {
      const then = earlier?.threads.get(thread);
      used.voluntary_switches += now.voluntary_switches - (then?.voluntary_switches ?? 0);
      used.involuntary_switches += now.involuntary_switches - (then?.involuntary_switches ?? 0);
    }
  }
  for (const [pid, { user_ns, system_ns }] of before) {
    if (!after.has(pid)) reaped_ns -= user_ns + system_ns;
  }
  used.user_s += Math.max(0, reaped_ns) / 1e9;
  return used;
}

/** Null where the kernel keeps ticks alone. */
function ranBetween(before: ProcessCounts | undefined, after: ProcessCounts): number | null {
  let sum = 0;
  for (const [thread, { ran_ns }] of after.threads) {
    if (ran_ns === null) return null;
    sum += ran_ns - (before?.threads.get(thread)?.ran_ns ?? 0);
  }
  return sum;
}

function readParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = readFields(`/proc/${name}/stat`);
    if (fields !== null) parents.set(Number(name), fields[PPID]);
  }
  return parents;
}

function readProcess(pid: number): ProcessCounts | null {
  const fields = readFields(`/proc/${pid}/stat`);
  if (fields === null) return null;
  const threads = new Map<number, ThreadCounts>();
  for (const thread of readThreads(pid)) {
    const folder = `/proc/${pid}/task/${thread}`;
    const status = readOrNull(`${folder}/status`);
    if (status === null) continue;
    const switches = (kind: string): number =>
      Number(new RegExp(`^${kind}_ctxt_switches:\\s*(\\d+)$`, 'm').exec(status)?.[1] ?? 0);
    const ran = readOrNull(`${folder}/schedstat`)?.split(' ')[0];
    threads.set(Number(thread), {
      ran_ns: ran === undefined ? null : Number(ran),
      voluntary_switches: switches('voluntary'),
      involuntary_switches: switches('nonvoluntary'),
    });
  }
  return {
    threads,
    user_ns: fields[UTIME] * NS_PER_TICK,
    system_ns: fields[STIME] * NS_PER_TICK,
    reaped_ns: (fields[CUTIME] + fields[CSTIME]) * NS_PER_TICK,
  };
}

function readThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** What stands behind the name, which is in brackets and may hold spaces; null where the process has ended. */
function readFields(file: string): number[] | null {
  const stat = readOrNull(file);
  return stat === null
    ? null
    : stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
}

/** Null where there is no such file, or no such process any more. */
export function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
