/**
 * The monotonic clock in nanoseconds as a plain number, read without allocating: clock_gettime writes into
 * mapped memory and two integers are read back. process.hrtime.bigint() makes a BigInt per reading.
 */
import { mapAnonymous } from './memory/anonymous.ts';
import { libc } from './native/libc.ts';

const clockGettime = libc.func('clock_gettime', 'int', ['int', 'uintptr_t']);
const CLOCK_MONOTONIC = 1;

const timespec = mapAnonymous(4096);
const address = timespec.address;
const words = new Uint32Array(timespec.bytes.buffer, 0, 4);

/** Nanoseconds since boot, monotonic; exact for the first 104 days of uptime (2^53 ns). */
export function nowNs(): number {
  clockGettime(CLOCK_MONOTONIC, address);
  return words[0] * 1e9 + words[2];
}
