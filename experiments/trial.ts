/**
 * One trial: starts one server, has the load generator measure each operation on it, stops it. Whatever goes
 * wrong becomes the trial's reason, with the end of the log that explains it, and the run goes on; only a fault
 * of the runner itself is thrown.
 */
import os from 'node:os';
import { schemaVersions, type Trial } from '../results/index.ts';
import { fillPlaceholders } from './config.ts';
import { TrialFailure } from './errors.ts';
import { commandPath, withoutHome } from './machine.ts';
import { measure, type Operation } from './measurement.ts';
import type { PlannedTrial } from './plan.ts';
import { freePort } from './ports.ts';
import type { RunningProcess, Supervisor } from './process.ts';
import { type Address, waitUntilReady } from './readiness.ts';
import type { Experiment } from './schema.ts';
import { TrialFolder, tailOf } from './trial-folder.ts';

/** Where servers listen: nothing of a run leaves this machine. */
const host = '127.0.0.1';
/** How long a server may take to end after SIGTERM, before SIGKILL; somebody waits at an interrupted run. */
const stopGraceMs = 5000;
const interruptedStopGraceMs = 2000;

export type TrialContext = {
  experiment: Experiment;
  runFolder: string;
  supervisor: Supervisor;
  signal: AbortSignal;
  /** Rejects with a TrialFailure when `signal` aborts. */
  interrupted: Promise<never>;
  /** Told what the trial is at, in a word. */
  onStep: (step: string) => void;
};

/** Median latency in microseconds of each operation that was measured; null where no reply was right. */
export type Medians = ReadonlyMap<Operation, number | null>;

export type TrialOutcome = { record: Trial; medians_us: Medians };

type Measurement = Trial['measurements'][number];

/** Runs one trial and writes its folder. */
export function runTrial(planned: PlannedTrial, context: TrialContext): Promise<TrialOutcome> {
  return new TrialRun(planned, context).run((trial) => trial.startAndMeasure());
}

/** Records as failed a trial that cannot be run, such as one of a server that is not installed. */
export function recordUnrunnable(
  planned: PlannedTrial,
  context: TrialContext,
  reason: string,
): Promise<TrialOutcome> {
  return new TrialRun(planned, context).run(() => Promise.reject(new TrialFailure(reason)));
}

class TrialRun {
  readonly #planned: PlannedTrial;
  readonly #context: TrialContext;
  readonly #folder: TrialFolder;
  readonly #workingFolder: string;
  readonly #measurements: Measurement[] = [];
  readonly #medians_us = new Map<Operation, number | null>();
  #serverCommand: string[];
  #server: RunningProcess | null = null;

  constructor(planned: PlannedTrial, context: TrialContext) {
    this.#planned = planned;
    this.#context = context;
    this.#folder = new TrialFolder(context.runFolder, planned);
    this.#workingFolder = context.supervisor.createFolder();
    this.#serverCommand = planned.system.start;
  }

