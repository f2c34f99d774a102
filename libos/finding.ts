/**
 * What `bypassbench doctor` finds: each backend examines its own part, and this file what all of them stand
 * on.
 */
import { availableParallelism } from 'node:os';
import { currentCores } from './affinity.ts';
import { isGlueBuilt } from './native/glue.ts';
import { checkCounter, missingFlags } from './stamps/counter.ts';

export interface DoctorFinding {
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

export function* examineMachine(): Generator<DoctorFinding> {
  yield examineNode();
  yield examineCores();
  yield examineClock();
}

function examineNode(): DoctorFinding {
  const works = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR;
  const found = `${process.versions.node} on ${process.platform} ${process.arch}`;
  return {
    what: 'Node',
    works,
    found,
    remedy: works ? null : 'run node scripts/setup.mjs, which installs the Node of this project',
  };
}

function examineCores(): DoctorFinding {
  const cores = availableParallelism();
  return {
    what: 'cores',
    works: cores >= 2,
    found: `${cores}`,
    remedy: cores >= 2 ? null : 'server and client both poll: give this machine two cores at least',
  };
}

/**
 * The glues take the time from the counter, and stages of a latency are differences between that of two
 * cores.
 */
function examineClock(): DoctorFinding {
  const missing = missingFlags();
  const found = missing.length === 0 ? ['invariant counter'] : [`no ${missing.join(', no ')}`];
  const [first, second] = currentCores();
  if (first !== undefined && second !== undefined && isGlueBuilt('stamps')) {
    const { offset_ns, bound_ns } = checkCounter(first, second);
    found.push(
      offset_ns === null
        ? `cores ${first} and ${second} could not be compared`
        : `core ${second} is ${Math.abs(offset_ns).toFixed(0)} ns ${offset_ns < 0 ? 'behind' : 'ahead of'} core ${first}, give or take ${bound_ns!.toFixed(0)} ns`,
    );
  }
  return {
    what: 'clock',
    works: missing.length === 0,
    found: found.join('; '),
    remedy: missing.length === 0 ? null : 'timers may run fast or slow; use another machine for measurements',
  };
}
