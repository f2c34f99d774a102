/**
 * What took processor time from a measurement, by the kernel's own counts before and after it: time stolen by
 * the hypervisor (proc(5), /proc/stat), time throttled by a control group's limit (cgroup v2, cpu.stat), and
 * how often the server's threads were taken off their cores (proc(5), /proc/PID/task/TID/status).
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Interference } from '../../results/formats/index.ts';

/** Time in /proc/stat is counted in USER_HZ, which is 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Of a line of /proc/stat, behind the core's name. */
const STEAL = 7;

export interface TakenTime {
  /** By core. */
  steal_s: Record<string, number>;
  throttled_s: number | null;
  involuntary_switches: number | null;
}

/** Reads the counts for these cores, and for the threads of a process where there is one. */
export async function readCounts(cores: readonly number[], pid: number | null): Promise<TakenTime> {
  const [steal_s, throttled_s, involuntary_switches] = await Promise.all([
    readSteal(cores),
    readThrottled(),
    pid === null ? null : readInvoluntarySwitches(pid),
  ]);
  return { steal_s, throttled_s, involuntary_switches };
}

/** Those of several hosts, each with a prefix for its cores, as one. */
export function together(counts: readonly { prefix: string; counts: TakenTime }[]): TakenTime {
  const added = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  };
  const all = counts.map((one) => one.counts);
  const steal = counts.flatMap(({ prefix, counts: { steal_s } }) =>
    Object.entries(steal_s).map(([core, seconds]) => [`${prefix}${core}`, seconds] as const),
  );
  return {
    steal_s: Object.fromEntries(steal),
    throttled_s: added(all.map(({ throttled_s }) => throttled_s)),
    involuntary_switches: added(all.map(({ involuntary_switches }) => involuntary_switches)),
  };
}

/** What happened between two readings. */
export function interference(before: TakenTime, after: TakenTime): Interference {
  const difference = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : Math.max(0, to - from);
  return {
    steal_s: Object.fromEntries(
      Object.keys(before.steal_s).map((core) => [
        core,
        round(difference(before.steal_s[core], after.steal_s[core])!),
      ]),
    ),
    throttled_s: difference(before.throttled_s, after.throttled_s),
    server_involuntary_switches: difference(before.involuntary_switches, after.involuntary_switches),
  };
}

function round(seconds: number): number {
  return Math.round(seconds * TICKS_PER_SECOND) / TICKS_PER_SECOND;
}

async function readSteal(cores: readonly number[]): Promise<Record<string, number>> {
  const stat = await readFile('/proc/stat', 'utf8');
  return Object.fromEntries(
    cores.map((core) => {
      const fields = new RegExp(`^cpu${core} (.*)$`, 'm').exec(stat)?.[1]?.trim().split(' ') ?? [];
      return [String(core), Number(fields[STEAL] ?? 0) / TICKS_PER_SECOND];
    }),
  );
}

async function readThrottled(): Promise<number | null> {
  const group = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  const path = /^0::(.*)$/m.exec(group)?.[1];
  return path === undefined ? null : throttledIn(path, '/sys/fs/cgroup');
}

/**
 * By the limits of a control group and of those that it lies in, each of which counts what its own limit did,
 * in seconds; null where none of them counts.
 */
export async function throttledIn(group: string, mount: string): Promise<number | null> {
  let total: number | null = null;
  for (let path = join('/', group); ; path = dirname(path)) {
    const stat = await readFile(join(mount, path, 'cpu.stat'), 'utf8').catch(() => '');
    const usec = /^throttled_usec (\d+)$/m.exec(stat)?.[1];
    if (usec !== undefined) total = (total ?? 0) + Number(usec) / 1e6;
    if (path === '/') return total;
  }
}

/** Null where the process has ended. */
async function readInvoluntarySwitches(pid: number): Promise<number | null> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const counts = await Promise.all(
    threads.map(async (thread) => {
      const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => '');
      return Number(/^nonvoluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1] ?? 0);
    }),
  );
  return threads.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}
