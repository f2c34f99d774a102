/** The options of a server: a plain object, which can be passed to a worker thread. */
import { isIPv4 } from 'node:net';
import {
  type Backend,
  type BackendOptions,
  backendNamed,
  rangeInWords,
  SOCKETS_BACKEND,
  wholeNumberIn,
} from '../libos/index.ts';
import { KvServerError } from './errors.ts';
import type { Heap } from './heap-room.ts';
import type { Machine } from './machine-room.ts';

/** Databases that SELECT can choose. */
export const DATABASES = 16;

export const FRONTENDS = ['libos', 'sockets'] as const;

export type FrontendName = (typeof FRONTENDS)[number];

/** Who runs the requests; create-engine.ts makes it. */
export const ENGINES = ['typescript', 'redis'] as const;

/** What the libOS front end does while nothing happens: spin on its core, or sleep in the kernel. */
export const IDLE_MODES = ['poll', 'sleep'] as const;

export type IdleMode = (typeof IDLE_MODES)[number];

export type EngineName = (typeof ENGINES)[number];

/** Redis' own. */
export const DEFAULT_PORT = 6379;
const DEFAULT_MAX_CLIENTS = '10000';

/**
 * How much may wait to be sent to one client: over `hardBytes` its connection is closed at once, over
 * `softBytes` after it has been so for `softSeconds`. 0 bytes means no limit.
 */
export interface OutputBufferLimit {
  hardBytes: number;
  softBytes: number;
  softSeconds: number;
}

export interface ServeOptions {
  frontend: FrontendName;
  engine: EngineName;
  backend: Backend;
  /** For the backend's device. */
  backendOptions: BackendOptions;
  idle: IdleMode;
  /** IPv4 address to listen on. */
  bind: string;
  /** 0 for any free port; null: the engine knows, from its own configuration. */
  port: number | null;
  /** Of the engine `redis`: the arguments of redis-server. */
  redisArguments: readonly string[];
  /** CPU that the data path is pinned to; null for any. */
  core: number | null;
  maxClients: number;
  /** Password that clients must authenticate with; empty for none. */
  requirepass: string;
  outputBufferLimit: OutputBufferLimit;
  /** File for the stamps of pushes and pops; null for none. */
  stamps: string | null;
  /** Every n-th window of time is stamped from the start; 0: none until a load generator turns it on. */
  stampsEvery: number;
  /** File for the pauses of the data path, written at the end; null for none. */
  pauses: string | null;
}

/** What an engine is made with: the thread's core is not its business. */
export type EngineSetup = Omit<ServeOptions, 'core'> & {
  /** Milliseconds since the epoch. */
  readClockMs?: () => number;
  /** Default: V8's. */
  heap?: Heap;
  /** Default: the one that it runs on. */
  machine?: Machine;
};

/** Redis's default for normal clients is no limit at all; here no client can take all memory. */
export const DEFAULT_OUTPUT_BUFFER_LIMIT = '1gb 256mb 60';

/**
 * Checks the options of a command line. Throws KvServerError INVALID_OPTION naming the option, LibosError for a backend
 * that does not exist.
 */
