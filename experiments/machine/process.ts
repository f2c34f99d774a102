/**
 * Starts processes and ends them, so that a run leaves none behind, however it ends.
 *
 * Each process leads a process group of its own: a Ctrl-C in the terminal reaches the runner alone, and what
 * a server has started ends with it. `setpriv --pdeathsig` has the kernel end it even when the runner itself
 * is killed, and `taskset` pins it; both execute the program in their own place, so they leave no process
 * either. What leaves its group is found among the descendants of the runner (orphans.ts), and by the next run where
 * the runner was killed (runner-folder.ts).
 */
import { closeSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { ExperimentError } from '../errors.ts';
import { BoundedLog } from './bounded-log.ts';
import { adoptOrphans } from './linux.ts';
import { endOrphans, killDescendants } from './orphans.ts';
import { processInWords } from './process-table.ts';
import { RunnerFolder } from './runner-folder.ts';

/** Programs of util-linux without which nothing is started. */
export const launchers = ['setpriv', 'taskset'];
/** The one more for a network namespace. */
const NETWORK_LAUNCHER = 'nsenter';
/** How often it is looked what a process has said. */
const LOOK_MS = 10;

export interface Launch {
  /** The program and its arguments. */
  argv: readonly string[];
  /** Cores that it is pinned to. */
  cores: readonly number[];
  cwd: string;
  /** The network namespace that it is started in, by a path; undefined: this thread's. */
  network?: string;
  /** Variables added to this process's environment. */
  env: Record<string, string>;
  /** Whether it is told something on its standard input (`tell`). Else there is nothing to read. */
  takesInput?: boolean;
  /** Two files; of what is too long for a log the beginning and the end are kept. */
  stdoutFile: string;
  stderrFile: string;
}

/** Of all supervisors of this process. */
const running = new Set<RunningProcess>();

/** Children in sessions of their own that are no orphans: what carries connections. */
const spared = new Set<number>();

/** Keeps a child of this process from being ended as an orphan, until what this returns is called. */
export function spareFromOrphans(pid: number): () => void {
  spared.add(pid);
  return () => void spared.delete(pid);
}

/** Of how a process has ended: by a signal that says that something is wrong with it. */
export function isCrash(end: string): boolean {
  return /^was ended by SIG(?!TERM|INT|HUP|KILL|PIPE)/.test(end);
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
  readonly #input: Writable | null;
  readonly #stdoutFile: string;

  constructor(
    pid: number,
    ended: Promise<{ signal?: string; exitCode?: number }>,
    logs: readonly BoundedLog[],
    { input, stdoutFile }: { input: Writable | null; stdoutFile: string },
  ) {
    this.pid = pid;
    this.#input = input;
    this.#stdoutFile = stdoutFile;
    // That it cannot be written to is told by the end of the process.
    input?.on('error', () => {});
    this.ended = ended.then(({ signal, exitCode }) => {
      this.end = signal ? `was ended by ${signal}` : `exited with code ${exitCode}`;
      // Whatever it has started and left running goes with it.
      this.signal('SIGKILL');
      for (const log of logs) log.finish();
      return this.end;
    });
  }

  /** Whether it was ended by a signal that says that something is wrong with it. */
  get hasCrashed(): boolean {
    return this.end !== null && isCrash(this.end);
  }

  /** Writes a line to its standard input, of one that takes input. */
  tell(line: string): void {
    this.#input?.write(`${line}\n`);
  }

  /** Resolves once it has said that line on its standard output: true; false where it has ended without. */
  async untilSaid(line: string): Promise<boolean> {
    for (;;) {
      const hasEnded = this.end !== null;
      const lines = (await readFile(this.#stdoutFile, 'utf8')).split('\n');
      // The last piece has no end yet.
      if (lines.slice(0, -1).includes(line)) return true;
      if (hasEnded) return false;
      await sleep(LOOK_MS);
    }
  }

  /**
   * Sends a signal to the whole process group; does nothing when none of it is left, or when all of it is another
   * user's, as behind sudo.
   */
  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ESRCH' && code !== 'EPERM') throw error;
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
  #onDisk: RunnerFolder | null = null;
  #inMemory: RunnerFolder | null = null;

  constructor() {
    adoptOrphans();
  }

  /** Starts a process, its output going straight to files, so that relaying it costs no core anything. */
  start(launch: Launch): RunningProcess {
    this.#onDisk ??= RunnerFolder.onDisk();
    const logs = [new BoundedLog(launch.stdoutFile), new BoundedLog(launch.stderrFile)];
    const [stdout, stderr] = logs.map(({ fd }) => fd);
    const argv = launch.network ? [NETWORK_LAUNCHER, `--net=${launch.network}`, ...launch.argv] : launch.argv;
    const pinned = ['--pdeathsig', 'KILL', 'taskset', '--cpu-list', launch.cores.join(','), ...argv];
    const subprocess = execa('setpriv', pinned, {
      cwd: launch.cwd,
      env: launch.env,
      // Any open descriptor will do; execa's types name the standard ones only.
      stdio: [launch.takesInput ? 'pipe' : 'ignore', stdout as 1, stderr as 2, this.#onDisk.mark as 1],
      buffer: false,
      reject: false,
      detached: true,
    });
    for (const { fd } of logs) closeSync(fd);
    if (subprocess.pid === undefined) {
      throw new ExperimentError(
        'PROGRAM_NOT_STARTED',
        `${launch.argv[0]} could not be started: is the limit of processes (ulimit -u) or of memory reached?`,
      );
    }
    const started = new RunningProcess(subprocess.pid, subprocess, logs, {
      input: subprocess.stdin,
      stdoutFile: launch.stdoutFile,
    });
    for (const set of [this.#processes, running]) {
      set.add(started);
      started.ended.then(() => set.delete(started));
    }
    return started;
  }

  /**
   * Ends what processes that have ended left running in sessions of their own; returns what that was, in words. Nothing
   * else of this process may have such children.
   */
  async endOrphans(): Promise<string[]> {
    return (await endOrphans([...[...running].map(({ pid }) => pid), ...spared])).map(processInWords);
  }

  /** A fresh temporary folder, whose path leaves room for the name of a Unix socket. */
  createFolder(): string {
    this.#onDisk ??= RunnerFolder.onDisk();
    return this.#onDisk.create();
  }

  /**
   * A fresh folder in memory that processes share, where this system has such: what is mapped there is never
   * written to a disk.
   */
  createSharedFolder(): string {
    this.#inMemory ??= RunnerFolder.inMemory();
    return this.#inMemory.create();
  }

  /** Sets kernel parameters, by name, until `restoreSysctls`. Throws where one cannot be set. */
  setSysctls(values: Readonly<Record<string, string>>): void {
    this.#onDisk ??= RunnerFolder.onDisk();
    this.#onDisk.setSysctls(values);
  }

  restoreSysctls(): void {
    this.#onDisk?.restoreSysctls();
  }

  removeFolder(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
  }

  /**
   * Kills every process and removes every folder at once. Synchronous, so that it can run as this process
   * exits.
   */
  killAll(): void {
    for (const process of this.#processes) process.signal('SIGKILL');
    killDescendants();
    this.#onDisk?.remove();
    this.#inMemory?.remove();
    this.#onDisk = null;
    this.#inMemory = null;
  }
}
