/**
 * One trial of a system: starts its server, has the load generator measure each operation on it, stops it.
 */
import os from 'node:os';
import path from 'node:path';
import { type LoadResult, SERVER_PAUSES_FILE, STAMPED_FOLDER } from '../../results/formats/index.ts';
import { writeStages } from '../../results/index.ts';
import { hostValues, serverAddress } from '../config/host-placeholders.ts';
import { fillPlaceholders, type SystemValues, startWithOptions } from '../config/placeholders.ts';
import { placementOf } from '../config/placement.ts';
import { protocolOf } from '../config/protocol.ts';
import { stagesAt } from '../config/swept.ts';
import { TrialFailure } from '../errors.ts';
import type { Placement } from '../lab/where.ts';
import { hasMoments } from '../machine/backends.ts';
import { commandPath, OWN_COMMAND } from '../machine/checkout.ts';
import { freePort } from '../machine/ports.ts';
import type { RunningProcess } from '../machine/process.ts';
import { SERVER_ADDRESS } from '../wire/wire.ts';
import { commandTime_us, readCommandStats } from './command-stats.ts';
import { clientCoresOf, corePairOf } from './core-pair.ts';
import { loadArguments, meterArguments } from './load-arguments.ts';
import { type Meter, measure, type WorkloadOperation } from './measurement.ts';
import type { SystemTrial } from './plan.ts';
import { type Address, waitUntilReady } from './readiness.ts';
import { HOST, startServer } from './server.ts';
import { type EndedTrial, type TrialContext, TrialRun } from './trial-run.ts';

/** How long a server may take to end after SIGTERM, before SIGKILL; somebody waits at an interrupted run. */
const STOP_GRACE_MS = 5000;
const INTERRUPTED_STOP_GRACE_MS = 2000;

export function runSystemTrial(planned: SystemTrial, context: TrialContext): Promise<EndedTrial> {
  return new ServerRun(planned, context).run();
}

/** One measurement of the running server. */
interface Measuring {
  operation: WorkloadOperation;
  server: RunningProcess;
  address: Address;
  duration_s: number;
  /** One window of time of so many is stamped; null: none. */
  stampsEvery: number | null;
  folder: string;
}

class ServerRun {
  readonly #planned: SystemTrial;
  readonly #context: TrialContext;
  readonly #run: TrialRun;
  #server: RunningProcess | null = null;
  readonly #placement: Placement;
  /** For the server's stamps. */
  readonly #sharedFolder: string;

  constructor(planned: SystemTrial, context: TrialContext) {
    this.#planned = planned;
    this.#context = context;
    this.#run = new TrialRun(planned, context);
    this.#placement = placementOf(context.experiment, planned.subject);
    this.#sharedFolder = context.supervisor.createSharedFolder();
  }

