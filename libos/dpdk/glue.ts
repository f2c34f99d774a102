/** The functions of the C glue (libos/native/port.h), loaded when they are first needed in a thread. */
import type { LibraryHandle } from 'koffi';
import { loadGlue, ownGlue } from '../native/glue.ts';

export interface Glue {
  /** Starts EAL with arguments separated by newlines; once a process. */
  init(args: string): number;
  /** The arguments that EAL was started with, or ''. */
  arguments(): string;
  /** Why the last call failed. */
  error(): string;
  /** What DPDK logged since the last call. */
  log(): string;
  /** Separated by spaces. */
  counterNames(): string;
  dpdkVersion(): string;
  open(
    bus: string,
    name: string,
    args: string,
    mtu: number,
    buffers: number,
    mac: string,
    flags: number,
  ): number;
  area(port: number): number;
  areaBytes(port: number): number;
  /** Where the device times of bursts go from now on (libos/native/device-times.h); 0 for nowhere. */
  setDeviceTimes(port: number, address: number): void;
  exchange(port: number): number;
  flush(port: number): void;
  readDeviceCounters(port: number): void;
  /** A WakeWay: how what comes wakes a thread, of a port that was opened for that. */
  wakes(port: number): number;
  /** Sleeps until frames may have come: 1, 0 when the time is over, -1 where nothing would wake the thread. */
  wait(port: number, timeoutUs: number): number;
  close(port: number): void;
}

/** Flags of open, as in port.h. */
export const PortFlag = {
  /** A peer that is not there, or that goes, is looked for until it comes. */
  Reconnects: 1,
  /** Packet buffers lie in EAL's memory, of hugepages, which a NIC can reach. */
  PoolInEal: 2,
  /** Checksums and the Ethernet address are the device's business as far as it offers that. */
  Hardware: 4,
  SetMtu: 8,
  Promiscuous: 16,
  /** Its rings hold packet buffers, so that these cannot be received into any more. */
  HoldsBuffers: 32,
  /** A kernel that leaves checksums to a NIC may be the peer: what it leaves is taken for right. */
  PartialChecksums: 64,
  /** Its thread will sleep: what comes is to wake it, where the driver has a way. */
  Wakes: 128,
} as const;

/** As in port.h. */
export const WakeWay = { Not: 0, Interrupt: 1, Socket: 2, Ring: 3 } as const;
export type WakeWay = (typeof WakeWay)[keyof typeof WakeWay];

let loaded: Glue | null = null;

/** Throws BACKEND_UNAVAILABLE, with the remedy, where the glue is not built or cannot be loaded. */
export function glue(): Glue {
  // Global, so that its gate stands in front of what drivers call (gate.c).
  loaded ??= loadGlue(ownGlue('dpdk', 'DPDK'), bind, true);
  return loaded;
}

function bind(library: LibraryHandle): Glue {
  return {
    init: library.func('int glue_init(const char *)'),
    arguments: library.func('const char *glue_arguments()'),
    error: library.func('const char *glue_error()'),
    log: library.func('const char *glue_log()'),
    counterNames: library.func('const char *glue_counter_names()'),
    dpdkVersion: library.func('const char *glue_dpdk_version()'),
    open: library.func(
      'int port_open(const char *, const char *, const char *, int, int, const char *, int)',
    ),
    area: library.func('double port_area(int)'),
    areaBytes: library.func('int port_area_bytes(int)'),
    setDeviceTimes: library.func('void port_set_device_times(int, uintptr_t)'),
    exchange: library.func('int port_exchange(int)'),
    flush: library.func('void port_flush(int)'),
    readDeviceCounters: library.func('void port_read_device_counters(int)'),
    wakes: library.func('int port_wakes(int)'),
    wait: library.func('int port_wait(int, double)'),
    close: library.func('void port_close(int)'),
  };
}
