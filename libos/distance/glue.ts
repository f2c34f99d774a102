/** The functions of libos/native/distance.h, loaded when they are first needed in a thread. */
import type { LibraryHandle } from 'koffi';
import { loadGlue, ownGlue } from '../native/glue.ts';

export interface DistanceGlue {
  /** The helper's address, or 0 with errno. Writes whether it has a real-time priority. */
  open(core: number, isRealTime: [boolean]): number;
  /** Writes median, minimum and wait in ns. */
  measure(helper: number, patienceNs: number, reading: Float64Array): boolean;
  helperNs(helper: number): number;
  close(helper: number): void;
}

let loaded: DistanceGlue | null = null;

/** Throws BACKEND_UNAVAILABLE, with the remedy, where the glue is not built or cannot be loaded. */
export function distanceGlue(): DistanceGlue {
  loaded ??= loadGlue(ownGlue('distance', 'the distance of two cores'), bindDistance);
  return loaded;
}

export function bindDistance(library: LibraryHandle): DistanceGlue {
  return {
    open: library.func('uintptr_t distance_open(int, _Out_ bool *)'),
    measure: library.func('bool distance_measure(uintptr_t, double, double *)'),
    helperNs: library.func('double distance_helper_ns(uintptr_t)'),
    close: library.func('void distance_close(uintptr_t)'),
  };
}
