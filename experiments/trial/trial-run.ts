/**
 * What a trial of a system and one of a floor have in common: a folder, measurements one after the other, and
 * a record of how it went. Whatever goes wrong becomes the trial's reason, with the end of the log that
 * explains it, and the run goes on; only a fault of the runner itself is thrown.
 */
import { type LoadResult, type Trial, trialFormat } from '../../results/formats/index.ts';
import type { Experiment } from '../config/schema.ts';
import { TrialFailure } from '../errors.ts';
import type { Checkouts } from '../machine/checkout.ts';
import { interference, readCounts } from '../machine/interference.ts';
import { withoutHome } from '../machine/machine.ts';
import type { Supervisor } from '../machine/process.ts';
import type { Wire } from '../wire/wire.ts';
import type { WorkloadOperation } from './measurement.ts';
import type { PlannedTrial } from './plan.ts';
import { TrialFolder, tailOf } from './trial-folder.ts';

export interface TrialContext {
  experiment: Experiment;
  /** Of the systems and floors that are not of the checkout that runs. */
  checkouts: Checkouts;
  runFolder: string;
  supervisor: Supervisor;
  /** Over which the client reaches the servers, at whose end this process is; null: over whatever they name. */
  wire: Wire | null;
  signal: AbortSignal;
  /** Rejects with a TrialFailure when `signal` aborts. */
  interrupted: Promise<never>;
  /** Called with what the trial is at, in a word. */
  onStep: (step: string) => void;
  /** Called with what somebody should know who looks on. */
  warn: (message: string) => void;
}

/** Median latency in microseconds of each operation that was measured; null where no reply was right. */
export type Medians = ReadonlyMap<WorkloadOperation, number | null>;

export interface EndedTrial {
  record: Trial;
  medians_us: Medians;
  /** Requests that its servers never answered. */
  unanswered: number;
}

type Measurement = Trial['measurements'][number];

export class TrialRun {
  readonly context: TrialContext;
  readonly folder: TrialFolder;
  /** A temporary folder, removed when the trial is over. */
  readonly workingFolder: string;
  /** The command line that the record names. */
  command: readonly string[];
  readonly #planned: PlannedTrial;
  readonly #measurements: Measurement[] = [];
  readonly #medians_us = new Map<WorkloadOperation, number | null>();
  #unanswered = 0;

  constructor(planned: PlannedTrial, context: TrialContext) {
    this.context = context;
    this.folder = new TrialFolder(context.runFolder, planned);
    this.workingFolder = context.supervisor.createFolder();
    this.command = planned.kind === 'system' ? planned.subject.start : planned.subject.command;
    this.#planned = planned;
  }

  /** Does `work`, then `cleanUp` however that went, and writes the trial's folder. */
  async run(work: () => Promise<void>, cleanUp: () => Promise<void>): Promise<EndedTrial> {
    let failure: TrialFailure | null = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TrialFailure)) throw error;
      failure = error;
      this.folder.log(`failed: ${failure.message}`);
    } finally {
      await cleanUp();
      await this.#endOrphans();
      this.context.supervisor.removeFolder(this.workingFolder);
    }
    const record = await this.#record(failure);
    await this.folder.writeRecord(record);
    return { record, medians_us: this.#medians_us, unanswered: this.#unanswered };
  }

  async #endOrphans(): Promise<void> {
    const orphans = await this.context.supervisor.endOrphans();
    if (orphans.length === 0) return;
    const what = `left in sessions of their own, and ended now: ${orphans.join(', ')}`;
    this.folder.log(what);
    this.warn(what);
  }

  /** Says something of this trial to who watches the run. */
  warn(what: string): void {
    this.context.warn(`${this.#planned.subject.name} trial ${this.#planned.trial}: ${what}`);
  }

  /** Whether nothing was measured yet. */
  get isFirst(): boolean {
    return this.#measurements.length === 0;
  }

  /**
   * Has `work` measure an operation into a folder, which it returns, and records how it went and what
   * interfered with these cores, and with the process `pid`.
   */
  async measure(
    operation: WorkloadOperation,
    { cores, pid }: { cores: readonly number[]; pid: number | null },
    work: (folder: string) => Promise<LoadResult>,
  ): Promise<string> {
    this.context.onStep(operation);
    const folder = this.folder.file(this.#target(operation).dir);
    const startedAt_s = this.folder.elapsed_s;
    const before = await readCounts(cores, pid);
    const record = (outcome: Pick<Measurement, 'status' | 'reason' | 'interference'>): void => {
      const elapsed_s = this.folder.elapsed_s - startedAt_s;
      this.#measurements.push({ ...this.#target(operation), ...outcome, elapsed_s });
      this.folder.log(`${operation} ${outcome.status}`);
    };
    try {
      const result = await work(folder);
      this.#unanswered += result.unanswered ?? 0;
      for (const { operation: asked, latency_ns } of result.operations) {
        this.#medians_us.set(asked, latency_ns ? latency_ns.p50 / 1000 : null);
      }
      record({
        status: 'ok',
        reason: null,
        interference: interference(before, await readCounts(cores, pid)),
      });
      return folder;
    } catch (error) {
      record({ status: 'failed', reason: withoutHome((error as Error).message), interference: null });
      throw error;
    }
  }

  #target(operation: WorkloadOperation): Pick<Measurement, 'operation' | 'clients' | 'value_bytes' | 'dir'> {
    const { clients, value_bytes } = this.#planned.workload;
    return { operation, clients, value_bytes, dir: `${operation}-c${clients}` };
  }

  async #record(failure: TrialFailure | null): Promise<Trial> {
    const reason = failure && withoutHome(failure.message);
    const unmeasured = this.#planned.workload.operations.slice(this.#measurements.length);
    return {
      schema: trialFormat.schema,
      subject: this.#planned.subject.name,
      at: this.#planned.at,
      trial: this.#planned.trial,
      order: this.#planned.order,
      status: failure ? 'failed' : 'ok',
      reason,
      is_final: failure === null || (failure.isFinal && !this.context.signal.aborted),
      log_tail: failure && (await tailOf(failure.logs)),
      started_at: this.folder.startedAt.toISOString(),
      elapsed_s: this.folder.elapsed_s,
      server_command: this.command.map(withoutHome),
      measurements: [
        ...this.#measurements,
        ...unmeasured.map((operation) => ({
          ...this.#target(operation),
          status: 'failed' as const,
          reason,
          interference: null,
          elapsed_s: 0,
        })),
      ],
    };
  }
}
