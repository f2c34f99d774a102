/**
 * The processor's counters of some threads: cycles, instructions, cache misses (perf_event_open(2)). Threads and
 * processes that those start later are counted too.
 */
import { closeSync, readSync } from 'node:fs';
import { mapAnonymous } from './memory/anonymous.ts';
import { errno, errnoName, libc } from './native/libc.ts';

const syscall = libc.func('syscall', 'long', ['long', 'uintptr_t', 'int', 'int', 'int', 'ulong']);

/** Number of perf_event_open by architecture (asm/unistd.h). */
const NUMBERS: Partial<Record<NodeJS.Architecture, number>> = { x64: 298, arm64: 241 };

/** Of struct perf_event_attr (linux/perf_event.h): its first version, and where its fields are. */
const ATTR_BYTES = 64;
const [SIZE, CONFIG, READ_FORMAT, FLAGS] = [4, 8, 32, 40];
/** PERF_FORMAT_TOTAL_TIME_ENABLED and _RUNNING: there may be fewer counters than are asked for, in turns. */
const WITH_TIMES = 3;
/** inherit, exclude_hv. */
const INHERIT_WITHOUT_HYPERVISOR = (1 << 1) | (1 << 6);
const CLOSE_ON_EXEC = 8;
/** PERF_COUNT_HW_CPU_CYCLES, _INSTRUCTIONS, _CACHE_MISSES. */
const EVENTS = { cycles: 0, instructions: 1, cache_misses: 3 } as const;

export type CounterName = keyof typeof EVENTS;
export type Counts = Record<CounterName, number>;

export class HardwareCounters {
  /** Descriptors of each event, one a thread. */
  readonly #descriptors: Record<CounterName, number[]> = { cycles: [], instructions: [], cache_misses: [] };
  readonly #reading = new BigUint64Array(3);

  /** Counts from now on. Returns half a sentence where that cannot be, with the remedy. */
  static open(threads: readonly number[]): HardwareCounters | string {
    const counters = new HardwareCounters();
    const problem = counters.#open(threads);
    if (problem === null) return counters;
    counters.close();
    return problem;
  }

  /** Of all threads together, so far. */
  read(): Counts {
    const total = (name: CounterName): number =>
      this.#descriptors[name].reduce((sum, descriptor) => sum + this.#count(descriptor), 0);
    return {
      cycles: total('cycles'),
      instructions: total('instructions'),
      cache_misses: total('cache_misses'),
    };
  }

  close(): void {
    for (const descriptors of Object.values(this.#descriptors)) {
      for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
    }
  }

  #open(threads: readonly number[]): string | null {
    const number = NUMBERS[process.arch];
    if (number === undefined) return `the number of perf_event_open is not known for ${process.arch}`;
    const attr = mapAnonymous(4096);
    try {
      const view = new DataView(attr.bytes.buffer, attr.bytes.byteOffset, ATTR_BYTES);
      view.setUint32(SIZE, ATTR_BYTES, true);
      view.setUint32(READ_FORMAT, WITH_TIMES, true);
      view.setUint32(FLAGS, INHERIT_WITHOUT_HYPERVISOR, true);
      for (const name of Object.keys(EVENTS) as CounterName[]) {
        view.setUint32(CONFIG, EVENTS[name], true);
        for (const thread of threads) {
          const descriptor = Number(syscall(number, attr.address, thread, -1, -1, CLOSE_ON_EXEC));
          // A thread may have ended since it was seen.
          if (descriptor < 0 && errnoName(errno()) === 'ESRCH') continue;
          if (descriptor < 0) return whyNot(errnoName(errno()));
          this.#descriptors[name].push(descriptor);
        }
      }
      return null;
    } finally {
      attr.unmap();
    }
  }

  /** Extrapolated to the whole time, where the counter was another event's for a part of it. */
  #count(descriptor: number): number {
    readSync(descriptor, this.#reading);
    const [count, enabled, running] = [...this.#reading].map(Number);
    return running === 0 ? 0 : count * (enabled / running);
  }
}

function whyNot(error: string): string {
  if (error === 'EACCES' || error === 'EPERM') {
    return 'the kernel keeps the counters to root: run as root, or set kernel.perf_event_paranoid to 1';
  }
  if (error === 'ENOENT' || error === 'EOPNOTSUPP' || error === 'ENODEV') {
    return 'this machine has no counters: a virtual one has them where its host passes them on';
  }
  return `perf_event_open failed with ${error}`;
}
