/**
 * Reads the raw files of a run folder: manifest.json and, under trials/, trial.json, result.json and the
 * histograms. Nothing that was made from them is read. Whatever does not fit together is an error that names
 * the file, the field and what to do; a trial that is merely absent is not (summary.ts judges that).
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ResultsError, type ResultsErrorCode } from '../errors.ts';
import {
  CALIBRATION_FILE,
  CALIBRATION_FOLDER,
  type Calibration,
  calibrationFormat,
  type Format,
  FormatError,
  HOSTS_FOLDER,
  isPartOf,
  type LoadResult,
  loadResultFormat,
  MANIFEST_FILE,
  type Manifest,
  type MeasurementTarget,
  manifestFormat,
  PAUSES_FILE,
  type Pauses,
  pausesFormat,
  pointName,
  RESULT_FILE,
  SERVER_PAUSES_FILE,
  SLICES_FILE,
  type SlicesFile,
  STAGES_FILE,
  STAMPED_FOLDER,
  type StagesFile,
  sameAt,
  TRIAL_FILE,
  type Trial,
  targetsOf,
  trialFormat,
  trialsOf,
  UNCALIBRATED_FILE,
  type Uncalibrated,
  uncalibratedFormat,
  unpackSlices,
  unpackStages,
} from '../formats/index.ts';
import { withDistinctLabels } from './distinct-labels.ts';
import { decodeHistogram, type Histogram, mergeHistograms } from './histogram.ts';

/** What one `bypassbench load` measured. `latency_ns` merges its operations (two for a mix). */
export interface Recording {
  result: LoadResult;
  latency_ns: Histogram;
  /** The same by slices of time; null where the window was not cut, as in older runs. */
  slices: SlicesFile | null;
}

/** The measurement with stamps that followed one without. */
export interface StampedRecording {
  latency_ns: Histogram;
  slices: SlicesFile | null;
  stages: StagesFile;
}

export interface MeasurementRecord {
  /** Relative to the run folder, with slashes, for links. */
  folder: string;
  measurement: Trial['measurements'][number] & MeasurementTarget;
  /** Null when the measurement failed. */
  recording: Recording | null;
  /** What kept the load generator from running; null where nobody looked, as in a floor. */
  pauses: Pauses | null;
  /** Null where nothing was stamped. */
  stamped: StampedRecording | null;
}

export interface TrialRecord {
  folder: string;
  trial: Trial;
  measurements: MeasurementRecord[];
  /** What kept the server from running, where it says. */
  serverPauses: Pauses | null;
}

/** The host that a load generator was calibrated on; null where nobody said one, so that it was this machine. */
interface OfHost {
  host: string | null;
}

/** Trials come in the order in which they ran. */
export interface Run {
  dir: string;
  manifest: Manifest;
  trials: TrialRecord[];
  /** Of the load generator, before the trials: one a backend and host. */
  calibrations: (Calibration & OfHost)[];
  /** The backends that it was not calibrated over, though that was asked for. */
  uncalibrated: (Uncalibrated & OfHost)[];
}

/** Trials that were read, by their folder: one that ended does not change. */
export type EndedTrials = Map<string, TrialRecord>;

/** `ended`: trials that are not read again; those that are read now are added. */
export async function readRun(dir: string, ended: EndedTrials = new Map()): Promise<Run> {
  await requireFolder(dir);
  const written = await readJson(dir, MANIFEST_FILE, manifestFormat, 'run the experiment again');
  const manifest = { ...written, systems: withDistinctLabels(written.systems) };
  if (manifest.systems.every(({ repeats }) => repeats !== null)) {
    throw new ResultsError(
      'RUN_FILE_INVALID',
      `${join(dir, MANIFEST_FILE)}: systems: each repeats another one, and none is there to be repeated; run the experiment again`,
    );
  }
  const trials: TrialRecord[] = [];
  for (const folder of await foldersIn(dir, 'trials')) {
    const record = ended.get(folder) ?? (await readTrial(dir, folder, manifest));
    if (record === null) continue;
    ended.set(folder, record);
    trials.push(record);
  }
  if (trials.length === 0) {
    throw new ResultsError(
      'RUN_WITHOUT_TRIALS',
      `${join(dir, 'trials')} holds no trial that ended: nothing to report yet; let the run go on, or run the experiment again`,
    );
  }
  refuseDuplicates(trials);
  trials.sort((a, b) => a.trial.order - b.trial.order);
  return { dir, manifest, trials, ...(await readCalibrations(dir)) };
}

