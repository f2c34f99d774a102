/**
 * What a trial of a system and one of a floor have in common: a folder, measurements one after the other, and
 * a record of how it went. Whatever goes wrong becomes the trial's reason, with the end of the log that
 * explains it, and the run goes on; only a fault of the runner itself is thrown.
 */
import {
  type GeneratorsRecord,
  type LoadResult,
  type Trial,
  trialFormat,
} from '../../results/formats/index.ts';
import type { Experiment } from '../config/schema.ts';
import { TrialFailure } from '../errors.ts';
import type { LabHost } from '../lab/lab.ts';
import type { Checkouts } from '../machine/checkout.ts';
import { interference, type TakenTime, together } from '../machine/interference.ts';
import { withoutHome } from '../machine/machine.ts';
import type { TrialHost } from '../machine/trial-host.ts';
import type { Wire } from '../wire/wire.ts';
import type { WorkloadOperation } from './measurement.ts';
import type { PlannedTrial } from './plan.ts';
import { TrialFolder, tailOf } from './trial-folder.ts';

export interface TrialContext {
  experiment: Experiment;
  /** Of the systems and floors that are not of the checkout that runs. */
  checkouts: Checkouts;
  runFolder: string;
  /** This machine. */
  local: TrialHost;
  /** A host that systems are placed on. Throws TrialFailure where it cannot be reached. */
  hostOf: (host: LabHost) => Promise<TrialHost>;
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

/** What was measured; `generators`: how several of them began, null of one. */
export interface MeasuredLoad {
  result: LoadResult;
  generators: GeneratorsRecord | null;
}

/** What a measurement takes of a host. */
export interface TakenOfHost {
  host: TrialHost;
  cores: readonly number[];
  /** Of the server, where it runs there. */
  pid: number | null;
}

async function countsOf(taken: readonly TakenOfHost[]): Promise<TakenTime> {
  const counts = taken.map(async ({ host, cores, pid }) => ({
    prefix: taken.length === 1 ? '' : `${host.name}:`,
    counts: await host.readCounts(cores, pid),
  }));
  return together(await Promise.all(counts));
}

/** Null where nobody is known to be missing. */
function missingPart(error: unknown): GeneratorsRecord | null {
  const missing = error instanceof TrialFailure ? error.missingHosts : [];
  if (missing.length === 0) return null;
  const hosts = missing.map((host) => ({ host, began_us: null, bound_us: null }));
  return { missing_hosts: [...missing], spread_us: null, bound_us: null, hosts };
}

export class TrialRun {
  readonly context: TrialContext;
  readonly folder: TrialFolder;
  /** The command line that the record names. */
  command: readonly string[];
  readonly #planned: PlannedTrial;
  /** Folders that are removed when the trial is over, of the hosts that it has used. */
  readonly #folders = new Map<TrialHost, string[]>();
  readonly #measurements: Measurement[] = [];
  readonly #medians_us = new Map<WorkloadOperation, number | null>();
  #unanswered = 0;

  constructor(planned: PlannedTrial, context: TrialContext) {
    this.context = context;
    this.folder = new TrialFolder(context.runFolder, planned);
    this.command = planned.kind === 'system' ? planned.subject.start : planned.subject.command;
    this.#planned = planned;
  }

  /**
   * Does `work`, then each step of `cleanUp` however those before went, and writes the trial's folder. What fails first
   * is why the trial failed.
   */
  async run(work: () => Promise<void>, ...cleanUp: (() => Promise<void>)[]): Promise<EndedTrial> {
    const errors: unknown[] = [];
    for (const step of [work, ...cleanUp]) await step().catch((error) => errors.push(error));
    for (const host of this.#folders.keys()) await this.#leave(host).catch((error) => errors.push(error));
    const unexpected = errors.find((error) => !(error instanceof TrialFailure));
    if (unexpected !== undefined) throw unexpected;
    const failures = errors as TrialFailure[];
    for (const { message } of failures) this.folder.log(`failed: ${message}`);
    const [failure = null] = failures;
    const record = await this.#record(failure);
    await this.folder.writeRecord(record);
    return { record, medians_us: this.#medians_us, unanswered: this.#unanswered };
  }

  /** A temporary folder there, until the trial is over; `shared`: in memory that processes share. */
  async createFolder(host: TrialHost, { shared = false } = {}): Promise<string> {
    const folder = await host.createFolder(shared);
    this.#folders.set(host, [...(this.#folders.get(host) ?? []), folder]);
    return folder;
  }

  /** A folder there, until the trial is over, for what comes into one of the trial's folders. */
  async mirror(host: TrialHost, ours: string): Promise<string> {
    const there = await host.mirror(ours);
    if (there !== ours) this.#folders.set(host, [...(this.#folders.get(host) ?? []), there]);
    return there;
  }

  /** One that is lost cleans up by itself. */
  async #leave(host: TrialHost): Promise<void> {
    if (host.lost !== null) return;
    await this.#endOrphans(host);
    for (const folder of this.#folders.get(host) ?? []) await host.removeFolder(folder);
  }

  async #endOrphans(host: TrialHost): Promise<void> {
    const orphans = await host.endOrphans();
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
   * interfered with what it took of hosts.
   */
  async measure(
    operation: WorkloadOperation,
    taken: readonly TakenOfHost[],
    work: (folder: string) => Promise<MeasuredLoad>,
  ): Promise<string> {
    this.context.onStep(operation);
    const folder = this.folder.file(this.#target(operation).dir);
    const startedAt_s = this.folder.elapsed_s;
    const before = await countsOf(taken);
    const record = (
      outcome: Pick<Measurement, 'status' | 'reason' | 'interference' | 'generators'>,
    ): void => {
      const elapsed_s = this.folder.elapsed_s - startedAt_s;
      this.#measurements.push({ ...this.#target(operation), ...outcome, elapsed_s });
      this.folder.log(`${operation} ${outcome.status}`);
    };
    try {
      const { result, generators } = await work(folder);
      this.#unanswered += result.unanswered ?? 0;
      for (const { operation: asked, latency_ns } of result.operations) {
        this.#medians_us.set(asked, latency_ns ? latency_ns.p50 / 1000 : null);
      }
      record({
        status: 'ok',
        reason: null,
        interference: interference(before, await countsOf(taken)),
        generators,
      });
      return folder;
    } catch (error) {
      const reason = withoutHome((error as Error).message);
      record({ status: 'failed', reason, interference: null, generators: missingPart(error) });
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
          generators: null,
          elapsed_s: 0,
        })),
      ],
    };
  }
}
