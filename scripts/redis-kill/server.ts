/** The server that is killed: a process of `bypassbench serve` with Redis as its engine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../experiments/index.ts';
import { type Backend, type BackendOptions, backendNamed, type Endpoint } from '../../libos/index.ts';

const BYPASSBENCH = join(import.meta.dirname, '..', '..', 'bin', 'bypassbench');
const LOOPBACK = '127.0.0.1';
const REDIS_PORT = 6379;
const READY_MS = 120_000;
const STOP_MS = 20_000;
const LOG_LINES_SHOWN = 12;

/** Where a server is, the same after each restart. */
export interface ServedPlace {
  /** Of `bypassbench serve`. */
  words: string[];
  endpoint: Endpoint;
  /** Of the clients' libOS. */
  clientOptions: BackendOptions;
}

/** `folder`: for what lies between server and clients. */
export async function choosePlace(backend: Backend, folder: string): Promise<ServedPlace> {
  const pair = backendNamed(backend).pairing?.ends(folder, {}) ?? 'it has no two ends on one machine';
  if (typeof pair === 'string') throw new Error(`--backend ${backend}: ${pair}`);
  const { address, server, client } = pair;
  // With a network of its own all ports are free.
  const port = address === LOOPBACK ? await freePort(address) : REDIS_PORT;
  return {
    words: wordsOf(backend, { address, port }, server),
    endpoint: { address, port },
    clientOptions: client,
  };
}

function wordsOf(backend: Backend, { address, port }: Endpoint, options: BackendOptions): string[] {
  return [
    ...['--backend', backend, '--bind', address, '--port', `${port}`],
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
  ];
}

interface RedisStart {
  /** Of `bypassbench serve`. */
  words: readonly string[];
  /** Of Redis. */
  options: readonly string[];
  logFile: string;
  /** More of its environment. */
  env: Record<string, string>;
}

export class RedisProcess {
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #exited: Promise<number | null>;

  constructor({ words, options, logFile, env }: RedisStart) {
    const log = openSync(logFile, 'a');
    // It ends with this process, however that ends. A Ctrl-C in the terminal is for this process alone.
    const serve = [
      BYPASSBENCH,
      'serve',
      '--frontend',
      'libos',
      ...words,
      '--engine',
      'redis',
      '--',
      ...options,
    ];
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', ...serve], {
      detached: true,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', log],
    });
    closeSync(log);
    this.#logFile = logFile;
    this.#exited = new Promise((resolve, reject) => {
      this.#child.once('exit', resolve).once('error', reject);
    });
    this.#exited.catch(() => {});
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** When it has loaded what was saved. */
  async ready(): Promise<void> {
    if (this.#child.pid === undefined) await once(this.#child, 'spawn');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), READY_MS);
    try {
      for await (const line of createInterface({ input: this.#child.stdout! })) {
        if (JSON.parse(line).ready === true) return;
      }
    } finally {
      clearTimeout(timer);
    }
    throw new Error(`the server ended before it was ready; its log ends so:\n${this.#lastLines()}`);
  }

  /** At once, and it alone: a child that rewrites or saves stays, as it does when a server is killed in earnest. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Ends it in good order. Its exit code, null when it had to be killed. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    const code = await this.#exited;
    clearTimeout(timer);
    return code;
  }

  /** Ends it, if it has not ended, and its children. */
  async endAll(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await this.#exited;
  }

  #lastLines(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
  }
}