async function readCalibrations(dir: string): Promise<Pick<Run, 'calibrations' | 'uncalibrated'>> {
  const remedy = 'remove it to report without it';
  const calibrations: Run['calibrations'] = [];
  const uncalibrated: Run['uncalibrated'] = [];
  // Older runs have one beside the manifest.
  for (const { folder, host } of [{ folder: '.', host: null }, ...(await calibrationFolders(dir))]) {
    const [made, missing] = [`${folder}/${CALIBRATION_FILE}`, `${folder}/${UNCALIBRATED_FILE}`];
    if (await exists(dir, made))
      calibrations.push({ ...(await readJson(dir, made, calibrationFormat, remedy)), host });
    if (folder !== '.' && (await exists(dir, missing)))
      uncalibrated.push({ ...(await readJson(dir, missing, uncalibratedFormat, remedy)), host });
  }
  return { calibrations, uncalibrated };
}

/** One a backend, and within it one a host where hosts are named. */
async function calibrationFolders(dir: string): Promise<(OfHost & { folder: string })[]> {
  const found: (OfHost & { folder: string })[] = [];
  for (const folder of await foldersIn(dir, CALIBRATION_FOLDER)) {
    found.push({ folder, host: null });
    for (const ofHost of await foldersIn(dir, `${folder}/${HOSTS_FOLDER}`))
      found.push({ folder: ofHost, host: basename(ofHost) });
  }
  return found;
}

type Compared = Pick<MeasurementTarget, 'operation' | 'at'>;

/** Whether they are the same operation at the same point: systems are compared so, whatever their own workloads are. */
export function sameTarget(a: Compared, b: Compared): boolean {
  return a.operation === b.operation && sameAt(a.at, b.at);
}

/** Whether `other` is what a point is compared with: its target, but for the axes that the other system has not. */
export function standsBeside(other: Compared, point: Compared): boolean {
  return other.operation === point.operation && isPartOf(other.at, point.at);
}

async function requireFolder(dir: string): Promise<void> {
  const found = await stat(dir).catch(() => null);
  if (!found) {
    throw new ResultsError('RUN_NOT_FOUND', `no such folder: ${dir}; give the folder that a run wrote`);
  }
  if (!found.isDirectory() || !(await stat(join(dir, MANIFEST_FILE)).catch(() => null))) {
    throw new ResultsError(
      'NOT_A_RUN_FOLDER',
      `${dir} is not a run folder, it has no manifest.json; give the folder that 'bypassbench run' wrote`,
    );
  }
}

