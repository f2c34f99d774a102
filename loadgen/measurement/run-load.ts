/** Runs the generator on its threads, with a progress bar on standard error. */
import { showProgress } from '../progress-bar.ts';
import type { LoadOptions, LoadOutcome } from './options.ts';
import { phaseNames } from './phases.ts';
import { createProgress, generate } from './threads.ts';

/** Null when a signal ended it. Throws LoadError, LibosError. */
export async function runLoad(options: LoadOptions): Promise<LoadOutcome | null> {
  const progress = createProgress();
  const bar = showProgress(progress, phaseNames);
  try {
    return await generate(options, progress);
  } finally {
    bar?.stop();
  }
}
