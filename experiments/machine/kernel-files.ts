/** What the kernel tells in files. What is not there, or not to be read, is null: kernels differ in what they have. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

export class KernelFiles {
  /** Where /proc and /sys are. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Without the white space around it. */
  read(file: string): string | null {
    try {
      return readFileSync(path.join(this.root, file), 'utf8').trim();
    } catch {
      return null;
    }
  }

  number(file: string): number | null {
    const value = Number.parseInt(this.read(file) ?? '', 10);
    return Number.isNaN(value) ? null : value;
  }

  /** Of `always [madvise] never` the word that holds; of any other file what is in it. */
  chosen(file: string): string | null {
    const text = this.read(file);
    return /\[(\w+)\]/.exec(text ?? '')?.[1] ?? text;
  }

  /** Names, in order. */
  list(folder: string): string[] {
    try {
      return readdirSync(path.join(this.root, folder)).sort();
    } catch {
      return [];
    }
  }

  realpath(file: string): string | null {
    try {
      return realpathSync(path.join(this.root, file));
    } catch {
      return null;
    }
  }
}
