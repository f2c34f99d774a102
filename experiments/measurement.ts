/** Has the load generator (`bypassbench load`, a process of its own) measure one operation on a running server. */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadResult, loadResultSchema } from '../results/index.ts';
import { TrialFailure } from './errors.ts';
import { commandPath, ownCommand } from './machine.ts';
import type { RunningProcess, Supervisor } from './process.ts';
import type { Address } from './readiness.ts';
import type { System, Workload } from './schema.ts';
import { lastLines } from './trial-folder.ts';

const stopGraceMs = 1000;
/** A load generator often fails because its server has just ended: how long to wait for the news of that. */
const newsOfServerMs = 200;

export type Operation = Workload['operations'][number];

export type MeasurementRequest = {
  system: System;
  workload: Workload;
  operation: Operation;
  /** Whether all keys must be written before the measurement. */
  populate: boolean;
  seed: number;
  server: RunningProcess;
  serverLogs: readonly string[];
  address: Address;
  /** Folder, not there yet, for what the load generator writes. */
  folder: string;
  supervisor: Supervisor;
  /** Rejects when the run is interrupted. */
  interrupted: Promise<never>;
};

/** What the load generator wrote, or a TrialFailure. Its process has ended when this settles. */
export async function measure(request: MeasurementRequest): Promise<LoadResult> {
  const { system, workload, operation, server, folder, interrupted } = request;
  const logs = {
    stdoutFile: path.join(folder, 'load.stdout.log'),
    stderrFile: path.join(folder, 'load.stderr.log'),
  };
  const limitSeconds = workload.warmup_s + workload.duration_s + workload.margin_s;
  mkdirSync(folder, { recursive: true });
  const load = request.supervisor.start({
    argv: [commandPath(ownCommand), 'load', ...loadArguments(request)],
    cores: [system.client.core],
    cwd: folder,
    env: {},
    ...logs,
  });
  const timer = new AbortController();
  const timeOver = sleep(limitSeconds * 1000, 'time over' as const, { signal: timer.signal });
  try {
    const first = await Promise.race([load.ended, server.ended, timeOver, interrupted]);
    if (first === 'time over') {
      throw new TrialFailure(
        `the load generator had not finished ${operation} after ${limitSeconds} s ` +
          '(warm-up, duration and margin): the server or the load generator hangs',
        [...request.serverLogs, logs.stderrFile],
      );
    }
    if (load.end === 'exited with code 0') return await readResult(folder, logs.stderrFile);
    await Promise.race([server.ended, sleep(newsOfServerMs)]);
    if (server.end !== null) {
      throw new TrialFailure(`the server ${server.end} during ${operation}`, request.serverLogs);
    }
    const [lastWords = 'it said nothing on stderr'] = await lastLines(logs.stderrFile, 1);
    throw new TrialFailure(`the load generator ${load.end} during ${operation}: ${lastWords}`, [
      logs.stderrFile,
    ]);
  } finally {
    timer.abort();
    await load.stop(stopGraceMs);
  }
}

function loadArguments({
  system,
  workload,
  operation,
  populate,
  seed,
  address,
  folder,
}: MeasurementRequest): string[] {
  const options: Record<string, string | number> = {
    target: `${address.host}:${address.port}`,
    backend: system.client.backend,
    wait: system.client.wait,
    core: system.client.core,
    operation,
    connections: workload.clients,
    pipeline: workload.pipeline,
    keys: workload.keys,
    'key-distribution': workload.key_distribution,
    'value-bytes': workload.value_bytes,
    'warmup-s': workload.warmup_s,
    'duration-s': workload.duration_s,
    seed,
    out: folder,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return populate ? [...flags, '--populate'] : flags;
}

async function readResult(folder: string, stderrFile: string): Promise<LoadResult> {
  try {
    return loadResultSchema.parse(JSON.parse(await readFile(path.join(folder, 'result.json'), 'utf8')));
  } catch (error) {
    throw new TrialFailure(`the load generator wrote no usable result.json: ${(error as Error).message}`, [
      stderrFile,
    ]);
  }
}
