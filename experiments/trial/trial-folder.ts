/** The folder of one trial: its logs, its measurements' folders, and its record, trial.json. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import {
  FileNotWritten,
  replaceFile,
  TRIAL_FILE,
  type Trial,
  trialFolderName,
  trialFormat,
} from '../../results/formats/index.ts';
import { withoutHome } from '../machine/machine.ts';
import type { PlannedTrial } from './plan.ts';
import { tellingLine } from './telling-line.ts';

const TAIL_LINES = 20;
const TAIL_BYTES = 64 * 1024;

export class TrialFolder {
  readonly path: string;
  readonly startedAt = new Date();
  readonly #started = performance.now();

  constructor(runFolder: string, { order, subject, point, trial }: PlannedTrial) {
    this.path = path.join(runFolder, 'trials', trialFolderName(subject.name, point, trial, order));
    writing(this.path, () => mkdirSync(this.path, { recursive: true }));
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  get elapsed_s(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Adds a line, with the seconds since the trial began, to the runner's own log of it. */
  log(line: string): void {
    const file = this.file('runner.log');
    const text = `${this.elapsed_s.toFixed(3).padStart(9)} s  ${withoutHome(line)}\n`;
    writing(file, () => appendFileSync(file, text));
  }

  async writeRecord(record: Trial): Promise<void> {
    await replaceFile(this.file(TRIAL_FILE), trialFormat.write(record));
  }
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new FileNotWritten(path, error as Error);
  }
}

/** The last lines of some logs together, an equal share of lines each; null when there are none. */
export async function tailOf(logs: readonly string[]): Promise<string[] | null> {
  const tails = await Promise.all(logs.map((log) => lastLines(log, Math.floor(TAIL_LINES / logs.length))));
  const lines = tails.flat().map(withoutHome);
  return lines.length > 0 ? lines : null;
}

/**
 * What logs say about why their program ended: the line that tells, of the first log that has one for certain, else the
 * last line of the first that has any, unless it must be `certain` (a signal ends a program in the middle of anything);
 * null where there is none.
 */
export async function lastWords(logs: readonly string[], { certain = false } = {}): Promise<string | null> {
  const told = await Promise.all(logs.map(async (log) => tellingLine(await lastLines(log, Infinity))));
  const found = told.find((one) => one?.certain) ?? (certain ? null : told.find((one) => one !== null));
  return found?.line ?? null;
}

/** Up to `count` last lines of a file that may be large or missing; empty lines are left out. */
export async function lastLines(file: string, count: number): Promise<string[]> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return [];
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await handle.read(buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString('utf8').split('\n');
    return lines.filter((line) => line.trim() !== '').slice(-count);
  } finally {
    await handle.close();
  }
}