export function parseServeOptions(given: {
  frontend: string;
  /** Default: typescript. */
  engine?: string;
  /** Default: the kernel's sockets. */
  backend?: string;
  backendOption?: BackendOptions;
  /** Default: poll. */
  idle?: string;
  /**
   * Default: this machine only over the kernel's TCP; every address for a backend with a network of its own.
   */
  bind?: string;
  port?: string;
  core?: string;
  maxClients?: string;
  requirepass?: string;
  clientOutputBufferLimit?: string;
  stamps?: string;
  stampsEvery?: string;
  pauses?: string;
  /** redis.conf, for the engine `redis`. */
  config?: string;
  redisArguments?: readonly string[];
}): ServeOptions {
  const frontend = oneOf('--frontend', given.frontend, FRONTENDS);
  const engine = oneOf('--engine', given.engine ?? 'typescript', ENGINES);
  const { name: backend, defaultBind } = backendNamed(given.backend ?? SOCKETS_BACKEND, '--backend');
  const bind = given.bind ?? defaultBind;
  if (!isIPv4(bind)) throw invalid('--bind', bind, 'an IPv4 address, such as 127.0.0.1, or 0.0.0.0 for all');
  const backendOptions = given.backendOption ?? {};
  if (frontend === 'sockets' && (backend !== SOCKETS_BACKEND || Object.keys(backendOptions).length > 0)) {
    throw new KvServerError(
      'INVALID_OPTION',
      '--backend and --backend-option apply to --frontend libos: the sockets front end runs on the kernel only',
    );
  }
  const core = given.core === undefined ? null : integer('--core', given.core, 0, 4095);
  if (core !== null && frontend === 'sockets') {
    throw new KvServerError(
      'INVALID_OPTION',
      '--core applies to --frontend libos, whose thread runs nothing but its data path; ' +
        `to pin the sockets front end, start it with 'taskset -c ${core}'`,
    );
  }
  if (frontend === 'sockets' && given.stamps !== undefined) {
    throw new KvServerError(
      'INVALID_OPTION',
      '--stamps applies to --frontend libos: it stamps pushes and pops',
    );
  }
  if (frontend === 'sockets' && given.idle !== undefined) {
    throw new KvServerError(
      'INVALID_OPTION',
      '--idle applies to --frontend libos: the sockets front end always sleeps',
    );
  }
  const limit = given.clientOutputBufferLimit ?? DEFAULT_OUTPUT_BUFFER_LIMIT;
  const outputBufferLimit = parseOutputBufferLimit(limit);
  if (outputBufferLimit === null) {
    throw invalid('--client-output-buffer-limit', limit, '"HARD SOFT SECONDS", such as "1gb 256mb 60"');
  }
  const redisArguments = parseRedisArguments(engine, given);
  // Redis listens where its own configuration says, unless the command line does.
  const places = engine === 'typescript' || given.port !== undefined || given.bind !== undefined;
  return {
    frontend,
    engine,
    backend,
    backendOptions,
    idle: oneOf('--idle', given.idle ?? 'poll', IDLE_MODES),
    bind,
    port: places ? integer('--port', given.port ?? `${DEFAULT_PORT}`, 0, 65535) : null,
    redisArguments,
    core,
    maxClients: integer('--max-clients', given.maxClients ?? DEFAULT_MAX_CLIENTS, 1, 1_000_000),
    requirepass: Buffer.from(given.requirepass ?? '').toString('latin1'),
    outputBufferLimit,
    stamps: given.stamps ?? null,
    stampsEvery: integer('--stamps-every', given.stampsEvery ?? '0', 0, 1_000_000),
    pauses: given.pauses ?? null,
  };
}

type Given = Parameters<typeof parseServeOptions>[0];

/** The command line of redis-server: a configuration file comes first. */
function parseRedisArguments(engine: EngineName, given: Given): string[] {
  const { config, redisArguments = [] } = given;
  if (engine === 'typescript') {
    if (config === undefined && redisArguments.length === 0) return [];
    const named = config === undefined ? `'${redisArguments[0]}'` : '--config';
    throw new KvServerError('INVALID_OPTION', `${named}: Redis' own configuration applies to --engine redis`);
  }
  const ours = [
    ['--max-clients', given.maxClients, '--maxclients'],
    ['--requirepass', given.requirepass, '--requirepass'],
    ['--client-output-buffer-limit', given.clientOutputBufferLimit, '--client-output-buffer-limit normal'],
  ] as const;
  for (const [option, value, redisOption] of ours) {
    if (value === undefined) continue;
    throw new KvServerError(
      'INVALID_OPTION',
      `${option} applies to --engine typescript: give Redis its own behind --, as '-- ${redisOption} ${value}'`,
    );
  }
  return config === undefined ? [...redisArguments] : [config, ...redisArguments];
}

/** "HARD SOFT SECONDS", or null when it is not that. */
export function parseOutputBufferLimit(text: string): OutputBufferLimit | null {
  const words = text.trim().split(/\s+/);
  const hardBytes = parseMemory(words[0] ?? '');
  const softBytes = parseMemory(words[1] ?? '');
  if (words.length !== 3 || hardBytes === null || softBytes === null) return null;
  if (!/^\d{1,9}$/.test(words[2])) return null;
  return { hardBytes, softBytes, softSeconds: Number(words[2]) };
}

/** Bytes of a size as Redis writes them (1024, 64k, 64kb, 1gb; k is 1000, kb is 1024), or null. */
export function parseMemory(text: string): number | null {
  const parts = /^(\d+)(b|k|kb|m|mb|g|gb)?$/i.exec(text);
  if (!parts) return null;
  const unit = (parts[2] ?? 'b').toLowerCase();
  const bytes = Number(parts[1]) * MEMORY_UNITS[unit];
  return Number.isSafeInteger(bytes) ? bytes : null;
}

const MEMORY_UNITS: Record<string, number> = {
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

function oneOf<T extends string>(option: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === given);
  if (found === undefined) throw invalid(option, given, `one of: ${allowed.join(', ')}`);
  return found;
}

function integer(option: string, given: string, min: number, max: number): number {
  const value = wholeNumberIn(given, min, max);
  if (value === null) throw invalid(option, given, `a whole number from ${rangeInWords(min, max)}`);
  return value;
}

function invalid(option: string, given: string, wanted: string): KvServerError {
  return new KvServerError('INVALID_OPTION', `${option} ${given}: wanted ${wanted}`);
}