/** Folders below one of the run folder, sorted by name. */
async function foldersIn(dir: string, name: string): Promise<string[]> {
  const entries = await readdir(join(dir, name), { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw unreadable(join(dir, name), error);
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${name}/${entry.name}`)
    .sort();
}

/** Null when the folder has no trial.json: the trial was going on when the run was cut off, or still is. */
async function readTrial(dir: string, folder: string, manifest: Manifest): Promise<TrialRecord | null> {
  const file = `${folder}/${TRIAL_FILE}`;
  if (!(await exists(dir, file))) return null;
  const remedy = `remove the folder ${join(dir, folder)} to report without this trial`;
  const trial = await readJson(dir, file, trialFormat, remedy);
  const refuse = (what: string): never => {
    throw new ResultsError('RUN_FILE_INVALID', `${join(dir, file)}: ${what}; ${remedy}`);
  };
  if (![...manifest.systems, ...manifest.floors].some(({ name }) => name === trial.subject)) {
    refuse(`subject ${JSON.stringify(trial.subject)} is not in manifest.json`);
  }
  if (trial.trial > manifest.plan.trials) {
    refuse(`trial ${trial.trial} is more than the ${manifest.plan.trials} that manifest.json plans`);
  }
  if (!trialsOf(manifest, trial.subject, trial.at).includes(trial.trial)) {
    refuse(`trial ${trial.trial} is none that manifest.json plans of ${trial.subject}`);
  }
  const targets = targetsOf(manifest, trial.subject).filter(({ at }) => sameAt(at, trial.at));
  const measurements: MeasurementRecord[] = [];
  for (const recorded of trial.measurements) {
    const planned = targets.find((target) => isOf(target, recorded));
    if (!planned) {
      return refuse(`measurement ${recorded.dir} is not among those that manifest.json plans`);
    }
    const measurement = { ...planned, ...recorded };
    if (measurements.some((other) => sameTarget(other.measurement, measurement))) {
      refuse(`measurement ${measurement.dir} repeats one before it`);
    }
    const measured = `${folder}/${measurement.dir}`;
    const isOk = measurement.status === 'ok';
    const recording = isOk ? await readRecording(dir, measured, measurement, remedy) : null;
    const pauses = await readPauses(dir, `${measured}/${PAUSES_FILE}`, remedy);
    const stamped = isOk
      ? await readStamped(dir, `${measured}/${STAMPED_FOLDER}`, measurement, remedy)
      : null;
    measurements.push({ folder: measured, measurement, recording, pauses, stamped });
  }
  const serverPauses = await readPauses(dir, `${folder}/${SERVER_PAUSES_FILE}`, remedy);
  return { folder, trial, measurements, serverPauses };
}

function isOf(target: MeasurementTarget, recorded: Trial['measurements'][number]): boolean {
  return (['operation', 'clients', 'value_bytes'] as const).every((key) => target[key] === recorded[key]);
}

async function readPauses(dir: string, file: string, remedy: string): Promise<Pauses | null> {
  return (await exists(dir, file)) ? readJson(dir, file, pausesFormat, remedy) : null;
}

async function readStamped(
  dir: string,
  folder: string,
  target: MeasurementTarget,
  remedy: string,
): Promise<StampedRecording | null> {
  const file = `${folder}/${STAGES_FILE}`;
  if (!(await exists(dir, file))) return null;
  const { latency_ns, slices } = await readRecording(dir, folder, target, remedy);
  const stages = await readPacked(join(dir, file), unpackStages, 'STAGES_UNREADABLE', 'the stages');
  return { latency_ns, slices, stages };
}

async function readSlices(dir: string, folder: string): Promise<SlicesFile | null> {
  const file = `${folder}/${SLICES_FILE}`;
  if (!(await exists(dir, file))) return null;
  return readPacked(join(dir, file), unpackSlices, 'SLICES_UNREADABLE', 'the distances of its cores');
}

/** `what` a run lacks without the file. */
async function readPacked<T>(
  path: string,
  unpack: (bytes: Uint8Array) => T,
  code: ResultsErrorCode,
  what: string,
): Promise<T> {
  try {
    return unpack(await readFile(path));
  } catch (error) {
    const { message } = error as Error;
    throw new ResultsError(
      code,
      `${path} is not what this version writes (${message}); remove it to report without ${what}`,
      { cause: error },
    );
  }
}

async function exists(dir: string, file: string): Promise<boolean> {
  return (await stat(join(dir, file)).catch(() => null)) !== null;
}

async function readRecording(
  dir: string,
  folder: string,
  target: MeasurementTarget,
  remedy: string,
): Promise<Recording> {
  const file = `${folder}/${RESULT_FILE}`;
  const result = await readJson(dir, file, loadResultFormat, remedy);
  const { clients: connections, pipeline, value_bytes, rate_ops } = target;
  for (const [key, planned] of Object.entries({ connections, pipeline, value_bytes, rate_ops })) {
    const found = result[key as 'connections' | 'pipeline' | 'value_bytes' | 'rate_ops'];
    if (found === planned) continue;
    throw new ResultsError(
      'RUN_FILE_INVALID',
      `${join(dir, file)}: ${key} ${found} is not the ${planned} that manifest.json plans; ${remedy}`,
    );
  }
  const histograms: Histogram[] = [];
  for (const { hits, unanswered, histogram } of result.operations) {
    histograms.push(await readHistogram(dir, `${folder}/${histogram}`, { hits, unanswered }, remedy));
  }
  return { result, latency_ns: mergeHistograms(histograms), slices: await readSlices(dir, folder) };
}

/**
 * There must be a value for each hit and each request that was given up: a damaged file can decode without an error.
 */
async function readHistogram(
  dir: string,
  file: string,
  { hits, unanswered }: { hits: number; unanswered: number },
  remedy: string,
): Promise<Histogram> {
  const path = join(dir, file);
  const text = await readText(path, remedy);
  let histogram: Histogram;
  try {
    histogram = decodeHistogram(text);
  } catch (error) {
    throw new ResultsError(
      'HISTOGRAM_CORRUPT',
      `${path} is not an HdrHistogram V2 histogram (${(error as Error).message}); ${remedy}`,
      { cause: error },
    );
  }
  if (histogram.totalCount !== hits + unanswered) {
    const given = unanswered === 0 ? '' : ` and ${unanswered} requests that were given up`;
    throw new ResultsError(
      'HISTOGRAM_CORRUPT',
      `${path} holds ${histogram.totalCount} values where result.json counts ${hits} hits${given}; ${remedy}`,
    );
  }
  return histogram;
}

function refuseDuplicates(trials: TrialRecord[]): void {
  const seen = new Map<string, string>();
  for (const { folder, trial } of trials) {
    const key = `trial ${trial.trial} of ${[trial.subject, pointName(trial.at)].filter(Boolean).join(' at ')}`;
    const other = seen.get(key);
    if (other) {
      throw new ResultsError(
        'RUN_FILE_INVALID',
        `${other} and ${folder} both are ${key}; remove one of the two folders`,
      );
    }
    seen.set(key, folder);
  }
}

const errorCodes = {
  NOT_JSON: 'RUN_FILE_UNREADABLE',
  SCHEMA_UNKNOWN: 'RUN_SCHEMA_UNKNOWN',
  INVALID: 'RUN_FILE_INVALID',
} as const;

async function readJson<T extends { schema: string }>(
  dir: string,
  file: string,
  format: Format<T>,
  remedy: string,
): Promise<T> {
  const path = join(dir, file);
  const text = await readText(path, remedy);
  try {
    return format.read(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { code, message } = error;
    const toDo =
      code === 'SCHEMA_UNKNOWN'
        ? 'report it with the version of bypassbench that wrote it (see versions in manifest.json)'
        : remedy;
    const link = code === 'NOT_JSON' ? ' ' : ': ';
    throw new ResultsError(errorCodes[code], `${path}${link}${message}; ${toDo}`, { cause: error });
  }
}

async function readText(path: string, remedy: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new ResultsError('RUN_FILE_MISSING', `${path} is missing; ${remedy}`);
    }
    throw unreadable(path, error as Error);
  }
}

function unreadable(path: string, cause: Error): ResultsError {
  return new ResultsError(
    'RUN_FILE_UNREADABLE',
    `${path} cannot be read (${cause.message}); make it readable`,
    {
      cause,
    },
  );
}
