/** Has the load generator calibrate itself, before anything is measured with it. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { backendNamed } from '../../libos/index.ts';
import {
  CALIBRATION_FILE,
  CALIBRATION_FOLDER,
  replaceFile,
  UNCALIBRATED_FILE,
  type Uncalibrated,
  uncalibratedFormat,
} from '../../results/formats/index.ts';
import { moduleWords, optionWords, placeholderNames } from '../config/placeholders.ts';
import { isHere, placementOf } from '../config/placement.ts';
import type { Experiment, System } from '../config/schema.ts';
import { commandPath, OWN_COMMAND } from '../machine/checkout.ts';
import type { Supervisor } from '../machine/process.ts';
import { lastWords } from './trial-folder.ts';

/** Steps of the calibration, and more: the time after which it counts as hung. */
const PATIENCE = 30;
const STOP_GRACE_MS = 1000;

/**
 * Over each backend that the load generator uses, on the cores of the first system that uses it. Returns why it was not
 * made, where that is so, as the run folder has it.
 */
export async function calibrate(
  experiment: Experiment,
  runFolder: string,
  supervisor: Supervisor,
  interrupted: Promise<never>,
): Promise<Uncalibrated[]> {
  const { calibration, systems } = experiment;
  if (!calibration) return [];
  const uncalibrated: Uncalibrated[] = [];
  const { schema } = uncalibratedFormat;
  const ours = systems.filter(({ client }) => client.program === undefined);
  for (const [backend, [system]] of Map.groupBy(ours, ({ client }) => client.backend)) {
    if (system === undefined) continue;
    const folder = path.join(runFolder, CALIBRATION_FOLDER, backend);
    mkdirSync(folder, { recursive: true });
    const { duration_s } = calibration;
    const reason = !isHere(placementOf(experiment, system))
      ? 'its load generator is on another host'
      : await calibrateOver({ system, duration_s, folder, supervisor, interrupted });
    if (reason === null) continue;
    const missing: Uncalibrated = { schema, backend, reason };
    uncalibrated.push(missing);
    await replaceFile(path.join(folder, UNCALIBRATED_FILE), uncalibratedFormat.write(missing));
  }
  return uncalibrated;
}

interface CalibrationRequest {
  system: System;
  duration_s: number;
  folder: string;
  supervisor: Supervisor;
  interrupted: Promise<never>;
}

/** Null when it was made, else why it was not: half a sentence. */
async function calibrateOver(request: CalibrationRequest): Promise<string | null> {
  const { system, duration_s, folder, supervisor, interrupted } = request;
  const { core, backend } = system.client;
  const serverCore = system.server_cores[0];
  if (serverCore === undefined || core === serverCore) {
    return 'client and server have one core, and a calibration wants two';
  }
  const { pairing } = backendNamed(backend);
  if (pairing === null) return 'it has no two ends on one machine';
  // What follows from a server's place is not there without one.
  const given = Object.fromEntries(
    Object.entries(system.options).filter(([, value]) => placeholderNames(value).length === 0),
  );
  const pair = pairing.ends(folder, given);
  if (typeof pair === 'string') return pair;
  const stderrFile = path.join(folder, 'calibrate.stderr.log');
  const options = { backend, core, 'server-core': serverCore, 'duration-s': duration_s, out: folder };
  const running = supervisor.start({
    argv: [
      commandPath(OWN_COMMAND, undefined),
      'calibrate',
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...moduleWords(backend),
      ...optionWords(given),
    ],
    cores: [core, serverCore],
    cwd: folder,
    // What it leaves there when it is killed goes with the runner's own.
    env: { TMPDIR: supervisor.createSharedFolder() },
    stdoutFile: path.join(folder, 'calibrate.stdout.log'),
    stderrFile,
  });
  const hung = setTimeout(() => running.signal('SIGKILL'), (1 + duration_s) * PATIENCE * 1000);
  try {
    const end = await Promise.race([running.ended, interrupted]);
    if (end === 'exited with code 0') return null;
    rmSync(path.join(folder, CALIBRATION_FILE), { force: true });
    return `bypassbench calibrate ${end}: ${(await lastWords([stderrFile])) ?? 'it said nothing'}`;
  } finally {
    clearTimeout(hung);
    await running.stop(STOP_GRACE_MS);
  }
}
