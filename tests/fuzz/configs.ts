/**
 * Experiments as people write them, with mistakes: whatever is changed in one that ships, it is taken or refused by an
 * error that names the place.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { readExperiment } from '../../experiments/config/config.ts';
import { shippedExperiments } from '../../experiments/config/experiments.ts';
import { ExperimentError } from '../../experiments/errors.ts';
import type { Target } from './target.ts';
import { type Mistakes, mistakes, withMistakes } from './yaml-mistakes.ts';

interface ConfigCase extends Mistakes {
  experiment: string;
  quick: boolean;
}

const shipped = shippedExperiments();

export const configs: Target<ConfigCase> = {
  holds: "experiments' YAML with mistakes: taken, or refused by an error that names the place",
  cases: fc.record({
    experiment: fc.constantFrom(...shipped.keys()),
    ...mistakes,
    quick: fc.boolean(),
  }),
  play,
};

async function play({ experiment, quick, ...changes }: ConfigCase): Promise<void> {
  const original = readFileSync(shipped.get(experiment) ?? experiment, 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-fuzz-'));
  const file = join(folder, 'x.yaml');
  try {
    writeFileSync(file, withMistakes(original, changes));
    await readExperiment(file, { quick, set: [], only: null });
  } catch (error) {
    requireUseful(error as Error, [basename(file), '--quick']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Throws where it is not for its reader, or has none of these names of a place. */
export function requireUseful(error: Error, places: readonly string[]): void {
  if (!(error instanceof ExperimentError)) throw error;
  const { code, message } = error;
  if (code !== 'CONFIG_INVALID' && code !== 'LAB_INVALID') throw new Error(`${code}: ${message}`);
  const [first] = message.split('\n').slice(message.includes('\n') ? 1 : 0);
  if (!places.some((place) => message.includes(place))) {
    throw new Error(`names neither file nor place: ${message}`);
  }
  if (/\bundefined\b|\[object |at .*\.ts:\d/.test(first.replace(/'[^']*'/g, ''))) {
    throw new Error(`is not for its reader: ${message}`);
  }
}
