/** The time of day (CLOCK_REALTIME) beside the monotonic clock, as one number of ns. */
import { mapAnonymous } from './memory/anonymous.ts';
import { libc } from './native/libc.ts';

const clockGettime = libc.func('clock_gettime', 'int', ['int', 'uintptr_t']);

const CLOCK_REALTIME = 0;
const NS_PER_S = 1_000_000_000n;
/** The shortest of so many readings is hardly ever interrupted. */
const READINGS = 10;

/**
 * The time of day minus CLOCK_MONOTONIC, in ns, as it is now: somebody may set the one and not the other. Wrong by half
 * of the shortest reading, some hundred ns.
 */
export function timeOfDayOriginNs(): bigint {
  const memory = mapAnonymous(4096);
  try {
    // struct timespec: two longs, of 8 bytes on the machines that we run on.
    const time = new BigInt64Array(memory.bytes.buffer, memory.bytes.byteOffset, 2);
    let shortestNs: bigint | null = null;
    let originNs = 0n;
    for (let reading = 0; reading < READINGS; reading++) {
      const before = process.hrtime.bigint();
      clockGettime(CLOCK_REALTIME, memory.address);
      const after = process.hrtime.bigint();
      if (shortestNs !== null && after - before >= shortestNs) continue;
      shortestNs = after - before;
      originNs = (time[0] as bigint) * NS_PER_S + (time[1] as bigint) - (before + after) / 2n;
    }
    return originNs;
  } finally {
    memory.unmap();
  }
}
