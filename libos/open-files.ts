/** How many files a process may have open: connections over the kernel are some. */
import { readFileSync } from 'node:fs';

/**
 * The hard limit, to which Node raises its own when it starts, and a child may raise its. Infinity where there is none
 * (proc(5), /proc/PID/limits).
 */
export function openFilesLimit(): number {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return hard === undefined || hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}
