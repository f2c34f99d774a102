/**
 * What kept a data path from running: collections of garbage, by Node's own account, and gaps between two
 * readings of the clock in a loop that otherwise reads it every few microseconds, with how often the thread
 * was taken off its core meanwhile (getrusage(2), RUSAGE_THREAD). Times are those of CLOCK_MONOTONIC in
 * nanoseconds, the same for all processes of a machine.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { nowNs } from './clock.ts';
import { mapAnonymous } from './memory/anonymous.ts';
import { libc } from './native/libc.ts';

const getrusage = libc.func('getrusage', 'int', ['int', 'uintptr_t']);
const RUSAGE_THREAD = 1;
/** Of struct rusage: two struct timeval, then fourteen longs, of which ru_nivcsw is the last. */
const RUSAGE_BYTES = 144;
const NIVCSW = (RUSAGE_BYTES - 8) / 8;

/** An entry of type gc. The types of Node leave its detail out. */
type GcEntry = { startTime: number; duration: number; detail: { kind: number } };

export interface GapLimits {
  /** Longer than any turn of a loop that finds nothing. */
  gapNs: number;
  /**
   * What data may take that was handed out or pushed, in libOS, kernel and application: so much longer a turn
   * is that had some.
   */
  workNs: number;
  workNsPerByte: number;
}

/**
 * A gap is shorter than what the operating system takes a thread off for. The work is about twice what it takes on a
 * slow core; with more, a thread that is taken off for a millisecond would not show in a turn of some twenty requests.
 */
const usualLimits: GapLimits = { gapNs: 50_000, workNs: 5_000, workNsPerByte: 5 };
/** How often the switches are looked at where there are no gaps, so that those of before are not a gap's. */
const USAGE_EVERY_NS = 1_000_000;
const MAX_GAPS = 16_384;

export interface PauseTimes {
  /** Start, length, and what V8 calls it. */
  gc: { start_ns: number; duration_ns: number; kind: string }[];
  /** Gaps of 50 us and more, or of what the log was told. */
  gaps: { start_ns: number; duration_ns: number; involuntary_switches: number }[];
  /** Gaps beyond those that there was room for. */
  gaps_lost: number;
  /** Of the thread, in the window that was opened and closed, else from the start of the log to its end. */
  involuntary_switches: number;
}

