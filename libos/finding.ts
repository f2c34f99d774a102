/** What `bypassbench doctor` finds: each backend examines its own part, and this file what all of them stand on. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export interface Finding {
  what: string;
  /** Null: a fact that nothing hangs on. */
  works: boolean | null;
  /** What was found. */
  found: string;
  /** What to do, or null when there is nothing to be done. */
  remedy: string | null;
}

/** The oldest Node that runs TypeScript files by itself. */
const NODE_MAJOR = 24;

export function* examineMachine(): Generator<Finding> {
  yield examineNode();
  yield examineCores();
  yield examineClock();
}

function examineNode(): Finding {
  const works = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR;
  const found = `${process.versions.node} on ${process.platform} ${process.arch}`;
  return {
    what: 'Node',
    works,
    found,
    remedy: works ? null : 'run node scripts/setup.mjs, which installs the Node of this project',
  };
}

function examineCores(): Finding {
  const cores = availableParallelism();
  return {
    what: 'cores',
    works: cores >= 2,
    found: `${cores}`,
    remedy: cores >= 2 ? null : 'server and client both poll: give this machine two cores at least',
  };
}

/** The glues take the time from the time-stamp counter. */
function examineClock(): Finding {
  if (process.arch !== 'x64') {
    return { what: 'clock', works: true, found: 'the generic timer, which is invariant', remedy: null };
  }
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
  const missing = ['constant_tsc', 'nonstop_tsc'].filter((flag) => !flags.includes(flag));
  return {
    what: 'clock',
    works: missing.length === 0,
    found: missing.length === 0 ? 'invariant time-stamp counter' : `no ${missing.join(', no ')}`,
    remedy: missing.length === 0 ? null : 'timers may run fast or slow; use another machine for measurements',
  };
}
