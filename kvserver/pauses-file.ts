/** Writes the server's pauses to a file (`serve --pauses`), in the format of results/formats/pauses.ts. */
import { writeFileSync } from 'node:fs';
import type { PauseLog } from '../libos/index.ts';

/** Ends the log. `file` null: nothing is written. */
export async function writePauses(pauses: PauseLog, file: string | null): Promise<void> {
  const found = await pauses.finish();
  if (file === null) return;
  writeFileSync(file, `${JSON.stringify({ schema: 'bypassbench.pauses/1', ...found })}\n`);
}
