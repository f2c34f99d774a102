/**
 * Starts processes and ends them, so that a run leaves none behind, however it ends.
 *
 * Each process leads a process group of its own: a Ctrl-C in the terminal reaches the runner alone, and what
 * a server has started ends with it. `setpriv --pdeathsig` has the kernel end it even when the runner itself
 * is killed, and `taskset` pins it; both execute the program in their own place, so they leave no process
 * either.
 */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { ExperimentError } from '../errors.ts';

/**
 * The longest folder for temporary files that is used. The path of a Unix socket has at most 107 bytes
 * (unix(7)), of which the folder made in there and the socket's own name want their share.
 */
const LONGEST_PARENT_BYTES = 64;

/** Linux's usual tmpfs (shm_overview(7)). */
const SHARED_MEMORY = '/dev/shm';

/** Programs of util-linux without which nothing is started. */
export const launchers = ['setpriv', 'taskset'];

export interface Launch {
  /** The program and its arguments. */
  argv: readonly string[];
  /** Cores that it is pinned to. */
  cores: readonly number[];
  cwd: string;
  /** Variables added to this process's environment. */
  env: Record<string, string>;
  stdoutFile: string;
  stderrFile: string;
}

export class RunningProcess {
  readonly pid: number;
  /**
   * Settles once the process has ended, with how: `exited with code 1`, `was ended by SIGSEGV`. Never
   * rejects.
   */
  readonly ended: Promise<string>;
  /** The same, null while the process runs. */
  end: string | null = null;

  constructor(pid: number, ended: Promise<{ signal?: string; exitCode?: number }>) {
    this.pid = pid;
    this.ended = ended.then(({ signal, exitCode }) => {
      this.end = signal ? `was ended by ${signal}` : `exited with code ${exitCode}`;
      // Whatever it has started and left running goes with it.
      this.signal('SIGKILL');
      return this.end;
    });
  }

  /** Sends a signal to the whole process group; does nothing when none of it is left. */
  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /**
   * Ends the process: SIGTERM, and SIGKILL when it still runs after `graceMs`. Resolves to whether it ended
   * by itself, without SIGKILL.
   */
  async stop(graceMs: number): Promise<boolean> {
    if (this.end !== null) return true;
    this.signal('SIGTERM');
    const killer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    const end = await this.ended;
    clearTimeout(killer);
    return end !== 'was ended by SIGKILL';
  }
}

/** Everything that a run must not leave behind: its processes and its temporary folders. */
export class Supervisor {
  readonly #processes = new Set<RunningProcess>();
  readonly #folders = new Set<string>();

  /** Starts a process, its output going straight to files, so that relaying it costs no core anything. */
  start(launch: Launch): RunningProcess {
    const stdout = openSync(launch.stdoutFile, 'w');
    const stderr = openSync(launch.stderrFile, 'w');
    const pinned = ['--pdeathsig', 'KILL', 'taskset', '--cpu-list', launch.cores.join(','), ...launch.argv];
    const subprocess = execa('setpriv', pinned, {
      cwd: launch.cwd,
      env: launch.env,
      // Any open descriptor will do; execa's types name the standard ones only.
      stdio: ['ignore', stdout as 1, stderr as 2],
      buffer: false,
      reject: false,
      detached: true,
    });
    closeSync(stdout);
    closeSync(stderr);
    if (subprocess.pid === undefined) {
      throw new ExperimentError(
        'PROGRAM_NOT_STARTED',
        `${launch.argv[0]} could not be started: is the limit of processes (ulimit -u) or of memory reached?`,
      );
    }
    const running = new RunningProcess(subprocess.pid, subprocess);
    this.#processes.add(running);
    running.ended.then(() => this.#processes.delete(running));
    return running;
  }

  /** A fresh temporary folder; in /tmp where TMPDIR is so long that no Unix socket could be made there. */
  createFolder(): string {
    const parent = Buffer.byteLength(os.tmpdir()) > LONGEST_PARENT_BYTES ? '/tmp' : os.tmpdir();
    const folder = mkdtempSync(path.join(parent, 'bypassbench-'));
    this.#folders.add(folder);
    return folder;
  }

  /**
   * A fresh folder in memory that processes share, where this system has such: what is mapped there is never
   * written to a disk.
   */
  createSharedFolder(): string {
    const parent = existsSync(SHARED_MEMORY) ? SHARED_MEMORY : os.tmpdir();
    const folder = mkdtempSync(path.join(parent, 'bypassbench-'));
    this.#folders.add(folder);
    return folder;
  }

  removeFolder(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
    this.#folders.delete(folder);
  }

  /**
   * Kills every process and removes every folder at once. Synchronous, so that it can run as this process
   * exits.
   */
  killAll(): void {
    for (const running of this.#processes) running.signal('SIGKILL');
    for (const folder of this.#folders) this.removeFolder(folder);
  }
}
