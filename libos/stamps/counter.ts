/**
 * Whether two cores' counters are one clock: whether the processor says that they run at one rate whatever it
 * does, and how far they are apart, by asking back and forth between the cores.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { mapAnonymous } from '../memory/anonymous.ts';
import { stampGlue } from './glue.ts';

export interface CounterCheck {
  /** What the processor does not say of itself though it should; empty where the counter is invariant. */
  missing_flags: string[];
  /**
   * How far the second core's counter is ahead of the first one's, and by how much that may be wrong. Null:
   * not measured.
   */
  offset_ns: number | null;
  bound_ns: number | null;
}

const RATE_MS = 2;

/** Takes some ten milliseconds of both cores. Throws BACKEND_UNAVAILABLE where the glue is not built. */
export function checkCounter(firstCore: number, secondCore: number): CounterCheck {
  const missing_flags = missingFlags();
  const offset = new Float64Array(1);
  const bound = new Float64Array(1);
  const unmeasured = firstCore === secondCore || availableParallelism() < 2;
  if (unmeasured || stampGlue().skew(firstCore, secondCore, offset, bound) !== 0) {
    return { missing_flags, offset_ns: null, bound_ns: null };
  }
  const ns_per_count = nsPerCount();
  return { missing_flags, offset_ns: offset[0] * ns_per_count, bound_ns: bound[0] * ns_per_count };
}

/** The generic timer of arm64 is invariant by its architecture. */
export function missingFlags(): string[] {
  if (process.arch !== 'x64') return [];
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
  return ['constant_tsc', 'nonstop_tsc'].filter((flag) => !flags.includes(flag));
}

function nsPerCount(): number {
  const memory = mapAnonymous(4096);
  const counts = new BigUint64Array(memory.bytes.buffer, memory.bytes.byteOffset, 4);
  const times = new Float64Array(memory.bytes.buffer, memory.bytes.byteOffset, 4);
  const glue = stampGlue();
  glue.writeClocks(memory.address, memory.address + 8);
  const untilMs = performance.now() + RATE_MS;
  while (performance.now() < untilMs);
  glue.writeClocks(memory.address + 16, memory.address + 24);
  const rate = (times[3] - times[1]) / Number(counts[2] - counts[0]);
  memory.unmap();
  return rate;
}
