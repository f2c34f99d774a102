/**
 * One trial of a system: starts its server, has the load generator measure each operation on it, stops it.
 */
import os from 'node:os';
import path from 'node:path';
import {
  HOSTS_FOLDER,
  SERVER_PAUSES_FILE,
  SERVER_STAMPS_FILE,
  STAMPED_FOLDER,
} from '../../results/formats/index.ts';
import { beganInWords, type ServersClock, writeStages } from '../../results/index.ts';
import { hostValues, serverAddress } from '../config/host-placeholders.ts';
import { fillPlaceholders, type SystemValues, startWithOptions } from '../config/placeholders.ts';
import { generatorCores, isOneHost, placementOf } from '../config/placement.ts';
import { protocolOf } from '../config/protocol.ts';
import type { WorkloadConfig } from '../config/schema.ts';
import { stagesAt } from '../config/swept.ts';
import { TrialFailure } from '../errors.ts';
import type { PlacedHost, Placement } from '../lab/where.ts';
import { hasMoments } from '../machine/backends.ts';
import { OWN_COMMAND } from '../machine/checkout.ts';
import type { TrialHost, TrialProcess } from '../machine/trial-host.ts';
import { SERVER_ADDRESS } from '../wire/wire.ts';
import { clockAhead } from './clock-ahead.ts';
import { commandTime_us, readCommandStats } from './command-stats.ts';
import { corePairOf } from './core-pair.ts';
import { type LoadRequest, loadArguments, meterArguments } from './load-arguments.ts';
import { type MeasuredServer, type Meter, measure, type WorkloadOperation } from './measurement.ts';
import type { SystemTrial } from './plan.ts';
import { type Address, type ServerLogs, waitUntilReady } from './readiness.ts';
import { HOST, startServer } from './server.ts';
import { type GeneratorOnHost, measureTogether } from './together.ts';
import {
  type EndedTrial,
  type MeasuredLoad,
  type TakenOfHost,
  type TrialContext,
  TrialRun,
} from './trial-run.ts';

/** How long a server may take to end after SIGTERM, before SIGKILL; somebody waits at an interrupted run. */
const STOP_GRACE_MS = 5000;
const INTERRUPTED_STOP_GRACE_MS = 2000;

export function runSystemTrial(planned: SystemTrial, context: TrialContext): Promise<EndedTrial> {
  return new ServerRun(planned, context).run();
}

interface PlacedGenerator {
  placed: PlacedHost;
  host: TrialHost;
}

/** The hosts of a trial, with what it has on them. */
interface Ends {
  server: TrialHost;
  /** Where each of its load generators is placed, and that host; the first asks whether the server is ready. */
  generators: readonly [PlacedGenerator, ...PlacedGenerator[]];
  /** Mirror of the trial's folder, on the server's host. */
  mirror: string;
  /** Working folder of the server. */
  dir: string;
  /** For the server's stamps. */
  shared: string;
}

/** One measurement of the running server. */
interface Measuring {
  operation: WorkloadOperation;
  ends: Ends;
  server: TrialProcess;
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
  #ends: Ends | null = null;
  #server: TrialProcess | null = null;
  readonly #placement: Placement;

  constructor(planned: SystemTrial, context: TrialContext) {
    this.#planned = planned;
    this.#context = context;
    this.#run = new TrialRun(planned, context);
    this.#placement = placementOf(context.experiment, planned.subject);
  }

