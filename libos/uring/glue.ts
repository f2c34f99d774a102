/** The functions of the C glue for io_uring (libos/native/uring.c), loaded when they are first needed in a thread. */
import type { LibraryHandle } from 'koffi';
import { loadGlue, ownGlue } from '../native/glue.ts';

/** A ring is named by its address. What fails returns the negative number of its error. */
export interface UringGlue {
  open(entries: number, completions: number, idleMs: number, core: number): number;
  describe(ring: number, described: Float64Array): void;
  hasOpcode(ring: number, opcode: number): number;
  setDeviceTimes(ring: number, address: number): void;
  addBuffers(ring: number, group: number, address: number, entries: number): number;
  setNapi(ring: number, busyPollUs: number): number;
  /** Returns how many submissions are left. */
  turn(ring: number, tail: number, events: number): number;
  wait(ring: number, tail: number, timeoutUs: number): number;
  close(ring: number): void;
}

let loaded: UringGlue | null = null;

/** Throws BACKEND_UNAVAILABLE, with the remedy, where the glue is not built or cannot be loaded. */
export function uringGlue(): UringGlue {
  loaded ??= loadGlue(ownGlue('uring', 'io_uring'), bind);
  return loaded;
}

function bind(library: LibraryHandle): UringGlue {
  return {
    open: library.func('double uring_open(int, int, int, int)'),
    describe: library.func('void uring_describe(double, double *)'),
    hasOpcode: library.func('int uring_has_opcode(double, int)'),
    setDeviceTimes: library.func('void uring_set_device_times(double, double)'),
    addBuffers: library.func('int uring_add_buffers(double, int, double, int)'),
    setNapi: library.func('int uring_set_napi(double, int)'),
    turn: library.func('int uring_turn(double, uint32_t, int)'),
    wait: library.func('int uring_wait(double, uint32_t, double)'),
    close: library.func('void uring_close(double)'),
  };
}
