/** The other machines of a run: reached before its first trial, and left at its end. */
import type { HostState } from '../results/formats/index.ts';
import { measureClocks } from './agent/clocks.ts';
import { connect, type HostConnection } from './agent/connection.ts';
import { RemoteHost } from './agent/remote-host.ts';
import { runThere, SUCCEEDED } from './agent/run-there.ts';
import { isHere, placementOf } from './config/placement.ts';
import type { ConfiguredExperiment } from './config/schema.ts';
import { ExperimentError, TrialFailure } from './errors.ts';
import type { LabHost } from './lab/lab.ts';
import { needLacks, needsOf, type SystemNeed } from './lab-check/system-needs.ts';
import { localState } from './machine/host-state.ts';
import type { AskedNics } from './machine/nics.ts';
import type { TrialHost } from './machine/trial-host.ts';

interface Reached {
  connection: HostConnection;
  host: RemoteHost;
}

/** For a version command. */
const VERSION_PATIENCE_MS = 10_000;

export class RunHosts {
  readonly #reached = new Map<string, Reached>();
  readonly #say: (line: string) => void;

  private constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Connects to all hosts of the experiment but this machine; throws what `connect` does of the first that fails. */
  static async open(configured: ConfiguredExperiment, say: (line: string) => void): Promise<RunHosts> {
    const hosts = new RunHosts(say);
    const needed = hostsOf(configured);
    if (needed.length > 0) say(`connecting to ${needed.map(({ name }) => name).join(', ')}`);
    const outcomes = await Promise.allSettled(needed.map((host) => hosts.#connect(host)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return hosts;
    await hosts.close();
    throw failed.reason;
  }

  /** Why systems cannot be run where they are placed, by name. */
  async lacking(configured: ConfiguredExperiment): Promise<Map<string, string>> {
    const needs = needsOf({ config: configured, points: configured.points });
    const reasons = new Map<string, string>();
    for (const [name, { connection }] of this.#reached) {
      const ofHost = needs.filter(({ host }) => host === name);
      const facts = await connection.ask('examine', {
        programs: [...new Set(ofHost.flatMap(({ programs }) => programs.map(({ program }) => program)))],
        products: [...new Set(ofHost.flatMap(({ products }) => products))],
      });
      for (const need of ofHost) {
        // Whether its device works its server says.
        const own: SystemNeed = { ...need, device: null };
        const lacks = needLacks([own], facts, []);
        if (lacks.length > 0)
          reasons.set(need.system, `${need.system} cannot be run on host ${name}: ${lacks.join('; ')}`);
      }
    }
    return reasons;
  }

  /** By system, of those whose server is elsewhere: what its version command printed there, where it did. */
  async versions(configured: ConfiguredExperiment): Promise<Map<string, string | null>> {
    const versions = new Map<string, string | null>();
    for (const system of configured.systems) {
      const there = this.#reached.get(placementOf(configured, system).server.host.name);
      if (there) versions.set(system.name, await versionThere(there.connection, system.version));
    }
    return versions;
  }

  /** What a machine of the run is now, this one too. Throws what its connection does. */
  async stateOf(host: LabHost, nics: AskedNics, backends: readonly string[]): Promise<HostState> {
    if (host.launcher === 'local') return localState(nics, backends);
    await this.at(host);
    const { connection } = this.#reached.get(host.name)!;
    const { realtime } = await measureClocks(connection);
    const asked = { ...nics, addresses: [...nics.addresses], interfaces: [...nics.interfaces] };
    const examined = { ...asked, pci: [...nics.pci], rdma_devices: [...nics.rdma_devices] };
    const facts = await connection.ask('examine', {
      programs: [],
      products: [],
      nics: examined,
      backends: [...backends],
    });
    const { cpu, core_count, governor, kernel, os, virtual, hypervisor } = facts;
    const { memory_bytes, load_average_1m, knobs } = facts;
    const machine = { cpu, cores: core_count, governor, kernel, os, virtual, hypervisor };
    return {
      at: new Date().toISOString(),
      machine: { ...machine, memory_bytes, load_average_1m, knobs },
      versions: facts.versions,
      nics: facts.nics,
      clock: {
        source: facts.clock_source,
        offset_us: realtime.offset_ns / 1000,
        bound_us: realtime.bound_ns / 1000,
      },
    };
  }

  /** A host of the run, reached again where it was lost. Throws TrialFailure where that fails. */
  async at(host: LabHost): Promise<TrialHost> {
    const known = this.#reached.get(host.name);
    if (known && known.host.lost === null) return known.host;
    try {
      return await this.#connect(host);
    } catch (error) {
      if (!(error instanceof ExperimentError)) throw error;
      throw new TrialFailure(error.message, [], { isFinal: false });
    }
  }

  /** Has what was started there end. */
  async close(): Promise<void> {
    await Promise.all([...this.#reached.values()].map(({ connection }) => connection.close()));
  }

  async #connect(access: LabHost): Promise<RemoteHost> {
    const connection = await connect(access, { say: this.#say });
    const host = new RemoteHost(connection);
    this.#reached.set(access.name, { connection, host });
    return host;
  }
}

async function versionThere(
  connection: HostConnection,
  command: readonly string[] | undefined,
): Promise<string | null> {
  const [program, ...words] = command ?? [];
  if (program === undefined) return null;
  const { end, stdout, stderr } = await runThere(connection, [program, ...words], VERSION_PATIENCE_MS);
  return end === SUCCEEDED ? (`${stdout}${stderr}`.split('\n')[0] ?? null) : null;
}

function hostsOf(configured: ConfiguredExperiment): LabHost[] {
  const placed = configured.systems
    .map((system) => placementOf(configured, system))
    .filter((placement) => !isHere(placement))
    .flatMap(({ server, generators }) => [server, ...generators].map(({ host }) => host))
    .filter(({ launcher }) => launcher !== 'local');
  return [...new Map(placed.map((host) => [host.name, host])).values()];
}
