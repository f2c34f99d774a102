/**
 * Has a program measure one operation: the load generator on a running server, or that of a floor. Both write
 * result.json and histograms into a folder, as `bypassbench load --out` does.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadResult, loadResultFormat, RESULT_FILE } from '../../results/formats/index.ts';
import type { WorkloadConfig } from '../config/schema.ts';
import { TrialFailure } from '../errors.ts';
import type { Checkout } from '../machine/checkout.ts';
import type { TrialHost, TrialProcess } from '../machine/trial-host.ts';
import { refuseLost } from './lost-host.ts';
import { runningTime } from './running-time.ts';
import { lastWords } from './trial-folder.ts';

export const STOP_GRACE_MS = 1000;
/** A load generator often fails because its server has just ended: how long to wait for the news of that. */
const NEWS_OF_SERVER_MS = 200;

/** 2: some requests were never answered. The result counts them, and its readers judge it. */
export const MEASURED: readonly string[] = ['exited with code 0', 'exited with code 2'];

export type WorkloadOperation = WorkloadConfig['operations'][number];

export interface MeasuredServer {
  process: TrialProcess;
  host: TrialHost;
  /** What becomes of its logs here, once `collect` has brought them. */
  logs: readonly string[];
  collect: () => Promise<void>;
}

/** What measures. `name` is what sentences call it, `log` how its logs are named. */
export interface Meter {
  name: string;
  log: 'load' | 'floor';
  /** As experiments name programs, and its arguments. */
  argv: readonly string[];
  checkout: Checkout | undefined;
  cores: readonly number[];
  env: Record<string, string>;
  /** The server that it measures, if there is one. */
  server: MeasuredServer | null;
}

export interface MeasurementRequest {
  meter: Meter;
  workload: WorkloadConfig;
  operation: WorkloadOperation;
  /** How long it measures; beside warm-up and margin this is how long it may take. */
  duration_s: number;
  /** Folder for what the program writes, and its mirror where the program runs. */
  folder: string;
  there: string;
  /** Where it runs. */
  host: TrialHost;
  /** Rejects when the run is interrupted. */
  interrupted: Promise<never>;
}

/** Its logs in a folder. */
export function logsOf(
  { log }: Pick<Meter, 'log'>,
  folder: string,
): { stdoutFile: string; stderrFile: string } {
  return {
    stdoutFile: path.join(folder, `${log}.stdout.log`),
    stderrFile: path.join(folder, `${log}.stderr.log`),
  };
}

/** What the program wrote, or a TrialFailure. Its process has ended when this settles. */
export async function measure(request: MeasurementRequest): Promise<LoadResult> {
  const { meter, folder, there, host } = request;
  const { stderrFile } = logsOf(meter, folder);
  const running = await host.start({
    argv: meter.argv,
    checkout: meter.checkout,
    cores: meter.cores,
    cwd: there,
    env: meter.env,
    ...logsOf(meter, there),
  });
  const failure: unknown = await untilMeasured(request, running, stderrFile).then(
    () => null,
    (error) => error,
  );
  try {
    await running.stop(STOP_GRACE_MS);
    await host.collect(folder);
  } catch (error) {
    throw failure ?? error;
  }
  if (failure !== null) throw failure;
  return readResult(request, stderrFile);
}

/** Until the program has ended as one that has measured; else a TrialFailure says why it has not. */
async function untilMeasured(
  request: MeasurementRequest,
  running: TrialProcess,
  stderrFile: string,
): Promise<void> {
  const { meter, workload, operation, folder, host, interrupted } = request;
  const { name, server } = meter;
  const logs = [...(server?.logs ?? []), stderrFile];
  const limitSeconds = workload.warmup_s + request.duration_s + workload.margin_s;
  const timer = new AbortController();
  const timeOver = runningTime(limitSeconds * 1000, timer.signal).then(() => 'time over' as const);
  try {
    const ends = server ? [running.ended, server.process.ended] : [running.ended];
    const first = await Promise.race([...ends, timeOver, interrupted]);
    if (first === 'time over') {
      throw new TrialFailure(
        `${name} had not finished ${operation} after ${limitSeconds} s ` +
          `(warm-up, duration and margin): ${server ? `the server or ${name}` : 'it'} hangs`,
        logs,
      );
    }
  } finally {
    timer.abort();
  }
  refuseLost([host], logs);
  if (running.end !== null && MEASURED.includes(running.end)) return;
  if (server) await refuseEnded(server, operation);
  await host.collect(folder);
  const said = (await lastWords([stderrFile])) ?? 'it said nothing on stderr';
  throw new TrialFailure(`${name} ${running.end} during ${operation}: ${said}`, [stderrFile]);
}

/** Throws where the server has ended, or is about to. */
export async function refuseEnded(
  { process, host, logs, collect }: MeasuredServer,
  operation: WorkloadOperation,
): Promise<void> {
  await Promise.race([process.ended, sleep(NEWS_OF_SERVER_MS)]);
  refuseLost([host], logs);
  const { end } = process;
  if (end === null) return;
  await collect();
  const said = await lastWords(logs, { certain: end.startsWith('was ended by') });
  throw new TrialFailure(`the server ${end} during ${operation}${said === null ? '' : `: ${said}`}`, logs);
}

/**
 * The result, which must be about what was asked for: nothing else of a run can be read with another one in
 * it.
 */
export async function readResult(
  {
    meter,
    workload,
    operation,
    folder,
  }: Pick<MeasurementRequest, 'meter' | 'workload' | 'operation' | 'folder'>,
  stderrFile: string,
): Promise<LoadResult> {
  const unusable = (why: string): TrialFailure =>
    new TrialFailure(`${meter.name} wrote no usable ${RESULT_FILE}: ${why}`, [stderrFile]);
  let result: LoadResult;
  try {
    result = loadResultFormat.read(await readFile(path.join(folder, RESULT_FILE), 'utf8'));
  } catch (error) {
    throw unusable((error as Error).message);
  }
  const { connections, value_bytes } = result;
  if (connections !== workload.clients || value_bytes !== workload.value_bytes) {
    throw unusable(
      `connections ${connections} and value_bytes ${value_bytes} are not the ${workload.clients} and ` +
        `${workload.value_bytes} that were to be measured`,
    );
  }
  const found = result.operations.map((one) => one.operation).sort();
  const asked = operation === 'mix' ? Object.keys(workload.mix ?? {}).sort() : [operation];
  const isAsked =
    operation === 'mix' ? found.every((one) => asked.includes(one)) : found.join() === asked.join();
  if (!isAsked) throw unusable(`it is not about ${asked.join(' and ')} alone`);
  return result;
}
