/** Runs the generator on its thread, with a progress bar on standard error. */
import { finishedOrSignalled, startDataPath } from '../../libos/index.ts';
import { showProgress } from '../progress-bar.ts';
import type { GeneratorInput } from './measuring.ts';
import type { LoadOptions, LoadOutcome } from './options.ts';
import { phaseNames } from './phases.ts';

/** Null when a signal ended it. Throws LoadError, LibosError. */
export async function runLoad(options: LoadOptions): Promise<LoadOutcome | null> {
  const progress = new Float64Array(new SharedArrayBuffer(24));
  const input: GeneratorInput = { options, progress };
  const dataPath = startDataPath<GeneratorInput, null, LoadOutcome | null>(
    new URL('./generator.ts', import.meta.url),
    input,
    options.core,
  );
  const bar = showProgress(progress, phaseNames);
  try {
    return await finishedOrSignalled(dataPath);
  } finally {
    bar?.stop();
  }
}
