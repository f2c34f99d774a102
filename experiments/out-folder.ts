/** The folder that a run goes to: new, empty, or an earlier run's, which the new one replaces. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { CALIBRATION_FILE, MANIFEST_FILE } from '../results/formats/index.ts';
import { reportFiles } from '../results/index.ts';
import { ExperimentError } from './errors.ts';

/** What a run and its report write. */
const runFiles = [MANIFEST_FILE, 'trials', CALIBRATION_FILE, 'calibration', ...reportFiles];

/** `runs/redis-figure-20261123T053645Z` */
export function defaultOutFolder(experiment: string, now: Date): string {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  return path.join('runs', `${experiment}-${time}`);
}

/** Makes `folder` ready for a run, or throws OUT_NOT_A_RUN when it holds something else. */
export async function prepareOutFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new ExperimentError('OUT_NOT_A_RUN', `--out ${folder} cannot be made a folder: ${error.message}`);
  });
  if ((await readdir(folder)).length === 0) return;
  if (!(await isRun(folder))) {
    throw new ExperimentError(
      'OUT_NOT_A_RUN',
      `--out ${folder} holds files that are no run of bypassbench: name a new or empty folder ` +
        '(an earlier run there would be replaced)',
    );
  }
  for (const file of runFiles) await rm(path.join(folder, file), { recursive: true, force: true });
}

async function isRun(folder: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8'));
    return String(manifest.schema).startsWith('bypassbench.manifest/');
  } catch {
    return false;
  }
}