  run(): Promise<EndedTrial> {
    return this.#run.run(
      () => this.#startAndMeasure(),
      () => this.#stopServer(),
      () => this.#restoreSysctls(),
    );
  }

  async #startAndMeasure(): Promise<void> {
    const { workload, subject, at } = this.#planned;
    // Stamps are of one load generator.
    const isStamped = hasMoments(subject) && this.#placement.generators.length === 1;
    const stages = isStamped ? stagesAt(this.#context.experiment.stages, at) : undefined;
    this.#context.onStep('start');
    const ends = await this.#reachHosts();
    await this.#setSysctls(ends);
    const port = await ends.server.freePort(this.#placement.server.network?.address ?? HOST);
    const server = await this.#startServer(ends, port);
    const address = await this.#waitUntilReady(ends, server, port);
    for (const operation of workload.operations) {
      const { duration_s } = workload;
      const folder = await this.#run.measure(operation, this.#taken(ends, server), (into) =>
        this.#measure({ operation, ends, server, address, duration_s, stampsEvery: null, folder: into }),
      );
      if (stages) {
        this.#context.onStep(`${operation}, stamped`);
        const stamped = { duration_s: stages.duration_s, stampsEvery: stages.every };
        await this.#stamp({
          ...{ operation, ends, server, address },
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

  async #reachHosts(): Promise<Ends> {
    const { hostOf } = this.#context;
    const run = this.#run;
    const server = await hostOf(this.#placement.server.host);
    const [first, ...others] = this.#placement.generators;
    const reach = async (placed: PlacedHost): Promise<PlacedGenerator> => ({
      placed,
      host: await hostOf(placed.host),
    });
    const generators: [PlacedGenerator, ...PlacedGenerator[]] = [await reach(first)];
    for (const placed of others) generators.push(await reach(placed));
    const [mirror, dir] = [await run.mirror(server, run.folder.path), await run.createFolder(server)];
    const shared = await run.createFolder(server, { shared: true });
    this.#ends = { server, generators, mirror, dir, shared };
    return this.#ends;
  }

  #taken({ server, generators }: Ends, { pid }: TrialProcess): TakenOfHost[] {
    const cores = new Map([[server, [...this.#planned.subject.server_cores]]]);
    for (const { host, placed } of generators) {
      cores.set(host, [...(cores.get(host) ?? []), ...this.#clientCores(placed)]);
    }
    return [...cores].map(([host, taken]) => ({ host, cores: taken, pid: host === server ? pid : null }));
  }

  #clientCores({ host }: PlacedHost): number[] {
    return generatorCores(this.#planned.subject, host);
  }

  async #setSysctls(ends: Ends): Promise<void> {
    const { sysctl } = this.#planned.subject;
    if (Object.keys(sysctl).length === 0) return;
    try {
      for (const host of hostsOf(ends)) await host.setSysctls(sysctl);
    } catch (error) {
      const isFinal = !(error instanceof TrialFailure) || error.isFinal;
      throw new TrialFailure(`a kernel parameter cannot be set: ${(error as Error).message}`, [], {
        isFinal,
      });
    }
    this.#run.folder.log(`set for this trial: ${JSON.stringify(sysctl)}`);
  }

  async #restoreSysctls(): Promise<void> {
    const hosts = this.#ends === null ? [] : [...hostsOf(this.#ends)].filter(({ lost }) => lost === null);
    const outcomes = await Promise.allSettled(hosts.map((host) => host.restoreSysctls()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Measures once more with stamps, and splits the latency into stages. */
  async #stamp(request: Measuring): Promise<void> {
    const { operation, ends, address, folder } = request;
    const { command_stats } = this.#planned.subject;
    const asking = ends.generators[0].host;
    const before = command_stats ? await readCommandStats(asking, address, operation) : null;
    const clock = await this.#measureStamped(request);
    const server_command_us =
      before && commandTime_us(before, await readCommandStats(asking, address, operation));
    await writeStages(folder, server_command_us, clock).catch((error: Error) => {
      throw new TrialFailure(`the stamps of ${operation} cannot be used: ${error.message}`);
    });
  }

  /**
   * A load generator on the server's host sees to the server's stamps itself. Else returns how far the clocks were
   * apart meanwhile.
   */
  async #measureStamped(request: Measuring): Promise<ServersClock | null> {
    const { server } = request.ends;
    const { stamps } = this.#files(request.ends);
    const isApart = this.#hasStamps && !isOneHost(this.#placement);
    if (!isApart) {
      await this.#measure(request);
      return null;
    }
    const client = request.ends.generators[0].host;
    await server.startStamps(stamps);
    const before = await clockAhead(server, client);
    await this.#measure(request);
    const after = await clockAhead(server, client);
    const there = await this.#run.mirror(server, request.folder);
    await server.keepStamps(stamps, path.join(there, SERVER_STAMPS_FILE));
    await server.collect(request.folder);
    return { before, after };
  }

  get #hasStamps(): boolean {
    return this.#planned.subject.start.some((word) => word.includes('{stamps}'));
  }

  async #measure(request: Measuring): Promise<MeasuredLoad> {
    const { workload } = this.#planned;
    const { ends, server, folder } = request;
    const [first, ...others] = ends.generators;
    if (others.length === 0) {
      const there = await this.#run.mirror(first.host, folder);
      const meter = this.#loadGenerator(
        request,
        first.placed,
        await this.#workloadOn(first.host),
        null,
        there,
      );
      const asked = { ...this.#context, ...request, workload, host: first.host, there, meter };
      return { result: await measure(asked), generators: null };
    }
    const generators: GeneratorOnHost[] = [];
    for (const [index, { placed, host }] of ends.generators.entries()) {
      const { name } = placed.host;
      const own = path.join(folder, HOSTS_FOLDER, name);
      const there = await this.#run.mirror(host, own);
      const place = { place: index + 1, of: ends.generators.length };
      generators.push({
        name,
        host,
        folder: own,
        there,
        meter: this.#loadGenerator(request, placed, await this.#workloadOn(host), place, there),
      });
    }
    const asked = { ...this.#context, ...request, workload, generators };
    const measured = await measureTogether({
      ...asked,
      server: this.#measuredServer(ends, server),
      populates: this.#populates(request),
    });
    if (measured.generators !== null)
      this.#run.folder.log(`${request.operation}: ${beganInWords(measured.generators)}`);
    return measured;
  }

  /** With its trace where that host has it. */
  async #workloadOn(host: TrialHost): Promise<WorkloadConfig> {
    const { workload } = this.#planned;
    return workload.trace === undefined ? workload : { ...workload, trace: await host.bring(workload.trace) };
  }

  #populates({ stampsEvery }: Pick<Measuring, 'stampsEvery'>): boolean {
    const { workload, subject } = this.#planned;
    // The stamped measurement comes after the first one.
    return this.#run.isFirst && stampsEvery === null && protocolOf(workload, subject) === 'resp';
  }

  #measuredServer(ends: Ends, server: TrialProcess): MeasuredServer {
    const { path: folder } = this.#run.folder;
    const collect = (): Promise<void> => ends.server.collect(folder);
    return { process: server, host: ends.server, logs: Object.values(logsIn(folder)), collect };
  }

  /** Values of placeholders that are files, for a command line that is run, or for one that is recorded. */
  #files(ends: Ends | null): Pick<SystemValues, 'dir' | 'stamps' | 'pauses'> {
    if (ends === null) return { dir: '{dir}', stamps: '{stamps}', pauses: '{pauses}' };
    const { dir, shared, mirror } = ends;
    return {
      dir,
      stamps: path.join(shared, 'server.stamps'),
      pauses: path.join(mirror, SERVER_PAUSES_FILE),
    };
  }

  async #startServer(ends: Ends, port: number): Promise<TrialProcess> {
    const { subject } = this.#planned;
    const { server_cores } = subject;
    const { folder } = this.#run;
    const { server } = this.#placement;
    const values = {
      host: this.#host,
      port: String(port),
      core: String(server_cores[0]),
      ...hostValues(server),
    };
    // The record keeps {dir} and its like: the files' paths mean nothing once the trial is over.
    this.#run.command = startWithOptions(subject).map((word) =>
      fillPlaceholders(word, { ...values, ...this.#files(null) }),
    );
    const load = os.loadavg()[0].toFixed(2);
    folder.log(
      `load average ${load}; starting on core ${server_cores}: ${JSON.stringify(this.#run.command)}`,
    );
    this.#server = await startServer({
      system: subject,
      checkout: this.#context.checkouts.get(subject.name),
      values: { ...values, ...this.#files(ends) },
      hostEnv: server.host.env,
      cwd: ends.dir,
      network: this.#context.wire?.serverNetwork,
      logs: logsIn(ends.mirror),
      host: ends.server,
    });
    return this.#server;
  }

  async #waitUntilReady(ends: Ends, server: TrialProcess, port: number): Promise<Address> {
    const { ready } = this.#planned.subject;
    const { interrupted } = this.#context;
    const { folder } = this.#run;
    const address = await waitUntilReady({
      ...{ server, host: ends.server, client: ends.generators[0].host },
      ready,
      address: { host: this.#host, port },
      interrupted,
      written: logsIn(ends.mirror),
      kept: logsIn(folder.path),
      collect: () => ends.server.collect(folder.path),
    });
    folder.log(`ready at ${address.host}:${address.port}`);
    return address;
  }

  #loadGenerator(
    { ends, server, folder: _, ...request }: Measuring,
    placed: PlacedHost,
    workload: WorkloadConfig,
    generator: LoadRequest['generator'],
    out: string,
  ): Meter & { server: MeasuredServer } {
    const { trial, subject } = this.#planned;
    const { client } = subject;
    const { seed } = this.#context.experiment;
    const files = this.#files(ends);
    const checkout = this.#context.checkouts.get(subject.name);
    const pair = corePairOf(subject, checkout, this.#placement);
    const cores = this.#clientCores(placed);
    const [core = client.core, ...more] = cores;
    const hasStamps = this.#hasStamps;
    const readsBusyTime = checkout === undefined || checkout.loadOptions.has('--server-busy-time');
    // An older load generator wants the core with it.
    const isTooOld = typeof pair === 'string' && checkout !== undefined;
    const serverPid = isTooOld || !isOneHost(this.#placement) ? null : server.pid;
    const asked = {
      ...request,
      workload,
      seed,
      // On the cores of its host.
      system: { ...subject, client: { ...client, core, ...(more.length > 0 && { more_cores: more }) } },
      trial,
      generator,
      populate: this.#populates(request),
      files,
      ofHost: hostValues(placed),
      serverStamps:
        hasStamps && request.stampsEvery !== null && isOneHost(this.#placement) ? files.stamps : null,
      serverCore: pair === null || typeof pair === 'string' ? null : pair.server,
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
      argv: [OWN_COMMAND, ...words],
      checkout,
      cores,
      // No server of an experiment wants a password, and the runner's own environment may have one for others.
      env: { ...placed.host.env, REDISCLI_AUTH: '' },
      server: this.#measuredServer(ends, server),
    };
  }

  async #stopServer(): Promise<void> {
    if (this.#server === null) return;
    const grace = this.#context.signal.aborted ? INTERRUPTED_STOP_GRACE_MS : STOP_GRACE_MS;
    const wasRunning = this.#server.end === null;
    const byItself = await this.#server.stop(grace);
    await this.#ends?.server.collect(this.#run.folder.path);
    const killed = byItself ? '' : ` (SIGKILL: still there ${grace / 1000} s after SIGTERM)`;
    this.#run.folder.log(`the server ${this.#server.end}${killed}`);
    if (wasRunning && this.#server.hasCrashed) {
      this.#run.warn(
        `the server ${this.#server.end} when it was told to end: what it served may be wrong as well`,
      );
    }
  }
}

/** Each once. */
function hostsOf({ server, generators }: Ends): Set<TrialHost> {
  return new Set([server, ...generators.map(({ host }) => host)]);
}

function logsIn(folder: string): ServerLogs {
  return {
    stdoutFile: path.join(folder, 'server.stdout.log'),
    stderrFile: path.join(folder, 'server.stderr.log'),
  };
}
