/** `bypassbench calibrate` over a backend, as a user runs it. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Calibration, calibrationFormat } from '../results/formats/index.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);

/** What it wrote into `out`, of steps so short that their numbers mean little. */
export async function calibrated(backend: string, out: string): Promise<Calibration> {
  await run(bypassbench, ['calibrate', '--backend', backend, '--duration-s', '0.05', '--out', out]);
  return calibrationFormat.read(await readFile(join(out, 'calibration.json'), 'utf8'));
}
