/**
 * How every file of results is written: beside its place first, then moved there. A reader finds the file as it was
 * or as it is, never half of it, whenever the writer is killed and when the disk is full.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A file that cannot be written. The message names it and the remedy. */
export class FileNotWritten extends Error {
  readonly code = 'FILE_NOT_WRITTEN';

  constructor(path: string, cause: Error) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const remedy = Object.hasOwn(remedies, code ?? '') ? `: ${remedies[code as keyof typeof remedies]}` : '';
    super(`${path} cannot be written (${message})${remedy}`, { cause });
    this.name = 'FileNotWritten';
  }
}

const FULL = 'free space on its disk, or name another folder';
const FORBIDDEN = 'make its folder writable, or name another one';
const remedies = { ENOSPC: FULL, EDQUOT: FULL, EACCES: FORBIDDEN, EPERM: FORBIDDEN, EROFS: FORBIDDEN };

/** Names of what a writer that was killed has left beside a file. */
export const HALF_WRITTEN = /^\..*\.\d+\.part$/;

/** Puts a file of this content at `path`, in place of any that is there. Throws FileNotWritten. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await writeFile(beside, content);
    await rename(beside, path);
  } catch (error) {
    // What made the writing fail may do so here; the first error is the one to tell.
    await rm(beside, { force: true }).catch(() => {});
    throw new FileNotWritten(path, error as Error);
  }
}
