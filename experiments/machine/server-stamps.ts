/**
 * Stamps of a server on this machine whose load generator is on another one, and so cannot turn them on or read them
 * itself (docs/measuring.md, "Stages").
 */
import { writeFile } from 'node:fs/promises';

/**
 * Has the server that stamps into `file` stamp all that passes it from now on: which windows the load generator stamps
 * is a matter of another counter.
 */
export async function startStamps(file: string): Promise<void> {
  const { StampRing } = await import('../../libos/index.ts');
  StampRing.stampEveryIn(file, 1);
}

/** Ends that, and writes what was stamped, and how fast the counter runs, to the file `kept`. */
export async function keepStamps(file: string, kept: string): Promise<void> {
  const { StampRing } = await import('../../libos/index.ts');
  StampRing.stampEveryIn(file, 0);
  await writeFile(kept, StampRing.snapshotOf(file));
}
