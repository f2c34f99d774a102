/**
 * Has a program measure one operation: the load generator on a running server, or that of a floor. Both write
 * result.json and histograms into a folder, as `bypassbench load --out` does.
 */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadResult, loadResultFormat, RESULT_FILE } from '../../results/formats/index.ts';
import type { WorkloadConfig } from '../config/schema.ts';
import { TrialFailure } from '../errors.ts';
import type { RunningProcess, Supervisor } from '../machine/process.ts';
import { runningTime } from './running-time.ts';
import { lastWords } from './trial-folder.ts';

const STOP_GRACE_MS = 1000;
/** A load generator often fails because its server has just ended: how long to wait for the news of that. */
const NEWS_OF_SERVER_MS = 200;

/** 2: some requests were never answered. The result counts them, and its readers judge it. */
const MEASURED: readonly string[] = ['exited with code 0', 'exited with code 2'];

export type WorkloadOperation = WorkloadConfig['operations'][number];

/** What measures. `name` is what sentences call it, `log` how its logs are named. */
export interface Meter {
  name: string;
  log: 'load' | 'floor';
  /** The path of a program, or its name on the PATH, and its arguments. */
  argv: readonly string[];
  cores: readonly number[];
  env: Record<string, string>;
  /** The server that it measures, if there is one, and that server's logs. */
  server: { process: RunningProcess; logs: readonly string[] } | null;
}

export interface MeasurementRequest {
  meter: Meter;
  workload: WorkloadConfig;
  operation: WorkloadOperation;
  /** How long it measures; beside warm-up and margin this is how long it may take. */
  duration_s: number;
  /** Folder, not there yet, for what the program writes. */
  folder: string;
  supervisor: Supervisor;
  /** Rejects when the run is interrupted. */
  interrupted: Promise<never>;
}

/** What the program wrote, or a TrialFailure. Its process has ended when this settles. */
export async function measure(request: MeasurementRequest): Promise<LoadResult> {
  const { meter, workload, operation, folder, interrupted } = request;
  const { name, server } = meter;
  const stdoutFile = path.join(folder, `${meter.log}.stdout.log`);
  const stderrFile = path.join(folder, `${meter.log}.stderr.log`);
  const limitSeconds = workload.warmup_s + request.duration_s + workload.margin_s;
  mkdirSync(folder, { recursive: true });
  const running = request.supervisor.start({
    argv: meter.argv,
    cores: meter.cores,
    cwd: folder,
    env: meter.env,
    stdoutFile,
    stderrFile,
  });
  const timer = new AbortController();
  const timeOver = runningTime(limitSeconds * 1000, timer.signal).then(() => 'time over' as const);
  try {
    const ends = server ? [running.ended, server.process.ended] : [running.ended];
    const first = await Promise.race([...ends, timeOver, interrupted]);
    if (first === 'time over') {
      throw new TrialFailure(
        `${name} had not finished ${operation} after ${limitSeconds} s ` +
          `(warm-up, duration and margin): ${server ? `the server or ${name}` : 'it'} hangs`,
        [...(server?.logs ?? []), stderrFile],
      );
    }
    if (running.end !== null && MEASURED.includes(running.end)) return await readResult(request, stderrFile);
    if (server) {
      await Promise.race([server.process.ended, sleep(NEWS_OF_SERVER_MS)]);
      const { end } = server.process;
      if (end !== null) {
        const said = await lastWords(server.logs, { certain: end.startsWith('was ended by') });
        const why = said === null ? '' : `: ${said}`;
        throw new TrialFailure(`the server ${end} during ${operation}${why}`, server.logs);
      }
    }
    const said = (await lastWords([stderrFile])) ?? 'it said nothing on stderr';
    throw new TrialFailure(`${name} ${running.end} during ${operation}: ${said}`, [stderrFile]);
  } finally {
    timer.abort();
    await running.stop(STOP_GRACE_MS);
  }
}

/**
 * The result, which must be about what was asked for: nothing else of a run can be read with another one in
 * it.
 */
async function readResult(
  { meter, workload, operation, folder }: MeasurementRequest,
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
