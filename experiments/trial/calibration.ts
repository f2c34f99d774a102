/** Has the load generator calibrate itself, before anything is measured with it. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CALIBRATION_FILE } from '../../results/formats/index.ts';
import type { Experiment } from '../config/schema.ts';
import { commandPath, OWN_COMMAND } from '../machine/checkout.ts';
import type { Supervisor } from '../machine/process.ts';
import { lastWords } from './trial-folder.ts';

/** Steps of the calibration, and more: the time after which it counts as hung. */
const PATIENCE = 30;
const STOP_GRACE_MS = 1000;

/** Of a calibration that was wanted: null when it was made, else why it was not. */
export async function calibrate(
  { calibration, systems }: Experiment,
  runFolder: string,
  supervisor: Supervisor,
  interrupted: Promise<never>,
): Promise<string | null> {
  // It is about the kernel backend; the cores are those of the first system that it measures.
  const system = systems.find(({ client }) => client.backend === 'kernel');
  if (!calibration || !system) return null;
  const core = system.client.core;
  const serverCore = system.server_cores[0];
  if (core === serverCore) return 'client and server have one core, and a calibration wants two';
  const logs = path.join(runFolder, 'calibration');
  mkdirSync(logs, { recursive: true });
  const stderrFile = path.join(logs, 'calibrate.stderr.log');
  const { duration_s } = calibration;
  const options = { core, 'server-core': serverCore, 'duration-s': duration_s, out: runFolder };
  const running = supervisor.start({
    argv: [
      commandPath(OWN_COMMAND, undefined),
      'calibrate',
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ],
    cores: [core, serverCore],
    cwd: runFolder,
    env: {},
    stdoutFile: path.join(logs, 'calibrate.stdout.log'),
    stderrFile,
  });
  const hung = setTimeout(() => running.signal('SIGKILL'), (1 + duration_s) * PATIENCE * 1000);
  try {
    const end = await Promise.race([running.ended, interrupted]);
    if (end === 'exited with code 0') return null;
    rmSync(path.join(runFolder, CALIBRATION_FILE), { force: true });
    return `bypassbench calibrate ${end}: ${(await lastWords([stderrFile])) ?? 'it said nothing'}`;
  } finally {
    clearTimeout(hung);
    await running.stop(STOP_GRACE_MS);
  }
}
