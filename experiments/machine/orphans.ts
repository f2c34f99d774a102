/**
 * Processes that a server has left in a session of their own (setsid(2), a daemon): no signal to its process group
 * reaches them. This process adopts them (see linux.ts), so they are found among its descendants.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { reap } from './linux.ts';
import { descendantsOf, type ProcessEntry, readProcess, readProcesses } from './process-table.ts';

/** How long the kernel may take to end a process that was killed. */
const PATIENCE_MS = 2000;
const LOOK_EVERY_MS = 5;

/**
 * Kills them and waits until they are gone; returns which they were. What `running` names, and what that has started,
 * is left alone; so is what is in this process's own session.
 */
export async function endOrphans(running: readonly number[]): Promise<ProcessEntry[]> {
  const ended: ProcessEntry[] = [];
  const until = performance.now() + PATIENCE_MS;
  // What an orphan has started becomes an orphan when that has been killed: until there is none.
  for (;;) {
    const orphans = findOrphans(running);
    const alive = orphans.filter(({ isZombie }) => !isZombie);
    for (const { pid, isZombie } of orphans) {
      if (isZombie) reap(pid);
      else kill(pid);
    }
    for (const one of alive) if (!ended.some(({ pid }) => pid === one.pid)) ended.push(one);
    if (alive.length === 0 || performance.now() > until) return ended;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Kills all at once, without waiting: for a process that ends. */
export function killDescendants(): void {
  for (const { pid, isZombie } of findOrphans([])) if (!isZombie) kill(pid);
}

function findOrphans(running: readonly number[]): ProcessEntry[] {
  const processes = readProcesses();
  const own = readProcess('self')?.session;
  const kept = new Set([...running, ...descendantsOf(running, processes).map(({ pid }) => pid)]);
  return descendantsOf([process.pid], processes).filter(
    ({ pid, session }) => session !== own && !kept.has(pid),
  );
}

/** One that has ended, or that somebody else's rights protect, stays what it is. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
