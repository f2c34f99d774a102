/** The functions of unix.c, as JavaScript calls them. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type GlueSource, loadGlue } from 'bypassbench/backend-api';

const source: GlueSource = {
  name: 'unix',
  what: 'the C part of the backend unix',
  file: pathToFileURL(join(import.meta.dirname, 'build', 'unix.so')),
  remedy: `run npm run build in ${import.meta.dirname}`,
};

export const glueFile = source.file;

/** Where nothing else is said, calls that fail return -1 and set errno. */
export interface UnixGlue {
  watcher(): number;
  wait(watcher: number, timeoutMs: number): void;
  open(watcher: number): number;
  bind(fd: number, network: string, port: number): number;
  listen(fd: number, backlog: number): number;
  connect(fd: number, network: string, port: number): number;
  accept(fd: number, watcher: number): number;
  peerPort(fd: number): number;
  send(fd: number, address: number, bytes: number): number;
  receive(fd: number, address: number, capacity: number): number;
  stopReceiving(fd: number): number;
  reset(fd: number): void;
  close(fd: number): void;
}

let loaded: UnixGlue | null = null;

/** Loaded when first needed, once in a thread. Throws BACKEND_UNAVAILABLE, with the remedy, where it is not built. */
export function unixGlue(): UnixGlue {
  loaded ??= loadGlue(source, (library) => ({
    watcher: library.func('int unix_watcher()'),
    wait: library.func('void unix_wait(int, int)'),
    open: library.func('int unix_open(int)'),
    bind: library.func('int unix_bind(int, const char *, int)'),
    listen: library.func('int unix_listen(int, int)'),
    connect: library.func('int unix_connect(int, const char *, int)'),
    accept: library.func('int unix_accept(int, int)'),
    peerPort: library.func('int unix_peer_port(int)'),
    send: library.func('int unix_send(int, uintptr_t, size_t)'),
    receive: library.func('int unix_receive(int, uintptr_t, size_t)'),
    stopReceiving: library.func('int unix_stop_receiving(int)'),
    reset: library.func('void unix_reset(int)'),
    close: library.func('void unix_close(int)'),
  }));
  return loaded;
}
