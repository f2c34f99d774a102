/**
 * The names of shm endpoints. Each is a file of shared memory, which its process removes when it closes the endpoint; one
 * that was killed leaves it behind. So ours have names that tell whose they were, and whoever comes next removes those of
 * the dead.
 */
import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = '/dev/shm';
/** Numbers of processes come again. */
const START = Date.now().toString(36);

/** The name for an endpoint of this process, after those of processes that are gone were removed. */
export function claimSharedMemory(): string {
  for (const name of readdirSync(FOLDER)) {
    if (isOfTheDead(name)) rmSync(join(FOLDER, name), { force: true });
  }
  return `${prefix()}${process.pid}-${START}`;
}

/** Whether a name, or an address that has it in it, is that of a process of ours which is not there any more. */
export function isOfTheDead(name: string): boolean {
  const [, rest] = name.split(prefix());
  const pid = rest === undefined ? undefined : /^(\d+)\b/.exec(rest)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

/** A number of a process means something only in its own namespace; several may share the folder. */
function prefix(): string {
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  return `bypassbench-${namespace}-`;
}
