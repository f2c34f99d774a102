/** The functions of the C glue for XDP sockets (libos/native/xsk.c), loaded when they are first needed in a thread. */
import type { LibraryHandle } from 'koffi';
import { loadGlue, ownGlue } from '../native/glue.ts';

/** A socket is named by its address. */
export interface XdpGlue {
  counterNames(): string;
  /** Returns the address, or less than 0 what failed: see `failureOf`. */
  open(
    interfaceName: string,
    memory: number,
    chunkBytes: number,
    buffers: number,
    mtu: number,
    queue: number,
    attach: number,
    flags: number,
  ): number;
  area(socket: number): number;
  areaBytes(socket: number): number;
  /** Where the device times of bursts go from now on (libos/native/device-times.h); 0 for nowhere. */
  setDeviceTimes(socket: number, address: number): void;
  exchange(socket: number): number;
  flush(socket: number): void;
  /** Sleeps until frames have come; less than 0 when the interface is gone. */
  wait(socket: number, timeoutUs: number): number;
  readCounters(socket: number): void;
  close(socket: number): void;
}

/** As enum xdp_attach in xdp-program.h. */
export const Attach = { auto: 0, native: 1, skb: 2 } as const;

/** Flags of open, as in xsk.c. */
export const Flag = { ForceCopy: 1, ForceZeroCopy: 2, PartialChecksums: 4 } as const;

/** What open was about when it failed: as enum step in xsk.c, then enum xdp_step in xdp-program.h. */
export const OpenStep = { Socket: 0, Memory: 1, Rings: 2, Bind: 3, Map: 4, Load: 5, Link: 6 } as const;
export type OpenStep = (typeof OpenStep)[keyof typeof OpenStep];

const STEP_SHIFT = 12;

/** Of what open has returned, if that is less than 0: the step, and the number of the error. */
export function failureOf(result: number): { step: OpenStep; error: number } {
  return { step: (-result >> STEP_SHIFT) as OpenStep, error: -result & ((1 << STEP_SHIFT) - 1) };
}

let loaded: XdpGlue | null = null;

/** Throws BACKEND_UNAVAILABLE, with the remedy, where the glue is not built or cannot be loaded. */
export function xdpGlue(): XdpGlue {
  loaded ??= loadGlue(ownGlue('xdp', 'XDP sockets'), bind);
  return loaded;
}

function bind(library: LibraryHandle): XdpGlue {
  return {
    counterNames: library.func('const char *xsk_counter_names()'),
    open: library.func('double xsk_open(const char *, double, int, int, int, int, int, int)'),
    area: library.func('double xsk_area(double)'),
    areaBytes: library.func('int xsk_area_bytes(double)'),
    setDeviceTimes: library.func('void xsk_set_device_times(double, double)'),
    exchange: library.func('int xsk_exchange(double)'),
    flush: library.func('void xsk_flush(double)'),
    wait: library.func('int xsk_wait(double, double)'),
    readCounters: library.func('void xsk_read_counters(double)'),
    close: library.func('void xsk_close(double)'),
  };
}
