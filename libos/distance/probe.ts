/**
 * Reads the distance of two cores: how long a cache line takes from the calling thread's core to a helper's and back
 * (libos/native/distance.h). The helper sleeps between readings.
 */
import { LibosError } from '../errors.ts';
import { Errno, errno, errnoName } from '../native/libc.ts';
import { type DistanceGlue, distanceGlue } from './glue.ts';

/** How the helper is scheduled: with a real-time priority it comes at once, whatever else its core does. */
export type DistanceHelper = 'real_time' | 'ordinary';

/** Several turns of an ordinary scheduler, for a helper whose core is busy. */
const PATIENCE_NS = 20_000_000;

export class DistanceProbe {
  readonly helper: DistanceHelper;
  /**
   * [median, minimum, wait for the helper, a fixed piece of work on the caller's core, the same on the helper's] of the
   * last reading, in ns.
   */
  readonly reading = new Float64Array(5);
  readonly #glue: DistanceGlue;
  #address: number;

  /**
   * Starts a helper on this core, which takes some 2 ms. Throws INVALID_ARGUMENT for a core that this process may not
   * run on, BACKEND_UNAVAILABLE where the glue is not built, SYSTEM_ERROR where there can be no further thread.
   */
  static open(serverCore: number): DistanceProbe {
    return new DistanceProbe(distanceGlue(), serverCore);
  }

  private constructor(glue: DistanceGlue, core: number) {
    const isRealTime: [boolean] = [false];
    this.#glue = glue;
    this.#address = Number.isInteger(core) ? glue.open(core, isRealTime) : 0;
    if (this.#address === 0) throw notOpened(core, Number.isInteger(core) ? errno() : Errno.EINVAL);
    this.helper = isRealTime[0] ? 'real_time' : 'ordinary';
  }

  /**
   * Takes a reading, from a thread that is pinned to another core: some 30 us, and what the helper takes to wake up.
   * False: the helper did not get its core within 20 ms, or lost it, or its core is the caller's. Throws SHUT_DOWN when
   * closed.
   */
  measure(): boolean {
    return this.#glue.measure(this.#opened(), PATIENCE_NS, this.reading);
  }

  /** Processor time that the helper has had so far, in ns, its waking and sleeping included. */
  helperNs(): number {
    return this.#glue.helperNs(this.#opened());
  }

  close(): void {
    if (this.#address === 0) return;
    this.#glue.close(this.#address);
    this.#address = 0;
  }

  #opened(): number {
    if (this.#address === 0) throw new LibosError('SHUT_DOWN', 'distance', -1, 'the probe was closed');
    return this.#address;
  }
}

function notOpened(core: number, error: number): LibosError {
  if (error !== Errno.EINVAL) {
    const detail = `the helper on core ${core} could not be started (${errnoName(error)})`;
    return new LibosError('SYSTEM_ERROR', 'distance', -1, detail);
  }
  const detail = `core ${core} is not one that this process may run on: choose another; see nproc and taskset -p`;
  return new LibosError('INVALID_ARGUMENT', 'distance', -1, detail);
}
