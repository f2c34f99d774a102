/** One of the two processes that a floor is measured between. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { LoadError } from '../errors.ts';

/** How long a side may take to end after SIGTERM. */
const END_MS = 1000;
/** They end a process that does not mind: by whoever started the floor, or here. */
const ORDERLY: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE'];
/** Last lines of a failing side that its error quotes: libraries may write the cause before the last one. */
const LINES_QUOTED = 3;

export class Side {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined;
  /** Resolves to the process's standard output when it has ended well. Rejects with FLOOR_FAILED. */
  readonly succeeded: Promise<string>;
  /** Why it crashed, whatever had come of it before; null where it did not, or runs. */
  crash: LoadError | null = null;
  readonly #child: ChildProcess;
  #killed = false;
  readonly #exited: Promise<unknown>;

  /** `name` is server or client. */
  constructor(name: string, [program, ...args]: [string, ...string[]], env: NodeJS.ProcessEnv) {
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const child = this.#child;
    this.pid = child.pid;
    let written = '';
    let said = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const failure = (how: string) => new LoadError('FLOOR_FAILED', `the floor's ${name} ${how}`);
    this.succeeded = once(child, 'close').then(
      ([code, signal]) => {
        if (code === 0) return written;
        const words = said.trim().split('\n').slice(-LINES_QUOTED).join('; ');
        const how = signal ? `was ended by ${signal}` : `exited with code ${code}`;
        const failed = failure(`${how}: ${words || 'it said nothing'}`);
        if (signal !== null && !ORDERLY.includes(signal) && !this.#killed) this.crash = failed;
        throw failed;
      },
      (error: Error) => {
        throw failure(`could not be started: ${error.message}`);
      },
    );
    // Handled where `succeeded` is awaited; here it must not count as an unhandled rejection.
    this.#exited = this.succeeded.catch(() => {});
  }

  /** Resolves to the process's first output. Rejects with FLOOR_FAILED when it ends before. */
  async spoke(): Promise<string> {
    const first = once(this.#child.stdout!, 'data').then(([text]) => text as string);
    return Promise.race([first, this.succeeded]);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => {
      this.#killed = true;
      this.#child.kill('SIGKILL');
    }, END_MS);
    await this.#exited;
    clearTimeout(killer);
  }
}
