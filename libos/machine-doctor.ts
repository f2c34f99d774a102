/** What `bypassbench doctor` finds of the machine, on which all backends stand. */
import { availableParallelism } from 'node:os';
import { currentCores } from './affinity.ts';
import { surveyDistance } from './distance/survey.ts';
import { coreRelation, describeRelation } from './distance/topology.ts';
import type { LibosError } from './errors.ts';
import type { DoctorFinding } from './finding.ts';
import { isGlueBuilt } from './native/glue.ts';
import { checkCounter, missingFlags } from './stamps/counter.ts';
import { stampGlueSource } from './stamps/glue.ts';

/** The oldest Node that runs TypeScript files by itself. */
const NODE_MAJOR = 24;

export async function* examineMachine(): AsyncGenerator<DoctorFinding> {
  yield examineNode();
  yield examineCores();
  yield examineClock();
  yield await examineDistance();
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
  if (first !== undefined && second !== undefined && isGlueBuilt(stampGlueSource)) {
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

const DISTANCE_S = 0.3;

/** What two programs take that talk through memory, on one and the same machine, depends on it. */
async function examineDistance(): Promise<DoctorFinding> {
  const what = 'distance';
  const [first, second] = currentCores();
  if (first === undefined || second === undefined) {
    const remedy = 'give this machine two cores at least';
    return { what, works: false, found: 'unknown: there is one core only', remedy };
  }
  try {
    const { helper, median_ns } = await surveyDistance({ cores: [first, second], seconds: DISTANCE_S });
    const read = median_ns.filter((ns) => ns !== null).sort((a, b) => a - b);
    if (read.length === 0) {
      const found = `unknown: a helper did not get core ${second} in ${DISTANCE_S} s`;
      return { what, works: false, found, remedy: 'something takes all of that core: see top' };
    }
    const ns = read[read.length >> 1].toFixed(0);
    const place = describeRelation(coreRelation(first, second));
    const found = `a cache line takes ${ns} ns now from core ${first} to core ${second} and back; ${place}`;
    if (helper === 'real_time') {
      return { what, works: true, found: `${found}; the helper has a real-time priority`, remedy: null };
    }
    const remedy =
      'readings wait for a busy core: allow a real-time priority (ulimit -r 1; limits.conf: rtprio), or run as root';
    return { what, works: null, found: `${found}; the helper is scheduled as any thread`, remedy };
  } catch (error) {
    const { message } = error as LibosError;
    return { what, works: false, found: `unknown: ${message}`, remedy: 'node scripts/setup.mjs' };
  }
}
