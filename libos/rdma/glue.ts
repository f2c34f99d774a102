/**
 * The functions of the C glue for libfabric (libos/native/fabric.h), loaded when they are first needed in a
 * thread.
 */
import type { LibraryHandle } from 'koffi';
import { loadGlue, ownGlue } from '../native/glue.ts';

export interface FabricGlue {
  /** Why the last call failed. */
  error(): string;
  /** What libfabric says of an error number of its own. */
  errorText(number: number): string;
  version(): string;
  /** Separated by spaces. */
  counterNames(): string;
  /**
   * A line for each endpoint that would do: provider, device, fabric, inject bytes, receives, sends, by tabs.
   */
  list(): string;
  /** `wakes` 1: for a thread that will sleep. */
  open(
    provider: string,
    device: string,
    node: string,
    receives: number,
    receiveBytes: number,
    wakes: number,
  ): number;
  /** Begins to open another one of shm like that endpoint; 0 where that cannot be. */
  openAhead(like: number, name: string, receives: number, wakes: number): number;
  /** 1 when it is open, or cannot be. */
  isAhead(ahead: number): number;
  /** Its endpoint, or -1. Waits where it is not open yet. */
  takeAhead(ahead: number): number;
  area(endpoint: number): number;
  areaBytes(endpoint: number): number;
  /** Where the device times of messages go from now on (libos/native/device-times.h); 0 for nowhere. */
  setDeviceTimes(endpoint: number, address: number): void;
  provider(endpoint: number): string;
  device(endpoint: number): string;
  register(endpoint: number, address: number, bytes: number): number;
  addReceives(endpoint: number, slab: number, address: number, count: number, stride: number): number;
  /** `process`: the peer's number, by which it is known whether it lives; 0 where that is not known. */
  addPeer(endpoint: number, address: Uint8Array, process: number): number;
  removePeer(endpoint: number, peer: number): void;
  flush(endpoint: number): void;
  exchange(endpoint: number): number;
  /** As MessageDevice.wait: 1 where the file is readable. */
  wait(endpoint: number, file: number, timeoutUs: number): number;
  /** Why the endpoint is lost, where it is; else ''. */
  loss(endpoint: number): string;
  /** 1 where the process has ended, be it reaped or not. */
  processIsGone(process: number): number;
  close(endpoint: number): void;
}

let loaded: FabricGlue | null = null;

/** Throws BACKEND_UNAVAILABLE, with the remedy, where the glue is not built or cannot be loaded. */
export function fabricGlue(): FabricGlue {
  loaded ??= loadGlue(ownGlue('rdma', 'libfabric'), bind);
  return loaded;
}

function bind(library: LibraryHandle): FabricGlue {
  return {
    error: library.func('const char *fabric_error()'),
    errorText: library.func('const char *fabric_error_text(int)'),
    version: library.func('const char *fabric_version()'),
    counterNames: library.func('const char *fabric_counter_names()'),
    list: library.func('const char *fabric_list()'),
    open: library.func('int fabric_open(const char *, const char *, const char *, int, int, int)'),
    openAhead: library.func('double fabric_open_ahead(int, const char *, int, int)'),
    isAhead: library.func('int fabric_is_ahead(double)'),
    takeAhead: library.func('int fabric_take_ahead(double)'),
    area: library.func('double fabric_area(int)'),
    areaBytes: library.func('int fabric_area_bytes(int)'),
    setDeviceTimes: library.func('void fabric_set_device_times(int, uintptr_t)'),
    provider: library.func('const char *fabric_provider(int)'),
    device: library.func('const char *fabric_device(int)'),
    register: library.func('int fabric_register(int, double, double)'),
    addReceives: library.func('int fabric_add_receives(int, int, double, int, int)'),
    addPeer: library.func('int fabric_add_peer(int, const uint8_t *, int)'),
    removePeer: library.func('void fabric_remove_peer(int, int)'),
    flush: library.func('void fabric_flush(int)'),
    exchange: library.func('int fabric_exchange(int)'),
    wait: library.func('int fabric_wait(int, int, double)'),
    loss: library.func('const char *fabric_loss(int)'),
    processIsGone: library.func('int fabric_process_is_gone(int)'),
    close: library.func('void fabric_close(int)'),
  };
}
