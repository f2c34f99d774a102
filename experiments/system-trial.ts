/** One trial of a system: starts its server, has the load generator measure each operation on it, stops it. */
import os from 'node:os';
import { fillPlaceholders } from './config.ts';
import { loadArguments } from './load-arguments.ts';
import { commandPath, ownCommand } from './machine.ts';
import { type Meter, measure, type Operation } from './measurement.ts';
import type { SystemTrial } from './plan.ts';
import { freePort } from './ports.ts';
import type { RunningProcess } from './process.ts';
import { type Address, waitUntilReady } from './readiness.ts';
import { type TrialContext, type TrialOutcome, TrialRun } from './trial-run.ts';

/** Where servers listen unless their command line says another: nothing of a run leaves this machine. */
const host = '127.0.0.1';
/** How long a server may take to end after SIGTERM, before SIGKILL; somebody waits at an interrupted run. */
const stopGraceMs = 5000;
const interruptedStopGraceMs = 2000;

export function runSystemTrial(planned: SystemTrial, context: TrialContext): Promise<TrialOutcome> {
  return new ServerRun(planned, context).run();
}

class ServerRun {
  readonly #planned: SystemTrial;
  readonly #context: TrialContext;
  readonly #run: TrialRun;
  #server: RunningProcess | null = null;

  constructor(planned: SystemTrial, context: TrialContext) {
    this.#planned = planned;
    this.#context = context;
    this.#run = new TrialRun(planned, context);
  }

  run(): Promise<TrialOutcome> {
    return this.#run.run(
      () => this.#startAndMeasure(),
      () => this.#stopServer(),
    );
  }

  async #startAndMeasure(): Promise<void> {
    const { workload } = this.#context.experiment;
    this.#context.onStep('start');
    const port = await freePort(host);
    const server = this.#startServer(port);
    const address = await this.#waitUntilReady(server, port);
    for (const operation of workload.operations) {
      await this.#run.measure(operation, (folder) => {
        const meter = this.#loadGenerator(operation, server, address, folder);
        return measure({ ...this.#context, workload, operation, folder, meter });
      });
    }
  }

  #startServer(port: number): RunningProcess {
    const { start, env, server_cores } = this.#planned.subject;
    const { folder, workingFolder } = this.#run;
    const values = { host, port: String(port), core: String(server_cores[0]) };
    const fill = (text: string) => fillPlaceholders(text, { ...values, dir: workingFolder });
    // The record keeps {dir}: the folder's path means nothing once the trial is over.
    this.#run.command = start.map((word) => fillPlaceholders(word, { ...values, dir: '{dir}' }));
    const [program, ...args] = start.map(fill);
    const load = os.loadavg()[0]!.toFixed(2);
    folder.log(
      `load average ${load}; starting on core ${server_cores}: ${JSON.stringify(this.#run.command)}`,
    );
    this.#server = this.#context.supervisor.start({
      argv: [commandPath(program!), ...args],
      cores: server_cores,
      cwd: workingFolder,
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)])),
      ...folder.serverLogs,
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
      address: { host, port },
      interrupted,
      ...folder.serverLogs,
    });
    folder.log(`ready at ${address.host}:${address.port}`);
    return address;
  }

  #loadGenerator(operation: Operation, server: RunningProcess, address: Address, out: string): Meter {
    const { trial, subject } = this.#planned;
    const { client } = subject;
    const { isFirst: populate, workingFolder: dir, folder } = this.#run;
    const { experiment } = this.#context;
    const options = loadArguments({ experiment, client, operation, trial, address, populate, dir, out });
    return {
      name: 'the load generator',
      log: 'load',
      argv: [ownCommand, 'load', ...options],
      cores: [client.core],
      env: {},
      server: { process: server, logs: Object.values(folder.serverLogs) },
    };
  }

  async #stopServer(): Promise<void> {
    if (this.#server === null) return;
    const grace = this.#context.signal.aborted ? interruptedStopGraceMs : stopGraceMs;
    const byItself = await this.#server.stop(grace);
    const killed = byItself ? '' : ` (SIGKILL: still there ${grace / 1000} s after SIGTERM)`;
    this.#run.folder.log(`the server ${this.#server.end}${killed}`);
  }
}
