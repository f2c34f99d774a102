/** What /proc says of the processes of this machine (proc(5), /proc/PID/stat). */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessEntry {
  pid: number;
  parent: number;
  /** The leader of its session. */
  session: number;
  /** The program's name, of 15 characters at most. */
  name: string;
  /** It has ended, and its parent does not know yet. */
  isZombie: boolean;
}

export function readProcess(pid: number | 'self'): ProcessEntry | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The name may hold anything, parentheses too.
  const [, id, name, rest] = /^(\d+) \((.*)\) (.*)$/s.exec(stat) ?? [];
  if (id === undefined || name === undefined || rest === undefined) return null;
  const [state, parent, , session] = rest.split(' ');
  return {
    pid: Number(id),
    parent: Number(parent),
    session: Number(session),
    name,
    isZombie: state === 'Z' || state === 'X',
  };
}

export function readProcesses(): ProcessEntry[] {
  return readdirSync('/proc').flatMap((entry) =>
    /^\d+$/.test(entry) ? (readProcess(Number(entry)) ?? []) : [],
  );
}

/** Children of these processes, their children, and so on; nearest first. */
export function descendantsOf(roots: readonly number[], processes: readonly ProcessEntry[]): ProcessEntry[] {
  const found: ProcessEntry[] = [];
  for (let parents = new Set(roots); parents.size > 0; ) {
    const children = processes.filter(
      ({ parent, pid }) => parents.has(parent) && !found.some((one) => one.pid === pid),
    );
    found.push(...children);
    parents = new Set(children.map(({ pid }) => pid));
  }
  return found;
}

/** `redis-server (process 4242)` */
export function processInWords({ name, pid }: Pick<ProcessEntry, 'name' | 'pid'>): string {
  return `${name} (process ${pid})`;
}
