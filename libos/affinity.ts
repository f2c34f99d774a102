/** Pins the calling thread to one core, and lists the cores that it may run on. */
import { LibosError } from './errors.ts';
import { mapAnonymous } from './memory/anonymous.ts';
import { libc } from './native/libc.ts';

const schedSetaffinity = libc.func('sched_setaffinity', 'int', ['int', 'size_t', 'uintptr_t']);
const schedGetaffinity = libc.func('sched_getaffinity', 'int', ['int', 'size_t', 'uintptr_t']);

/** Size of glibc's cpu_set_t in bytes: 1,024 cores. */
const CPU_SET_BYTES = 128;

/** Pins the calling thread to `core`. Throws INVALID_ARGUMENT when this process may not run there. */
export function pinThread(core: number): void {
  const cpuSet = mapAnonymous(4096);
  try {
    const inRange = Number.isInteger(core) && core >= 0 && core < CPU_SET_BYTES * 8;
    if (inRange) cpuSet.bytes[core >> 3] = 1 << (core & 7);
    if (!inRange || schedSetaffinity(0, CPU_SET_BYTES, cpuSet.address) !== 0) {
      const detail = `core ${core} is not one that this process may run on: choose another (--core); see nproc and taskset -p`;
      throw new LibosError('INVALID_ARGUMENT', 'pin', -1, detail);
    }
  } finally {
    cpuSet.unmap();
  }
}

/** The cores that the calling thread may run on now, in order. */
export function currentCores(): number[] {
  const cpuSet = mapAnonymous(4096);
  try {
    schedGetaffinity(0, CPU_SET_BYTES, cpuSet.address);
    const cores: number[] = [];
    for (let core = 0; core < CPU_SET_BYTES * 8; core++) {
      if (cpuSet.bytes[core >> 3] & (1 << (core & 7))) cores.push(core);
    }
    return cores;
  } finally {
    cpuSet.unmap();
  }
}
