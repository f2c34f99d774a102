/** Calls of Linux that Node does not offer: locks that end with their holder, who gets orphans, clocks in ns. */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { ExperimentError } from '../errors.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const NS_PER_S = 1_000_000_000n;

interface Calls {
  flock(fd: number, operation: number): number;
  prctl(option: number, value: number, unused3: number, unused4: number, unused5: number): number;
  waitpid(pid: number, status: null, options: number): number;
  clock_gettime(clock: number, time: Buffer): number;
}

let loaded: Calls | null = null;

function calls(): Calls {
  if (loaded !== null) return loaded;
  try {
    const libc = koffi.load('libc.so.6');
    loaded = {
      flock: libc.func('int flock(int fd, int operation)'),
      prctl: libc.func('int prctl(int option, ulong value, ulong unused3, ulong unused4, ulong unused5)'),
      waitpid: libc.func('int waitpid(int pid, void *status, int options)'),
      clock_gettime: libc.func('int clock_gettime(int clock, void *time)'),
    };
    return loaded;
  } catch (error) {
    const { message } = error as Error;
    throw new ExperimentError(
      'MACHINE_UNSUPPORTED',
      `libc.so.6 cannot be loaded (${message}): experiments run on Linux with glibc`,
      { cause: error },
    );
  }
}

/**
 * Locks a folder (flock(2)) until `release` is called or this process ends, however that happens. Null where another
 * process holds the lock. File systems that have no such locks refuse: then the lock is `unknown`.
 */
export function lockFolder(folder: string): { release(): void } | 'unknown' | null {
  const fd = openSync(folder, 'r');
  if (calls().flock(fd, LOCK_EX | LOCK_NB) === 0) return { release: () => closeSync(fd) };
  const isHeld = koffi.errno() === koffi.os.errno.EWOULDBLOCK;
  closeSync(fd);
  return isHeld ? null : 'unknown';
}

/** Orphans among the descendants of this process become its children, not those of init (prctl(2)). */
export function adoptOrphans(): void {
  calls().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/** Lets go of a child that has ended and that Node does not know. */
export function reap(pid: number): void {
  calls().waitpid(pid, null, WNOHANG);
}

/** Time of day and time since a moment of the past, in ns, as decimal numbers. */
export function readClocks(): { realtime_ns: string; monotonic_ns: string } {
  return { realtime_ns: `${clockNs(CLOCK_REALTIME)}`, monotonic_ns: `${clockNs(CLOCK_MONOTONIC)}` };
}

/** struct timespec has two longs, of 8 bytes on the machines that we run on. */
function clockNs(clock: number): bigint {
  const time = Buffer.alloc(16);
  calls().clock_gettime(clock, time);
  return time.readBigInt64LE(0) * NS_PER_S + time.readBigInt64LE(8);
}
