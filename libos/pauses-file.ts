/** Writes the server's pauses to a file (`--pauses`), in the format of results/formats/pauses.ts. */
import { renameSync, writeFileSync } from 'node:fs';
import type { PauseLog } from './pauses.ts';

/** Ends the log. `file` null: nothing is written. */
export async function writePauses(pauses: PauseLog, file: string | null): Promise<void> {
  const found = await pauses.finish();
  if (file === null) return;
  // A server may be killed while it writes: whoever reads the file finds all of it or none.
  const beside = `${file}.part`;
  writeFileSync(beside, `${JSON.stringify({ schema: 'bypassbench.pauses/1', ...found })}\n`);
  renameSync(beside, file);
}
