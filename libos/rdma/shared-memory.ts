/**
 * The names of shm endpoints. Each is a file of shared memory, which its process removes when it closes the
 * endpoint; one that was killed leaves it behind. So ours have names that say whose they were, and whoever
 * comes next removes those of the dead.
 */
import { readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

const FOLDER = '/dev/shm';
/** Numbers of processes come again, and a peer may still know the one before by its name. */
const START = Date.now().toString(36);

/** Endpoints of this thread so far. */
let claimed = 0;

/** A name for an endpoint of this process, after those of processes that are gone were removed. */
export function claimSharedMemory(): string {
  const prefix = namePrefix();
  for (const name of readdirSync(FOLDER)) {
    const [, pid] = name.startsWith(prefix) ? (/^(\d+)\b/.exec(name.slice(prefix.length)) ?? []) : [];
    if (pid !== undefined && isGone(Number(pid))) rmSync(join(FOLDER, name), { force: true });
  }
  return `${prefix}${process.pid}-${START}-${threadId}-${claimed++}`;
}

/** Asked of the kernel: of another user's process /proc may show nothing. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Whether it is the address of an endpoint of ours, in whatever namespace; shm adds numbers and a zero. */
export function isShmAddress(address: Uint8Array): boolean {
  const text = Buffer.from(address).toString('latin1');
  return /^fi_shm:\/\/bypassbench-\d+-\d+-[0-9a-z]+-\d+-\d+(:\d+)*\0$/.test(text);
}

/** The process whose endpoint has this address, or 0 where that cannot be known. */
export function processOfAddress(address: Uint8Array): number {
  const [, name = ''] = Buffer.from(address).toString('latin1').split('://');
  const prefix = namePrefix();
  const [, pid = '0'] = name.startsWith(prefix) ? (/^(\d+)-/.exec(name.slice(prefix.length)) ?? []) : [];
  return Number(pid);
}

/** A number of a process means something only in its own namespace; several may share the folder. */
function namePrefix(): string {
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  return `bypassbench-${namespace}-`;
}