export class PauseLog {
  readonly #gapNs: number;
  readonly #workPerItemNs: number;
  readonly #workPerByteNs: number;
  readonly #usage = mapAnonymous(4096);
  readonly #counts = new BigInt64Array(
    this.#usage.bytes.buffer,
    this.#usage.bytes.byteOffset,
    RUSAGE_BYTES / 8,
  );
  readonly #starts = new Float64Array(MAX_GAPS);
  readonly #durations = new Float64Array(MAX_GAPS);
  readonly #switches = new Float64Array(MAX_GAPS);
  readonly #gc: PauseTimes['gc'] = [];
  readonly #observer: PerformanceObserver;
  /** Of this thread's clock, in CLOCK_MONOTONIC. */
  readonly #originNs: number;
  #switchesAtStart: number;
  #switchesAtEnd: number | null = null;
  #switchesSeen: number;
  #gaps = 0;
  #lost = 0;
  #stoodStillNs = 0;
  #lastNs = nowNs();
  #usageNs = 0;
  /** What may have been worked since the clock was looked at last, and between that and the look before, in ns. */
  #workNs = 0;
  #workBeforeNs = 0;

  constructor({ gapNs, workNs, workNsPerByte }: GapLimits = usualLimits) {
    this.#gapNs = gapNs;
    this.#workPerItemNs = workNs;
    this.#workPerByteNs = workNsPerByte;
    this.#originNs = monotonicOriginNs(() => Number(process.hrtime.bigint()), nowNs);
    this.#switchesAtStart = this.#involuntarySwitches();
    this.#switchesSeen = this.#switchesAtStart;
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as GcEntry[]) {
        const { kind } = entry.detail;
        this.#gc.push({
          start_ns: Math.round(this.#originNs + entry.startTime * 1e6),
          duration_ns: Math.round(entry.duration * 1e6),
          kind: kindNames[kind] ?? `kind ${kind}`,
        });
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Told of every reading of the clock (nowNs) in the data path's loop. */
  look(nowNs: number): void {
    if (nowNs - this.#lastNs >= this.#gapNs + this.#workNs + this.#workBeforeNs) this.#note(nowNs);
    else if (nowNs - this.#usageNs >= USAGE_EVERY_NS) this.#refreshSwitches(nowNs);
    this.#lastNs = nowNs;
    this.#workBeforeNs = this.#workNs;
    this.#workNs = 0;
  }

  /** All gaps so far, in ns. */
  get stoodStillNs(): number {
    return this.#stoodStillNs;
  }

  /**
   * So many bytes were pushed or handed out, or a connection was: that takes its time, and is no gap. What is
   * handed out before a look is handled after it.
   */
  worked(bytes: number): void {
    this.#workNs += this.#workPerItemNs + this.#workPerByteNs * bytes;
  }

  /** What lies between the last reading of the clock and now is no pause. */
  resume(): void {
    this.#workNs = 0;
    this.#workBeforeNs = 0;
    do this.#lastNs = nowNs();
    while (!this.#refreshSwitches(this.#lastNs));
  }

  /** The same of a loop that slept: at the price of a reading of the clock, which is `nowNs`. */
  woke(nowNs: number): void {
    this.#workNs = 0;
    this.#workBeforeNs = 0;
    this.#lastNs = nowNs;
    if (nowNs - this.#usageNs >= USAGE_EVERY_NS) this.#refreshSwitches(nowNs);
  }

  /** From here to closeWindow involuntary switches are counted. */
  openWindow(): void {
    this.#switchesAtStart = this.#involuntarySwitches();
    this.#switchesSeen = this.#switchesAtStart;
  }

  closeWindow(): void {
    this.#switchesAtEnd = this.#involuntarySwitches();
  }

  /** CLOCK_MONOTONIC for a reading of this thread's clock. */
  monotonicNs(nowNs: number): number {
    return this.#originNs + nowNs;
  }

  /** Ends the log. Node tells of collections in its event loop only, which the data path must have left by now. */
  async finish(): Promise<PauseTimes> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.#observer.disconnect();
    const involuntary_switches = (this.#switchesAtEnd ?? this.#involuntarySwitches()) - this.#switchesAtStart;
    this.#usage.unmap();
    return {
      gc: this.#gc,
      gaps: Array.from({ length: this.#gaps }, (_, index) => ({
        start_ns: Math.round(this.#originNs + this.#starts[index]),
        duration_ns: Math.round(this.#durations[index]),
        involuntary_switches: this.#switches[index],
      })),
      gaps_lost: this.#lost,
      involuntary_switches,
    };
  }

  /**
   * Returns whether it has: a switch between the reading of the clock and that of the counts belongs to the
   * gap that it makes.
   */
  #refreshSwitches(readNs: number): boolean {
    const switches = this.#involuntarySwitches();
    if (nowNs() - readNs >= this.#gapNs) return false;
    this.#usageNs = readNs;
    this.#switchesSeen = switches;
    return true;
  }

  #note(nowNs: number): void {
    this.#stoodStillNs += nowNs - this.#lastNs;
    if (this.#gaps === MAX_GAPS) {
      this.#lost++;
      return;
    }
    const switches = this.#involuntarySwitches();
    this.#starts[this.#gaps] = this.#lastNs;
    this.#durations[this.#gaps] = nowNs - this.#lastNs;
    this.#switches[this.#gaps++] = switches - this.#switchesSeen;
    this.#switchesSeen = switches;
  }

  #involuntarySwitches(): number {
    getrusage(RUSAGE_THREAD, this.#usage.address);
    return Number(this.#counts[NIVCSW]);
  }
}

/**
 * What a thread's clock shows as 0, in CLOCK_MONOTONIC (Node's hrtime is that clock). What passes between the
 * two readings makes an attempt too small, never too large: with a thread that is taken off its core in
 * between, the largest is right.
 */
export function monotonicOriginNs(readMonotonicNs: () => number, readThreadNs: () => number): number {
  let originNs = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 10; i++) originNs = Math.max(originNs, readMonotonicNs() - readThreadNs());
  return originNs;
}

/** perf_hooks' constants NODE_PERFORMANCE_GC_*. */
const kindNames: Record<number, string> = { 1: 'minor', 4: 'major', 8: 'incremental', 16: 'weak callbacks' };
