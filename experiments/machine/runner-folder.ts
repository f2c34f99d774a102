/**
 * The temporary folder of a runner, for all that its trials write: locked as long as the runner lives, however it
 * ends. So the next run can tell what is left of a runner that was killed, and removes it: the folder, and processes
 * that have its mark. The mark is an open file without a name, which whatever a runner starts inherits and nobody else
 * can have.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFolder } from './linux.ts';
import { kill } from './orphans.ts';
import { processInWords, readProcess, readProcesses } from './process-table.ts';
import { restoreSysctls, setSysctls } from './sysctl.ts';

/**
 * The longest folder for temporary files that is used. The path of a Unix socket has at most 107 bytes
 * (unix(7)), of which the folder made in there and the socket's own name want their share.
 */
const LONGEST_PARENT_BYTES = 60;
/** Linux's usual tmpfs (shm_overview(7)). */
const SHARED_MEMORY = '/dev/shm';

const PREFIX = 'bypassbench-run-';
const ours = /^bypassbench-run-\w{6}$/;
const MARK = 'mark';

/** Where files go: in /tmp where TMPDIR is so long that no Unix socket could be made there. */
function temporary(): string {
  return Buffer.byteLength(os.tmpdir()) > LONGEST_PARENT_BYTES ? '/tmp' : os.tmpdir();
}

/** Memory that processes share, where this system has such: what is mapped there is never written to a disk. */
function shared(): string {
  return existsSync(SHARED_MEMORY) ? SHARED_MEMORY : os.tmpdir();
}

export class RunnerFolder {
  /** What is started with it is found by the next run, if this one is killed. */
  readonly mark: number;
  readonly #folder: string;
  readonly #lock: ReturnType<typeof lockFolder>;
  #made = 0;

  private constructor(parent: string) {
    // Locked before it has the name by which others would find it.
    const unnamed = mkdtempSync(path.join(parent, `.${PREFIX}`));
    this.#lock = lockFolder(unnamed);
    this.#folder = path.join(parent, path.basename(unnamed).slice(1));
    renameSync(unnamed, this.#folder);
    const mark = path.join(this.#folder, MARK);
    this.mark = openSync(mark, 'w');
    rmSync(mark);
  }

  static onDisk(): RunnerFolder {
    return new RunnerFolder(temporary());
  }

  static inMemory(): RunnerFolder {
    return new RunnerFolder(shared());
  }

  /** A fresh folder in it. */
  create(): string {
    const folder = path.join(this.#folder, String(++this.#made));
    mkdirSync(folder);
    return folder;
  }

  /** Sets kernel parameters until `restoreSysctls` or the end of this runner, at the latest until the next run. */
  setSysctls(values: Readonly<Record<string, string>>): void {
    setSysctls(values, this.#folder);
  }

  restoreSysctls(): void {
    restoreSysctls(this.#folder);
  }

  remove(): void {
    try {
      this.restoreSysctls();
    } catch (error) {
      console.error(`bypassbench: ${(error as Error).message}`);
    }
    rmSync(this.#folder, { recursive: true, force: true });
    closeSync(this.mark);
    if (this.#lock !== null && this.#lock !== 'unknown') this.#lock.release();
  }
}

/** Removes what runners have left that were killed; returns a sentence for each of them. */
export async function removeLeftovers(): Promise<string[]> {
  const removed: string[] = [];
  for (const parent of new Set([temporary(), shared()])) {
    for (const name of readdirSync(parent).filter((one) => ours.test(one))) {
      const sentence = await removeLeftover(path.join(parent, name));
      if (sentence !== null) removed.push(sentence);
    }
  }
  return removed;
}

async function removeLeftover(folder: string): Promise<string | null> {
  const lock = lockIfOwn(folder);
  if (lock === null) return null;
  try {
    const left = markedProcesses(folder);
    for (const { pid } of left) kill(pid);
    while (left.some(({ pid }) => !(readProcess(pid)?.isZombie ?? true))) await sleep(5);
    const restored = settingsRestored(folder);
    rmSync(folder, { recursive: true, force: true });
    const what = [folder, ...left.map(processInWords), ...restored];
    return `removed what a run that was killed had left: ${what.join(', ')}`;
  } finally {
    lock.release();
  }
}

/** In words. What cannot be set back is said, and keeps nobody from starting. */
function settingsRestored(folder: string): string[] {
  try {
    return restoreSysctls(folder).map((setting) => `${setting} as it was`);
  } catch (error) {
    return [`settings of the kernel that may not be as they were (${(error as Error).message})`];
  }
}

/** Null where it is of another user, or of a runner that lives, or where nobody can tell. */
function lockIfOwn(folder: string): { release(): void } | null {
  try {
    if (statSync(folder).uid !== process.getuid?.()) return null;
    const lock = lockFolder(folder);
    return lock === 'unknown' ? null : lock;
  } catch (error) {
    // Its runner has just ended.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function markedProcesses(folder: string): ReturnType<typeof readProcesses> {
  const mark = `${path.join(folder, MARK)} (deleted)`;
  return readProcesses().filter(({ pid }) => {
    try {
      const files = `/proc/${pid}/fd`;
      return readdirSync(files).some((fd) => readlinkSync(path.join(files, fd)) === mark);
    } catch {
      // It has ended meanwhile, or is another user's.
      return false;
    }
  });
}