  run(): Promise<EndedTrial> {
    return this.#run.run(
      () => this.#startAndMeasure(),
      async () => {
        await this.#stopServer();
        this.#context.supervisor.restoreSysctls();
        this.#context.supervisor.removeFolder(this.#sharedFolder);
      },
    );
  }

  async #startAndMeasure(): Promise<void> {
    const { workload, subject, at } = this.#planned;
    const stages = hasMoments(subject) ? stagesAt(this.#context.experiment.stages, at) : undefined;
    const { server_cores } = subject;
    this.#context.onStep('start');
    this.#setSysctls();
    const port = await freePort(this.#placement.server.network?.address ?? HOST);
    const server = this.#startServer(port);
    const address = await this.#waitUntilReady(server, port);
    for (const operation of workload.operations) {
      const where = { cores: [...server_cores, ...clientCoresOf(subject)], pid: server.pid };
      const { duration_s } = workload;
      const folder = await this.#run.measure(operation, where, (into) =>
        this.#measure({ operation, server, address, duration_s, stampsEvery: null, folder: into }),
      );
      if (stages) {
        this.#context.onStep(`${operation}, stamped`);
        const stamped = { duration_s: stages.duration_s, stampsEvery: stages.every };
        await this.#stamp({
          operation,
          server,
          address,
          ...stamped,
          folder: path.join(folder, STAMPED_FOLDER),
        });
      }
    }
  }

  /** Where the server is asked to listen. */
  get #host(): string {
    if (this.#context.wire !== null) return SERVER_ADDRESS;
    return serverAddress(this.#placement, this.#planned.subject.backend) ?? HOST;
  }

  #setSysctls(): void {
    const { sysctl } = this.#planned.subject;
    if (Object.keys(sysctl).length === 0) return;
    try {
      this.#context.supervisor.setSysctls(sysctl);
    } catch (error) {
      throw new TrialFailure(`a kernel parameter cannot be set: ${(error as Error).message}`);
    }
    this.#run.folder.log(`set for this trial: ${JSON.stringify(sysctl)}`);
  }

  /** Measures once more with stamps, and splits the latency into stages. */
  async #stamp(request: Measuring): Promise<void> {
    const { operation, address, folder } = request;
    const { command_stats } = this.#planned.subject;
    const before = command_stats ? await readCommandStats(address, operation) : null;
    await this.#measure(request);
    const server_command_us = before && commandTime_us(before, await readCommandStats(address, operation));
    await writeStages(folder, server_command_us).catch((error: Error) => {
      throw new TrialFailure(`the stamps of ${operation} cannot be used: ${error.message}`);
    });
  }

  #measure(request: Measuring): Promise<LoadResult> {
    const { workload } = this.#planned;
    return measure({ ...this.#context, ...request, workload, meter: this.#loadGenerator(request) });
  }

  /** Values of placeholders that are files, for a command line that is run, or for one that is recorded. */
  #files(recorded: boolean): Pick<SystemValues, 'dir' | 'stamps' | 'pauses'> {
    if (recorded) return { dir: '{dir}', stamps: '{stamps}', pauses: '{pauses}' };
    return {
      dir: this.#run.workingFolder,
      stamps: path.join(this.#sharedFolder, 'server.stamps'),
      pauses: this.#run.folder.file(SERVER_PAUSES_FILE),
    };
  }

  #startServer(port: number): RunningProcess {
    const { subject } = this.#planned;
    const { server_cores } = subject;
    const { folder, workingFolder } = this.#run;
    const { server } = this.#placement;
    const values = {
      host: this.#host,
      port: String(port),
      core: String(server_cores[0]),
      ...hostValues(server),
    };
    // The record keeps {dir} and its like: the files' paths mean nothing once the trial is over.
    this.#run.command = startWithOptions(subject).map((word) =>
      fillPlaceholders(word, { ...values, ...this.#files(true) }),
    );
    const load = os.loadavg()[0].toFixed(2);
    folder.log(
      `load average ${load}; starting on core ${server_cores}: ${JSON.stringify(this.#run.command)}`,
    );
    this.#server = startServer({
      system: subject,
      checkout: this.#context.checkouts.get(subject.name),
      values: { ...values, ...this.#files(false) },
      hostEnv: server.host.env,
      cwd: workingFolder,
      network: this.#context.wire?.serverNetwork,
      logs: folder.serverLogs,
      supervisor: this.#context.supervisor,
    });
    return this.#server;
  }

  async #waitUntilReady(server: RunningProcess, port: number): Promise<Address> {
    const { ready } = this.#planned.subject;
    const { interrupted } = this.#context;
    const { folder } = this.#run;
    const address = await waitUntilReady({
      server,
      ready,
      address: { host: this.#host, port },
      interrupted,
      ...folder.serverLogs,
    });
    folder.log(`ready at ${address.host}:${address.port}`);
    return address;
  }

  #loadGenerator({ server, folder: out, ...request }: Measuring): Meter {
    const { trial, subject, workload } = this.#planned;
    const { client, start } = subject;
    const { isFirst, folder } = this.#run;
    const { seed } = this.#context.experiment;
    const files = this.#files(false);
    const checkout = this.#context.checkouts.get(subject.name);
    const pair = corePairOf(subject, checkout);
    const [generator] = this.#placement.generators;
    const hasStamps = start.some((word) => word.includes('{stamps}'));
    const readsBusyTime = checkout === undefined || checkout.loadOptions.has('--server-busy-time');
    // An older load generator wants the core with it.
    const serverPid = typeof pair === 'string' && checkout !== undefined ? null : server.pid;
    const asked = {
      ...request,
      workload,
      seed,
      system: subject,
      trial,
      // The stamped measurement comes after the first one.
      populate: isFirst && request.stampsEvery === null && protocolOf(workload, subject) === 'resp',
      files,
      ofHost: hostValues(generator),
      serverStamps: hasStamps && request.stampsEvery !== null ? files.stamps : null,
      serverCore: typeof pair === 'string' ? null : pair.server,
      serverPid,
      serverBusyTime: hasStamps && readsBusyTime && serverPid !== null ? files.stamps : null,
      out,
    };
    const words = client.program
      ? ['meter', client.program, ...meterArguments(asked)]
      : ['load', ...loadArguments(asked)];
    return {
      name: client.program ?? 'the load generator',
      log: 'load',
      argv: [commandPath(OWN_COMMAND, checkout), ...words],
      cores: clientCoresOf(subject),
      // No server of an experiment wants a password, and the runner's own environment may have one for others.
      env: { ...generator.host.env, REDISCLI_AUTH: '' },
      server: { process: server, logs: Object.values(folder.serverLogs) },
    };
  }

  async #stopServer(): Promise<void> {
    if (this.#server === null) return;
    const grace = this.#context.signal.aborted ? INTERRUPTED_STOP_GRACE_MS : STOP_GRACE_MS;
    const wasRunning = this.#server.end === null;
    const byItself = await this.#server.stop(grace);
    const killed = byItself ? '' : ` (SIGKILL: still there ${grace / 1000} s after SIGTERM)`;
    this.#run.folder.log(`the server ${this.#server.end}${killed}`);
    if (wasRunning && this.#server.hasCrashed) {
      this.#run.warn(
        `the server ${this.#server.end} when it was told to end: what it served may be wrong as well`,
      );
    }
  }
}
