/**
 * The functions of libos/native/stamps.c, loaded when they are first needed in a thread. Addresses are
 * numbers.
 */
import type { LibraryHandle } from 'koffi';
import { loadGlue, ownGlue } from '../native/glue.ts';

export interface StampGlue {
  /** Writes the counter to this address. */
  writeCounter(address: number): void;
  /** Writes the counter, and the monotonic clock in nanoseconds as a double. */
  writeClocks(counterAddress: number, monotonicAddress: number): void;
  /** Calls of that name (section 2) that write their device times to the address behind their arguments. */
  send(fd: number, bytes: number, length: number, flags: number, deviceTimes: number): number;
  sendmsg(fd: number, message: number, flags: number, deviceTimes: number): number;
  recv(fd: number, bytes: number, length: number, flags: number, deviceTimes: number): number;
  recvmsg(fd: number, message: number, flags: number, deviceTimes: number): number;
  skew(firstCore: number, secondCore: number, offset: Float64Array, bound: Float64Array): number;
}

export const stampGlueSource = ownGlue('stamps', 'stamps');

let loaded: StampGlue | null = null;

/** Throws BACKEND_UNAVAILABLE, with the remedy, where the glue is not built or cannot be loaded. */
export function stampGlue(): StampGlue {
  loaded ??= loadGlue(stampGlueSource, bind);
  return loaded;
}

function bind(library: LibraryHandle): StampGlue {
  return {
    writeCounter: library.func('void write_counter(uintptr_t)'),
    writeClocks: library.func('void write_clocks(uintptr_t, uintptr_t)'),
    send: library.func('int timed_send(int, uintptr_t, size_t, int, uintptr_t)'),
    sendmsg: library.func('int timed_sendmsg(int, uintptr_t, int, uintptr_t)'),
    recv: library.func('int timed_recv(int, uintptr_t, size_t, int, uintptr_t)'),
    recvmsg: library.func('int timed_recvmsg(int, uintptr_t, int, uintptr_t)'),
    skew: library.func('int counter_skew(int, int, double *, double *)'),
  };
}