  async run(work: (trial: TrialRun) => Promise<void>): Promise<TrialOutcome> {
    let failure: TrialFailure | null = null;
    try {
      await work(this);
    } catch (error) {
      if (!(error instanceof TrialFailure)) throw error;
      failure = error;
      this.#folder.log(`failed: ${failure.message}`);
    } finally {
      await this.#stopServer();
      this.#context.supervisor.removeFolder(this.#workingFolder);
    }
    const record = await this.#record(failure);
    await this.#folder.writeRecord(record);
    return { record, medians_us: this.#medians_us };
  }

  async startAndMeasure(): Promise<void> {
    this.#context.onStep('start');
    const port = await freePort(host);
    this.#server = this.#startServer(port);
    const address = await this.#waitUntilReady(this.#server, port);
    for (const operation of this.#context.experiment.workload.operations) {
      this.#context.onStep(operation);
      await this.#measure(operation, this.#server, address);
    }
  }

  #startServer(port: number): RunningProcess {
    const { start, env, server_cores } = this.#planned.system;
    const values = { host, port: String(port), core: String(server_cores[0]) };
    const fill = (text: string) => fillPlaceholders(text, { ...values, dir: this.#workingFolder });
    // The record keeps {dir}: the folder's path means nothing once the trial is over.
    this.#serverCommand = start.map((word) => fillPlaceholders(word, { ...values, dir: '{dir}' }));
    const [program, ...args] = start.map(fill);
    const load = os.loadavg()[0]!.toFixed(2);
    this.#folder.log(
      `load average ${load}; starting on core ${server_cores}: ${JSON.stringify(this.#serverCommand)}`,
    );
    return this.#context.supervisor.start({
      argv: [commandPath(program!), ...args],
      cores: server_cores,
      cwd: this.#workingFolder,
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)])),
      ...this.#folder.serverLogs,
    });
  }

  async #waitUntilReady(server: RunningProcess, port: number): Promise<Address> {
    const { ready } = this.#planned.system;
    const { interrupted } = this.#context;
    const address = await waitUntilReady({
      server,
      ready,
      address: { host, port },
      interrupted,
      ...this.#folder.serverLogs,
    });
    this.#folder.log(`ready at ${address.host}:${address.port}`);
    return address;
  }

  async #measure(operation: Operation, server: RunningProcess, address: Address): Promise<void> {
    const { experiment, supervisor, interrupted } = this.#context;
    const { workload, seed } = experiment;
    const record = (outcome: Pick<Measurement, 'status' | 'reason'>, startedAt_s: number): void => {
      const elapsed_s = this.#folder.elapsed_s - startedAt_s;
      this.#measurements.push({ ...this.#target(operation), ...outcome, elapsed_s });
      this.#folder.log(`${operation} ${outcome.status}`);
    };
    const startedAt_s = this.#folder.elapsed_s;
    try {
      const result = await measure({
        system: this.#planned.system,
        workload,
        operation,
        populate: this.#measurements.length === 0,
        // All systems draw the same keys in the same trial, and others in the next.
        seed: seed + this.#planned.trial,
        server,
        serverLogs: Object.values(this.#folder.serverLogs),
        address,
        folder: this.#folder.file(this.#target(operation).dir),
        supervisor,
        interrupted,
      });
      const measured = result.operations.find((candidate) => candidate.operation === operation);
      this.#medians_us.set(operation, measured?.latency_ns ? measured.latency_ns.p50 / 1000 : null);
      record({ status: 'ok', reason: null }, startedAt_s);
    } catch (error) {
      record({ status: 'failed', reason: withoutHome((error as Error).message) }, startedAt_s);
      throw error;
    }
  }

  #target(operation: Operation): Pick<Measurement, 'operation' | 'clients' | 'value_bytes' | 'dir'> {
    const { clients, value_bytes } = this.#context.experiment.workload;
    return { operation, clients, value_bytes, dir: `${operation}-c${clients}` };
  }

  async #stopServer(): Promise<void> {
    if (this.#server === null) return;
    const grace = this.#context.signal.aborted ? interruptedStopGraceMs : stopGraceMs;
    const byItself = await this.#server.stop(grace);
    const killed = byItself ? '' : ` (SIGKILL: still there ${grace / 1000} s after SIGTERM)`;
    this.#folder.log(`the server ${this.#server.end}${killed}`);
  }

  async #record(failure: TrialFailure | null): Promise<Trial> {
    const reason = failure && withoutHome(failure.message);
    const unmeasured = this.#context.experiment.workload.operations.slice(this.#measurements.length);
    return {
      schema: schemaVersions.trial,
      system: this.#planned.system.name,
      trial: this.#planned.trial,
      order: this.#planned.order,
      status: failure ? 'failed' : 'ok',
      reason,
      log_tail: failure && (await tailOf(failure.logs)),
      started_at: this.#folder.startedAt.toISOString(),
      elapsed_s: this.#folder.elapsed_s,
      server_command: this.#serverCommand.map(withoutHome),
      measurements: [
        ...this.#measurements,
        ...unmeasured.map((operation) => ({
          ...this.#target(operation),
          status: 'failed' as const,
          reason,
          elapsed_s: 0,
        })),
      ],
    };
  }
}
