/** Has the load generator calibrate itself where it runs, before anything is measured with it. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { backendNamed } from '../../libos/index.ts';
import {
  CALIBRATION_FILE,
  CALIBRATION_FOLDER,
  HOSTS_FOLDER,
  replaceFile,
  UNCALIBRATED_FILE,
  uncalibratedFormat,
} from '../../results/formats/index.ts';
import { moduleWords, optionWords, placeholderNames } from '../config/placeholders.ts';
import { generatorCores, placementOf, thisMachine } from '../config/placement.ts';
import type { Experiment, System } from '../config/schema.ts';
import { TrialFailure } from '../errors.ts';
import type { LabHost } from '../lab/lab.ts';
import { OWN_COMMAND } from '../machine/checkout.ts';
import type { TrialHost } from '../machine/trial-host.ts';
import { runningTime } from './running-time.ts';
import { lastWords } from './trial-folder.ts';
import type { TrialContext } from './trial-run.ts';

/** Steps of the calibration, and more: the time after which it counts as hung. */
const PATIENCE = 30;
const STOP_GRACE_MS = 1000;

type CalibrationContext = Pick<
  TrialContext,
  'experiment' | 'runFolder' | 'hostOf' | 'signal' | 'interrupted'
>;

/** A load generator, and what it was not calibrated over: half a sentence says why. */
export interface NotCalibrated {
  backend: string;
  /** As a lab file names it; null where nobody says where systems run. */
  host: string | null;
  reason: string;
}

/** What is calibrated: the load generator of a system on one of its hosts. */
interface Placed {
  system: System;
  home: LabHost;
  /** Of the generator and of the server that it is held against; null: nobody said one. */
  cores: { client: number | undefined; server: number | undefined };
}

/**
 * Over each backend that the load generator uses, on each host where it does, on the cores of the first system that
 * uses it there. Returns why it was not made, where that is so, as the run folder has it.
 */
export async function calibrate(context: CalibrationContext): Promise<NotCalibrated[]> {
  const { experiment, runFolder, signal } = context;
  const { calibration } = experiment;
  if (!calibration) return [];
  const notCalibrated: NotCalibrated[] = [];
  const { schema } = uncalibratedFormat;
  for (const placed of firstOfEach(experiment)) {
    const { backend } = placed.system.client;
    const host = placed.home === thisMachine ? null : placed.home.name;
    const own = host === null ? [] : [HOSTS_FOLDER, host];
    const folder = path.join(runFolder, CALIBRATION_FOLDER, backend, ...own);
    mkdirSync(folder, { recursive: true });
    rmSync(path.join(folder, UNCALIBRATED_FILE), { force: true });
    const reason = await calibrateOver(placed, folder, calibration.duration_s, context).catch((error) => {
      // One that is lost has its trials say so, too.
      if (error instanceof TrialFailure && !signal.aborted) return error.message;
      throw error;
    });
    if (reason === null) continue;
    notCalibrated.push({ backend, host, reason });
    const missing = uncalibratedFormat.write({ schema, backend, reason });
    await replaceFile(path.join(folder, UNCALIBRATED_FILE), missing);
  }
  return notCalibrated;
}

/** Of each backend and host. */
function firstOfEach(experiment: Experiment): Placed[] {
  const all = experiment.systems
    .filter(({ client }) => client.program === undefined)
    .flatMap((system) => {
      const { server, generators } = placementOf(experiment, system);
      return generators.map(({ host: home }): Placed => {
        const [client] = generatorCores(system, home);
        const others = home === server.host ? system.server_cores : (home.server_cores ?? []);
        const spare = [...others, ...(home.client_cores ?? [])].find((core) => core !== client);
        return { system, home, cores: { client, server: spare } };
      });
    });
  const keyOf = ({ system, home }: Placed): string => `${system.client.backend} ${home.name}`;
  return [...new Map(all.toReversed().map((placed) => [keyOf(placed), placed])).values()].toReversed();
}

/** Null when it was made, else why it was not: half a sentence. */
async function calibrateOver(
  { system, home, cores }: Placed,
  folder: string,
  duration_s: number,
  { hostOf, interrupted }: CalibrationContext,
): Promise<string | null> {
  const { backend } = system.client;
  if (cores.client === undefined || cores.server === undefined) {
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
  const host = await hostOf(home);
  const there = await host.mirror(folder);
  // What it leaves there when it is killed goes with the folder.
  const temporary = await host.createFolder(true);
  try {
    const { client: core, server: serverCore } = cores;
    const options = { backend, core, 'server-core': serverCore, 'duration-s': duration_s, out: there };
    const words = [
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...moduleWords(backend),
      ...optionWords(given),
    ];
    const env = { ...home.env, TMPDIR: temporary };
    const launch = { words, cores: [core, serverCore], env, there };
    return await runToItsEnd(host, launch, { folder, duration_s, interrupted });
  } finally {
    for (const made of [temporary, ...(there === folder ? [] : [there])])
      if (host.lost === null) await host.removeFolder(made);
  }
}

async function runToItsEnd(
  host: TrialHost,
  launch: { words: readonly string[]; cores: readonly number[]; env: Record<string, string>; there: string },
  asked: { folder: string; duration_s: number; interrupted: Promise<never> },
): Promise<string | null> {
  const { words, cores, env, there } = launch;
  const { folder, duration_s, interrupted } = asked;
  const logsIn = (place: string): { stdoutFile: string; stderrFile: string } => ({
    stdoutFile: path.join(place, 'calibrate.stdout.log'),
    stderrFile: path.join(place, 'calibrate.stderr.log'),
  });
  const argv = [OWN_COMMAND, 'calibrate', ...words];
  const running = await host.start({ argv, checkout: undefined, cores, cwd: there, env, ...logsIn(there) });
  const timer = new AbortController();
  const limit_s = (1 + duration_s) * PATIENCE;
  const hung = runningTime(limit_s * 1000, timer.signal).then(() => `had not ended after ${limit_s} s`);
  let end: string;
  try {
    end = await Promise.race([running.ended, hung, interrupted]);
  } finally {
    timer.abort();
    await running.stop(STOP_GRACE_MS);
    await host.collect(folder);
  }
  if (end === 'exited with code 0') return null;
  if (host.lost !== null) return host.lost;
  rmSync(path.join(folder, CALIBRATION_FILE), { force: true });
  return `bypassbench calibrate ${end}: ${(await lastWords([logsIn(folder).stderrFile])) ?? 'it said nothing'}`;
}
