/** The functions of the port (native/port.h), which scripts/build-redis.mjs builds. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import koffi, { type LibraryHandle } from 'koffi';
import { KvServerError } from '../errors.ts';
import { SHARED_BYTES, SharedTables } from './layout.ts';

/** What the port asks for, in the middle of a call. */
export interface PortCallbacks {
  /** Listens here; `listener` names it until it is given up. Returns 0 or an errno. */
  listen(listener: number, address: string, port: number): number;
  unlisten(listener: number): void;
  /** Looks at the network: takes what came and calls turn. False: it cannot now. */
  look(): boolean;
  /** What the network below has counted, by name. */
  counters(): Readonly<Record<string, number>>;
}

/** The calls return 0, or -1 when Redis has exited. */
export interface PortLibrary {
  readonly tables: SharedTables;
  start(args: readonly string[]): number;
  accept(slot: number, peer: string, peerPort: number, local: string, localPort: number): number;
  turn(): number;
  events(): number;
}

const built = (name: string) => fileURLToPath(new URL(`build/${name}`, import.meta.url));

/** Why the port is not there, with the remedy, or null when it is. */
export function whyNoPort(): string | null {
  if (existsSync(built('redis-port.so'))) return null;
  const why = built('missing.txt');
  if (existsSync(why)) return readFileSync(why, 'utf8').trim();
  return 'it is not built: run node scripts/setup.mjs, which says what it lacks';
}

/** The library and what it shares, which threads of the process see alike. Throws as loadPort. */
function load(): { library: LibraryHandle; tables: SharedTables } {
  const missing = whyNoPort();
  if (missing !== null) {
    throw new KvServerError('ENGINE_UNAVAILABLE', `Redis on the libOS: ${missing}`);
  }
  const library = koffi.load(built('redis-port.so'));
  const bytes = library.func('int rp_shared_bytes()')() as number;
  if (bytes !== SHARED_BYTES) {
    const detail = `Redis on the libOS: its port is of another version (${bytes} bytes of tables, not ${SHARED_BYTES})`;
    throw new KvServerError('ENGINE_UNAVAILABLE', `${detail}: run node scripts/setup.mjs`);
  }
  const address = library.func('uintptr_t rp_shared()')() as number;
  return { library, tables: new SharedTables(koffi.view(BigInt(address), SHARED_BYTES)) };
}

/** What another thread than the one that serves may look at. Throws as loadPort. */
export function sharedTables(): SharedTables {
  return load().tables;
}

/** As kvserver has them (commands/info.ts). */
function infoLines(counters: Readonly<Record<string, number>>): string {
  return Object.entries(counters)
    .map(([name, value]) => `backend_${name}:${value}\r\n`)
    .join('');
}

/** One a process, in the thread that serves. Throws KvServerError ENGINE_UNAVAILABLE, with the remedy. */
export function loadPort(callbacks: PortCallbacks): PortLibrary {
  const { library, tables } = load();
  const callback = (prototype: string, run: (...given: never[]) => unknown) =>
    koffi.register(run, koffi.pointer(koffi.proto(prototype)));
  const listen = callback('int rp_listen(int, const char *, int)', callbacks.listen);
  const unlisten = callback('void rp_unlisten(int)', callbacks.unlisten);
  const look = callback('bool rp_look()', callbacks.look);
  const counted = library.func('void rp_counted(const char *)');
  const count = callback('void rp_count()', () => counted(infoLines(callbacks.counters())));
  const start = library.func(
    'int rp_start(const char *, int, rp_listen *, rp_unlisten *, rp_look *, rp_count *)',
  );
  return {
    tables,
    start: (args) => start(Buffer.from(`${args.join('\0')}\0`), args.length, listen, unlisten, look, count),
    accept: library.func('int rp_accept(int, const char *, int, const char *, int)'),
    turn: library.func('int rp_turn()'),
    events: library.func('int rp_events()'),
  };
}
